package io.gradsieve.dist.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class AddressTest {
  @ParameterizedTest
  @ValueSource(strings = {"n01:1", "127.0.0.1:65535", "[::1]:29400", "[fe80::1%eth0]:80"})
  void whatIsWrittenIsReadBack(String text) {
    assertThat(Address.parse("x", text)).hasToString(text);
  }

  @Test
  void whatIsNoAddressIsNotMade() {
    assertThatIllegalArgumentException().isThrownBy(() -> new Address("", 1));
    assertThatIllegalArgumentException().isThrownBy(() -> new Address("n01", 0));
    assertThatIllegalArgumentException().isThrownBy(() -> new Address("n01", 65_536));
  }
}
