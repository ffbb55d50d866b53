package io.gradsieve.config;

import java.nio.file.Path;
import java.util.Map;

/**
 * Texts of configuration files: {@code config.yaml} of a run, and the commented one of {@code
 * init}.
 */
public final class ConfigText {
  private static final int COMMENT_COLUMN = 40;

  private ConfigText() {}

  /** Every effective value with its origin, then where it ran. */
  public static String of(TrainingConfig config, Map<String, String> machine) {
    StringBuilder text =
        new StringBuilder("# Every effective value of this run; train --config takes this file.\n");
    Option.Section section = null;
    for (Option<?> option : CommandOptions.TRAIN) {
      if (CommandOptions.OF_ONE_INVOCATION.contains(option)) {
        continue;
      }
      if (option.section() != section) {
        section = option.section();
        text.append("\n# ").append(section.title()).append('\n');
      }
      text.append(line(option, config.settings()));
    }
    text.append("\n# Where it ran; --config reads past this.\n")
        .append(ConfigFile.MACHINE)
        .append(":\n");
    machine.forEach(
        (key, value) -> text.append("  %s: %s\n".formatted(key, ConfigFile.quoted(value))));
    return text.toString();
  }

  private static <T> String line(Option<T> option, Settings settings) {
    String value = settings.setting(option).map(s -> ConfigFile.quoted(s.text())).orElse("null");
    String origin = settings.setting(option).map(Settings.Setting::origin).orElse("not given");
    return commented(option.name() + ": " + value, origin);
  }

  private static String commented(String line, String comment) {
    String padding = " ".repeat(Math.max(2, COMMENT_COLUMN - line.length()));
    // a file's name may hold what ends a comment, or what no reader takes
    return line + padding + "# " + comment.replaceAll("\\R|\\p{C}", " ") + "\n";
  }

  /** The section {@code machine} of a run's {@code config.yaml}. */
  public static Map<String, String> machine(Path config) {
    return ConfigFile.section(config, ConfigFile.MACHINE);
  }

  /**
   * Every option of {@code train} with its default and what it means, ready for {@code --config}.
   */
  public static String template() {
    StringBuilder text =
        new StringBuilder(
            """
            # Configuration of: java -jar engine.jar train --config THIS_FILE
            # The command line wins over this file. Keys behind a '#' are not set: take it away to set them.
            """);
    Option.Section section = null;
    for (Option<?> option : CommandOptions.TRAIN) {
      if (option.section() != section) {
        section = option.section();
        text.append("\n# ---- ").append(section.title()).append(" ----\n");
      }
      text.append(templateLine(option));
    }
    return text.toString();
  }

  private static String templateLine(Option<?> option) {
    boolean listed = option.type().choices().isEmpty() || option.type().flag();
    String allowed = listed ? "" : " [" + option.type().label() + "]";
    String tuned = DataSetDefaults.words(option);
    String value =
        option
            .fallback()
            .map(fallback -> option.name() + ": " + ConfigFile.quoted(fallback))
            .orElse(option.name() + ":");
    boolean open = tuned.isEmpty() && option.fallback().isPresent();
    return "# %s%s%s\n%s%s\n".formatted(option.words(), allowed, tuned, open ? "" : "# ", value);
  }
}
