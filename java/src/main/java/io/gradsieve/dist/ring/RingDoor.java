package io.gradsieve.dist.ring;

import io.gradsieve.GradsieveException.Usage;
import io.gradsieve.dist.Compression;
import io.gradsieve.dist.cluster.Address;
import io.gradsieve.dist.handshake.Introduction;
import io.gradsieve.dist.handshake.Purpose;
import io.gradsieve.dist.handshake.Role;
import io.gradsieve.dist.handshake.Token;
import io.gradsieve.dist.rendezvous.Limits;
import io.gradsieve.dist.rendezvous.MemberEvent.Ranked;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;

/**
 * Where a worker listens for the rank before it, and from where it goes to the rank after it. One
 * for a process, opened before it joins, so that its addresses can be told; the sockets stay the
 * same in all generations.
 *
 * <pre>
 *   door = RingDoor.open(job, token, …)   listens from now on, with a token answers probes
 *   join with door.addresses()            without one: door.trust(token) before the server probes
 *   ring = door.form(ranked, …)           in each generation; on a verdict: door.abort(generation)
 * </pre>
 *
 * <p>A thread of its own accepts, beside a ring that works. What is not authenticated within 5 s,
 * speaks garbage or comes in masses is closed, with one log line a cause; docs/security.md has the
 * limits. A worker of another generation is told so and comes again.
 */
public final class RingDoor implements AutoCloseable {
  /** Bytes of a handshake's nonce. */
  static final int NONCE = 32;

  /** Connections that the system holds until they are accepted; it has a limit of its own. */
  private static final int BACKLOG = 1_024;

  private final String jobId;
  private final SecureRandom random = new SecureRandom();
  private final Lobby lobby = new Lobby();
  private final List<String> addresses;
  private final Optional<UnixDoor> unix;
  private final Doorkeeper keeper;
  private volatile Optional<Token> token;
  private final AtomicBoolean forming = new AtomicBoolean();
  private final Object lock = new Object();
  private int ended;
  private Runnable wake = () -> {};
  private Optional<Ring> ring = Optional.empty();

  private RingDoor(
      String jobId,
      Optional<Token> token,
      List<ServerSocketChannel> doors,
      Optional<UnixDoor> unix,
      Consumer<String> log)
      throws IOException {
    this.jobId = jobId;
    this.token = token;
    this.unix = unix;
    addresses = new ArrayList<>();
    for (ServerSocketChannel door : doors) {
      addresses.add(text((InetSocketAddress) door.getLocalAddress()));
    }
    List<ServerSocketChannel> all = new ArrayList<>(doors);
    unix.ifPresent(door -> all.add(door.channel()));
    Optional<String> path = unix.map(door -> door.path().toString());
    keeper = new Doorkeeper(jobId, () -> this.token, random, lobby, all, path, log);
  }

  /**
   * Listens on the chosen addresses, each with a free port, and on a Unix socket that only this
   * user can reach.
   *
   * @param token the job's; on loopback the well-known one that only keeps jobs apart; empty: none
   *     yet, so nobody is let in before {@link #trust}
   * @param interfaceName an interface's name, an address or a network, {@code --interface}
   * @param loopbackOnly whether the rendezvous is on loopback: then others are too; an interface
   *     that is named wins. Whoever calls checks that off loopback the token is a secret
   * @param log takes lines, from a thread of this object's
   * @throws Usage if there is no such interface, naming those there are; or none that others reach
   * @throws IOException if none of the addresses can be listened at
   */
  public static RingDoor open(
      String jobId,
      Optional<Token> token,
      Optional<String> interfaceName,
      boolean loopbackOnly,
      Consumer<String> log)
      throws IOException {
    List<InetAddress> at = Interfaces.choose(Interfaces.all(), interfaceName, loopbackOnly);
    return open(jobId, token, at, UnixDoor.open(), log);
  }

  /** On given addresses, with or without a Unix socket. */
  static RingDoor open(
      String jobId,
      Optional<Token> token,
      List<InetAddress> at,
      Optional<UnixDoor> unix,
      Consumer<String> log)
      throws IOException {
    List<ServerSocketChannel> doors = new ArrayList<>();
    IOException failed = new IOException("no address to listen at");
    for (InetAddress address : at.subList(0, Math.min(at.size(), Limits.ADDRESSES))) {
      try {
        doors.add(ServerSocketChannel.open().bind(new InetSocketAddress(address, 0), BACKLOG));
      } catch (IOException e) {
        failed = new IOException("can't listen at " + Interfaces.digits(address), e);
        log.accept(failed.getMessage() + ": " + e.getMessage());
      }
    }
    if (doors.isEmpty()) {
      unix.ifPresent(UnixDoor::close);
      throw failed;
    }
    try {
      return new RingDoor(jobId, token, doors, unix, log);
    } catch (IOException e) {
      for (ServerSocketChannel door : doors) {
        door.close();
      }
      unix.ifPresent(UnixDoor::close);
      throw e;
    }
  }

  private static String text(InetSocketAddress address) {
    return new Address(Interfaces.digits(address.getAddress()), address.getPort()).toString();
  }

  /** From any thread: with this token others prove themselves from now on, and this worker too. */
  public void trust(Token newToken) {
    token = Optional.of(newToken);
  }

  /** What to tell others, the likeliest first: {@code host:port}, at most 16. */
  public List<String> addresses() {
    return List.copyOf(addresses);
  }

  /** As the other one, with nothing compressed. */
  Ring form(Ranked place, Duration deadline, Duration patience, Waiting waiting)
      throws IOException, InterruptedException {
    return form(place, deadline, patience, waiting, Compression.NONE);
  }

  /**
   * Connects to the next rank and waits for the one before, until both are there. With a world of 1
   * returns at once. The ring is the caller's to close; {@link #abort} ends it too.
   *
   * @param place from the rendezvous; not an earlier generation than the last
   * @param deadline for all of it
   * @param patience the ring's
   * @param waiting the ring's
   * @param compression the ring's
   * @throws NeighbourLost naming the rank that can't be reached or has not come, its addresses,
   *     what each does and what to check
   * @throws IOException if aborted
   * @throws InterruptedException if this thread is interrupted
   * @throws IllegalStateException if another thread is forming one
   */
  public Ring form(
      Ranked place, Duration deadline, Duration patience, Waiting waiting, Compression compression)
      throws IOException, InterruptedException {
    if (!forming.compareAndSet(false, true)) {
      throw new IllegalStateException("a ring is being formed already");
    }
    try {
      return keep(place, made(place, deadline, patience, waiting, compression));
    } finally {
      lobby.dismiss();
      forming.set(false);
    }
  }

  private Ring made(
      Ranked place, Duration deadline, Duration patience, Waiting waiting, Compression compression)
      throws IOException, InterruptedException {
    int world = place.world();
    if (world == 1) {
      // nothing is ever sent
      return new Ring(
          0, 1, SocketChannel.open(), SocketChannel.open(), patience, waiting, compression);
    }
    SocketChannel next = meet(place, deadline);
    SocketChannel previous = lobby.take().orElseThrow();
    return new Ring(place.rank(), world, previous, next, patience, waiting, compression);
  }

  /** The connection to the next rank; that of the one before is in the lobby then. */
  private SocketChannel meet(Ranked place, Duration deadline)
      throws IOException, InterruptedException {
    int target = Math.floorMod(place.rank() + 1, place.world());
    Introduction me =
        new Introduction(
            jobId, Purpose.RING, Role.WORKER, place.rank(), target, place.generation());
    long now = System.nanoTime();
    long end = now + deadline.toNanos();
    Optional<SocketChannel> next = Optional.empty();
    boolean met = false;
    List<String> there = place.peers().get(target).addresses();
    try (Approach approach = new Approach(me, token.orElseThrow(), random, there, now)) {
      listen(place, approach);
      while (next.isEmpty() || !lobby.hasArrived()) {
        check(place);
        now = System.nanoTime();
        if (now - end >= 0) {
          throw absent(place, target, next.isPresent(), approach, deadline);
        }
        if (next.isEmpty()) {
          next = approach.advance(now, end - now);
        } else {
          approach.rest(end - now);
        }
      }
      met = true;
      return next.get();
    } finally {
      wakeBy(() -> {});
      if (!met) {
        next.ifPresent(Lobby::close);
      }
    }
  }

  private void listen(Ranked place, Approach approach) {
    wakeBy(approach::wake);
    lobby.await(place.generation(), place.rank(), place.world(), approach::wake);
  }

  private void wakeBy(Runnable way) {
    synchronized (lock) {
      wake = way;
    }
  }

  private void check(Ranked place) throws IOException, InterruptedException {
    if (Thread.interrupted()) {
      throw new InterruptedException();
    }
    synchronized (lock) {
      if (place.generation() <= ended) {
        throw new IOException(
            "the ring of generation %d was aborted".formatted(place.generation()));
      }
    }
  }

  private NeighbourLost absent(
      Ranked place, int target, boolean hasNext, Approach approach, Duration deadline) {
    List<String> lines = new ArrayList<>();
    if (!hasNext) {
      lines.add("rank %d can't be reached: %s".formatted(target, approach.account()));
    }
    int previous = Math.floorMod(place.rank() - 1, place.world());
    if (!lobby.hasArrived()) {
      lines.add(
          "rank %d, %s, has not come to %s"
              .formatted(
                  previous,
                  String.join(" ", place.peers().get(previous).addresses()),
                  String.join(" ", addresses)));
    }
    return new NeighbourLost(
        hasNext ? previous : target,
        true,
        "no ring within %.1f s: %s; check that it runs, firewalls between, and --interface on both"
            .formatted(deadline.toMillis() / 1e3, String.join("; ", lines)));
  }

  private Ring keep(Ranked place, Ring formed) throws IOException, InterruptedException {
    try {
      synchronized (lock) {
        check(place);
        ring = Optional.of(formed);
      }
      return formed;
    } catch (IOException | InterruptedException e) {
      formed.close();
      throw e;
    }
  }

  /**
   * From any thread: a generation is over. Ends at once its forming, under way or still to come,
   * and the ring that was formed for it; the same for generations before.
   */
  public void abort(int generation) {
    synchronized (lock) {
      ended = Math.max(ended, generation);
      ring.ifPresent(Ring::abort);
      ring = Optional.empty();
      wake.run();
    }
  }

  /** Listens no longer. Forms and rings under way are the callers'. */
  @Override
  public void close() {
    keeper.close();
    unix.ifPresent(UnixDoor::close);
  }
}
