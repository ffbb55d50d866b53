package io.gradsieve.dist.handshake;

import static io.gradsieve.dist.handshake.Handshakes.bytes;
import static io.gradsieve.dist.handshake.Handshakes.nonce;
import static io.gradsieve.dist.handshake.Handshakes.otherToken;
import static io.gradsieve.dist.handshake.Handshakes.sent;
import static io.gradsieve.dist.handshake.Handshakes.token;
import static org.assertj.core.api.Assertions.assertThat;

import io.gradsieve.Fuzz;
import io.gradsieve.GradsieveException.PeerLost;
import java.nio.ByteBuffer;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class FrameSealTest {
  private final FrameSeal client = FrameSeal.ofClient(token(), nonce(0), nonce(1));
  private final FrameSeal server = FrameSeal.ofServer(token(), nonce(0), nonce(1));

  private static ByteBuffer frame(int first) {
    return ByteBuffer.wrap(bytes(first, 20));
  }

  private static void assertRefused(FrameSeal seal, ByteBuffer sealed) {
    assertThat(seal.open(sealed)).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 20, 65_536})
  void framesOfAnyLengthAreOpenedInOrder(int length) {
    for (int i = 0; i < 5; i++) {
      ByteBuffer frame = ByteBuffer.wrap(bytes(i, length));
      ByteBuffer sealed = client.seal(frame.duplicate());
      assertThat(sealed.remaining()).isEqualTo(length + FrameSeal.BYTES);
      assertThat(server.open(sealed)).contains(frame);
      assertThat(sealed.hasRemaining()).isFalse();
    }
  }

  @Test
  void directBuffersAndPartsOfBuffersAreSealedToo() {
    ByteBuffer direct = ByteBuffer.allocateDirect(64).position(10).limit(30);
    ByteBuffer sealed = client.seal(direct);
    ByteBuffer larger = ByteBuffer.allocateDirect(100).position(5);
    larger.put(sealed.duplicate()).flip().position(5);

    assertThat(server.open(larger)).contains(ByteBuffer.allocate(20));
    assertThat(direct.hasRemaining()).isFalse();
  }

  @Test
  void aFrameSentTwiceIsRefused() {
    ByteBuffer sealed = client.seal(frame(0));

    assertThat(server.open(sealed.duplicate())).isPresent();
    assertRefused(server, sealed);
  }

  @Test
  void framesInAnotherOrderAreRefused() {
    ByteBuffer first = client.seal(frame(0));
    ByteBuffer second = client.seal(frame(1));

    assertRefused(server, second);
    // nor is what would have been right
    assertRefused(server, first);
  }

  @Test
  void aFrameLeftOutIsNoticed() {
    server.open(client.seal(frame(0)));
    client.seal(frame(1));

    assertRefused(server, client.seal(frame(2)));
  }

  @Test
  void aFrameSentBackIsRefused() {
    assertRefused(client, client.seal(frame(0)));
  }

  @Test
  void noBitCanBeFlipped() {
    byte[] sealed = sent(client.seal(frame(0)));
    for (int bit = 0; bit < 8 * sealed.length; bit++) {
      byte[] flipped = sealed.clone();
      flipped[bit / 8] ^= (byte) (1 << bit % 8);
      assertRefused(FrameSeal.ofServer(token(), nonce(0), nonce(1)), ByteBuffer.wrap(flipped));
    }
  }

  @Test
  void aFrameShorterThanASealIsRefused() {
    assertRefused(server, ByteBuffer.allocate(FrameSeal.BYTES - 1));
  }

  @Test
  void aSealOfAnotherConnectionOrTokenIsRefused() {
    ByteBuffer sealed = client.seal(frame(0));

    assertRefused(FrameSeal.ofServer(token(), nonce(2), nonce(1)), sealed.duplicate());
    assertRefused(FrameSeal.ofServer(token(), nonce(0), nonce(2)), sealed.duplicate());
    assertRefused(FrameSeal.ofServer(token(), nonce(1), nonce(0)), sealed.duplicate());
    assertRefused(FrameSeal.ofServer(otherToken(), nonce(0), nonce(1)), sealed.duplicate());
  }

  @Test
  void aDamagedFrameIsRefused() {
    byte[] sealed = sent(client.seal(frame(0)));
    new Fuzz("seal", PeerLost.class)
        .run(
            2_000,
            mutations -> {
              byte[] damaged = mutations.damaged(sealed);
              boolean same = Arrays.equals(damaged, sealed);
              FrameSeal seal = FrameSeal.ofServer(token(), nonce(0), nonce(1));
              boolean opened = seal.open(ByteBuffer.wrap(damaged)).isPresent();
              assertThat(opened).isEqualTo(same);
              if (!opened) {
                throw new PeerLost("seal: " + Refusal.BAD_SEAL.text());
              }
            });
  }
}
