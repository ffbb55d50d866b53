package io.gradsieve.dist.ring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.gradsieve.GradsieveException.Usage;
import io.gradsieve.dist.ring.Interfaces.Own;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class InterfacesTest {
  private static final List<Own> MACHINE =
      List.of(
          own("lo", "127.0.0.1"),
          own("lo", "::1"),
          own("docker0", "172.17.0.1"),
          own("eth0", "2001:db8::5"),
          own("eth0", "10.1.2.3"),
          own("ib0", "192.168.7.9"));

  private static Own own(String name, String address) {
    try {
      return new Own(name, InetAddress.getByName(address));
    } catch (UnknownHostException e) {
      throw new AssertionError(e);
    }
  }

  private static List<String> chosen(String wanted, boolean loopbackOnly) {
    return Interfaces.choose(MACHINE, Optional.ofNullable(wanted), loopbackOnly).stream()
        .map(Interfaces::digits)
        .toList();
  }

  @Test
  void allButLoopbackAreToldBridgesOfContainersLast() {
    assertThat(chosen(null, false))
        .containsExactly("10.1.2.3", "192.168.7.9", "2001:db8:0:0:0:0:0:5", "172.17.0.1");
  }

  @Test
  void besideARendezvousOnLoopbackOnlyThatIs() {
    assertThat(chosen(null, true)).containsExactly("127.0.0.1", "0:0:0:0:0:0:0:1");
  }

  @ParameterizedTest
  @CsvSource({
    "ib0, 192.168.7.9",
    "10.1.2.3, 10.1.2.3",
    "10.0.0.0/8, 10.1.2.3",
    "10.1.2.3/32, 10.1.2.3",
    "172.16.0.0/12, 172.17.0.1",
    "2001:db8::/32, 2001:db8:0:0:0:0:0:5",
    "lo, 127.0.0.1"
  })
  void anInterfaceIsWantedByNameAddressOrNetwork(String wanted, String first) {
    assertThat(chosen(wanted, false)).startsWith(first);
    assertThat(chosen(wanted, true)).startsWith(first);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "eth1",
        "10.1.2.4",
        "10.2.0.0/16",
        "10.0.0.0/33",
        "10.0.0.0/x",
        "/8",
        "",
        "fd00::/8"
      })
  void oneThatIsNotThereIsRefusedNamingThoseThatAre(String wanted) {
    assertThatThrownBy(() -> chosen(wanted, false))
        .isInstanceOf(Usage.class)
        .hasMessage(
            "--interface "
                + wanted
                + " is none of this machine; there are: lo 127.0.0.1, lo 0:0:0:0:0:0:0:1, docker0"
                + " 172.17.0.1, eth0 2001:db8:0:0:0:0:0:5, eth0 10.1.2.3, ib0 192.168.7.9: give"
                + " --interface a name, an address or a network (10.0.0.0/8) of one");
  }

  @Test
  void aMachineWithoutAnInterfaceThatOthersReachSaysSo() {
    assertThatThrownBy(() -> Interfaces.choose(MACHINE.subList(0, 2), Optional.empty(), false))
        .isInstanceOf(Usage.class)
        .hasMessageStartingWith(
            "no interface with an address that other hosts reach is up; there are: lo 127.0.0.1,");
  }
}
