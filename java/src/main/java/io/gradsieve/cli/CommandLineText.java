package io.gradsieve.cli;

import io.gradsieve.GradsieveException;
import io.gradsieve.format.FileNames;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;

/**
 * The arguments as they were typed: UTF-8, whatever the locale. Java reads them in the locale's
 * characters; where those are others, the system still knows the bytes.
 */
final class CommandLineText {
  private static final Path TYPED = Path.of("/proc/self/cmdline");

  private CommandLineText() {}

  /** The arguments of {@code main}, or what was typed for them where the locale is another. */
  static String[] of(String[] arguments) {
    if (FileNames.utf8()) {
      return arguments;
    }
    try {
      return last(arguments, Files.readAllBytes(TYPED));
    } catch (IOException e) {
      return arguments; // what is beyond ASCII in them is refused
    }
  }

  /** The last ones of a whole command line, each of which ends in a zero byte. */
  static String[] last(String[] arguments, byte[] whole) {
    String[] typed = new String(whole, StandardCharsets.UTF_8).split("\0", -1);
    int end = typed.length - 1;
    return end < arguments.length
        ? arguments
        : Arrays.copyOfRange(typed, end - arguments.length, end);
  }

  /** Throws {@code Usage} for an argument with bytes that are no characters. */
  static void check(List<String> arguments) {
    for (String argument : arguments) {
      if (argument.indexOf('\uFFFD') >= 0) {
        throw new GradsieveException.Usage(
            "the argument '%s': is not UTF-8; write it in UTF-8".formatted(argument));
      }
    }
  }
}
