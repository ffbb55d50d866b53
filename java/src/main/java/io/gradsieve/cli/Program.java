package io.gradsieve.cli;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.gradsieve.GradsieveException;
import io.gradsieve.config.Options;
import io.gradsieve.config.Settings;
import io.gradsieve.config.SettingsReader;
import io.gradsieve.format.FileNames;
import java.io.PrintStream;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * One call of the program, from arguments to exit code; nothing of it is global, so that tests call
 * it like a user.
 */
final class Program {
  /** Version of the object that {@code --json} prints. */
  private static final int SCHEMA = 1;

  private static final List<String> VERSION = List.of("--version", "-V", "version");

  private final PrintStream out;
  private final PrintStream err;
  private final Map<String, String> environment;
  private final boolean terminal;

  Program(PrintStream out, PrintStream err, Map<String, String> environment, boolean terminal) {
    this.out = out;
    this.err = err;
    this.environment = environment;
    this.terminal = terminal;
  }

  /** The exit code. */
  int run(String... arguments) {
    List<String> all = Arrays.asList(arguments);
    String name = all.isEmpty() ? "" : all.get(0);
    try {
      CommandLineText.check(all);
      if (name.equals("help") && all.size() == 2) {
        return execute(command(all.get(1)), CommandParser.HELP);
      }
      if (name.equals(CommandParser.HELP_ALL)) {
        out.print(HelpPage.ofAll(CommandTable.COMMANDS, pageColumns()));
      } else if (name.equals("help") || CommandParser.HELP.contains(name)) {
        out.print(HelpPage.of(CommandTable.COMMANDS, pageColumns()));
      } else if (VERSION.contains(name)) {
        out.println("gradsieve " + Version.current());
      } else {
        return execute(command(name), all.subList(1, all.size()));
      }
      return flushed(0);
    } catch (GradsieveException e) {
      return failed(name, e.exitCode(), line(e.getMessage()), e, all);
    } catch (Throwable e) {
      return failed(name, 1, Fault.line(e), e, all);
    }
  }

  private int execute(Command command, List<String> arguments) {
    CommandParser parser = new CommandParser(command);
    CommandParser.Typed typed = parser.parse(arguments);
    if (typed.help() != CommandParser.Help.NONE) {
      boolean all = typed.help() == CommandParser.Help.ALL;
      out.print(HelpPage.of(command, all, pageColumns()));
      return flushed(0);
    }
    FileNames.checkProcess(environment);
    SettingsReader reader =
        new SettingsReader(command.name(), command.options())
            .commandLine(typed.texts())
            .sets(typed.sets());
    typed.config().ifPresent(file -> reader.file(FileNames.path(CommandParser.CONFIG, file)));
    Settings settings = reader.resolve();
    Outcome outcome =
        command
            .action()
            .run(new Invocation(settings, typed.arguments(), err, terminal, environment));
    if (outcome.isSilent()) {
      return flushed(outcome.exitCode());
    }
    if (settings.get(Options.JSON)) {
      print(command.name(), outcome.exitCode(), outcome.fields());
    } else if (!outcome.text().isEmpty()) {
      out.println(outcome.text());
    }
    return flushed(outcome.exitCode());
  }

  private static Command command(String name) {
    List<String> names = CommandTable.COMMANDS.stream().map(Command::name).toList();
    if (name.isEmpty()) {
      throw new GradsieveException.Usage(
          "no command; one of " + String.join(", ", names) + "; --help shows more");
    }
    return CommandTable.COMMANDS.stream()
        .filter(command -> command.name().equals(name))
        .findFirst()
        .orElseThrow(() -> unknown(name, names));
  }

  private static GradsieveException.Usage unknown(String name, List<String> names) {
    String all = String.join(", ", names);
    return new GradsieveException.Usage(
        name.startsWith("-")
            ? "'%s' comes before a command; the command is first, as in train --epochs 5. One of %s"
                .formatted(name, all)
            : "unknown command '%s'%s One of %s"
                .formatted(
                    name,
                    GradsieveException.near(name, names)
                        .map("; did you mean '%s'?"::formatted)
                        .orElse("."),
                    all));
  }

  /** How wide a page on standard output may be. */
  private int pageColumns() {
    return Terminal.STANDARD_OUTPUT.columns(environment);
  }

  private int failed(
      String command, int exitCode, String message, Throwable thrown, List<String> all) {
    AskedFlags asked = new AskedFlags(all);
    err.println("error: " + message);
    if (asked.on(Options.STACKTRACE)) {
      thrown.printStackTrace(err);
    }
    if (asked.on(Options.JSON)) {
      print(command, exitCode, Map.of("error", message));
    }
    flushed(exitCode);
    return exitCode;
  }

  private void print(String command, int exitCode, Map<String, ?> fields) {
    Map<String, Object> object = new LinkedHashMap<>();
    object.put("schema", SCHEMA);
    object.put("command", command);
    object.put("exit", exitCode);
    object.putAll(fields);
    try {
      out.println(new ObjectMapper().writeValueAsString(object));
    } catch (com.fasterxml.jackson.core.JsonProcessingException e) {
      throw new IllegalStateException("a result that is no JSON", e);
    }
  }

  /** Standard output that could not be written is a failure of its own. */
  private int flushed(int exitCode) {
    if (out.checkError() && exitCode == 0) {
      err.println("error: standard output: can't be written; is the disk full or the reader gone?");
      return 7;
    }
    return exitCode;
  }

  private static String line(String message) {
    return message.replaceAll("\\s*\\R\\s*", " ");
  }
}
