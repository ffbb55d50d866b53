package io.gradsieve.dist.launch;

import static org.assertj.core.api.Assertions.assertThat;

import io.gradsieve.dist.cluster.Address;
import io.gradsieve.dist.control.Protection;
import io.gradsieve.dist.rendezvous.Deadlines;
import io.gradsieve.dist.rendezvous.Rules;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
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

  @Test
  void aServerElsewhereThatDoesNotAnswerIsLostToAllWorkersOfThisHost() throws Exception {
    int port;
    try (ServerSocket elsewhere = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      port = elsewhere.getLocalPort();
      assertThat(elsewhere(port).jobOfLost()).isEqualTo(Supervisor.Job.OPEN);
    }
    assertThat(elsewhere(port).jobOfLost()).isEqualTo(Supervisor.Job.FAILED);
    assertThat(elsewhere(port).job()).isEqualTo(Supervisor.Job.OPEN);
  }

  private static Meeting elsewhere(int port) {
    return new Meeting(
        new Address("127.0.0.1", port),
        false,
        () -> Supervisor.Job.OPEN,
        Optional::empty,
        why -> {});
  }

  @Test
  void whatLeadsOtherHostsNowhereIsSaid() throws Exception {
    List<String> lines = new ArrayList<>();
    try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      Address address = new Address("localhost", taken.getLocalPort());
      Rules rules = new Rules("job", OptionalInt.of(2), 1, false, new Deadlines(15_000), 60_000);
      Meeting.open(Optional.of(address), true, rules, Protection.none(), lines::add).close();
      assertThat(lines)
          .containsExactly(
              "warning: only launches on this machine find %s; for several hosts give one's name or address"
                  .formatted(address),
              "another process listens at %s, on this host: if it is no launch of this job, choose another port"
                  .formatted(address),
              "the workers join the server at %s; --min-workers, --allow-minority and --failure-timeout count there"
                  .formatted(address));
    }
  }
}
