package io.gradsieve.dist.handshake;

import static io.gradsieve.dist.handshake.Handshakes.bytes;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.gradsieve.Fuzz;
import io.gradsieve.GradsieveException.Output;
import io.gradsieve.GradsieveException.Usage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Base64;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TokenTest {
  private static final byte[] SECRET = bytes(0xd0, 32);

  @TempDir Path directory;

  private Path file(String text) throws IOException {
    return file(text, "rw-------");
  }

  private Path file(String text, String permissions) throws IOException {
    Path file = Files.writeString(directory.resolve("token"), text);
    return Files.setPosixFilePermissions(file, PosixFilePermissions.fromString(permissions));
  }

  private static byte[] mark(Token token) {
    return token.mac().doFinal();
  }

  private static void assertRefused(Path file, String problem) {
    assertThatExceptionOfType(Usage.class)
        .isThrownBy(() -> Token.read(file))
        .withMessageStartingWith("token file " + file + ": " + problem)
        .withNoCause();
  }

  @Test
  void hexAndBase64urlAreReadWithWhiteSpaceAround() throws IOException {
    byte[] expected = mark(Token.fresh(SECRET));
    String hex = HexFormat.of().formatHex(SECRET);
    String base64 = Base64.getUrlEncoder().encodeToString(SECRET);

    assertThat(mark(Token.read(file(hex)))).isEqualTo(expected);
    assertThat(
            mark(Token.read(file(" " + HexFormat.of().withUpperCase().formatHex(SECRET) + "\r\n"))))
        .isEqualTo(expected);
    assertThat(mark(Token.read(file(base64 + "\n")))).isEqualTo(expected);
    assertThat(mark(Token.read(file(base64.replace("=", ""))))).isEqualTo(expected);
  }

  @Test
  void whatIsWrittenIsReadBackAndItsOwnersOnly() throws IOException {
    Path file = directory.resolve("new");
    Token token = Token.fresh(SECRET);
    token.write(file);

    assertThat(mark(Token.read(file))).isEqualTo(mark(token));
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
        .isEqualTo("rw-------");
    assertThatExceptionOfType(Output.class)
        .isThrownBy(() -> token.write(file))
        .withMessageContaining(file.toString());
  }

  @ParameterizedTest
  @ValueSource(strings = {"rw----r--", "rw-----w-", "rw-rw----", "rw-rw-rw-"})
  void aFileThatOthersMayReadOrChangeIsRefused(String permissions) throws IOException {
    assertRefused(file("00".repeat(32), permissions), "other users may read or change it");
  }

  @ParameterizedTest
  @ValueSource(strings = {"r--------", "r--r-----"})
  void aFileThatOthersMayNotReadIsTaken(String permissions) throws IOException {
    assertThat(Token.read(file("00".repeat(32), permissions))).hasToString("Token[256 bits]");
  }

  @Test
  void aFileThatIsMissingEmptyOrNoneIsRefused() throws IOException {
    assertRefused(directory.resolve("none"), "there is none");
    assertRefused(file(""), "empty");
    assertRefused(file(" \n\t\n"), "empty");
    assertRefused(file("00".repeat(513)), "more than 1,024 bytes");
    Path folder = Files.createDirectory(directory.resolve("folder"));
    Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwx------"));
    assertRefused(folder, "no regular file");
  }

  @ParameterizedTest
  @ValueSource(strings = {"secret word here", "a+b/cdefghijklmnopqrstuvwxyz", "é", "x", "==", "\0"})
  void aTextThatIsNoTokenIsRefusedAndNotShown(String text) throws IOException {
    assertRefused(file(text), "neither hex nor base64url");
    assertThatExceptionOfType(Usage.class)
        .isThrownBy(() -> Token.read(file("sec" + text)))
        .satisfies(e -> assertThat(e.getMessage()).doesNotContain("sec" + text));
  }

  @Test
  void aTokenOfLessThan128BitsIsRefused() throws IOException {
    assertRefused(file("00".repeat(15)), "a token of 120 bits, at least 128 are needed");
    assertRefused(file("swordfish_"), "a token of");
    assertThat(Token.read(file("00".repeat(16)))).hasToString("Token[128 bits]");
    assertThatIllegalArgumentException().isThrownBy(() -> Token.fresh(new byte[16]));
  }

  @Test
  void aTokenIsNeverShown() {
    assertThat(Token.fresh(SECRET)).hasToString("Token[256 bits]");
  }

  @Test
  void aDamagedFileIsReadOrRefused() {
    String good = Base64.getUrlEncoder().encodeToString(SECRET) + "\n";
    new Fuzz("token file", Usage.class)
        .run(
            1_000,
            mutations -> {
              Path file = file("");
              Files.write(file, mutations.damaged(good));
              assertThat(Token.read(file).toString()).startsWith("Token[");
            });
  }
}
