package io.gradsieve.cli;

import io.gradsieve.GradsieveException;
import io.gradsieve.train.option.Option;
import io.gradsieve.train.option.OptionNames;
import io.gradsieve.train.option.ValueType;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import picocli.CommandLine;
import picocli.CommandLine.Help.Ansi;
import picocli.CommandLine.Model.ArgGroupSpec;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.PositionalParamSpec;
import picocli.CommandLine.Model.UsageMessageSpec;
import picocli.CommandLine.ParseResult;

/** Arguments of one command to texts, by picocli; its model is made from the declared options. */
final class CommandParser {
  static final String PROGRAM = "java -jar engine.jar";
  static final List<String> HELP = List.of("--help", "-h");
  static final String CONFIG = "--config";
  static final String SET = "--set";

  /** Of a help page: narrower ones, picocli has none; wider lines are hard to read. */
  private static final int LEAST_COLUMNS = 55;

  private static final int MOST_COLUMNS = 100;

  private final Command command;
  private final CommandLine picocli;

  CommandParser(Command command) {
    this.command = command;
    this.picocli = new CommandLine(specification(command));
    picocli.setAbbreviatedOptionsAllowed(false);
    picocli.setExpandAtFiles(false);
    picocli.setInterpolateVariables(false);
    picocli.setUnmatchedOptionsArePositionalParams(false);
  }

  /** What was typed. */
  record Typed(
      boolean help,
      Optional<String> config,
      List<String> sets,
      Map<String, String> texts,
      List<String> arguments) {}

  /** Throws {@code Usage} naming the first thing that is wrong, with the nearest right name. */
  Typed parse(List<String> arguments) {
    if (arguments.stream().anyMatch(HELP::contains)) {
      return new Typed(true, Optional.empty(), List.of(), Map.of(), List.of());
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
    return new Typed(
        false,
        Optional.ofNullable(result.matchedOptionValue(CONFIG, (String) null)),
        result.matchedOptionValue(SET, List.of()),
        texts,
        given);
  }

  /** As it was given; what was given of a list in several parts, as one. */
  private static String text(ParseResult result, Option<?> option) {
    Object value = result.matchedOptionValue(option.dashed(), "");
    return value instanceof List<?> parts
        ? parts.stream().map(String::valueOf).collect(Collectors.joining(","))
        : String.valueOf(value);
  }

  /**
   * The help page, with examples, between words broken to so many columns; it shows {@code --name
   * VALUE}, while {@code --name=VALUE} is taken too.
   */
  String help(int columns) {
    CommandLine shown = new CommandLine(specification(command));
    shown.setSeparator(" ");
    shown.setInterpolateVariables(false);
    shown.setUsageHelpWidth(pageWidth(columns));
    return shown.getUsageMessage(Ansi.OFF);
  }

  /** The page of the whole program, broken likewise. */
  static String overview(List<Command> commands, int columns) {
    CommandSpec program =
        CommandSpec.create()
            .name(PROGRAM)
            .usageMessage(
                new UsageMessageSpec()
                    .customSynopsis(PROGRAM + " COMMAND [OPTIONS]")
                    .commandListHeading("%n")
                    .footer(
                        "",
                        "COMMAND --help shows the options of a command; --version the version.",
                        "",
                        "Example:",
                        "  " + PROGRAM + " train --epochs 5"));
    for (Command command : commands) {
      program.addSubcommand(command.name(), specification(command));
    }
    return new CommandLine(program)
        .setUsageHelpWidth(pageWidth(columns))
        .getUsageMessage(Ansi.OFF);
  }

  private static int pageWidth(int columns) {
    return Math.max(LEAST_COLUMNS, Math.min(columns, MOST_COLUMNS));
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
    if (!argument.startsWith("-")) {
      return new GradsieveException.Usage(
          "%s: unexpected argument '%s'; options look like --name VALUE"
              .formatted(command.name(), argument));
    }
    String name = argument.contains("=") ? argument.substring(0, argument.indexOf('=')) : argument;
    List<String> known =
        Stream.concat(command.options().stream().map(Option::name), Stream.of("help", "config", "set"))
            .toList();
    return new GradsieveException.Usage(
        "%s: unknown option '%s'; %s"
            .formatted(
                command.name(),
                name,
                OptionNames.meant(name, known)
                    .map("did you mean '--%s'?"::formatted)
                    .orElse(command.name() + " --help shows those it has")));
  }

  private static CommandSpec specification(Command command) {
    CommandSpec spec = CommandSpec.create().name(PROGRAM + " " + command.name());
    for (Option.Section section : Option.Section.values()) {
      List<Option<?>> options =
          command.options().stream().filter(option -> option.section() == section).toList();
      if (!options.isEmpty()) {
        ArgGroupSpec.Builder group =
            ArgGroupSpec.builder().heading(section.title() + "%n").validate(false);
        options.forEach(option -> group.addArg(option(option)));
        spec.addArgGroup(group.build());
      }
    }
    spec.addOption(
        OptionSpec.builder(CONFIG)
            .paramLabel("FILE")
            .type(String.class)
            .description("a YAML file whose keys are options of the sections below")
            .build());
    spec.addOption(
        OptionSpec.builder(SET)
            .paramLabel("key=value")
            .type(List.class)
            .auxiliaryTypes(String.class)
            .arity("1")
            .description("one option as a key; wins over the file, loses to the command line")
            .build());
    spec.addOption(OptionSpec.builder("--help").description("this page").build());
    Arguments arguments = command.arguments();
    if (arguments.any()) {
      spec.addPositional(
          PositionalParamSpec.builder()
              .paramLabel(arguments.label())
              .type(List.class)
              .auxiliaryTypes(String.class)
              .arity(arguments.arity())
              .index(arguments.paths() ? "0..*" : "0")
              .build());
    }
    return spec.usageMessage(usage(command));
  }

  private static UsageMessageSpec usage(Command command) {
    List<String> footer = new ArrayList<>(List.of("", "Example:"));
    command.examples().forEach(example -> footer.add(escaped("  " + PROGRAM + " " + example)));
    return new UsageMessageSpec()
        .abbreviateSynopsis(true)
        .sortOptions(false)
        .description(escaped(command.summary()))
        .footer(footer.toArray(String[]::new));
  }

  private static OptionSpec option(Option<?> option) {
    OptionSpec.Builder builder = OptionSpec.builder(option.dashed());
    String words = option.words();
    if (option.type().flag()) {
      builder.arity("0").type(boolean.class);
    } else if (option.type().use() == ValueType.Use.LIST) {
      builder
          .arity("1")
          .type(List.class)
          .auxiliaryTypes(String.class)
          .paramLabel(option.type().label());
      words += option.fallback().map(text -> " (" + text + ")").orElse("");
    } else {
      builder.arity("1").type(String.class).paramLabel(option.type().label());
      words += option.fallback().map(text -> " (" + text + ")").orElse("");
    }
    return builder.description(words).build();
  }

  /** picocli formats its texts: a percent sign is written twice. */
  private static String escaped(String text) {
    return text.replace("%", "%%");
  }
}
