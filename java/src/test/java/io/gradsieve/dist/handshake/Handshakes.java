package io.gradsieve.dist.handshake;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.util.concurrent.TimeUnit;

/** Both sides of a handshake that fits, with fixed tokens and nonces, and bytes by hand. */
final class Handshakes {
  static final String JOB = "run-7f3a";
  static final Introduction WORKER =
      new Introduction(JOB, Purpose.CONTROL, Role.WORKER, 3, Introduction.NONE, 12);
  static final ServerHandshake.Member RENDEZVOUS =
      new ServerHandshake.Member(JOB, Purpose.CONTROL, Introduction.NONE);

  private Handshakes() {}

  /** {@code count} bytes from {@code first} upwards. */
  static byte[] bytes(int first, int count) {
    byte[] bytes = new byte[count];
    for (int i = 0; i < count; i++) {
      bytes[i] = (byte) (first + i);
    }
    return bytes;
  }

  static Token token() {
    return Token.fresh(bytes(0, 32));
  }

  static Token otherToken() {
    return Token.fresh(bytes(1, 32));
  }

  static byte[] nonce(int which) {
    return bytes(0x40 + 0x20 * which, 32);
  }

  static ClientHandshake client() {
    return new ClientHandshake(WORKER, token(), nonce(0), 0);
  }

  static ServerHandshake server() {
    return server(nonce(1));
  }

  static ServerHandshake server(byte[] nonce) {
    return new ServerHandshake(RENDEZVOUS, token(), nonce, 0);
  }

  static byte[] sent(ByteBuffer output) {
    byte[] bytes = new byte[output.remaining()];
    output.get(bytes);
    return bytes;
  }

  static Outcome receive(ServerHandshake server, byte[] bytes) {
    return server.receive(ByteBuffer.wrap(bytes), 0);
  }

  static Outcome receive(ClientHandshake client, byte[] bytes) {
    return client.receive(ByteBuffer.wrap(bytes), 0);
  }

  static long seconds(int seconds) {
    return TimeUnit.SECONDS.toNanos(seconds);
  }

  static void assertFailed(Outcome outcome, Refusal refusal) {
    assertThat(outcome).isEqualTo(new Outcome.Failed(refusal, false));
  }

  static void assertTold(Outcome outcome, Refusal refusal) {
    assertThat(outcome).isEqualTo(new Outcome.Failed(refusal, true));
  }

  static void assertWaiting(Outcome outcome) {
    assertThat(outcome).isInstanceOf(Outcome.Waiting.class);
  }

  static FrameSeal seal(Outcome outcome) {
    assertThat(outcome).isInstanceOf(Outcome.Done.class);
    return ((Outcome.Done) outcome).seal();
  }
}
