package io.gradsieve.cli;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.concurrent.TimeUnit;
import java.util.function.IntSupplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import sun.misc.Signal;

/** The terminal that one of the process's streams may be, and how wide it is. */
final class Terminal {
  static final Terminal STANDARD_OUTPUT = of(Path.of("/proc/self/fd/1"));
  static final Terminal STANDARD_ERROR = of(Path.of("/proc/self/fd/2"));

  /** Of what is no terminal, or does not say. */
  static final int DEFAULT_COLUMNS = 80;

  private static final int PATIENCE_SECONDS = 2;
  private static final Pattern SIZE = Pattern.compile("\\d+ ([1-9]\\d{0,4})\\s*");
  private static final List<String> DEVICES =
      List.of("/dev/pts/", "/dev/tty", "/dev/console", "/dev/hvc");

  private final Path descriptor;
  private volatile int columns;

  private Terminal(Path descriptor) {
    this.descriptor = descriptor;
  }

  /** Behind a link to a device. */
  static Terminal of(Path descriptor) {
    return new Terminal(descriptor);
  }

  /** Whether the stream is a terminal. */
  boolean present() {
    try {
      String target = Files.readSymbolicLink(descriptor).toString();
      return DEVICES.stream().anyMatch(target::startsWith);
    } catch (IOException | UnsupportedOperationException e) {
      return false;
    }
  }

  /** How many columns it has now; where it does not say, what {@code COLUMNS} says. */
  int columns(Map<String, String> environment) {
    OptionalInt asked = present() ? ask() : OptionalInt.empty();
    return asked.orElseGet(() -> exported(environment));
  }

  /** How many columns it has, asked anew whenever the system tells that it was resized. */
  IntSupplier watched(Map<String, String> environment) {
    columns = columns(environment);
    if (present()) {
      try {
        // The handler has a thread of its own, so that the program that is asked delays no step.
        Signal.handle(new Signal("WINCH"), signal -> columns = columns(environment));
      } catch (IllegalArgumentException e) {
        // A JVM that keeps its signals: the width stays that of the start.
      }
    }
    return () -> columns;
  }

  private static int exported(Map<String, String> environment) {
    String columns = environment.getOrDefault("COLUMNS", "");
    return columns.matches("[1-9][0-9]{0,4}") ? Integer.parseInt(columns) : DEFAULT_COLUMNS;
  }

  /** Java has no call for it; {@code stty} is there wherever a shell is. */
  private OptionalInt ask() {
    try {
      Process stty =
          new ProcessBuilder("stty", "size")
              .redirectInput(new File(descriptor.toString()))
              .redirectError(ProcessBuilder.Redirect.DISCARD)
              .start();
      if (!stty.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
        stty.destroyForcibly();
        return OptionalInt.empty();
      }
      Matcher size =
          SIZE.matcher(new String(stty.getInputStream().readAllBytes(), StandardCharsets.US_ASCII));
      return size.matches() ? OptionalInt.of(Integer.parseInt(size.group(1))) : OptionalInt.empty();
    } catch (IOException e) {
      return OptionalInt.empty();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return OptionalInt.empty();
    }
  }
}
