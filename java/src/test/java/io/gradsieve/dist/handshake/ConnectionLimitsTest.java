package io.gradsieve.dist.handshake;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import java.net.InetAddress;
import java.net.UnknownHostException;
import org.junit.jupiter.api.Test;

class ConnectionLimitsTest {
  private final ConnectionLimits limits = ConnectionLimits.standard();

  private static InetAddress address(int a, int b, int c, int d) {
    try {
      return InetAddress.getByAddress(new byte[] {(byte) a, (byte) b, (byte) c, (byte) d});
    } catch (UnknownHostException e) {
      throw new IllegalStateException(e);
    }
  }

  private void enter(int count, InetAddress address) {
    for (int i = 0; i < count; i++) {
      assertThat(limits.enter(address)).isEmpty();
    }
  }

  @Test
  void anAddressHasSixteen() {
    enter(16, address(10, 0, 0, 1));

    assertThat(limits.enter(address(10, 0, 0, 1))).contains(Refusal.TOO_MANY_OF_ADDRESS);
    assertThat(limits.enter(address(10, 0, 0, 2))).isEmpty();
    limits.leave(address(10, 0, 0, 1));
    assertThat(limits.enter(address(10, 0, 0, 1))).isEmpty();
    assertThat(limits.enter(address(10, 0, 0, 1))).contains(Refusal.TOO_MANY_OF_ADDRESS);
  }

  @Test
  void allTogetherHave256AndLoopbackAsManyOfThem() {
    enter(240, address(127, 0, 0, 1));
    enter(16, address(10, 0, 0, 1));

    assertThat(limits.enter(address(127, 0, 0, 1))).contains(Refusal.TOO_MANY);
    assertThat(limits.enter(address(10, 0, 0, 2))).contains(Refusal.TOO_MANY);
    limits.leave(address(127, 0, 0, 1));
    enter(1, address(10, 0, 0, 2));
  }

  @Test
  void tenThousandThatWereRefusedLeaveNoTrace() {
    enter(256, address(127, 0, 0, 1));
    for (int i = 0; i < 10_000; i++) {
      assertThat(limits.enter(address(10, 1, i >> 8, i & 255))).contains(Refusal.TOO_MANY);
    }
    for (int i = 0; i < 256; i++) {
      limits.leave(address(127, 0, 0, 1));
    }
    for (int i = 0; i < 16; i++) {
      enter(16, address(10, 2, 0, i));
    }
  }

  @Test
  void allTogetherHoldFourMebibytes() {
    assertThat(limits.hold(4 << 20)).isEmpty();
    assertThat(limits.hold(1)).contains(Refusal.TOO_MANY_BYTES);
    assertThat(limits.hold(Integer.MAX_VALUE)).contains(Refusal.TOO_MANY_BYTES);
    limits.release(512);
    assertThat(limits.hold(513)).contains(Refusal.TOO_MANY_BYTES);
    assertThat(limits.hold(512)).isEmpty();
  }

  @Test
  void countingWrongIsAFaultOfOurs() {
    assertThatIllegalStateException().isThrownBy(() -> limits.leave(address(10, 0, 0, 1)));
    assertThatIllegalStateException().isThrownBy(() -> limits.release(1));
    assertThatIllegalArgumentException().isThrownBy(() -> limits.hold(-1));
  }
}
