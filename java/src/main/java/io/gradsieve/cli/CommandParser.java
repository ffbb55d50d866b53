package io.gradsieve.cli;

import io.gradsieve.GradsieveException;
import io.gradsieve.config.CommandOptions;
import io.gradsieve.config.Option;
import io.gradsieve.config.OptionNames;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.PositionalParamSpec;
import picocli.CommandLine.ParseResult;

/** Arguments of one command to texts, by picocli; its model is made from the declared options. */
final class CommandParser {
  static final String PROGRAM = "java -jar engine.jar";
  static final List<String> HELP = List.of("--help", "-h");
  static final String HELP_ALL = "--help-all";
  static final String CONFIG = "--config";
  static final String SET = "--set";

  private final Command command;
  private final CommandLine picocli;

  CommandParser(Command command) {
    this.command = command;
    this.picocli = new CommandLine(specification(command));
    picocli.setAbbreviatedOptionsAllowed(false);
    picocli.setExpandAtFiles(false);
    picocli.setInterpolateVariables(false);
    picocli.setUnmatchedOptionsArePositionalParams(false);
    picocli.setOverwrittenOptionsAllowed(true);
  }

  /** Which help was asked for. */
  enum Help {
    NONE,
    COMMON,
    ALL
  }

  /** What was typed. */
  record Typed(
      Help help,
      Optional<String> config,
      List<String> sets,
      Map<String, String> texts,
      List<String> arguments) {}

  /** Throws {@code Usage} naming the first thing that is wrong, with the nearest right name. */
  Typed parse(List<String> all) {
    int dashes = command.arguments().behindDashes() ? all.indexOf(Arguments.DASHES) : -1;
    List<String> arguments = dashes < 0 ? all : all.subList(0, dashes);
    Help help = help(arguments);
    if (help != Help.NONE) {
      return new Typed(help, Optional.empty(), List.of(), Map.of(), List.of());
    }
    checkValues(arguments);
    ParseResult result;
    try {
      result = picocli.parseArgs(arguments.toArray(String[]::new));
    } catch (CommandLine.UnmatchedArgumentException e) {
      throw unmatched(e.getUnmatched().get(0), arguments);
    } catch (CommandLine.ParameterException e) {
      throw new GradsieveException.Usage(
          command.name() + ": " + e.getMessage().lines().findFirst().orElse("wrong arguments"));
    }
    Map<String, String> texts = new LinkedHashMap<>();
    for (Option<?> option : command.options()) {
      if (result.hasMatchedOption(option.dashed())) {
        texts.put(option.name(), text(result, option));
      }
    }
    List<String> given =
        result.hasMatchedPositional(0) ? result.matchedPositionalValue(0, List.of()) : List.of();
    if (dashes >= 0) {
      given = all.subList(dashes + 1, all.size());
    }
    return new Typed(
        Help.NONE,
        Optional.ofNullable(result.matchedOptionValue(CONFIG, (String) null)),
        result.matchedOptionValue(SET, List.of()),
        texts,
        given);
  }

  /** Asked for anywhere among the arguments; all of it where both were asked for. */
  static Help help(List<String> arguments) {
    if (arguments.contains(HELP_ALL)) {
      return Help.ALL;
    }
    return arguments.stream().anyMatch(HELP::contains) ? Help.COMMON : Help.NONE;
  }

  /** As it was given; what was given of a list in several parts, as one. */
  private static String text(ParseResult result, Option<?> option) {
    Object value = result.matchedOptionValue(option.dashed(), "");
    return value instanceof List<?> parts
        ? parts.stream().map(String::valueOf).collect(Collectors.joining(","))
        : String.valueOf(value);
  }

  /** A value that looks like an option is an option whose predecessor lacks its value. */
  private void checkValues(List<String> arguments) {
    for (int i = 0; i < arguments.size(); i++) {
      String name = arguments.get(i);
      boolean last = i + 1 == arguments.size();
      if (name.equals(CONFIG + "=")) {
        throw new GradsieveException.Usage(command.name() + ": --config needs a file");
      }
      if (valued(name) && (last || arguments.get(i + 1).startsWith("--"))) {
        throw new GradsieveException.Usage(
            "%s: %s needs a value%s"
                .formatted(
                    command.name(), name, last ? "" : " before '" + arguments.get(i + 1) + "'"));
      }
    }
  }

  private boolean valued(String name) {
    return name.equals(CONFIG)
        || name.equals(SET)
        || command.options().stream()
            .anyMatch(option -> option.dashed().equals(name) && !option.type().flag());
  }

  private GradsieveException.Usage unmatched(String argument, List<String> arguments) {
    int place = arguments.indexOf(argument);
    String before = place < 1 ? "" : arguments.get(place - 1);
    boolean flag =
        command.options().stream()
            .anyMatch(option -> option.type().flag() && option.dashed().equals(before));
    if (flag && !argument.startsWith("-")) {
      return new GradsieveException.Usage(
          "%s: %s takes no value; leave out '%s'".formatted(command.name(), before, argument));
    }
    if (!argument.startsWith("-") && command.arguments().behindDashes()) {
      return new GradsieveException.Usage(
          "%s: '%s' is no option; the command to start comes behind --, as in %s"
              .formatted(command.name(), argument, command.examples().get(0)));
    }
    if (!argument.startsWith("-")) {
      return new GradsieveException.Usage(
          "%s: unexpected argument '%s'; options look like --name VALUE"
              .formatted(command.name(), argument));
    }
    String name = argument.contains("=") ? argument.substring(0, argument.indexOf('=')) : argument;
    if (command.arguments().behindDashes() && isOfTraining(name)) {
      throw new GradsieveException.Usage(
          "%s: %s is an option of train: put it behind --, as in %s"
              .formatted(command.name(), name, command.examples().get(0)));
    }
    List<String> known =
        Stream.concat(
                command.options().stream().map(Option::name),
                Stream.of("help", "help-all", "config", "set"))
            .toList();
    return new GradsieveException.Usage(
        "%s: unknown option '%s'; %s"
            .formatted(
                command.name(),
                name,
                OptionNames.meant(name, known)
                    .map("did you mean '--%s'?"::formatted)
                    .orElse(command.name() + " --help-all shows those it has")));
  }

  private static boolean isOfTraining(String name) {
    return CommandOptions.TRAIN.stream().anyMatch(option -> option.dashed().equals(name));
  }

  private static CommandSpec specification(Command command) {
    CommandSpec spec = CommandSpec.create();
    command.options().forEach(option -> spec.addOption(option(option)));
    spec.addOption(OptionSpec.builder(CONFIG).type(String.class).build());
    spec.addOption(repeated(SET));
    Arguments arguments = command.arguments();
    if (arguments.any() && !arguments.behindDashes()) {
      spec.addPositional(
          PositionalParamSpec.builder()
              .paramLabel(arguments.label())
              .type(List.class)
              .auxiliaryTypes(String.class)
              .arity(arguments.arity())
              .index(arguments.paths() ? "0..*" : "0")
              .build());
    }
    return spec;
  }

  private static OptionSpec option(Option<?> option) {
    return switch (option.type().use()) {
      case FLAG -> OptionSpec.builder(option.dashed()).arity("0").type(boolean.class).build();
      case LIST -> repeated(option.dashed());
      default -> OptionSpec.builder(option.dashed()).arity("1").type(String.class).build();
    };
  }

  private static OptionSpec repeated(String name) {
    return OptionSpec.builder(name)
        .arity("1")
        .type(List.class)
        .auxiliaryTypes(String.class)
        .build();
  }
}
