package io.gradsieve.cli;

import io.gradsieve.GradsieveException;
import io.gradsieve.config.ConfigFile;
import io.gradsieve.config.Option;
import io.gradsieve.format.FileNames;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * What arguments that are wrong somewhere ask for nevertheless: a failure is shown in the form that
 * was asked for, wherever it was, on the command line, in {@code --set} or in {@code --config}.
 */
final class AskedFlags {
  private final List<String> arguments;

  AskedFlags(List<String> arguments) {
    this.arguments = arguments;
  }

  /** Whether the flag is on as far as can be told: what can't be read asks for nothing. */
  boolean on(Option<Boolean> flag) {
    return arguments.contains(flag.dashed())
        || assigned(flag).or(() -> inFile(flag)).map("true"::equals).orElse(false);
  }

  private Optional<String> assigned(Option<Boolean> flag) {
    String key = flag.name() + "=";
    return last(
        values(CommandParser.SET).stream()
            .filter(assignment -> assignment.startsWith(key))
            .map(assignment -> assignment.substring(key.length()))
            .toList());
  }

  private Optional<String> inFile(Option<Boolean> flag) {
    try {
      return last(values(CommandParser.CONFIG)).stream()
          .flatMap(file -> ConfigFile.read(FileNames.path(CommandParser.CONFIG, file)).stream())
          .filter(entry -> entry.key().equals(flag.name()))
          .findFirst()
          .flatMap(ConfigFile.Entry::text);
    } catch (GradsieveException e) {
      return Optional.empty();
    }
  }

  /** The values of an option, typed as {@code --name VALUE} or {@code --name=VALUE}. */
  private List<String> values(String name) {
    List<String> values = new ArrayList<>();
    for (int i = 0; i < arguments.size(); i++) {
      String argument = arguments.get(i);
      if (argument.startsWith(name + "=")) {
        values.add(argument.substring(name.length() + 1));
      } else if (argument.equals(name) && i + 1 < arguments.size()) {
        values.add(arguments.get(i + 1));
      }
    }
    return values;
  }

  private static Optional<String> last(List<String> values) {
    return values.isEmpty() ? Optional.empty() : Optional.of(values.get(values.size() - 1));
  }
}
