package io.gradsieve.dist.ring;

import static org.assertj.core.api.Assertions.assertThat;

import io.gradsieve.AllocatedBytes;
import io.gradsieve.dist.FuzzInput;
import io.gradsieve.dist.handshake.ClientHandshake;
import io.gradsieve.dist.handshake.FrameSeal;
import io.gradsieve.dist.handshake.Handshake;
import io.gradsieve.dist.handshake.Introduction;
import io.gradsieve.dist.handshake.Outcome;
import io.gradsieve.dist.handshake.Purpose;
import io.gradsieve.dist.handshake.Role;
import io.gradsieve.dist.handshake.ServerHandshake;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * Fuzz target: what comes to a worker's door before the ring's values, from strangers and from who
 * has the token, and what a worker that visits a neighbour's door is answered. In a guest's place
 * only the rank before gets through, and only if it means this generation.
 */
public final class DoorTarget {
  private static final long LATER = TimeUnit.SECONDS.toNanos(6);
  private static final int GENERATION = 3;
  private static final int RANK = 1;
  private static final int WORLD = 3;
  private static final long NOW = 0;
  private static final byte[] NONCE = new byte[RingDoor.NONCE];

  private static final Selector SELECTOR;
  private static final ServerSocketChannel LISTENER;

  static {
    try {
      SELECTOR = Selector.open();
      Path socket = Files.createTempDirectory("door-target").resolve("socket");
      LISTENER = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
      LISTENER.bind(UnixDomainSocketAddress.of(socket));
      socket.toFile().deleteOnExit();
      socket.getParent().toFile().deleteOnExit();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** For proofs and keys of a handshake. */
  private static final long FEW = 256 << 10;

  private DoorTarget() {}

  /** The first byte says what is tried. */
  public static void fuzzerTestOneInput(byte[] input) throws Exception {
    AllocatedBytes.assertFew(FEW, input, () -> run(new FuzzInput(input)));
  }

  private static void run(FuzzInput from) throws IOException {
    switch (from.choice(5)) {
      case 0 -> guest(from, Optional.empty());
      case 1 -> guest(from, Optional.of(introduction(from)));
      case 2 -> visit(from, false);
      case 3 -> visit(from, true);
      default -> greeting(from);
    }
    SELECTOR.selectNow(); // forgets what was closed
    assertThat(SELECTOR.keys()).isEmpty();
  }

  // ---- a guest

  private static Introduction introduction(FuzzInput from) {
    Role role = Role.values()[from.choice(Role.values().length)];
    int rank = from.choice(WORLD + 1) - 1;
    int target = from.choice(WORLD + 1) - 1;
    return new Introduction(
        Doors.JOB, Purpose.RING, role, rank, target, from.choice(2 * GENERATION));
  }

  private static void guest(FuzzInput from, Optional<Introduction> member) throws IOException {
    Lobby lobby = new Lobby();
    lobby.await(GENERATION, RANK, WORLD, () -> {});
    try (SocketChannel caller = SocketChannel.open(LISTENER.getLocalAddress());
        SocketChannel accepted = LISTENER.accept()) {
      caller.configureBlocking(false);
      Guest guest = guest(accepted, lobby);
      Guest.Fate fate = Guest.Fate.STAYS;
      Optional<FrameSeal> seal = Optional.empty();
      if (member.isPresent()) {
        var hands = new ClientHandshake(member.get(), Doors.token(1), NONCE, NOW);
        fate = say(caller, hands.output(), guest);
        if (hands.receive(heard(caller), NOW) instanceof Outcome.Done done) {
          seal = Optional.of(done.seal());
          fate = say(caller, hands.output(), guest);
        }
      }
      while (fate == Guest.Fate.STAYS && from.hasMore()) {
        boolean sealed = from.choice(2) == 1;
        ByteBuffer bytes = sealed ? Greeting.choice(from.number()) : ByteBuffer.wrap(from.piece());
        fate = say(caller, sealed ? seal.map(s -> s.seal(bytes)).orElse(bytes) : bytes, guest);
      }
      if (fate == Guest.Fate.STAYS) {
        caller.shutdownOutput();
        fate = settle(guest);
        assertThat(fate).isEqualTo(Guest.Fate.LEAVES);
      }
      if (fate == Guest.Fate.IS_CHOSEN) {
        Introduction who = guest.who();
        assertThat(who.role()).isEqualTo(Role.WORKER);
        assertThat(who.rank()).isEqualTo(RANK - 1);
        assertThat(who.target()).isEqualTo(RANK);
        assertThat(who.generation()).isEqualTo(GENERATION);
      }
      assertThat(guest.expire(NOW + LATER)).isEqualTo(Guest.Fate.LEAVES);
    }
  }

  private static Guest guest(SocketChannel accepted, Lobby lobby) throws IOException {
    Wire wire = new Wire(accepted, SELECTOR, SelectionKey.OP_READ);
    var me = new ServerHandshake.Member(Doors.JOB, Purpose.RING, lobby.rank());
    var hands = new ServerHandshake(me, Doors.token(1), NONCE, NOW);
    return new Guest(wire, hands, lobby, Optional.of("/socket"), NOW);
  }

  private static Guest.Fate say(SocketChannel caller, ByteBuffer bytes, Guest guest)
      throws IOException {
    Guest.Fate fate = Guest.Fate.STAYS;
    while (fate == Guest.Fate.STAYS && bytes.hasRemaining()) {
      caller.write(bytes);
      fate = settle(guest);
    }
    return fate;
  }

  /** As its doorkeeper does, until nothing more comes. */
  private static Guest.Fate settle(Guest guest) throws IOException {
    Guest.Fate fate = Guest.Fate.STAYS;
    while (fate == Guest.Fate.STAYS && isReady()) {
      fate = guest.ready(NOW);
    }
    return fate;
  }

  private static boolean isReady() throws IOException {
    SELECTOR.selectedKeys().clear();
    return SELECTOR.selectNow() > 0;
  }

  private static ByteBuffer heard(SocketChannel from) throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate(512);
    from.read(bytes);
    return bytes.flip();
  }

  // ---- a visit

  /** One whose host has the token, or not, and says anything. */
  private static void visit(FuzzInput from, boolean knowsToken) throws IOException {
    var me = new Introduction(Doors.JOB, Purpose.RING, Role.WORKER, 0, RANK, GENERATION);
    Visit visit = new Visit(SELECTOR, LISTENER.getLocalAddress(), me, Doors.token(1), NONCE, NOW);
    try (SocketChannel host = LISTENER.accept()) {
      host.configureBlocking(false);
      Optional<FrameSeal> seal = Optional.empty();
      if (knowsToken) {
        var it = new ServerHandshake.Member(Doors.JOB, Purpose.RING, RANK);
        Handshake hands = new ServerHandshake(it, Doors.token(1), NONCE, NOW);
        hands.receive(heard(host), NOW);
        say(host, hands.output(), visit);
        seal = Optional.of(((Outcome.Done) hands.receive(heard(host), NOW)).seal());
      }
      while (visit.failure().isEmpty() && from.hasMore()) {
        ByteBuffer bytes = ByteBuffer.wrap(from.piece());
        say(host, seal.map(s -> s.seal(bytes)).orElse(bytes), visit);
      }
      visit.expire(NOW + LATER);
      assertThat(visit.isGreeted()).isNotEqualTo(visit.failure().isPresent());
      Optional<SocketChannel> chosen = visit.isGreeted() ? visit.choose() : Optional.empty();
      chosen.ifPresent(Lobby::close);
    } finally {
      visit.close();
    }
  }

  private static void say(SocketChannel host, ByteBuffer bytes, Visit visit) throws IOException {
    while (visit.failure().isEmpty() && bytes.hasRemaining()) {
      host.write(bytes);
      while (visit.failure().isEmpty() && isReady()) {
        visit.ready(NOW);
      }
    }
  }

  /** What a neighbour tells of its Unix socket is a path or none. */
  private static void greeting(FuzzInput from) {
    Greeting greeting = Greeting.of(ByteBuffer.wrap(Arrays.copyOf(from.rest(), Greeting.BYTES)));
    try {
      greeting.path().ifPresent(UnixDomainSocketAddress::of);
    } catch (IllegalArgumentException e) {
      // a way that is not tried
    }
  }
}
