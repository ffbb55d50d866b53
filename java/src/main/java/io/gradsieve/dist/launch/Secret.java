package io.gradsieve.dist.launch;

import io.gradsieve.GradsieveException.Output;
import io.gradsieve.dist.handshake.Token;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.HexFormat;
import java.util.Optional;

/** The file of a job's secret: the one given, or a fresh one that goes with the job. */
final class Secret implements AutoCloseable {
  private static final int TOKEN_BYTES = 32;
  private static final int WORD_BYTES = 6;

  private final Optional<Path> file;
  private final Optional<Path> directory;

  private Secret(Optional<Path> file, Optional<Path> directory) {
    this.file = file;
    this.directory = directory;
  }

  /**
   * The one given; else, if one is to be made, 256 bits in a private directory.
   *
   * @throws Output if it can't be written
   */
  static Secret of(Optional<Path> given, boolean make) {
    if (given.isPresent() || !make) {
      return new Secret(given, Optional.empty());
    }
    try {
      Path directory = Files.createTempDirectory("gradsieve-launch-"); // its owner's only
      Path file = directory.resolve("token");
      Token.fresh(random(TOKEN_BYTES)).write(file);
      return new Secret(Optional.of(file), Optional.of(directory));
    } catch (IOException e) {
      throw new Output(
          "%s: the job's token can't be written there: %s"
              .formatted(System.getProperty("java.io.tmpdir"), e.getMessage()),
          e);
    }
  }

  /** A word that no other job has. */
  static String word() {
    return HexFormat.of().formatHex(random(WORD_BYTES));
  }

  private static byte[] random(int bytes) {
    byte[] random = new byte[bytes];
    new SecureRandom().nextBytes(random);
    return random;
  }

  Optional<Path> file() {
    return file;
  }

  @Override
  public void close() {
    try {
      if (directory.isPresent()) {
        Files.deleteIfExists(file.orElseThrow());
        Files.deleteIfExists(directory.get());
      }
    } catch (IOException e) {
      // it is of no use any more: the job has ended
    }
  }
}
