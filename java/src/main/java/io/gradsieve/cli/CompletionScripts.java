package io.gradsieve.cli;

import io.gradsieve.config.Option;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/**
 * Completion for a command named {@code gradsieve} (an alias or a script around {@code java -jar
 * engine.jar}), made from the table of commands.
 */
final class CompletionScripts {
  private CompletionScripts() {}

  static String bash() {
    StringBuilder text = new StringBuilder("# bash completion for gradsieve\n_gradsieve() {\n");
    text.append("  local cur=\"${COMP_WORDS[COMP_CWORD]}\" prev=\"${COMP_WORDS[COMP_CWORD-1]}\"\n");
    text.append("  local command=\"${COMP_WORDS[1]}\"\n  COMPREPLY=()\n");
    text.append("  if [[ $COMP_CWORD -eq 1 ]]; then\n");
    text.append(
        "    COMPREPLY=($(compgen -W \"%s --help --version\" -- \"$cur\"))\n".formatted(names()));
    text.append("    return\n  fi\n  case \"$command $prev\" in\n");
    for (Command command : CommandTable.COMMANDS) {
      for (Option<?> option : valued(command)) {
        List<String> choices = option.type().choices();
        text.append("    '%s %s')\n      ".formatted(command.name(), option.dashed()));
        text.append(
            choices.isEmpty()
                ? "COMPREPLY=($(compgen -f -- \"$cur\")); return ;;\n"
                : "COMPREPLY=($(compgen -W \"%s\" -- \"$cur\")); return ;;\n"
                    .formatted(String.join(" ", choices)));
      }
    }
    text.append("  esac\n  case \"$command\" in\n");
    for (Command command : CommandTable.COMMANDS) {
      text.append(
          "    %s) COMPREPLY=($(compgen -W \"%s\" -- \"$cur\")) ;;\n"
              .formatted(command.name(), String.join(" ", words(command))));
    }
    return text.append("  esac\n}\ncomplete -o default -F _gradsieve gradsieve\n").toString();
  }

  static String zsh() {
    StringBuilder text = new StringBuilder("#compdef gradsieve\n_gradsieve() {\n");
    text.append("  local -a commands\n  commands=(\n");
    for (Command command : CommandTable.COMMANDS) {
      text.append("    '%s:%s'\n".formatted(command.name(), quoted(command.summary())));
    }
    text.append(
        "  )\n  if (( CURRENT == 2 )); then\n    _describe command commands\n    return\n  fi\n");
    text.append("  case \"$words[2]\" in\n");
    for (Command command : CommandTable.COMMANDS) {
      text.append("    %s)\n      _arguments \\\n".formatted(command.name()));
      for (Option<?> option : command.options()) {
        text.append("        '%s' \\\n".formatted(zshArgument(option)));
      }
      for (String extra :
          List.of("--config[a YAML file of options]:file:_files", "--set[one option]:key=value:")) {
        text.append("        '%s' \\\n".formatted(extra));
      }
      Arguments arguments = command.arguments();
      if (arguments.paths()) {
        text.append("        '*:%s:_files' \\\n".formatted(arguments.label()));
      } else if (arguments.any()) {
        text.append(
            "        '2:argument:(%s)' \\\n".formatted(String.join(" ", arguments.choices())));
      }
      text.append("        '--help[this page]' ;;\n");
    }
    return text.append("  esac\n}\n_gradsieve \"$@\"\n").toString();
  }

  private static String zshArgument(Option<?> option) {
    String words = quoted(option.words()).replace("[", "\\[").replace("]", "\\]");
    String value =
        option.type().flag()
            ? ""
            : option.type().choices().isEmpty()
                ? ":value:_files"
                : ":value:(%s)".formatted(String.join(" ", option.type().choices()));
    return "%s[%s]%s".formatted(option.dashed(), words, value);
  }

  static String fish() {
    StringBuilder text =
        new StringBuilder("# fish completion for gradsieve\ncomplete -c gradsieve -f\n");
    for (Command command : CommandTable.COMMANDS) {
      text.append(
          "complete -c gradsieve -n __fish_use_subcommand -a %s -d '%s'\n"
              .formatted(command.name(), quoted(command.summary())));
      String only =
          "complete -c gradsieve -n '__fish_seen_subcommand_from %s'".formatted(command.name());
      for (Option<?> option : command.options()) {
        String value =
            option.type().flag()
                ? ""
                : option.type().choices().isEmpty()
                    ? " -r -F"
                    : " -x -a '%s'".formatted(String.join(" ", option.type().choices()));
        text.append(
            "%s -l %s%s -d '%s'\n".formatted(only, option.name(), value, quoted(option.words())));
      }
      text.append("%s -l config -r -F\n%s -l set -x\n%s -l help\n".formatted(only, only, only));
      if (command.arguments().paths()) {
        text.append(only).append(" -F\n");
      }
      for (String argument : command.arguments().choices()) {
        text.append("%s -a %s\n".formatted(only, argument));
      }
    }
    return text.toString();
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
    words.addAll(List.of("--config", "--set", "--help"));
    return words;
  }

  private static String quoted(String text) {
    return text.replace("'", "’").replace(":", " ");
  }
}
