package io.gradsieve.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.gradsieve.config.CommandOptions;
import io.gradsieve.config.Option;
import io.gradsieve.sieve.policy.Policies;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What {@code --help} leaves to {@code --help-all}. */
class HelpPageTest {
  private static String page(String... arguments) {
    ProgramRun run = ProgramRun.of(arguments);
    assertThat(run.exitCode()).isZero();
    assertThat(run.err()).isEmpty();
    return run.out();
  }

  private static String words(String page) {
    return page.replaceAll("\\s+", " ");
  }

  @Test
  void helpShowsWhatMostPeopleNeedAndNamesHelpAll() {
    for (Command command : CommandTable.COMMANDS) {
      String page = page(command.name(), "--help").replaceFirst("(?s)Example:.*", "");
      long hidden = 0;
      for (Option<?> option : command.options()) {
        boolean shown = CommandOptions.common(option);
        assertThat(page.lines().anyMatch(line -> line.matches(" +" + option.dashed() + "( .*)?")))
            .describedAs("%s of %s", option, command.name())
            .isEqualTo(shown);
        hidden += shown ? 0 : 1;
      }
      assertThat(words(page))
          .contains(
              hidden + " more options: java -jar engine.jar " + command.name() + " --help-all");
    }
    String train = page("train", "--help");
    assertThat(train).contains("--data ", "--model ", "--epochs ", "--lr ", "--sieve ", "--out ");
    assertThat(train.lines().count()).isLessThan(66);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"train --help-all", "train --epochs x --help-all --help", "train -h --help-all"})
  void helpAllWinsWhereverItStands(String line) {
    assertThat(page(line.split(" "))).isEqualTo(page("train", "--help-all"));
    assertThat(page("train", "--help-all")).contains("--momentum F").doesNotContain("more options");
  }

  @Test
  void helpAllOfTheProgramIsThatOfEveryCommand() {
    String all = page("--help-all");
    assertThat(all).startsWith(page("--help"));
    for (Command command : CommandTable.COMMANDS) {
      assertThat(all).contains(page(command.name(), "--help-all"));
    }
  }

  @Test
  void everySieveIsListedWithItsKeysAndTheirDefaults() {
    List<String> lines = page("train", "--help-all").lines().map(String::strip).toList();
    assertThat(lines)
        .contains(
            "none",
            "variance:keep=0.5,floor=0.1,unscored=keep",
            "soft:r=0.5,until=0.875",
            "order:pool=0.75,keep=0.6");
    for (String name : Policies.names()) {
      assertThat(lines).anyMatch(line -> line.matches(name + "(:[a-z]+=.*)?"));
    }
    assertThat(words(String.join(" ", lines)))
        .contains(
            "all but none take from=2, until=1, steps=same, relative=false, balanced=false",
            "the others take average=0");
  }

  @Test
  void aDefaultThatDependsOnTheDataSaysSo() {
    assertThat(words(page("train", "--help")))
        .contains(
            "(depends on the data: 10; digits: 20, fashion-mnist: 8, cifar10: 30)",
            "(depends on the data: mlp; digits: mlp, fashion-mnist: cnn, cifar10: resnet20)");
  }
}
