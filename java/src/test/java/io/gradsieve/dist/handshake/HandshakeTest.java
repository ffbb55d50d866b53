package io.gradsieve.dist.handshake;

import static io.gradsieve.dist.handshake.Handshakes.JOB;
import static io.gradsieve.dist.handshake.Handshakes.RENDEZVOUS;
import static io.gradsieve.dist.handshake.Handshakes.WORKER;
import static io.gradsieve.dist.handshake.Handshakes.assertFailed;
import static io.gradsieve.dist.handshake.Handshakes.assertTold;
import static io.gradsieve.dist.handshake.Handshakes.assertWaiting;
import static io.gradsieve.dist.handshake.Handshakes.bytes;
import static io.gradsieve.dist.handshake.Handshakes.client;
import static io.gradsieve.dist.handshake.Handshakes.nonce;
import static io.gradsieve.dist.handshake.Handshakes.otherToken;
import static io.gradsieve.dist.handshake.Handshakes.receive;
import static io.gradsieve.dist.handshake.Handshakes.seal;
import static io.gradsieve.dist.handshake.Handshakes.sent;
import static io.gradsieve.dist.handshake.Handshakes.server;
import static io.gradsieve.dist.handshake.Handshakes.token;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.nio.ByteBuffer;
import java.util.HexFormat;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class HandshakeTest {
  private static final ByteBuffer FRAME = ByteBuffer.wrap(bytes(7, 100)).asReadOnlyBuffer();

  private static void assertTalk(FrameSeal one, FrameSeal other) {
    assertThat(other.open(one.seal(FRAME.duplicate()))).contains(FRAME);
    assertThat(one.open(other.seal(FRAME.duplicate()))).contains(FRAME);
  }

  @Test
  void whoKnowTheTokenAreDoneAndTalk() {
    ClientHandshake client = client();
    ServerHandshake server = server();

    assertWaiting(server.receive(client.output(), 0));
    Outcome atClient = client.receive(server.output(), 0);
    Outcome atServer = server.receive(client.output(), 0);

    assertThat(((Outcome.Done) atServer).client()).isEqualTo(WORKER);
    assertThat(((Outcome.Done) atClient).client()).isEqualTo(WORKER);
    assertTalk(seal(atClient), seal(atServer));
    assertThat(client.output().hasRemaining()).isFalse();
    assertThat(server.output().hasRemaining()).isFalse();
  }

  @Test
  void bytesMayComeOneByOne() {
    ClientHandshake client = client();
    ServerHandshake server = server();
    Outcome atClient = new Outcome.Waiting();
    Outcome atServer = new Outcome.Waiting();

    for (int round = 0; round < 2; round++) {
      for (byte each : sent(client.output())) {
        atServer = receive(server, new byte[] {each});
      }
      for (byte each : sent(server.output())) {
        atClient = receive(client, new byte[] {each});
      }
    }

    assertTalk(seal(atClient), seal(atServer));
  }

  @Test
  void framesBehindTheProofAreLeftInTheInput() {
    ClientHandshake client = client();
    ServerHandshake server = server();
    server.receive(client.output(), 0);
    FrameSeal seal = seal(client.receive(server.output(), 0));
    byte[] sealed = sent(seal.seal(FRAME.duplicate()));
    ByteBuffer input = ByteBuffer.wrap(Frames.joined(sent(client.output()), sealed));

    Outcome done = server.receive(input, 0);

    assertThat(input.remaining()).isEqualTo(sealed.length);
    assertThat(seal(done).open(input)).contains(FRAME);
  }

  /** The proofs were made by Python's hmac from docs/security.md. */
  @Test
  void everyByteIsAsTheDocumentSays() {
    HexFormat hex = HexFormat.of();
    ClientHandshake client = client();
    ServerHandshake server = server();

    byte[] hello = sent(client.output());
    receive(server, hello);
    byte[] challenge = sent(server.output());
    Outcome atClient = receive(client, challenge);
    byte[] proof = sent(client.output());
    receive(server, proof);
    byte[] sealed = sent(seal(atClient).seal(ByteBuffer.wrap(new byte[] {1, 2, 3})));

    assertThat(hex.formatHex(hello))
        .isEqualTo(
            "475344480101003b010100000003ffffffff000000000000000c404142434445464748494a4b"
                + "4c4d4e4f505152535455565758595a5b5c5d5e5f0872756e2d37663361");
    assertThat(hex.formatHex(challenge))
        .isEqualTo(
            "4753444801020040606162636465666768696a6b6c6d6e6f707172737475767778797a7b7c7d"
                + "7e7ff321819d8435973ddb59dca8080a87f49465c829c86dc98de3ab8342ea3b30ef");
    assertThat(hex.formatHex(proof))
        .isEqualTo(
            "475344480103002026e96fa2ffbee3bf8516d715aeb19cade96259efd3a46060a8ba8ebf8d66"
                + "4a40");
    assertThat(hex.formatHex(sealed))
        .isEqualTo("010203ee29824049325aa8be072c4c867939afaccdaf94bf04195275d842d7fcee75d7");
  }

  @Test
  void aWrongTokenIsNoticedByTheClientAndToldToTheServer() {
    ClientHandshake client = new ClientHandshake(WORKER, otherToken(), nonce(0), 0);
    ServerHandshake server = server();

    server.receive(client.output(), 0);
    assertFailed(client.receive(server.output(), 0), Refusal.WRONG_TOKEN);
    assertTold(server.receive(client.output(), 0), Refusal.WRONG_TOKEN);

    assertThat(server.output().hasRemaining()).isFalse();
  }

  @Test
  void aWorkerOfAnotherJobIsToldSo() {
    Introduction stranger =
        new Introduction("run-0001", Purpose.CONTROL, Role.WORKER, 3, Introduction.NONE, 12);
    assertRefused(stranger, Refusal.OTHER_JOB);
  }

  @Test
  void aConnectionForAnotherPurposeIsToldSo() {
    assertRefused(
        new Introduction(JOB, Purpose.RING, Role.WORKER, 3, Introduction.NONE, 12),
        Refusal.OTHER_PURPOSE);
  }

  @Test
  void aConnectionThatMeansAnotherRankIsToldSo() {
    assertRefused(
        new Introduction(JOB, Purpose.CONTROL, Role.WORKER, 3, 4, 12), Refusal.OTHER_MEMBER);
  }

  @Test
  void aProbeMayMeanAnyRingListenerButNoOther() {
    ClientHandshake client = new ClientHandshake(Introduction.probe(JOB), token(), nonce(0), 0);
    ServerHandshake listener =
        new ServerHandshake(new ServerHandshake.Member(JOB, Purpose.RING, 7), token(), nonce(1), 0);
    receive(listener, sent(client.output()));
    seal(receive(client, sent(listener.output())));
    assertThat(receive(listener, sent(client.output())))
        .isInstanceOfSatisfying(
            Outcome.Done.class, done -> assertThat(done.client().isProbe()).isTrue());
    assertThat(new Introduction(JOB, Purpose.RING, Role.WORKER, -1, -1, 0).isProbe()).isFalse();
    assertRefused(Introduction.probe(JOB), Refusal.OTHER_PURPOSE);
  }

  private static void assertRefused(Introduction who, Refusal refusal) {
    ClientHandshake client = new ClientHandshake(who, token(), nonce(0), 0);
    ServerHandshake server = server();

    assertFailed(server.receive(client.output(), 0), refusal);
    assertTold(client.receive(server.output(), 0), refusal);
  }

  @Test
  void ranksOfARingMeetWhereTheServerIsTheOneMeant() {
    Introduction three = new Introduction(JOB, Purpose.RING, Role.WORKER, 3, 0, 12);
    ClientHandshake client = new ClientHandshake(three, token(), nonce(0), 0);
    ServerHandshake server =
        new ServerHandshake(new ServerHandshake.Member(JOB, Purpose.RING, 0), token(), nonce(1), 0);

    server.receive(client.output(), 0);
    Outcome atClient = client.receive(server.output(), 0);

    assertTalk(seal(atClient), seal(server.receive(client.output(), 0)));
  }

  @Test
  void aClientTurnedAwayBeforeItsHelloIsReadIsToldWhy() {
    assertTold(client().receive(ServerHandshake.refusal(Refusal.TOO_MANY), 0), Refusal.TOO_MANY);
    assertThat(ServerHandshake.refusal(Refusal.NOT_GRADSIEVE).hasRemaining()).isFalse();
  }

  @Test
  void whatCannotBeSentIsNotMade() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new ServerHandshake(RENDEZVOUS, token(), new byte[31], 0));
    for (String id : new String[] {"", "a b", "é", "x".repeat(256)}) {
      assertThatIllegalArgumentException()
          .isThrownBy(() -> new Introduction(id, Purpose.RING, Role.WORKER, 0, 0, 0));
    }
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new Introduction(JOB, Purpose.RING, Role.WORKER, -2, 0, 0));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new Introduction(JOB, Purpose.RING, Role.WORKER, 0, -2, 0));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new Introduction(JOB, Purpose.RING, Role.WORKER, 0, 0, -1));
  }

  @Test
  void theLongestJobIdFits() {
    String id = "x".repeat(255);
    ClientHandshake client =
        new ClientHandshake(
            new Introduction(id, Purpose.CONTROL, Role.LAUNCH, -1, -1, 0), token(), nonce(0), 0);
    ServerHandshake server =
        new ServerHandshake(
            new ServerHandshake.Member(id, Purpose.CONTROL, -1), token(), nonce(1), 0);

    assertWaiting(server.receive(client.output(), 0));
  }

  @Test
  void everyRefusalThatIsToldHasACodeOfItsOwn() {
    for (Refusal refusal : Refusal.values()) {
      Optional<Refusal> told = refusal.isTold() ? Optional.of(refusal) : Optional.empty();
      assertThat(Refusal.of(refusal.code())).isEqualTo(told);
    }
  }
}
