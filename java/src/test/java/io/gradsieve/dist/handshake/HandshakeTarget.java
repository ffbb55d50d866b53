package io.gradsieve.dist.handshake;

import static org.assertj.core.api.Assertions.assertThat;

import io.gradsieve.AllocatedBytes;
import io.gradsieve.dist.FuzzInput;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * Fuzz target: what a stranger sends to either side of a handshake, split anywhere, and to both
 * ends of a seal. Where bytes are split changes nothing; whoever gets in has sent, byte for byte,
 * what one who has the token sends; no frame is opened that was not sealed for this moment.
 */
public final class HandshakeTarget {
  private static final int MOST_PIECES = 32;

  /** A side's frames with those of {@link Refusal}. */
  private static final int MOST_SENT = 2 * Frames.MOST;

  /** For proofs and keys of some handshakes. */
  private static final long FEW = 256 << 10;

  private HandshakeTarget() {}

  /** The first byte says what is tried. */
  public static void fuzzerTestOneInput(byte[] input) throws Exception {
    AllocatedBytes.assertFew(FEW, input, () -> run(new FuzzInput(input)));
  }

  private static void run(FuzzInput from) {
    switch (from.choice(3)) {
      case 0 -> stranger(from, true);
      case 1 -> stranger(from, false);
      default -> seals(from);
    }
  }

  // ---- a side and a stranger

  /** What became of a side. */
  private record Heard(Outcome outcome, byte[] sent, int taken) {
    static Heard of(Handshake side, List<byte[]> pieces) {
      ByteArrayOutputStream sent = new ByteArrayOutputStream();
      sent.writeBytes(Handshakes.sent(side.output()));
      Outcome outcome = new Outcome.Waiting();
      int taken = 0;
      for (byte[] piece : pieces) {
        ByteBuffer bytes = ByteBuffer.wrap(piece);
        outcome = side.receive(bytes, 0);
        taken += bytes.position();
        sent.writeBytes(Handshakes.sent(side.output()));
      }
      return new Heard(outcome, sent.toByteArray(), taken);
    }

    /** Without the seal, which is nobody else's. */
    Object verdict() {
      return outcome instanceof Outcome.Done done ? done.client() : outcome;
    }
  }

  private static void stranger(FuzzInput from, boolean toServer) {
    List<byte[]> pieces = new ArrayList<>();
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    while (from.hasMore() && pieces.size() < MOST_PIECES) {
      pieces.add(from.piece());
      all.writeBytes(pieces.get(pieces.size() - 1));
    }
    Heard split = Heard.of(side(toServer), pieces);
    Heard whole = Heard.of(side(toServer), List.of(all.toByteArray()));
    assertThat(whole.verdict()).isEqualTo(split.verdict());
    assertThat(whole.sent()).isEqualTo(split.sent()).hasSizeLessThanOrEqualTo(MOST_SENT);
    assertThat(whole.taken()).isEqualTo(split.taken());
    if (whole.outcome() instanceof Outcome.Done done) {
      byte[] taken = Arrays.copyOf(all.toByteArray(), whole.taken());
      assertThat(taken).isEqualTo(toServer ? clients(done, taken, whole) : servers(taken, whole));
    }
  }

  /** Whether a stranger who sends this to a side is let in. */
  public static boolean opens(byte[] input) {
    FuzzInput from = new FuzzInput(input);
    boolean toServer = from.choice(3) == 0;
    List<byte[]> pieces = new ArrayList<>();
    while (from.hasMore()) {
      pieces.add(from.piece());
    }
    return Heard.of(side(toServer), pieces).outcome() instanceof Outcome.Done;
  }

  private static Handshake side(boolean server) {
    return server ? Handshakes.server() : Handshakes.client();
  }

  /** What a client with the token sends to that server. */
  private static byte[] clients(Outcome.Done done, byte[] taken, Heard server) {
    byte[] hello = Arrays.copyOf(taken, taken.length - Frames.HEADER - Hmac.BYTES);
    byte[] nonce = Frames.helloNonce(new Frames.Frame(Frames.Kind.HELLO, hello));
    var honest = new ClientHandshake(done.client(), Handshakes.token(), nonce, 0);
    return Heard.of(honest, List.of(server.sent())).sent();
  }

  /** What a server with the token sends to that client. */
  private static byte[] servers(byte[] taken, Heard client) {
    byte[] nonce = Frames.challengeNonce(new Frames.Frame(Frames.Kind.CHALLENGE, taken));
    return Heard.of(Handshakes.server(nonce), List.of(client.sent())).sent();
  }

  // ---- seals

  /** Frames from one end to the other, as sealed or with a byte of them changed. */
  private static void seals(FuzzInput from) {
    ClientHandshake client = Handshakes.client();
    ServerHandshake server = Handshakes.server();
    server.receive(client.output(), 0);
    FrameSeal sender = Handshakes.seal(client.receive(server.output(), 0));
    FrameSeal receiver = Handshakes.seal(server.receive(client.output(), 0));
    boolean broken = false;
    for (int i = 0; i < MOST_PIECES && from.hasMore(); i++) {
      int change = from.choice(256);
      byte[] frame = from.piece();
      ByteBuffer sealed = sender.seal(ByteBuffer.wrap(frame));
      int at = from.choice(256) % sealed.remaining();
      sealed.put(at, (byte) (sealed.get(at) ^ change));
      broken |= change != 0;
      assertThat(receiver.open(sealed))
          .isEqualTo(broken ? Optional.empty() : Optional.of(ByteBuffer.wrap(frame)));
    }
  }
}
