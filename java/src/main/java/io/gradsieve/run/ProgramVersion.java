package io.gradsieve.run;

import io.gradsieve.format.Checksum;
import java.io.IOException;
import java.io.InputStream;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.CodeSource;
import java.security.MessageDigest;
import java.util.Objects;

/** Which program this is, so that workers of different builds notice it. */
final class ProgramVersion {
  private static final int DIGITS = 16;
  private static final int CHUNK = 1 << 16;

  private ProgramVersion() {}

  /** The version and, of a program in a jar, the beginning of the jar's SHA-256. */
  static String text() {
    String version =
        Objects.requireNonNullElse(
            ProgramVersion.class.getPackage().getImplementationVersion(), "development");
    CodeSource source = ProgramVersion.class.getProtectionDomain().getCodeSource();
    try {
      Path place = Path.of(source.getLocation().toURI());
      return Files.isRegularFile(place) ? version + "-" + hash(place) : version;
    } catch (IOException | URISyntaxException e) {
      return version;
    }
  }

  private static String hash(Path jar) throws IOException {
    MessageDigest digest = Checksum.sha256();
    byte[] chunk = new byte[CHUNK];
    try (InputStream in = Files.newInputStream(jar)) {
      for (int read = in.read(chunk); read > 0; read = in.read(chunk)) {
        digest.update(chunk, 0, read);
      }
    }
    return Checksum.hex(digest).substring(0, DIGITS);
  }
}
