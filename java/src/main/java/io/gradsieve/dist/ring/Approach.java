package io.gradsieve.dist.ring;

import io.gradsieve.RandomBits;
import io.gradsieve.dist.handshake.Introduction;
import io.gradsieve.dist.handshake.Token;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;

/**
 * The way to the next rank: all its addresses are tried, one a little later than the one before,
 * each again and again with growing pauses, and the first that greets is chosen. Where that is on
 * this host, its Unix socket is tried before: twice as fast between local processes.
 */
final class Approach implements AutoCloseable {
  private static final long MILLISECOND = TimeUnit.MILLISECONDS.toNanos(1);

  /** Between the first attempts at two addresses. */
  private static final long STAGGER = 100 * MILLISECOND;

  /** Members learn of a generation at nearly the same time, so the first pause is short. */
  private static final long FIRST_PAUSE = 20 * MILLISECOND;

  private static final long LONGEST_PAUSE = 1_000 * MILLISECOND;

  private static final int MOST_DOUBLINGS = 10;

  /** For the Unix socket, while a connection over the network waits. */
  private static final long UNIX = 1_000 * MILLISECOND;

  private final Introduction me;
  private final Token token;
  private final SecureRandom random;
  private final RandomBits jitter;
  private final Selector selector = Selector.open();
  private final List<Way> ways = new ArrayList<>();
  private Optional<Visit> unix = Optional.empty();
  private long unixUntil;
  private boolean unixTried;
  private long draws;

  /** One address and what has come of it. */
  private static final class Way {
    private final String address;
    private long next;
    private int failures;
    private Optional<Visit> visit = Optional.empty();
    private String last = "does not answer";

    Way(String address, long first) {
      this.address = address;
      next = first;
    }
  }

  /**
   * Begins with the next {@link #advance}.
   *
   * @param addresses {@code host:port} each, the host in digits
   * @param now as {@link System#nanoTime}
   */
  Approach(Introduction me, Token token, SecureRandom random, List<String> addresses, long now)
      throws IOException {
    this.me = me;
    this.token = token;
    this.random = random;
    jitter = RandomBits.of(me.rank(), "ring", me.generation());
    for (String address : addresses) {
      ways.add(new Way(address, now + ways.size() * STAGGER));
    }
  }

  /**
   * Does what is due, and waits for more at most so long or until {@link #wake}.
   *
   * @return the connection, once there is one: the caller's
   * @throws NeighbourLost if the next rank is in a later generation
   */
  Optional<SocketChannel> advance(long now, long most) throws IOException {
    for (SelectionKey key : selector.selectedKeys()) {
      if (key.isValid()) {
        ((Visit) key.attachment()).ready(now);
      }
    }
    selector.selectedKeys().clear();
    long due = now + most;
    for (Way way : ways) {
      look(way, now);
      due = way.visit.isEmpty() && way.next - due < 0 ? way.next : due;
    }
    Optional<Visit> best = best(now);
    if (best.isPresent()) {
      Optional<SocketChannel> chosen = best.get().choose();
      if (chosen.isPresent()) {
        end();
        return chosen;
      }
    }
    rest(due - now);
    return Optional.empty();
  }

  /** Waits for {@link #wake} only. */
  void rest(long most) throws IOException {
    // visits have deadlines of their own
    long turn = Math.min(most, 100 * MILLISECOND);
    selector.select(Math.max(1, TimeUnit.NANOSECONDS.toMillis(turn)));
  }

  void wake() {
    selector.wakeup();
  }

  private void look(Way way, long now) throws IOException {
    if (way.visit.isEmpty() && way.next - now <= 0) {
      begin(way, now);
    }
    way.visit.ifPresent(visit -> visit.expire(now));
    Optional<String> failure = way.visit.flatMap(Visit::failure);
    if (failure.isPresent()) {
      if (way.visit.get().isOver()) {
        throw new NeighbourLost(
            me.target(),
            true,
            "rank %d at %s %s: this generation is over"
                .formatted(me.target(), way.address, failure.get()));
      }
      end(way, failure.get(), now);
    }
  }

  private void begin(Way way, long now) {
    try {
      way.visit = Optional.of(visit(internet(way.address), now));
    } catch (IOException | IllegalArgumentException e) {
      end(way, "can't be tried: " + e.getMessage(), now);
    }
  }

  private void end(Way way, String why, long now) {
    way.visit = Optional.empty();
    way.last = why;
    long pause = Math.min(LONGEST_PAUSE, FIRST_PAUSE << Math.min(way.failures++, MOST_DOUBLINGS));
    way.next = now + (long) (pause * (1 + jitter.uniform(draws++)) / 2);
  }

  private Visit visit(SocketAddress to, long now) throws IOException {
    byte[] nonce = new byte[RingDoor.NONCE];
    random.nextBytes(nonce);
    return new Visit(selector, to, me, token, nonce, now);
  }

  /** The visit to choose: the Unix socket's, else the first over the network. */
  private Optional<Visit> best(long now) throws IOException {
    Optional<Visit> network =
        ways.stream().flatMap(way -> way.visit.stream()).filter(Visit::isGreeted).findFirst();
    if (network.isEmpty()) {
      return Optional.empty();
    }
    if (!unixTried) {
      unixTried = true;
      Optional<String> path = network.get().path();
      if (path.isPresent()) {
        tryUnix(path.get(), now);
      }
    }
    if (unix.isPresent() && unix.get().isGreeted()) {
      return unix;
    }
    boolean hopeless = unix.isEmpty() || unix.get().failure().isPresent() || now - unixUntil >= 0;
    return hopeless ? network : Optional.empty();
  }

  private void tryUnix(String path, long now) {
    try {
      unix = Optional.of(visit(UnixDomainSocketAddress.of(path), now));
      unixUntil = now + UNIX;
    } catch (IOException | IllegalArgumentException e) {
      // the one over the network is there
    }
  }

  /** {@code 1.2.3.4:5} or {@code [1::2]:3}; nothing is looked up. */
  static InetSocketAddress internet(String address) throws IOException {
    int colon = address.lastIndexOf(':');
    String host = address.substring(0, Math.max(0, colon)).replaceAll("^\\[|\\]$", "");
    return new InetSocketAddress(
        Interfaces.literal(host).orElseThrow(() -> new IOException("no address in digits")),
        Integer.parseInt(address.substring(colon + 1)));
  }

  /** What each address does. */
  String account() {
    return ways.stream().map(way -> way.address + " " + way.last).collect(Collectors.joining("; "));
  }

  /** Ends all attempts that were not chosen. */
  private void end() {
    ways.forEach(way -> way.visit.ifPresent(Visit::close));
    unix.ifPresent(Visit::close);
  }

  @Override
  public void close() throws IOException {
    end();
    selector.close();
  }
}
