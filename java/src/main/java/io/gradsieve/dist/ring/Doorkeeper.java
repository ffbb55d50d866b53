package io.gradsieve.dist.ring;

import io.gradsieve.dist.handshake.CauseCounter;
import io.gradsieve.dist.handshake.ConnectionLimits;
import io.gradsieve.dist.handshake.Purpose;
import io.gradsieve.dist.handshake.Refusal;
import io.gradsieve.dist.handshake.ServerHandshake;
import io.gradsieve.dist.handshake.Token;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * Accepts connections as long as the job lasts, all in one thread, which no stranger can hold up:
 * what comes is read as far as it is there, and each connection has its deadline. Who proves itself
 * and is awaited goes to the {@link Lobby}.
 */
final class Doorkeeper implements Runnable, AutoCloseable {
  /** Milliseconds between looks at the deadlines. */
  private static final long TURN = 100;

  /**
   * Milliseconds between looks at who comes while a ring works: then nobody is in a hurry, and a
   * flood wakes this thread no more often. Each time costs the threads that compute some 50 µs.
   */
  private static final long REST = 200;

  /** Connections accepted in a row, so that those that are in have their turn. */
  private static final int ROW = 64;

  private static final Duration GOODBYE = Duration.ofSeconds(5);

  private final String jobId;
  private final Supplier<Optional<Token>> token;
  private final SecureRandom random;
  private final Lobby lobby;
  private final Iterable<ServerSocketChannel> doors;
  private final Optional<String> path;
  private final Consumer<String> log;
  private final Selector selector;
  private final Thread thread = new Thread(this, "gradsieve-ring-door");
  private final ConnectionLimits limits = ConnectionLimits.standard();
  private final CauseCounter causes = new CauseCounter();
  private final Map<Guest, InetAddress> guests = new HashMap<>();
  private final List<Guest> chosen = new ArrayList<>();
  private boolean ajar;
  private long looked = System.nanoTime();
  private boolean said;
  private volatile boolean stopped;

  /**
   * Starts its thread.
   *
   * @param token nobody is accepted before there is one
   * @param doors bound sockets, this object's from now on
   * @param path of the one that is a Unix socket
   */
  Doorkeeper(
      String jobId,
      Supplier<Optional<Token>> token,
      SecureRandom random,
      Lobby lobby,
      Iterable<ServerSocketChannel> doors,
      Optional<String> path,
      Consumer<String> log)
      throws IOException {
    this.jobId = jobId;
    this.token = token;
    this.random = random;
    this.lobby = lobby;
    this.doors = doors;
    this.path = path;
    this.log = log;
    selector = Selector.open();
    for (ServerSocketChannel door : doors) {
      door.configureBlocking(false);
      door.register(selector, 0);
    }
    open(token.get().isPresent());
    thread.setDaemon(true);
    thread.start();
  }

  @Override
  public void run() {
    try {
      while (!stopped) {
        selector.select(TURN);
        turn(System.nanoTime());
        lobby.rest(REST);
      }
    } catch (IOException e) {
      log.accept("no ring can be formed any more: " + e.getMessage());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt(); // nobody does that; it ends then
    } finally {
      lock();
    }
  }

  private void turn(long now) throws IOException {
    open(token.get().isPresent());
    Iterator<SelectionKey> ready = selector.selectedKeys().iterator();
    while (ready.hasNext()) {
      SelectionKey key = ready.next();
      ready.remove();
      if (key.channel() instanceof ServerSocketChannel door) {
        accept(door, now);
      } else if (key.isValid() && key.attachment() instanceof Guest guest) {
        step(guest, () -> guest.ready(now));
      }
    }
    if (now - looked >= TimeUnit.MILLISECONDS.toNanos(TURN)) {
      looked = now; // not at every byte of a flood
      for (Guest guest : guests.keySet().toArray(Guest[]::new)) {
        step(guest, () -> guest.expire(now));
      }
    }
    handOver();
  }

  // ---- who comes

  private void accept(ServerSocketChannel door, long now) {
    try {
      for (int i = 0; i < ROW; i++) {
        SocketChannel channel = door.accept();
        if (channel == null) {
          return;
        }
        enter(channel, now);
      }
    } catch (IOException e) {
      if (!said) {
        said = true;
        log.accept("a connection can't be accepted: " + e.getMessage());
      }
      open(false);
    }
  }

  /**
   * Without descriptors left the doors would be ready for ever: they rest for a turn. Without a
   * token nobody can be let in: they rest until there is one.
   */
  private void open(boolean wide) {
    if (wide == ajar) {
      return;
    }
    ajar = wide;
    for (SelectionKey key : selector.keys()) {
      if (key.isValid() && key.channel() instanceof ServerSocketChannel) {
        key.interestOps(wide ? SelectionKey.OP_ACCEPT : 0);
      }
    }
  }

  private void enter(SocketChannel channel, long now) {
    InetAddress address = address(channel);
    Optional<Refusal> refusal = limits.enter(address);
    try {
      if (refusal.isPresent()) {
        count(refusal.get(), address);
        channel.configureBlocking(false);
        channel.write(ServerHandshake.refusal(refusal.get()));
        Lobby.close(channel);
        return;
      }
      Wire wire = new Wire(channel, selector, SelectionKey.OP_READ);
      Guest guest = new Guest(wire, handshake(now), lobby, path, now);
      wire.attach(guest);
      guests.put(guest, address);
    } catch (IOException e) {
      Lobby.close(channel);
      if (refusal.isEmpty()) {
        limits.leave(address);
      }
    }
  }

  private ServerHandshake handshake(long now) {
    byte[] nonce = new byte[RingDoor.NONCE];
    random.nextBytes(nonce);
    ServerHandshake.Member me = new ServerHandshake.Member(jobId, Purpose.RING, lobby.rank());
    return new ServerHandshake(me, token.get().orElseThrow(), nonce, now);
  }

  /** Who comes over a Unix socket is on this host. */
  private static InetAddress address(SocketChannel channel) {
    try {
      if (channel.getRemoteAddress() instanceof InetSocketAddress remote) {
        return remote.getAddress();
      }
    } catch (IOException e) {
      // gone already, which its first read says too
    }
    return InetAddress.getLoopbackAddress();
  }

  // ---- who is in

  private interface Step {
    Guest.Fate take() throws IOException;
  }

  private void step(Guest guest, Step step) {
    if (!guests.containsKey(guest)) {
      return;
    }
    Guest.Fate fate;
    try {
      fate = step.take();
    } catch (IOException e) {
      // reset; after a refusal that is how it ends
      if (guest.refusal().isEmpty()) {
        count(Refusal.CLOSED, guests.get(guest));
      }
      fate = Guest.Fate.LEAVES;
    } catch (RuntimeException e) {
      log.accept("ring: a connection was closed by a fault of the program: " + e);
      fate = Guest.Fate.LEAVES;
    }
    if (fate == Guest.Fate.STAYS) {
      return;
    }
    InetAddress address = guests.remove(guest);
    limits.leave(address);
    guest.refusal().ifPresent(refusal -> count(refusal, address));
    if (fate == Guest.Fate.LEAVES) {
      guest.wire().close();
    } else {
      chosen.add(guest);
    }
  }

  /** Those who were chosen in this turn. */
  private void handOver() throws IOException {
    if (chosen.isEmpty()) {
      return;
    }
    Map<Guest, SocketChannel> channels = new HashMap<>();
    chosen.forEach(guest -> channels.put(guest, guest.release()));
    chosen.clear();
    selector.selectNow(); // forgets them; who is ready besides is so at the next turn too
    channels.forEach(
        (guest, channel) -> {
          if (!lobby.arrive(guest.who(), channel)) {
            Lobby.close(channel);
          }
        });
  }

  private void count(Refusal refusal, InetAddress address) {
    if (refusal == Refusal.OTHER_MEMBER) {
      return; // so is a worker that knows of a generation before this one does: it comes again
    }
    causes.count(refusal, address).ifPresent(line -> log.accept("ring: " + line));
  }

  // ---- the end

  private void lock() {
    guests.keySet().forEach(guest -> guest.wire().close());
    for (ServerSocketChannel door : doors) {
      try {
        door.close();
      } catch (IOException e) {
        // of no use any more
      }
    }
    try {
      selector.close();
    } catch (IOException e) {
      // of no use any more
    }
    causes.summary().forEach(line -> log.accept("ring: " + line));
  }

  @Override
  public void close() {
    stopped = true;
    selector.wakeup();
    try {
      thread.join(GOODBYE.toMillis());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
