package io.gradsieve.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.gradsieve.GradsieveException;
import io.gradsieve.config.CommandOptions;
import io.gradsieve.config.JobOptions;
import io.gradsieve.config.JoiningConfig;
import io.gradsieve.config.Option;
import io.gradsieve.config.Options;
import io.gradsieve.config.ProgressForm;
import io.gradsieve.config.Settings;
import io.gradsieve.config.SettingsReader;
import io.gradsieve.config.TrainingConfig;
import io.gradsieve.dist.cluster.Address;
import io.gradsieve.dist.launch.Launch;
import io.gradsieve.dist.launch.ProgramCommand;
import io.gradsieve.format.FileNames;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.IntFunction;

/**
 * {@code launch}. The command behind {@code --} is read here too, so that what is wrong in it is
 * said once, before anything is started.
 */
final class LaunchCommand {
  private static final String TRAIN = "train";

  private LaunchCommand() {}

  static Outcome run(Invocation invocation) {
    List<String> typed = invocation.arguments();
    Command command = command(typed);
    List<String> arguments = typed.subList(1, typed.size());
    CommandParser.Typed inner = new CommandParser(command).parse(arguments);
    if (inner.help() != CommandParser.Help.NONE) {
      boolean all = inner.help() == CommandParser.Help.ALL;
      int columns = Terminal.STANDARD_OUTPUT.columns(invocation.environment());
      return Outcome.of(HelpPage.of(command, all, columns).stripTrailing(), Map.of());
    }
    Settings training = settings(command, inner);
    new TrainingConfig(training);
    Settings settings = invocation.settings();
    if (training.get(Options.DRY_RUN)) {
      return command
          .action()
          .run(
              new Invocation(
                  training, List.of(), invocation.err(), false, invocation.environment()));
    }
    List<String> all = new ArrayList<>(typed);
    all.addAll(passedOn(settings, training));
    Launch.Plan plan = plan(withInner(settings, training), invocation.environment());
    boolean drawing = drawing(invocation, training);
    IntFunction<List<String>> commands =
        number -> ProgramCommand.of(number == 0 && drawing ? and(all, "--progress", "bar") : all);
    Map<String, String> columns =
        drawing
            ? Map.of(
                "COLUMNS",
                Integer.toString(Terminal.STANDARD_ERROR.columns(invocation.environment())))
            : Map.of();
    Launch launch = new Launch(plan, commands, columns, invocation.err(), drawing);
    Launch.End end;
    try (LaunchSignals signals = LaunchSignals.to(launch)) {
      end = launch.run();
    }
    boolean json = settings.get(Options.JSON);
    return new Outcome(end.exitCode(), end.out(), json ? fields(end.out()) : Map.of());
  }

  private static Command command(List<String> typed) {
    String example = CommandTable.example("launch");
    if (typed.isEmpty()) {
      throw new GradsieveException.Usage(
          "launch: no command to start; it comes behind --, as in " + example);
    }
    if (!typed.get(0).equals(TRAIN)) {
      throw new GradsieveException.Usage(
          "launch: '%s' can't be started by several workers, only train can, as in %s"
              .formatted(typed.get(0), example));
    }
    return CommandTable.COMMANDS.stream()
        .filter(command -> command.name().equals(TRAIN))
        .findFirst()
        .orElseThrow();
  }

  private static Settings settings(Command command, CommandParser.Typed typed) {
    SettingsReader reader =
        new SettingsReader(command.name(), command.options())
            .commandLine(typed.texts())
            .sets(typed.sets());
    typed.config().ifPresent(file -> reader.file(FileNames.path(CommandParser.CONFIG, file)));
    return reader.resolve();
  }

  /** Options of launch that its workers take too; the last of a name counts. */
  private static List<String> passedOn(Settings settings, Settings training) {
    List<String> more = new ArrayList<>();
    for (Option<?> option : CommandOptions.LAUNCH) {
      boolean taken = CommandOptions.ANEW_ON_RESUME.contains(option);
      boolean shown = option.section() == Option.Section.OUTPUT && training.given(option);
      if (taken && settings.given(option) && !shown) {
        String text = settings.setting(option).orElseThrow().text();
        if (!option.type().flag()) {
          more.addAll(List.of(option.dashed(), text));
        } else if (text.equals("true")) {
          more.add(option.dashed());
        }
      }
    }
    return more;
  }

  /** What only the workers were told of how they join holds for the server too. */
  private static Settings withInner(Settings settings, Settings training) {
    Settings all = settings;
    for (Option<?> option : CommandOptions.LAUNCH) {
      if (option.section() == Option.Section.WORKERS
          && !settings.given(option)
          && training.given(option)) {
        all = take(all, training.setting(option).orElseThrow());
      }
    }
    return all;
  }

  private static <T> Settings take(Settings settings, Settings.Setting<T> setting) {
    return settings.with(setting.option(), setting.value(), setting.origin());
  }

  private static Launch.Plan plan(Settings settings, Map<String, String> environment) {
    int workers =
        settings
            .find(JobOptions.WORKERS)
            .orElseThrow(
                () ->
                    new GradsieveException.Usage(
                        "launch: --workers N is needed, as in " + CommandTable.example("launch")));
    JoiningConfig joining = RendezvousCommand.joining(settings, environment);
    Optional<Address> rendezvous =
        settings
            .find(JobOptions.RENDEZVOUS)
            .map(text -> Address.parse(JobOptions.RENDEZVOUS.dashed(), text));
    return new Launch.Plan(
        workers,
        settings.get(JobOptions.NODES),
        rendezvous,
        settings.get(JobOptions.MIN_WORKERS),
        settings.get(JobOptions.MAX_RESTARTS),
        RendezvousCommand.failureTimeout(settings),
        joining.joinTimeout(),
        joining.allowMinority(),
        joining.tokenFile(),
        RendezvousCommand.tls(joining));
  }

  /** Whether the first worker draws a bar on the terminal that its standard error leads to. */
  private static boolean drawing(Invocation invocation, Settings training) {
    boolean given = training.given(Options.PROGRESS);
    ProgressForm form = (given ? training : invocation.settings()).get(Options.PROGRESS);
    boolean quiet = training.get(Options.QUIET) || invocation.settings().get(Options.QUIET);
    return !quiet
        && (form == ProgressForm.BAR || form == ProgressForm.AUTO && invocation.terminal());
  }

  /** What the worker's own object says, for ours. */
  private static Map<String, ?> fields(String out) {
    if (out.isEmpty()) {
      return Map.of();
    }
    try {
      Map<String, Object> fields =
          new LinkedHashMap<>(
              new ObjectMapper().readValue(out, new TypeReference<Map<String, Object>>() {}));
      List.of("schema", "command", "exit").forEach(fields::remove);
      return fields;
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("a worker's result is no JSON object", e);
    }
  }

  private static List<String> and(List<String> list, String... more) {
    List<String> all = new ArrayList<>(list);
    all.addAll(List.of(more));
    return all;
  }
}
