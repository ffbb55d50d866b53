package io.gradsieve.dist.cluster;

import io.gradsieve.GradsieveException.Usage;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.regex.Pattern;

/**
 * Variables of a process, checked as they are read. An empty or blank one is not set: that is how
 * shells and manifests unset.
 */
record Environment(Map<String, String> variables) {
  static final String RENDEZVOUS = "GRADSIEVE_RENDEZVOUS";
  static final String JOB_ID = "GRADSIEVE_JOB_ID";
  static final String MASTER_PORT = "MASTER_PORT";

  /** Digits of a number: more would not fit an int, and no cluster is as large. */
  private static final Pattern NUMBER = Pattern.compile("[0-9]{1,9}");

  /** What a handshake carries as a job's id. */
  private static final Pattern ID = Pattern.compile("[!-~]{1,255}");

  /** Characters of a value that a message shows. */
  private static final int MOST_SHOWN = 100;

  Optional<String> value(String name) {
    return Optional.ofNullable(variables.get(name)).map(String::strip).filter(s -> !s.isEmpty());
  }

  boolean has(String name) {
    return value(name).isPresent();
  }

  /** The value of a variable that {@code because} needs, which is set. */
  String needed(String name, String because) {
    return value(name)
        .orElseThrow(
            () ->
                new Usage(
                    "%s is not set but %s is '%s': set both, or unset %s to train alone"
                        .formatted(name, because, shown(value(because).orElse("")), because)));
  }

  /** A number that {@code because} needs. */
  int neededNumber(String name, String because) {
    needed(name, because);
    return number(name).orElseThrow();
  }

  /** A whole number from 0, if it is set. */
  OptionalInt number(String name) {
    Optional<String> value = value(name);
    if (value.isEmpty()) {
      return OptionalInt.empty();
    }
    OptionalInt number = digits(value.get());
    if (number.isEmpty()) {
      throw wrong(name, "no whole number from 0 to 999999999, set it right");
    }
    return number;
  }

  /** A port, if it is set. */
  OptionalInt port(String name) {
    OptionalInt port = number(name);
    if (port.isPresent() && (port.getAsInt() < 1 || port.getAsInt() > Address.LARGEST_PORT)) {
      throw wrong(name, "no port, choose one from 1 to " + Address.LARGEST_PORT);
    }
    return port;
  }

  /** {@code id}, which {@code name} says or led to, as a job's id. */
  static String jobId(String name, String id) {
    if (!ID.matcher(id).matches()) {
      throw new Usage(
          "%s is '%s': no job id, choose 1 to 255 printable ASCII characters without spaces"
              .formatted(name, shown(id)));
    }
    return id;
  }

  /** That a variable, which is set, has a wrong value: what it is and what to do. */
  Usage wrong(String name, String problem) {
    return new Usage("%s is '%s': %s".formatted(name, shown(value(name).orElse("")), problem));
  }

  static OptionalInt digits(String text) {
    return NUMBER.matcher(text).matches()
        ? OptionalInt.of(Integer.parseInt(text))
        : OptionalInt.empty();
  }

  static String shown(String value) {
    return value.length() <= MOST_SHOWN ? value : value.substring(0, MOST_SHOWN - 1) + "…";
  }
}
