package io.gradsieve.dist.control;

import static org.assertj.core.api.Assertions.assertThat;

import io.gradsieve.dist.control.Protection.Tls;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Certificates for a test, each its own authority, made by the JDK's keytool. */
public final class Certificates {
  private static final String PASSWORD = "not-a-secret";
  private static final Base64.Encoder PEM = Base64.getMimeEncoder(64, new byte[] {'\n'});

  private Certificates() {}

  /** A new one, as three files in the directory. */
  public static Tls make(Path directory, String name) throws Exception {
    Path store = directory.resolve(name + ".p12");
    run(
        List.of(
            Path.of(System.getProperty("java.home"), "bin", "keytool").toString(),
            "-genkeypair",
            "-alias",
            name,
            "-keyalg",
            "EC",
            "-groupname",
            "secp256r1",
            "-dname",
            "CN=" + name,
            "-ext",
            "bc=ca:true",
            "-validity",
            "2",
            "-storetype",
            "PKCS12",
            "-keystore",
            store.toString(),
            "-storepass",
            PASSWORD));
    KeyStore keys = KeyStore.getInstance("PKCS12");
    try (InputStream in = Files.newInputStream(store)) {
      keys.load(in, PASSWORD.toCharArray());
    }
    byte[] key = keys.getKey(name, PASSWORD.toCharArray()).getEncoded();
    byte[] certificate = keys.getCertificate(name).getEncoded();
    Path certificateFile = pem(directory.resolve(name + ".pem"), "CERTIFICATE", certificate);
    Path keyFile = pem(directory.resolve(name + ".key"), "PRIVATE KEY", key);
    return new Tls(certificateFile, keyFile, certificateFile);
  }

  private static Path pem(Path file, String what, byte[] content) throws Exception {
    String body = new String(PEM.encode(content), StandardCharsets.US_ASCII);
    return Files.writeString(
        file, "-----BEGIN %s-----\n%s\n-----END %s-----\n".formatted(what, body, what));
  }

  private static void run(List<String> command) throws Exception {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    process.getOutputStream().close();
    assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
    assertThat(process.exitValue()).isZero();
  }
}
