package io.gradsieve.config;

import io.gradsieve.GradsieveException;
import io.gradsieve.config.Settings.Setting;
import io.gradsieve.config.Settings.Source;
import io.gradsieve.format.FileNames;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Resolves texts to settings: command line over {@code --set} over file over default. Every text
 * given is checked, also one that a stronger source hides.
 */
public final class SettingsReader {
  private final String command;
  private final List<Option<?>> table;
  private final Map<Option<?>, Given> given = new LinkedHashMap<>();
  private Optional<Path> config = Optional.empty();

  /** A text and who gave it. */
  private record Given(String text, Source source, String origin) {}

  /** For the command's options. */
  public SettingsReader(String command, List<Option<?>> table) {
    this.command = command;
    this.table = table;
  }

  /** Texts of the command line by option name. Call before the weaker sources. */
  public SettingsReader commandLine(Map<String, String> texts) {
    texts.forEach(
        (name, text) ->
            add(option(name, "the command line"), text, Source.COMMAND_LINE, "command line"));
    return this;
  }

  /** Each {@code key=value} of {@code --set}; of several for one key the last counts, lists add. */
  public SettingsReader sets(List<String> assignments) {
    Map<Option<?>, String> last = new LinkedHashMap<>();
    for (String assignment : assignments) {
      int equals = assignment.indexOf('=');
      if (equals < 1) {
        throw new GradsieveException.Usage("--set " + assignment + ": must be key=value");
      }
      Option<?> option = option(assignment.substring(0, equals), "--set");
      String text = assignment.substring(equals + 1);
      parse(option, text, Source.SET, "--set");
      last.merge(option, text, (before, added) -> joined(option, before, added));
    }
    last.forEach((option, text) -> add(option, text, Source.SET, "--set"));
    return this;
  }

  /** What an option is that was given twice. */
  private static String joined(Option<?> option, String before, String added) {
    return option.type().use() == ValueType.Use.LIST ? before + "," + added : added;
  }

  /** The keys of a configuration file. */
  public SettingsReader file(Path file) {
    config = Optional.of(file);
    for (ConfigFile.Entry entry : ConfigFile.read(file)) {
      String where = "%s, line %d".formatted(file, entry.line());
      Option<?> option = option(entry.key(), where);
      if (entry.text().isEmpty()) {
        if (option.fallback().isPresent()) {
          throw new GradsieveException.Usage(
              "%s: %s needs a value: %s".formatted(where, entry.key(), option.type().expected()));
        }
        continue;
      }
      add(option, entry.text().get(), Source.FILE, where);
    }
    return this;
  }

  /**
   * All effective values.
   *
   * @throws GradsieveException.Usage if an output among them is one of the inputs
   */
  public Settings resolve() {
    Map<Option<?>, Setting<?>> settings = new LinkedHashMap<>();
    String data =
        Optional.ofNullable(given.get(Options.DATA))
            .map(Given::text)
            .orElse(Options.DATA.fallback().orElseThrow());
    for (Option<?> option : table) {
      Given text = given.get(option);
      if (text == null) {
        text = fallback(option, data);
      }
      if (text != null) {
        settings.put(option, parse(option, text.text(), text.source(), text.origin()));
      }
    }
    return new Settings(settings, config).protectInputs();
  }

  private static Given fallback(Option<?> option, String data) {
    return DataSetDefaults.of(data, option)
        .map(text -> new Given(text, Source.DEFAULT, "default of " + data))
        .or(() -> option.fallback().map(text -> new Given(text, Source.DEFAULT, "default")))
        .orElse(null);
  }

  private void add(Option<?> option, String text, Source source, String origin) {
    parse(option, text, source, origin);
    given.putIfAbsent(option, new Given(text, source, origin));
  }

  private static <T> Setting<T> parse(Option<T> option, String text, Source source, String origin) {
    ValueType<T> type = option.type();
    String subject =
        switch (source) {
          case FILE -> "%s: %s: '%s'".formatted(origin, option.name(), text);
          case SET -> "--set %s=%s".formatted(option.name(), text);
          default -> "%s %s".formatted(option.dashed(), text.isEmpty() ? "''" : text);
        };
    try {
      Setting<T> setting = new Setting<>(option, type.parse(text), source, origin);
      Optional<String> objection = type.use().path() ? FileNames.objection(text) : Optional.empty();
      if (objection.isPresent()) {
        throw new GradsieveException.Usage(subject + ": " + objection.get());
      }
      return setting;
    } catch (IllegalArgumentException e) {
      String meant = type.meant(text).map("; did you mean '%s'?"::formatted).orElse("");
      throw new GradsieveException.Usage(
          "%s: must be %s%s".formatted(subject, type.expected(), meant));
    }
  }

  private Option<?> option(String key, String where) {
    List<String> names = new ArrayList<>();
    for (Option<?> option : table) {
      if (option.name().equals(key)) {
        return option;
      }
      names.add(option.name());
    }
    throw new GradsieveException.Usage(
        "%s: %s has no option '%s'; %s"
            .formatted(
                where,
                command,
                key,
                OptionNames.meant(key, names)
                    .map("did you mean '%s'?"::formatted)
                    .orElse(command + " --help-all shows those it has")));
  }
}
