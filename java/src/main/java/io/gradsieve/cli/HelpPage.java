package io.gradsieve.cli;

import io.gradsieve.config.CommandOptions;
import io.gradsieve.config.DataSetDefaults;
import io.gradsieve.config.Option;
import io.gradsieve.config.OptionValues;
import java.util.List;

/**
 * The help pages. Lines are broken between words only, so that what is shown can be copied: a word
 * that is longer than a line keeps one of its own.
 */
final class HelpPage {
  /** Longer lines are hard to read. */
  private static final int MOST_COLUMNS = 100;

  /** Where the words about an option begin; on a narrow page they need the room. */
  private static final int WORDS_COLUMN = 29;

  private static final int NARROW_WORDS_COLUMN = 12;
  private static final int NARROW_COLUMNS = 72;

  private final StringBuilder text = new StringBuilder();
  private final boolean all;
  private final int columns;

  /** {@code all}: with every option, and all that is known of its values. */
  private HelpPage(boolean all, int columns) {
    this.all = all;
    this.columns = Math.min(columns, MOST_COLUMNS);
  }

  /** Of the program, for a terminal of so many columns. */
  static String of(List<Command> commands, int columns) {
    HelpPage page = new HelpPage(false, columns);
    page.paragraph(0, "Usage: " + CommandParser.PROGRAM + " COMMAND [OPTIONS]");
    page.paragraph(0, "");
    commands.forEach(command -> page.entry("  " + command.name(), 14, command.summary()));
    page.paragraph(0, "");
    page.paragraph(
        0,
        "COMMAND --help shows what most people need of a command, COMMAND --help-all all of it; --version the version.");
    page.examples(List.of("train --epochs 5"));
    return page.text.toString();
  }

  /** Of the program and of each command, with every option. */
  static String ofAll(List<Command> commands, int columns) {
    StringBuilder pages = new StringBuilder(of(commands, columns));
    commands.forEach(command -> pages.append('\n').append(of(command, true, columns)));
    return pages.toString();
  }

  /**
   * Of a command; shows {@code --name VALUE}, while {@code --name=VALUE} is taken too.
   *
   * @param all whether with every option, else with those that most people need
   */
  static String of(Command command, boolean all, int columns) {
    HelpPage page = new HelpPage(all, columns);
    String arguments = command.arguments().any() ? " [" + command.arguments().label() + "]" : "";
    if (command.arguments().behindDashes()) {
      arguments = " -- " + command.arguments().label() + " [OPTIONS]";
    }
    String more = command.arguments().paths() ? "..." : "";
    page.paragraph(
        0,
        "Usage: %s %s [OPTIONS]%s%s"
            .formatted(CommandParser.PROGRAM, command.name(), arguments, more));
    page.paragraph(0, command.summary());
    page.option(
        CommandParser.CONFIG + " FILE", "a YAML file whose keys are options of the sections below");
    if (all) {
      page.option(
          CommandParser.SET + " key=value",
          "one option as a key; wins over the file, loses to the command line");
      page.option("--help", "what most people need; -h too");
      page.option(CommandParser.HELP_ALL, "this page");
    } else {
      page.option("--help", "this page; -h too");
    }
    for (Option.Section section : Option.Section.values()) {
      List<Option<?>> options =
          command.options().stream()
              .filter(option -> option.section() == section)
              .filter(option -> all || CommandOptions.common(option))
              .toList();
      if (!options.isEmpty()) {
        page.paragraph(0, section.title());
        options.forEach(page::option);
      }
    }
    long hidden = command.options().stream().filter(o -> !CommandOptions.common(o)).count();
    if (!all && hidden > 0) {
      page.paragraph(0, "");
      page.paragraph(
          0,
          "%d more options: %s %s %s"
              .formatted(hidden, CommandParser.PROGRAM, command.name(), CommandParser.HELP_ALL));
    }
    page.examples(command.examples());
    return page.text.toString();
  }

  private void option(Option<?> option) {
    if (option.type().flag()) {
      option(option.dashed(), option.words());
    } else {
      option(option.dashed() + " " + option.type().label(), option.words() + byDefault(option));
    }
    if (all) {
      int indent = (columns < NARROW_COLUMNS ? NARROW_WORDS_COLUMN : WORDS_COLUMN) + 2;
      OptionValues.lines(option).forEach(line -> paragraph(indent, line));
    }
  }

  private static String byDefault(Option<?> option) {
    String tuned = DataSetDefaults.words(option);
    String data = tuned.isEmpty() ? "" : "depends on the data: ";
    return option.fallback().map(text -> " (" + data + text + tuned + ")").orElse("");
  }

  private void option(String name, String words) {
    boolean narrow = columns < NARROW_COLUMNS;
    entry((narrow ? "  " : "      ") + name, narrow ? NARROW_WORDS_COLUMN : WORDS_COLUMN, words);
  }

  private void examples(List<String> examples) {
    paragraph(0, "");
    paragraph(0, "Example:");
    examples.forEach(example -> paragraph(2, CommandParser.PROGRAM + " " + example));
  }

  /** A name, and from a column on the words about it: below, where the name needs more. */
  private void entry(String name, int column, String words) {
    boolean beside = name.length() < column;
    if (!beside) {
      text.append(name).append('\n');
    }
    wrap(beside ? name + " ".repeat(column - name.length()) : " ".repeat(column), column, words);
  }

  private void paragraph(int indent, String words) {
    wrap(" ".repeat(indent), indent, words);
  }

  /** Words after what begins the first line; the lines that follow are indented by two more. */
  private void wrap(String start, int indent, String words) {
    StringBuilder line = new StringBuilder(start);
    boolean empty = true;
    for (String word : words.split(" ", -1)) {
      if (!empty && line.length() + 1 + word.length() > columns) {
        text.append(line).append('\n');
        line = new StringBuilder(" ".repeat(indent + 2));
        empty = true;
      }
      line.append(empty ? "" : " ").append(word);
      empty = false;
    }
    text.append(line.toString().stripTrailing()).append('\n');
  }
}
