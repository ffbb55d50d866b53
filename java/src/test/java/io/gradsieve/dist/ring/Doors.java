package io.gradsieve.dist.ring;

import io.gradsieve.dist.handshake.ClientHandshake;
import io.gradsieve.dist.handshake.Introduction;
import io.gradsieve.dist.handshake.Outcome;
import io.gradsieve.dist.handshake.Purpose;
import io.gradsieve.dist.handshake.Role;
import io.gradsieve.dist.handshake.Token;
import io.gradsieve.dist.rendezvous.MemberEvent.Ranked;
import io.gradsieve.dist.rendezvous.MemberId;
import io.gradsieve.dist.rendezvous.Message.Peer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;

/** Workers of one process that form rings through doors, and strangers that knock. */
final class Doors implements AutoCloseable {
  static final String JOB = "job-1";
  static final Duration LONG = Duration.ofSeconds(30);
  static final Duration PATIENCE = Duration.ofMinutes(5);

  final List<RingDoor> doors = new ArrayList<>();
  final List<Ring> rings = new CopyOnWriteArrayList<>();
  final List<String> log = new CopyOnWriteArrayList<>();
  private final ExecutorService threads = Executors.newCachedThreadPool();

  static Token token(int which) {
    byte[] bytes = new byte[32];
    Arrays.fill(bytes, (byte) which);
    return Token.fresh(bytes);
  }

  RingDoor open(Token token, boolean unix) throws IOException {
    return open(Optional.of(token), unix);
  }

  RingDoor open(Optional<Token> token, boolean unix) throws IOException {
    RingDoor door =
        RingDoor.open(
            JOB,
            token,
            List.of(InetAddress.getLoopbackAddress()),
            unix ? UnixDoor.open() : Optional.empty(),
            log::add);
    doors.add(door);
    return door;
  }

  /** All doors by rank. */
  Ranked place(int generation, int rank) {
    return place(generation, rank, doors.stream().map(RingDoor::addresses).toList());
  }

  static Ranked place(int generation, int rank, List<List<String>> addresses) {
    List<Peer> peers = new ArrayList<>();
    for (List<String> each : addresses) {
      peers.add(new Peer(new MemberId(1, peers.size()), 1, "avx2", each));
    }
    return new Ranked(generation, rank, peers, 0, 0);
  }

  Future<Ring> form(int generation, int rank, Duration deadline) {
    return threads.submit(
        () -> {
          Ring ring =
              doors.get(rank).form(place(generation, rank), deadline, PATIENCE, (who, since) -> {});
          rings.add(ring);
          return ring;
        });
  }

  List<Ring> formAll(int generation) throws Exception {
    List<Future<Ring>> forming = new ArrayList<>();
    for (int rank = 0; rank < doors.size(); rank++) {
      forming.add(form(generation, rank, LONG));
    }
    List<Ring> formed = new ArrayList<>();
    for (Future<Ring> each : forming) {
      formed.add(soon(each));
    }
    return formed;
  }

  <T> Future<T> start(Callable<T> work) {
    return threads.submit(work);
  }

  static <T> T soon(Future<T> result) throws Exception {
    return result.get(60, TimeUnit.SECONDS);
  }

  /** Somebody who connects to a door. */
  Socket knock(int rank) throws IOException {
    var address = Approach.internet(doors.get(rank).addresses().get(0));
    Socket socket = new Socket(address.getAddress(), address.getPort());
    socket.setSoTimeout(30_000);
    return socket;
  }

  static Introduction worker(int rank, int target, long generation) {
    return new Introduction(JOB, Purpose.RING, Role.WORKER, rank, target, generation);
  }

  /** How a handshake ends for a client. */
  static Outcome shakeHands(Socket socket, Introduction who, Token token) throws IOException {
    byte[] nonce = new byte[RingDoor.NONCE];
    new SecureRandom().nextBytes(nonce);
    ClientHandshake hands = new ClientHandshake(who, token, nonce, System.nanoTime());
    Outcome outcome = new Outcome.Waiting();
    while (outcome instanceof Outcome.Waiting) {
      send(socket, hands.output());
      byte[] came = new byte[512];
      int count = socket.getInputStream().read(came);
      outcome =
          count < 0
              ? hands.closed()
              : hands.receive(ByteBuffer.wrap(came, 0, count), System.nanoTime());
    }
    send(socket, hands.output());
    return outcome;
  }

  private static void send(Socket socket, ByteBuffer bytes) throws IOException {
    byte[] sent = new byte[bytes.remaining()];
    bytes.get(sent);
    socket.getOutputStream().write(sent);
  }

  @Override
  public void close() {
    rings.forEach(Ring::close);
    doors.forEach(RingDoor::close);
    threads.shutdownNow();
  }
}
