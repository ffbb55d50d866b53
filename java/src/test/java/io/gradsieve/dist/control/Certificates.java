package io.gradsieve.dist.control;

import static org.assertj.core.api.Assertions.assertThat;

import io.gradsieve.dist.control.Protection.Tls;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.KeyStore;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Certificates for a test, made by the JDK's keytool. */
public final class Certificates {
  private static final String PASSWORD = "not-a-secret";
  private static final Base64.Encoder PEM = Base64.getMimeEncoder(64, new byte[] {'\n'});

  private Certificates() {}

  /** A new one that is its own authority, as three files in the directory. */
  public static Tls make(Path directory, String name) throws Exception {
    return make(directory, name, "EC");
  }

  /**
   * The same.
   *
   * @param algorithm of its key, for keytool
   */
  static Tls make(Path directory, String name, String algorithm) throws Exception {
    Path store = directory.resolve(name + ".p12");
    keytool(store, name, algorithm, List.of("-ext", "bc=ca:true", "-validity", "2"));
    Path certificate = write(directory, store, name);
    return new Tls(certificate, directory.resolve(name + ".key"), certificate);
  }

  /**
   * A new one that another has issued.
   *
   * @param authority one that {@link #make} has made in this directory
   * @param options more of keytool's, as {@code -startdate}
   */
  static Tls issue(Path directory, String authority, String name, String... options)
      throws Exception {
    Path store = directory.resolve(authority + ".p12");
    List<String> all = new ArrayList<>(List.of("-signer", authority));
    all.addAll(List.of(options));
    keytool(store, name, "EC", all);
    Path certificate = write(directory, store, name);
    return new Tls(
        certificate, directory.resolve(name + ".key"), directory.resolve(authority + ".pem"));
  }

  private static void keytool(Path store, String name, String algorithm, List<String> options)
      throws Exception {
    List<String> command =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "keytool").toString(),
                "-genkeypair",
                "-alias",
                name,
                "-keyalg",
                algorithm,
                "-dname",
                "CN=" + name,
                "-storetype",
                "PKCS12",
                "-keystore",
                store.toString(),
                "-storepass",
                PASSWORD));
    if (algorithm.equals("EC")) {
      command.addAll(List.of("-groupname", "secp256r1"));
    }
    command.addAll(options);
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    process.getOutputStream().close();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
    assertThat(process.exitValue()).as(said).isZero();
  }

  private static Path write(Path directory, Path store, String name) throws Exception {
    KeyStore keys = KeyStore.getInstance("PKCS12");
    try (InputStream in = Files.newInputStream(store)) {
      keys.load(in, PASSWORD.toCharArray());
    }
    byte[] key = keys.getKey(name, PASSWORD.toCharArray()).getEncoded();
    Path keyFile = pem(directory.resolve(name + ".key"), "PRIVATE KEY", key);
    Files.setPosixFilePermissions(keyFile, PosixFilePermissions.fromString("rw-------"));
    byte[] certificate = keys.getCertificate(name).getEncoded();
    return pem(directory.resolve(name + ".pem"), "CERTIFICATE", certificate);
  }

  private static Path pem(Path file, String what, byte[] content) throws Exception {
    String body = new String(PEM.encode(content), StandardCharsets.US_ASCII);
    return Files.writeString(
        file, "-----BEGIN %s-----\n%s\n-----END %s-----\n".formatted(what, body, what));
  }
}
