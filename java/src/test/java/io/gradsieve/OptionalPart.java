package io.gradsieve;

<<<<<<< HEAD
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Assumptions;

/** Parts of a machine that some tests need and not every machine has. */
public final class OptionalPart {
  private OptionalPart() {}

  /**
   * Skips the test with the reason if a part is missing; fails it where {@code CI=true} promises
   * all of them.
   */
  public static void need(boolean present, String reason) {
    if (!present && "true".equals(System.getenv("CI"))) {
      Assertions.fail(reason + ", although CI=true; .ci/run installs it");
    }
    Assumptions.assumeTrue(present, reason);
=======
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Assumptions;

/**
 * Parts that tests use if they are installed. A test that needs one is skipped with the reason
 * where it is missing, and fails where {@code CI=true}: there it must not pass unseen.
 */
public enum OptionalPart {
  /** Debian's Fashion-MNIST. */
  FASHION_MNIST("/usr/share/datasets/fashion-mnist", "dataset-fashion-mnist") {
    @Override
    boolean there() {
      return Files.isDirectory(Path.of(place()));
    }
  },
  /** Debian's PyTorch, the reference for numbers. */
  PYTORCH("/usr/bin/python3", "python3-torch") {
    @Override
    boolean there() {
      return runs(place(), "-c", "import torch");
    }
  };

  private static final long PATIENCE_SECONDS = 60;

  private final String place;
  private final String debianPackage;

  OptionalPart(String place, String debianPackage) {
    this.place = place;
    this.debianPackage = debianPackage;
  }

  abstract boolean there();

  /** The directory of the data, or the program to run. */
  public String place() {
    return place;
  }

  /** Returns if the part is there; else skips the calling test, or fails it where CI=true. */
  public void require() {
    if (there()) {
      return;
    }
    String reason = "needs " + place + " (Debian: apt-get install " + debianPackage + ")";
    if ("true".equals(System.getenv("CI"))) {
      throw new AssertionError(reason + ": CI must have it");
    }
    Assumptions.abort(reason);
  }

  private static boolean runs(String... command) {
    try {
      Process process =
          new ProcessBuilder(command)
              .redirectErrorStream(true)
              .redirectOutput(ProcessBuilder.Redirect.DISCARD)
              .start();
      return process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS) && process.exitValue() == 0;
    } catch (java.io.IOException e) {
      return false;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
>>>>>>> 1557783 (Make the rules of the house tests: directions, names, leftovers, sizes, operations all the way)
  }
}
