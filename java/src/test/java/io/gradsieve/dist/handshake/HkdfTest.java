package io.gradsieve.dist.handshake;

import static io.gradsieve.dist.handshake.Handshakes.bytes;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.Arrays;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;

/** The vectors of RFC 5869, appendix A, that use SHA-256. */
class HkdfTest {
  private static void check(byte[] secret, byte[] salt, byte[] info, String key, String okm) {
    byte[] extracted = Hkdf.extract(salt, secret);
    assertThat(HexFormat.of().formatHex(extracted)).isEqualTo(key);
    byte[] expanded = Hkdf.expand(extracted, info, okm.length() / 2);
    assertThat(HexFormat.of().formatHex(expanded)).isEqualTo(okm);
  }

  private static byte[] elevens() {
    byte[] secret = new byte[22];
    Arrays.fill(secret, (byte) 0x0b);
    return secret;
  }

  @Test
  void basic() {
    check(
        elevens(),
        bytes(0, 13),
        bytes(0xf0, 10),
        "077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5",
        "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865");
  }

  @Test
  void longerInputsAndOutputs() {
    check(
        bytes(0, 80),
        bytes(0x60, 80),
        bytes(0xb0, 80),
        "06a6b88c5853361a06104c9ceb35b45cef760014904671014a193f40c15fc244",
        "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c"
            + "59045a99cac7827271cb41c65e590e09da3275600c2f09b8367793a9aca3db71"
            + "cc30c58179ec3e87c14c01d5c1f3434f1d87");
  }

  @Test
  void noSaltAndNoInfo() {
    check(
        elevens(),
        new byte[0],
        new byte[0],
        "19ef24a32c717b167f33a91d6f648bdf96596776afdb6377ac434c1c293ccb04",
        "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8");
  }

  @Test
  void moreThanTheRfcAllowsIsRefused() {
    assertThat(Hkdf.expand(bytes(0, 32), bytes(0, 1), 255 * 32)).hasSize(8_160);
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Hkdf.expand(bytes(0, 32), bytes(0, 1), 255 * 32 + 1));
  }
}
