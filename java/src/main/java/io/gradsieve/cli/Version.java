package io.gradsieve.cli;

import java.util.Objects;

/** The version in the jar's manifest. */
final class Version {
  private Version() {}

  static String current() {
    return Objects.requireNonNullElse(
        Version.class.getPackage().getImplementationVersion(), "development");
  }
}
