package io.gradsieve.dist.launch;

import static org.assertj.core.api.Assertions.assertThat;

import io.gradsieve.dist.cluster.Address;
import java.net.InetAddress;
import java.net.ServerSocket;
import org.junit.jupiter.api.Test;

class MeetingTest {
  @Test
  void loopbackThatWasMeantStaysLoopback() {
    for (String host : new String[] {"localhost", "127.0.0.1", "::1"}) {
      assertThat(Meeting.bindAddress(new Address(host, 29_400), true).getAddress())
          .matches(InetAddress::isLoopbackAddress);
    }
  }

  @Test
  void aPortThatIsTakenOrAHostThatIsAnotherIsNotServed() throws Exception {
    try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      Address address = new Address("127.0.0.1", taken.getLocalPort());
      assertThat(Meeting.canServe(address, true)).isFalse();
    }
    assertThat(Meeting.canServe(new Address("192.0.2.1", 29_400), true)).isFalse();
  }
}
