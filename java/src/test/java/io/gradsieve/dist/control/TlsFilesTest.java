package io.gradsieve.dist.control;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.gradsieve.GradsieveException.Usage;
import io.gradsieve.dist.control.Protection.Tls;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.Optional;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What is refused before anything connects. */
class TlsFilesTest {
  @TempDir static Path directory;
  private static Tls authority;
  private static Tls ours;

  @BeforeAll
  static void makeCertificates() throws Exception {
    authority = Certificates.make(directory, "authority");
    ours = Certificates.issue(directory, "authority", "ours");
  }

  private static void assertRefused(Tls files, String option, Path file, String problem) {
    assertThatExceptionOfType(Usage.class)
        .isThrownBy(() -> Protection.of(Optional.empty(), Optional.of(files)))
        .withMessageStartingWith("%s %s: %s".formatted(option, file, problem))
        .withNoCause();
  }

  private static void assertTaken(Tls files) {
    assertThatCode(() -> Protection.of(Optional.empty(), Optional.of(files)))
        .doesNotThrowAnyException();
  }

  private static Tls withKey(Path key) {
    return new Tls(ours.certificate(), key, ours.authority());
  }

  private static Path secret(String name, String text, String permissions) throws Exception {
    Path file = Files.writeString(directory.resolve(name), text);
    return Files.setPosixFilePermissions(file, PosixFilePermissions.fromString(permissions));
  }

  @Test
  void anIssuedCertificateIsTakenAndOneThatIsItsOwnAuthority() {
    assertTaken(ours);
    assertTaken(authority);
  }

  @ParameterizedTest
  @ValueSource(strings = {"RSA", "Ed25519"})
  void keysOfOtherKindsAreTaken(String algorithm) throws Exception {
    assertTaken(Certificates.make(directory, algorithm, algorithm));
  }

  @Test
  void anAbsentFileIsNamed() {
    Path absent = directory.resolve("absent.pem");
    String problem = "there is no such file";
    assertRefused(new Tls(absent, ours.key(), ours.authority()), "--tls-cert", absent, problem);
    assertRefused(withKey(absent), "--tls-key", absent, problem);
    assertRefused(new Tls(ours.certificate(), ours.key(), absent), "--tls-ca", absent, problem);
  }

  @Test
  void whatIsNoPemIsNamed() throws Exception {
    Path text = secret("text", "no key", "rw-------");
    assertRefused(
        new Tls(text, ours.key(), ours.authority()), "--tls-cert", text, "is no certificate");
    assertRefused(
        new Tls(ours.certificate(), ours.key(), text), "--tls-ca", text, "is no certificate");
    Path empty = secret("empty", "", "rw-------");
    assertRefused(
        new Tls(empty, ours.key(), ours.authority()), "--tls-cert", empty, "holds no certificate");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "no key",
        "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n",
        "-----BEGIN EC PRIVATE KEY-----\nAAAA\n-----END EC PRIVATE KEY-----\n",
        "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
        "-----BEGIN PRIVATE KEY-----\nA\n-----END PRIVATE KEY-----\n"
      })
  void aKeyOfAnotherFormIsNamedWithTheCommandThatConvertsIt(String text) throws Exception {
    Path file = secret("form.key", text, "rw-------");
    assertRefused(
        withKey(file), "--tls-key", file, "is no unencrypted PKCS#8 key in PEM, make one");
  }

  @ParameterizedTest
  @ValueSource(strings = {"rw----r--", "rw-----w-", "rw-rw----"})
  void aKeyThatOtherUsersMayReadOrChangeIsRefused(String permissions) throws Exception {
    Path file = secret("open.key", Files.readString(ours.key()), permissions);
    assertRefused(withKey(file), "--tls-key", file, "other users may read or change it, chmod 600");
  }

  @Test
  void theGroupMayReadAKeyAsItMayAToken() throws Exception {
    assertTaken(withKey(secret("group.key", Files.readString(ours.key()), "r--r-----")));
  }

  @Test
  void anotherCertificatesKeyIsNamed() throws Exception {
    Tls other = Certificates.issue(directory, "authority", "other");
    assertRefused(
        withKey(other.key()),
        "--tls-key",
        other.key(),
        "is not the key of the first certificate in --tls-cert " + ours.certificate());
    Tls rsa = Certificates.make(directory, "rsa", "RSA");
    assertRefused(withKey(rsa.key()), "--tls-key", rsa.key(), "is not the key");
    Tls secondRsa = Certificates.make(directory, "rsa2", "RSA");
    assertRefused(
        new Tls(rsa.certificate(), secondRsa.key(), rsa.authority()),
        "--tls-key",
        secondRsa.key(),
        "is not the key");
  }

  @Test
  void anExpiredCertificateIsNamedWithItsDate() throws Exception {
    Tls old =
        Certificates.issue(directory, "authority", "old", "-startdate", "-9d", "-validity", "3");
    Instant end = TlsFiles.read(old).certificates().get(0).getNotAfter().toInstant();
    assertThat(end).isBefore(Instant.now());
    assertRefused(old, "--tls-cert", old.certificate(), "expired at %s: issue".formatted(end));
  }

  @Test
  void aCertificateThatIsNotValidYetIsNamedWithItsDate() throws Exception {
    Tls early = Certificates.issue(directory, "authority", "early", "-startdate", "+3d");
    Instant start = TlsFiles.read(early).certificates().get(0).getNotBefore().toInstant();
    assertRefused(
        early, "--tls-cert", early.certificate(), "not valid before %s, here it".formatted(start));
  }

  @Test
  void aCertificateOfAnotherAuthorityIsNamed(@TempDir Path elsewhere) throws Exception {
    Tls stranger = Certificates.make(directory, "stranger");
    Tls namesake = Certificates.make(elsewhere, "authority");
    for (Tls other : new Tls[] {stranger, namesake}) {
      assertRefused(
          new Tls(ours.certificate(), ours.key(), other.authority()),
          "--tls-cert",
          ours.certificate(),
          "not issued by --tls-ca " + other.authority());
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"serverAuth", "clientAuth"})
  void aCertificateForOneSideOnlyIsNamed(String usage) throws Exception {
    Tls half = Certificates.issue(directory, "authority", usage, "-ext", "eku=" + usage);
    assertRefused(half, "--tls-cert", half.certificate(), "issued by --tls-ca");
  }
}
