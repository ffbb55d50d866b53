package io.gradsieve.api;

import io.gradsieve.GradsieveException;
import java.util.function.Supplier;
import java.util.regex.Pattern;

/** Says to code what the command line says of its options: {@code --epochs} is a key there. */
final class Words {
  private static final Pattern OPTION = Pattern.compile("(?<![\\w-])--(?=[a-z])");

  private Words() {}

  /** Runs what may throw, with messages for code. */
  static <T> T ofCode(Supplier<T> call) {
    try {
      return call.get();
    } catch (GradsieveException e) {
      String message = String.valueOf(e.getMessage());
      String ofCode = ofCode(message);
      if (ofCode.equals(message)) {
        throw e;
      }
      throw e.withMessage(ofCode);
    }
  }

  /** A line for code. */
  static String ofCode(String line) {
    return OPTION.matcher(line).replaceAll("");
  }
}
