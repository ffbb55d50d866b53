package io.gradsieve.dist.handshake;

import static io.gradsieve.dist.handshake.Handshakes.assertFailed;
import static io.gradsieve.dist.handshake.Handshakes.assertTold;
import static io.gradsieve.dist.handshake.Handshakes.assertWaiting;
import static io.gradsieve.dist.handshake.Handshakes.client;
import static io.gradsieve.dist.handshake.Handshakes.nonce;
import static io.gradsieve.dist.handshake.Handshakes.receive;
import static io.gradsieve.dist.handshake.Handshakes.seconds;
import static io.gradsieve.dist.handshake.Handshakes.sent;
import static io.gradsieve.dist.handshake.Handshakes.server;
import static org.assertj.core.api.Assertions.assertThat;

import io.gradsieve.Fuzz;
import io.gradsieve.GradsieveException.PeerLost;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Who doesn't know the token gets nowhere, and soon. */
class HostilePeersTest {
  private byte[] hello;
  private byte[] challenge;
  private byte[] proof;

  @BeforeEach
  void recordAHandshake() {
    ClientHandshake client = client();
    ServerHandshake server = server();
    hello = sent(client.output());
    receive(server, hello);
    challenge = sent(server.output());
    receive(client, challenge);
    proof = sent(client.output());
  }

  private static byte[] with(byte[] frame, int at, int value) {
    byte[] changed = frame.clone();
    changed[at] = (byte) value;
    return changed;
  }

  @Test
  void aClientsRecordedHandshakeIsWorthNothingTomorrow() {
    ServerHandshake server = server(nonce(2));

    assertWaiting(receive(server, hello));
    assertFailed(receive(server, proof), Refusal.WRONG_TOKEN);
  }

  @Test
  void aServersRecordedHandshakeIsWorthNothingTomorrow() {
    ClientHandshake client =
        new ClientHandshake(Handshakes.WORKER, Handshakes.token(), nonce(2), 0);

    assertFailed(receive(client, challenge), Refusal.WRONG_TOKEN);
  }

  @Test
  void aServersProofSentBackProvesNothing() {
    ServerHandshake server = server();
    receive(server, hello);
    byte[] servers = Arrays.copyOfRange(challenge, challenge.length - 32, challenge.length);

    byte[] reflected = Frames.joined(Frames.header(Frames.Kind.PROOF, 32), servers);

    assertFailed(receive(server, reflected), Refusal.WRONG_TOKEN);
  }

  @Test
  void framesSentBackAsTheyAreBreakTheProtocol() {
    assertFailed(receive(client(), hello), Refusal.MALFORMED);
    ServerHandshake server = server();
    receive(server, hello);
    assertFailed(receive(server, challenge), Refusal.MALFORMED);
  }

  /** Somebody in the middle changes what the client says of itself, or anything else. */
  @Test
  void noBitOfAHandshakeCanBeChanged() {
    for (int bit = 0; bit < 8 * hello.length; bit++) {
      ServerHandshake server = server();
      receive(server, flipped(hello, bit));
      assertNotDone(receive(client(), sent(server.output())), bit);
    }
    for (int bit = 0; bit < 8 * challenge.length; bit++) {
      assertNotDone(receive(client(), flipped(challenge, bit)), bit);
    }
    for (int bit = 0; bit < 8 * proof.length; bit++) {
      ServerHandshake server = server();
      receive(server, hello);
      assertNotDone(receive(server, flipped(proof, bit)), bit);
    }
  }

  private static byte[] flipped(byte[] frame, int bit) {
    return with(frame, bit / 8, frame[bit / 8] ^ 1 << bit % 8);
  }

  private static void assertNotDone(Outcome outcome, int bit) {
    assertThat(outcome).as("bit %d", bit).isNotInstanceOf(Outcome.Done.class);
  }

  @Test
  void anotherVersionIsTold() {
    ServerHandshake server = server();

    assertFailed(receive(server, with(hello, 4, 2)), Refusal.OTHER_VERSION);
    assertTold(receive(client(), sent(server.output())), Refusal.OTHER_VERSION);
    byte[] newer = with(Frames.refused(Refusal.OTHER_VERSION), 4, 2);
    assertFailed(receive(client(), newer), Refusal.OTHER_VERSION);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"GET / HTTP/1.1\r\n\r\n", "\0", "\u0016GSDH", "\u0015\u0001", "GSDI", "gsdh"})
  void aStrangerIsKnownByItsFirstBytesAndGetsNoAnswer(String text) {
    ServerHandshake server = server();
    ByteBuffer input = StandardCharsets.ISO_8859_1.encode(text);

    assertFailed(server.receive(input, 0), Refusal.NOT_GRADSIEVE);
    assertThat(server.output().hasRemaining()).isFalse();
  }

  @Test
  void whoSpeaksTlsIsKnownByTwoBytesAndAnsweredAsItMayBeAMember() {
    ServerHandshake server = server();

    assertWaiting(receive(server, new byte[] {22}));
    assertFailed(receive(server, new byte[] {3}), Refusal.ONLY_TLS);
    assertTold(receive(client(), sent(server.output())), Refusal.ONLY_TLS);
    assertFailed(receive(client(), new byte[] {21, 3, 3, 0, 2, 2, 10}), Refusal.ONLY_TLS);
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 7, 8})
  void whoClosesEarlyIsCounted(int bytes) {
    ServerHandshake server = server();

    assertWaiting(receive(server, Arrays.copyOf(hello, bytes)));
    assertFailed(server.closed(), Refusal.CLOSED);
    assertThat(server.output().hasRemaining()).isFalse();
    ClientHandshake client = client();
    assertWaiting(receive(client, Arrays.copyOf(challenge, bytes)));
    assertFailed(client.closed(), Refusal.CLOSED);
  }

  @Test
  void aByteASecondRunsIntoTheDeadline() {
    ServerHandshake server = server();
    for (int second = 0; second < 5; second++) {
      assertWaiting(server.receive(ByteBuffer.wrap(hello, second, 1), seconds(second)));
    }
    assertFailed(server.receive(ByteBuffer.wrap(hello, 5, 1), seconds(5)), Refusal.TOO_SLOW);
  }

  @Test
  void whoIsLateByANanosecondIsLateEvenWithARightProof() {
    ServerHandshake server = server();
    server.receive(ByteBuffer.wrap(hello), 0);
    server.output();
    assertWaiting(server.expire(seconds(5) - 1));
    ByteBuffer input = ByteBuffer.wrap(proof);

    assertFailed(server.receive(input, seconds(5)), Refusal.TOO_SLOW);
    assertThat(input.position()).isZero();
    // its challenge was the last it says in the clear
    assertThat(server.output().hasRemaining()).isFalse();
  }

  @Test
  void whoIsSilentIsToldThatItWasTooSlow() {
    ServerHandshake server = server();

    assertFailed(server.expire(seconds(5)), Refusal.TOO_SLOW);
    assertTold(receive(client(), sent(server.output())), Refusal.TOO_SLOW);
  }

  @Test
  void theClockMayWrapAndDoneIsDone() {
    long start = Long.MAX_VALUE - 1;
    ServerHandshake server =
        new ServerHandshake(Handshakes.RENDEZVOUS, Handshakes.token(), nonce(1), start);

    assertWaiting(server.receive(ByteBuffer.wrap(hello), start + seconds(4)));
    Outcome done = server.receive(ByteBuffer.wrap(proof), start + seconds(4));

    assertThat(done).isInstanceOf(Outcome.Done.class);
    assertThat(server.expire(start + seconds(60))).isEqualTo(done);
    assertThat(server.closed()).isEqualTo(done);
  }

  @Test
  void whatFailedStaysFailedAndReadsNothingMore() {
    ServerHandshake server = server();
    receive(server, new byte[] {0});
    ByteBuffer input = ByteBuffer.wrap(hello);

    assertFailed(server.receive(input, 0), Refusal.NOT_GRADSIEVE);
    assertThat(input.position()).isZero();
    assertFailed(server.closed(), Refusal.NOT_GRADSIEVE);
  }

  @Test
  void aFrameTooLongIsRefusedByItsHeader() {
    byte[] longest = with(with(hello, 6, 0xff), 7, 0xff);
    assertFailed(receive(server(), Arrays.copyOf(longest, 8)), Refusal.TOO_LONG);
    byte[] over = with(with(hello, 6, 1), 7, 249);
    assertFailed(receive(server(), Arrays.copyOf(over, 8)), Refusal.TOO_LONG);
    byte[] within = with(with(hello, 6, 1), 7, 248);
    assertFailed(receive(server(), Arrays.copyOf(within, 8)), Refusal.MALFORMED);
  }

  @Test
  void fieldsOutOfTheirRangeBreakTheProtocol() {
    int idLength = 8 + 50;
    List<byte[]> wrong =
        List.of(
            with(hello, 5, 0),
            with(hello, 5, 5),
            with(hello, 6 + 1, 51),
            with(hello, 8, 0),
            with(hello, 8, 3),
            with(hello, 9, 9),
            with(hello, 10, 0x80),
            with(hello, 14, 0x80),
            with(hello, 18, 0x80),
            with(hello, idLength, 7),
            with(hello, idLength, 255),
            with(hello, idLength + 1, ' '),
            with(hello, idLength + 1, 0xe9),
            Frames.joined(Frames.header(Frames.Kind.REFUSED, 1), new byte[] {0}),
            Frames.joined(Frames.header(Frames.Kind.REFUSED, 1), new byte[] {99}));
    for (byte[] frame : wrong) {
      ServerHandshake server = server();
      assertFailed(receive(server, frame), Refusal.MALFORMED);
      assertThat(server.output().hasRemaining()).isFalse();
    }
  }

  /** Each side gets the other's frames with one damaged, in pieces. */
  @Test
  void aDamagedHandshakeIsRefused() {
    new Fuzz("handshake", PeerLost.class)
        .run(
            5_000,
            mutations -> {
              int which = mutations.choose(3);
              byte[] first = which == 0 ? mutations.damaged(hello) : hello;
              byte[] last = which == 1 ? mutations.damaged(proof) : proof;
              ServerHandshake server = server();
              Outcome outcome =
                  pieces(mutations.choose(9) + 1, Frames.joined(first, last), server::receive);
              if (which == 2) {
                byte[] answer = mutations.damaged(challenge);
                ClientHandshake client = client();
                outcome = pieces(mutations.choose(9) + 1, answer, client::receive);
                outcome = outcome instanceof Outcome.Waiting ? client.closed() : outcome;
                checkDone(outcome, answer, challenge);
              } else {
                outcome = outcome instanceof Outcome.Waiting ? server.closed() : outcome;
                checkDone(outcome, Frames.joined(first, last), Frames.joined(hello, proof));
              }
              if (outcome instanceof Outcome.Failed failed) {
                throw new PeerLost("handshake: " + failed.refusal().text());
              }
            });
  }

  @FunctionalInterface
  private interface Side {
    Outcome receive(ByteBuffer input, long now);
  }

  private static Outcome pieces(int size, byte[] bytes, Side side) {
    Outcome outcome = new Outcome.Waiting();
    for (int at = 0; at < bytes.length && outcome instanceof Outcome.Waiting; at += size) {
      int end = Math.min(bytes.length, at + size);
      outcome = side.receive(ByteBuffer.wrap(bytes, at, end - at), 0);
    }
    return outcome;
  }

  /** Only the right bytes lead to the end, whatever follows them. */
  private static void checkDone(Outcome outcome, byte[] given, byte[] right) {
    boolean begins = Arrays.equals(Arrays.copyOf(given, right.length), right);
    assertThat(outcome instanceof Outcome.Done).isEqualTo(begins && given.length >= right.length);
  }
}
