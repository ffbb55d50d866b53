package io.gradsieve.cli;

import io.gradsieve.config.Option;
import io.gradsieve.config.OptionValues;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/**
 * Completion for a command named {@code gradsieve} (the script beside {@code engine.jar}), made
 * from the table of commands. Columns of a table are read by awk: starting Java takes longer than
 * anybody waits for a key.
 */
final class CompletionScripts {
  private static final List<String> OF_ALL = List.of("--config", "--set", "--help", "--help-all");

  /**
   * The names in the first record of a CSV file, a line each: between commas, in double quotes
   * perhaps, where a double quote stands twice and a line may break. No backslash stands before a
   * backslash or a single quote, so that every shell can quote it in single quotes.
   */
  private static final String COLUMN_NAMES =
      """
      function tell() { gsub(/^ +| +$/, "", name); print name; name = "" }
      NR == 1 { sub(/^\\357\\273\\277/, "") }
      {
        sub(/\\r$/, "")
        if (!quoted && $0 == "") next
        for (i = 1; i <= length($0); i++) {
          s = substr($0, i, 1)
          if (s == "\\"" && quoted && substr($0, i + 1, 1) == "\\"") { name = name s; i++ }
          else if (s == "\\"") quoted = !quoted
          else if (s == "," && !quoted) tell()
          else name = name s
        }
        if (!quoted) { tell(); exit }
        name = name " "
      }
      """;

  /** They set COMPREPLY to what begins as {@code $cur} of {@code _gradsieve}, or add to it. */
  private static final String BASH_FUNCTIONS =
      """
      _gradsieve_words() {
        local word
        for word in $1; do [[ $word == "$cur"* ]] && COMPREPLY+=("$word"); done
      }
      _gradsieve_files() {
        local file
        compopt -o filenames
        while IFS= read -r file; do COMPREPLY+=("$file"); done < <(compgen -f -- "$cur")
      }
      # names of the columns of the CSV file that stands behind --data
      _gradsieve_columns() {
        local i file="" name plain="${cur//[\\\\\\"\\']/}"
        for ((i = 2; i < COMP_CWORD; i++)); do
          [[ ${COMP_WORDS[i]} == --data ]] || continue
          file="${COMP_WORDS[i+1]}"
          [[ $file == = ]] && file="${COMP_WORDS[i+2]}"
        done
        # as it stands on the line, where it may be quoted; never evaluated
        file="${file//[\\\\\\"\\']/}"
        [[ $file == "~/"* ]] && file="$HOME/${file#"~/"}"
        [[ $file == *.csv && -f $file && -r $file ]] || return
        while IFS= read -r name; do
          [[ $name == "$plain"* ]] || continue
          [[ $cur == [\\"\\']* ]] || printf -v name %%q "$name"
          COMPREPLY+=("$name")
        done < <(LC_ALL=C awk '%s' "$file")
      }
      """;

  private static final String ZSH_FUNCTIONS =
      """
      _gradsieve_names() { compadd -- "$@"; _files }
      # names of the columns of the CSV file that stands behind --data
      _gradsieve_columns() {
        local file=""
        local -i i
        for ((i = 2; i < CURRENT; i++)); do
          case "$words[i]" in
            --data) file="${(Q)words[i+1]}" ;;
            --data=*) file="${(Q)words[i]#--data=}" ;;
          esac
        done
        [[ $file == *.csv && -f $file && -r $file ]] || return 1
        local -a names
        names=("${(@f)$(LC_ALL=C awk '%s' "$file")}")
        compadd -- "${(@)names}"
      }
      """;

  private static final String FISH_FUNCTIONS =
      """
      # names of the columns of the CSV file that stands behind --data
      function __gradsieve_columns
        set -l words (commandline -opc)
        set -l file ''
        for i in (seq (count $words))
          if test "$words[$i]" = --data; and test $i -lt (count $words)
            set file $words[(math $i + 1)]
          else if string match -q -- '--data=*' $words[$i]
            set file (string replace -- '--data=' '' $words[$i])
          end
        end
        if string match -q -- '*.csv' $file; and test -f $file -a -r $file
          env LC_ALL=C awk '%s' $file
        end
      end
      """;

  private CompletionScripts() {}

  static String bash() {
    StringBuilder text = new StringBuilder("# bash completion for gradsieve\n");
    text.append(BASH_FUNCTIONS.formatted(COLUMN_NAMES.strip()));
    text.append("_gradsieve() {\n");
    text.append("  local cur=\"${COMP_WORDS[COMP_CWORD]}\" prev=\"${COMP_WORDS[COMP_CWORD-1]}\"\n");
    text.append("  local command=\"${COMP_WORDS[1]}\"\n  COMPREPLY=()\n");
    text.append("  if [[ $COMP_CWORD -eq 1 ]]; then\n");
    text.append("    _gradsieve_words \"%s --help --help-all --version\"\n".formatted(names()));
    text.append("    return\n  fi\n");
    text.append(
        "  # --name=VALUE comes in three words; what follows a colon is a key of a sieve\n");
    text.append("  if [[ $cur == = ]]; then cur=\"\"; prev=\"${COMP_WORDS[COMP_CWORD-1]}\"\n");
    text.append("  elif [[ $prev == = ]]; then prev=\"${COMP_WORDS[COMP_CWORD-2]}\"; fi\n");
    text.append("  [[ $cur == : || $prev == : ]] && return\n");
    text.append("  case \"$command $prev\" in\n");
    for (Command command : CommandTable.COMMANDS) {
      for (Option<?> option : valued(command)) {
        text.append(
            "    '%s %s') %s; return ;;\n"
                .formatted(command.name(), option.dashed(), bashReply(option)));
      }
      for (String name : List.of(CommandParser.CONFIG, CommandParser.SET)) {
        String reply = name.equals(CommandParser.CONFIG) ? "_gradsieve_files" : ":";
        text.append("    '%s %s') %s; return ;;\n".formatted(command.name(), name, reply));
      }
    }
    text.append("  esac\n  case \"$command\" in\n");
    for (Command command : CommandTable.COMMANDS) {
      text.append(
          "    %s) _gradsieve_words \"%s\"%s ;;\n"
              .formatted(
                  command.name(),
                  String.join(" ", words(command)),
                  command.arguments().paths() ? "; [[ $cur == -* ]] || _gradsieve_files" : ""));
    }
    return text.append("  esac\n}\ncomplete -F _gradsieve gradsieve\n").toString();
  }

  private static String bashReply(Option<?> option) {
    List<String> names = OptionValues.names(option);
    List<String> replies = new ArrayList<>();
    if (!names.isEmpty()) {
      replies.add("_gradsieve_words \"%s\"".formatted(String.join(" ", names)));
    }
    if (OptionValues.files(option)) {
      replies.add("_gradsieve_files");
    }
    if (OptionValues.columns(option)) {
      replies.add("_gradsieve_columns");
    }
    return replies.isEmpty() ? ":" : String.join("; ", replies);
  }

  static String zsh() {
    StringBuilder text = new StringBuilder("#compdef gradsieve\n");
    text.append(ZSH_FUNCTIONS.formatted(COLUMN_NAMES.strip()));
    text.append("_gradsieve() {\n  local -a commands\n  commands=(\n");
    for (Command command : CommandTable.COMMANDS) {
      text.append("    '%s:%s'\n".formatted(command.name(), quoted(command.summary())));
    }
    text.append(
        "  )\n  if (( CURRENT == 2 )); then\n    _describe command commands\n    return\n  fi\n");
    // What _arguments looks at begins with the command; it takes every word for one it must know.
    text.append("  shift words\n  (( CURRENT-- ))\n  case \"$words[1]\" in\n");
    for (Command command : CommandTable.COMMANDS) {
      text.append("    %s)\n      _arguments \\\n".formatted(command.name()));
      for (Option<?> option : command.options()) {
        text.append("        '%s' \\\n".formatted(zshArgument(option)));
      }
      for (String extra :
          List.of(
              "--config[a YAML file of options]:file:_files",
              "--set[one option]:key=value:",
              "--help-all[every option]")) {
        text.append("        '%s' \\\n".formatted(extra));
      }
      Arguments arguments = command.arguments();
      if (arguments.paths()) {
        text.append("        '*:%s:_files' \\\n".formatted(arguments.label()));
      } else if (arguments.any()) {
        text.append(
            "        '1:argument:(%s)' \\\n".formatted(String.join(" ", arguments.choices())));
      }
      text.append("        '--help[what most people need]' ;;\n");
    }
    return text.append("  esac\n}\n_gradsieve \"$@\"\n").toString();
  }

  private static String zshArgument(Option<?> option) {
    String words = quoted(option.words()).replace("[", "\\[").replace("]", "\\]");
    return "%s[%s]%s"
        .formatted(
            option.dashed(), words, option.type().flag() ? "" : ":value:" + zshAction(option));
  }

  private static String zshAction(Option<?> option) {
    String names = String.join(" ", OptionValues.names(option));
    if (OptionValues.columns(option)) {
      return " _gradsieve_columns";
    }
    if (OptionValues.files(option)) {
      return names.isEmpty() ? "_files" : " _gradsieve_names " + names;
    }
    return names.isEmpty() ? " " : "(" + names + ")";
  }

  static String fish() {
    StringBuilder text = new StringBuilder("# fish completion for gradsieve\n");
    text.append(FISH_FUNCTIONS.formatted(COLUMN_NAMES.strip()));
    text.append("complete -c gradsieve -f\n");
    for (Command command : CommandTable.COMMANDS) {
      text.append(
          "complete -c gradsieve -n __fish_use_subcommand -a %s -d '%s'\n"
              .formatted(command.name(), quoted(command.summary())));
      String only =
          "complete -c gradsieve -n '__fish_seen_subcommand_from %s'".formatted(command.name());
      for (Option<?> option : command.options()) {
        text.append(
            "%s -l %s%s -d '%s'\n"
                .formatted(only, option.name(), fishValue(option), quoted(option.words())));
      }
      text.append("%s -l config -r -F\n%s -l set -x\n".formatted(only, only));
      text.append("%s -l help\n%s -l help-all\n".formatted(only, only));
      if (command.arguments().paths()) {
        text.append(only).append(" -F\n");
      }
      for (String argument : command.arguments().choices()) {
        text.append("%s -a %s\n".formatted(only, argument));
      }
    }
    return text.toString();
  }

  private static String fishValue(Option<?> option) {
    if (option.type().flag()) {
      return "";
    }
    if (OptionValues.columns(option)) {
      return " -x -a '(__gradsieve_columns)'";
    }
    List<String> names = OptionValues.names(option);
    String offered = names.isEmpty() ? "" : " -a '%s'".formatted(String.join(" ", names));
    return (OptionValues.files(option) ? " -r -F" : " -x") + offered;
  }

  private static String names() {
    return CommandTable.COMMANDS.stream().map(Command::name).collect(Collectors.joining(" "));
  }

  private static List<Option<?>> valued(Command command) {
    return command.options().stream().filter(option -> !option.type().flag()).toList();
  }

  private static List<String> words(Command command) {
    List<String> words = new ArrayList<>(command.arguments().choices());
    command.options().forEach(option -> words.add(option.dashed()));
    words.addAll(OF_ALL);
    return words;
  }

  private static String quoted(String text) {
    return text.replace("'", "’").replace(":", " ");
  }
}
