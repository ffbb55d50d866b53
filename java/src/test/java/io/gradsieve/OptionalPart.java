package io.gradsieve;

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
  }
}
