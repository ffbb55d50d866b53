package io.gradsieve.dist.control;

import static org.assertj.core.api.Assertions.assertThat;

import io.gradsieve.AllocatedBytes;
import io.gradsieve.dist.FuzzInput;
import io.gradsieve.dist.handshake.CauseCounter;
import io.gradsieve.dist.handshake.ClientHandshake;
import io.gradsieve.dist.handshake.ConnectionLimits;
import io.gradsieve.dist.handshake.FrameSeal;
import io.gradsieve.dist.handshake.Introduction;
import io.gradsieve.dist.handshake.Outcome;
import io.gradsieve.dist.handshake.Purpose;
import io.gradsieve.dist.handshake.Role;
import io.gradsieve.dist.rendezvous.Deadlines;
import io.gradsieve.dist.rendezvous.MessageCodec;
import io.gradsieve.dist.rendezvous.Rules;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.netty.channel.embedded.EmbeddedChannel;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * Fuzz target: the server of a job, all of it but the sockets and its clock, and whoever connects:
 * strangers with any bytes, members with the token and any sealed frames; each byte split anywhere,
 * hung up on at any time. Nothing but the server's own closing comes of it; when all have gone,
 * every buffer is released and nobody is counted.
 */
public final class ServerTarget {
  private static final int MOST_STEPS = 64;

  /** For a server, its connections and those steps: keys, answers to all members. */
  private static final long FEW = 4 << 20;

  private static final int MOST_CONNECTIONS = 4;
  private static final int MOST_STRANGERS = 3;
  private static final int LENGTH_AT = MessageCodec.HEADER - Integer.BYTES;
  private static final InetAddress HERE = InetAddress.getLoopbackAddress();
  private static final InetAddress ELSEWHERE =
      new InetSocketAddress("192.0.2.7", 1).getAddress(); // RFC 5737: nobody's

  private final FuzzInput input;
  private final UnpooledByteBufAllocator buffers = new UnpooledByteBufAllocator(true, true);
  private final EmbeddedChannel loop = new EmbeddedChannel();
  private final List<String> log = new ArrayList<>();
  private final Deque<Consumer<Optional<String>>> probes = new ArrayDeque<>();
  private final ConnectionLimits limits =
      new ConnectionLimits(MOST_STRANGERS, 2, MOST_STRANGERS * Doorman.HELD);
  private final CoordinatorLoop desk =
      new CoordinatorLoop(
          new Rules(Job.NAME, OptionalInt.of(2), 1, true, new Deadlines(15_000), 60_000),
          loop.eventLoop(),
          new AddressCheck((address, answer) -> probes.add(answer)),
          log::add);
  private final Doorman doorman =
      new Doorman(
          Job.NAME, Job.token(1), Optional.empty(), desk, limits, new CauseCounter(), log::add);
  private final List<Peer> peers = new ArrayList<>();

  private ServerTarget(byte[] input) {
    this.input = new FuzzInput(input);
  }

  /** The bytes say what happens, step by step. */
  public static void fuzzerTestOneInput(byte[] input) throws Exception {
    long unpooled = UnpooledByteBufAllocator.DEFAULT.metric().usedDirectMemory();
    AllocatedBytes.assertFew(FEW, input, () -> new ServerTarget(input).run());
    assertThat(UnpooledByteBufAllocator.DEFAULT.metric().usedDirectMemory())
        .isLessThanOrEqualTo(unpooled);
  }

  /** What the server says of it. */
  public static List<String> log(byte[] input) {
    ServerTarget target = new ServerTarget(input);
    target.run();
    return target.log;
  }

  private void run() {
    desk.begin();
    connect(HERE);
    for (int i = 0; i < MOST_STEPS && input.hasMore(); i++) {
      step();
    }
    end();
  }

  /** Somebody who is connected. */
  private final class Peer {
    private final EmbeddedChannel channel = new EmbeddedChannel();
    private Optional<FrameSeal> seal = Optional.empty();

    Peer(InetAddress from) {
      channel.config().setAllocator(buffers);
      doorman.admit(channel, from);
    }

    boolean isStranger() {
      return channel.isOpen() && channel.pipeline().get(Authentication.class) != null;
    }

    /** Shows that it has the token. */
    void shakeHands() {
      int none = Introduction.NONE;
      Introduction me = new Introduction(Job.NAME, Purpose.CONTROL, Role.WORKER, none, none, 0);
      ClientHandshake hands =
          new ClientHandshake(me, Job.token(1).handshakeToken(), new byte[32], System.nanoTime());
      send(hands.output());
      Outcome outcome = hands.receive(received(), System.nanoTime());
      send(hands.output());
      if (outcome instanceof Outcome.Done done) {
        seal = Optional.of(done.seal());
      }
    }

    /** As a member's if it is one: its header has the right length, its seal is right. */
    void sendFrame(byte[] frame) {
      ByteBuffer bytes = ByteBuffer.wrap(frame);
      if (frame.length >= MessageCodec.HEADER) {
        bytes.putInt(LENGTH_AT, frame.length - MessageCodec.HEADER);
      }
      send(seal.map(s -> s.seal(bytes)).orElse(bytes));
    }

    /** Unless the server has closed, or reads nothing at the moment. */
    void send(ByteBuffer bytes) {
      if (channel.isOpen() && channel.config().isAutoRead()) {
        channel.writeInbound(buffers.buffer().writeBytes(bytes));
      }
    }

    void reset() {
      if (channel.isOpen()) {
        channel.pipeline().fireExceptionCaught(new IOException("reset"));
      }
    }

    private ByteBuffer received() {
      ByteBuffer all = ByteBuffer.allocate(512);
      for (ByteBuf each = channel.readOutbound(); each != null; each = channel.readOutbound()) {
        all.put(each.nioBuffer());
        each.release();
      }
      return all.flip();
    }
  }

  private void step() {
    int what = input.choice(8);
    Peer peer = peers.get(input.choice(peers.size()));
    switch (what) {
      case 0 -> connect(input.choice(2) == 0 ? HERE : ELSEWHERE);
      case 1 -> peer.shakeHands();
      case 2 -> peer.send(ByteBuffer.wrap(input.piece()));
      case 3 -> peer.sendFrame(input.piece());
      case 4 -> peer.channel.close();
      case 5 -> peer.reset();
      case 6 -> answerProbe(input.choice(2) == 0);
      default -> pass(input.choice(20));
    }
    loop.runPendingTasks();
    for (Peer each : peers) {
      each.channel.runPendingTasks();
      each.channel.releaseOutbound();
    }
    assertCounted();
  }

  private void connect(InetAddress from) {
    if (peers.size() < MOST_CONNECTIONS) {
      peers.add(new Peer(from));
    }
  }

  private void answerProbe(boolean well) {
    if (!probes.isEmpty()) {
      probes.remove().accept(well ? Optional.empty() : Optional.of("no answer"));
    }
  }

  private void pass(int seconds) {
    loop.advanceTimeBy(seconds, TimeUnit.SECONDS);
    peers.forEach(each -> each.channel.advanceTimeBy(seconds, TimeUnit.SECONDS));
  }

  private void end() {
    peers.forEach(each -> each.channel.finishAndReleaseAll());
    desk.close(Optional.empty());
    loop.finishAndReleaseAll();
    assertThat(log).noneMatch(line -> line.startsWith("internal error"));
    assertThat(buffers.metric().usedDirectMemory() + buffers.metric().usedHeapMemory()).isZero();
    assertCounted();
  }

  /** Those who have not proved themselves take a place each, and nobody else does. */
  private void assertCounted() {
    long strangers = peers.stream().filter(Peer::isStranger).count();
    long free = MOST_STRANGERS - strangers;
    for (int i = 0; i < free; i++) {
      assertThat(limits.enter(HERE)).isEmpty();
      assertThat(limits.hold(Doorman.HELD)).isEmpty();
    }
    assertThat(limits.enter(HERE)).isPresent();
    assertThat(limits.hold(1)).isPresent();
    for (int i = 0; i < free; i++) {
      limits.leave(HERE);
      limits.release(Doorman.HELD);
    }
  }
}
