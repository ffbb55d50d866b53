package io.gradsieve.train.option;

import io.gradsieve.GradsieveException;
import io.gradsieve.train.option.Settings.Setting;
import io.gradsieve.train.option.Settings.Source;
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

  /** Each {@code key=value} of {@code --set}; the last of several for one key counts. */
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
      last.put(option, text);
    }
    last.forEach((option, text) -> add(option, text, Source.SET, "--set"));
    return this;
  }

  /** The keys of a configuration file. */
  public SettingsReader file(Path file) {
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

  /** All effective values. */
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
    return new Settings(settings);
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
    try {
      return new Setting<>(option, type.parse(text), source, origin);
    } catch (IllegalArgumentException e) {
      String subject =
          switch (source) {
            case FILE -> "%s: %s: '%s'".formatted(origin, option.name(), text);
            case SET -> "--set %s=%s".formatted(option.name(), text);
            default -> "%s %s".formatted(option.dashed(), text.isEmpty() ? "''" : text);
          };
      String nearest =
          type.choices().size() < 2
              ? ""
              : "; did you mean '%s'?".formatted(GradsieveException.nearest(text, type.choices()));
      throw new GradsieveException.Usage(
          "%s: must be %s%s".formatted(subject, type.expected(), nearest));
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
        "%s: %s has no option '%s'; did you mean '%s'?"
            .formatted(where, command, key, GradsieveException.nearest(key, names)));
  }
}
