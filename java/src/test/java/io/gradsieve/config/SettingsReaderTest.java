package io.gradsieve.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.gradsieve.GradsieveException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SettingsReaderTest {
  @TempDir Path directory;

  private static SettingsReader reader() {
    return new SettingsReader("train", CommandOptions.TRAIN);
  }

  private Path file(String text) throws IOException {
    return Files.writeString(directory.resolve("train.yaml"), text);
  }

  @Test
  void theCommandLineWinsOverSetOverFileOverDefault() throws IOException {
    Path file = file("epochs: 3\nlr: 0.3\nseed: 3\n");
    Settings settings =
        reader()
            .commandLine(Map.of("epochs", "1"))
            .sets(List.of("epochs=2", "lr=0.2"))
            .file(file)
            .resolve();
    assertThat(settings.get(Options.EPOCHS)).isEqualTo(1);
    assertThat(settings.get(Options.LR)).isEqualTo(0.2);
    assertThat(settings.get(Options.SEED)).isEqualTo(3);
    assertThat(settings.get(Options.MOMENTUM)).isEqualTo(0.9);
    assertThat(settings.setting(Options.EPOCHS).orElseThrow().origin()).isEqualTo("command line");
    assertThat(settings.setting(Options.LR).orElseThrow().origin()).isEqualTo("--set");
    assertThat(settings.setting(Options.SEED).orElseThrow().origin()).endsWith("line 3");
    assertThat(settings.setting(Options.MOMENTUM).orElseThrow().origin()).isEqualTo("default");
  }

  @Test
  void aDataSetBringsItsOwnDefaults() {
    Settings fashion = reader().sets(List.of("data=fashion-mnist")).resolve();
    Settings other = reader().sets(List.of("data=./other.csv")).resolve();
    assertThat(fashion.get(Options.MODEL)).isEqualTo("cnn");
    assertThat(fashion.setting(Options.MODEL).orElseThrow().origin())
        .isEqualTo("default of fashion-mnist");
    assertThat(other.get(Options.MODEL)).isEqualTo("mlp");
    assertThat(other.get(Options.EPOCHS)).isEqualTo(10);
  }

  @Test
  void aTypoIsRefusedWithTheNearestName() throws IOException {
    Path file = file("epochs: 3\nbatchsize: 12\n");
    assertThatThrownBy(() -> reader().file(file))
        .isInstanceOf(GradsieveException.Usage.class)
        .hasMessageContaining("line 2")
        .hasMessageContaining("'batchsize'")
        .hasMessageContaining("'batch-size'");
    assertThatThrownBy(() -> reader().sets(List.of("epoch=1")))
        .isInstanceOf(GradsieveException.Usage.class)
        .hasMessageContaining("'epochs'");
    assertThatThrownBy(() -> reader().sets(List.of("epochs")))
        .isInstanceOf(GradsieveException.Usage.class)
        .hasMessageContaining("key=value");
  }

  @ParameterizedTest
  @CsvSource({
    "epochs,0",
    "epochs,-1",
    "epochs,1.5",
    "epochs,ten",
    "epochs,3000000000",
    "batch-size,0",
    "batch-size,some",
    "lr,0",
    "lr,-0.1",
    "lr,nan",
    "lr,Infinity",
    "lr,1e999",
    "lr,0x1p3",
    "lr,1f",
    "momentum,1",
    "momentum,-0.1",
    "weight-decay,-1",
    "warmup,1",
    "validation,1",
    "clip-norm,0",
    "label-smoothing,1",
    "schedule,cosin",
    "optimizer,lion",
    "device,gpu",
    "device,cuda:-1",
    "precision,fp16",
    "augment,rotate",
    "norms,yes",
    "nesterov,1",
    "threads,0",
    "keep-checkpoints,0",
    "checkpoint-every,0",
    "eval-every,0",
    "seed,1.5",
    "seed,٣",
    "progress,fancy",
    "class-weights,balance",
    "out,''",
    "ignore,'a,,b'"
  })
  void aWrongValueIsRefusedWithOptionAndValueFromEverySource(String key, String value)
      throws IOException {
    Path file = file(key + ": \"" + value + "\"\n");
    assertThatThrownBy(() -> reader().commandLine(Map.of(key, value)))
        .isInstanceOf(GradsieveException.Usage.class)
        .hasMessageStartingWith("--" + key)
        .hasMessageContaining(value);
    assertThatThrownBy(() -> reader().sets(List.of(key + "=" + value)))
        .isInstanceOf(GradsieveException.Usage.class)
        .hasMessageContaining(key);
    assertThatThrownBy(() -> reader().file(file))
        .isInstanceOf(GradsieveException.Usage.class)
        .hasMessageContaining("line 1")
        .hasMessageContaining(key);
  }

  @Test
  void aWrongValueIsRefusedEvenWhereAStrongerSourceHidesIt() throws IOException {
    Path file = file("epochs: zero\n");
    assertThatThrownBy(() -> reader().commandLine(Map.of("epochs", "1")).file(file))
        .isInstanceOf(GradsieveException.Usage.class)
        .hasMessageContaining("zero");
  }

  @Test
  void yamlWordsMeanWhatTheyMeanOnTheCommandLine() throws IOException {
    Path file = file("norms: off\nlr: 1e-3\nclip-norm: off\nignore: [a, b]\nnesterov: true\n");
    Settings settings = reader().file(file).resolve();
    assertThat(settings.get(Options.NORMS)).isFalse();
    assertThat(settings.get(Options.LR)).isEqualTo(0.001);
    assertThat(settings.get(Options.CLIP_NORM)).isZero();
    assertThat(settings.get(Options.IGNORE)).containsExactly("a", "b");
    assertThat(settings.get(Options.NESTEROV)).isTrue();
  }

  @Test
  void theMachineSectionIsReadPastAndNullMeansNotGiven() throws IOException {
    Path file = file("label: null\nid:\nepochs: 2\nmachine:\n  java: 17\n  anything: else\n");
    Settings settings = reader().file(file).resolve();
    assertThat(settings.find(Options.LABEL)).isEmpty();
    assertThat(settings.get(Options.EPOCHS)).isEqualTo(2);
    assertThat(ConfigFile.section(file, "machine")).containsEntry("java", "17");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "- epochs\n", "epochs: {a: 1}\n", "epochs: 1\nepochs: 2\n", "epochs: [\n", "\t\tx: 1\n",
        "epochs:\n", "a: &a [*a]\n", "just words\n", "config: x.yaml\n", "set: a=b\n"
      })
  void aFileThatIsNoConfigurationIsRefusedInOneLine(String text) throws IOException {
    Path file = file(text);
    assertThatThrownBy(() -> reader().file(file).resolve())
        .isInstanceOf(GradsieveException.Usage.class)
        .hasMessageContaining("train.yaml")
        .extracting(Throwable::getMessage)
        .satisfies(message -> assertThat(message.lines()).hasSize(1));
  }

  @Test
  void aNameWithACommaStandsInDoubleQuotes() throws IOException {
    Map<String, List<String>> lists = new LinkedHashMap<>();
    lists.put("a", List.of("a"));
    lists.put(" a , b", List.of("a", "b"));
    lists.put("\"price, net\",b", List.of("price, net", "b"));
    lists.put("b, \"price, net\"", List.of("b", "price, net"));
    lists.put("\"a \"\"b\"\" c\"", List.of("a \"b\" c"));
    lists.put("\" a \",b", List.of(" a ", "b"));
    lists.put("5\",b", List.of("5\"", "b"));
    lists.put("\",\"", List.of(","));
    lists.put("\"a\nb\",größe", List.of("a\nb", "größe"));
    for (Map.Entry<String, List<String>> list : lists.entrySet()) {
      Settings typed = reader().commandLine(Map.of("ignore", list.getKey())).resolve();
      assertThat(typed.get(Options.IGNORE)).isEqualTo(list.getValue());
      String printed = Options.IGNORE.type().printer().apply(list.getValue());
      Path file = file("ignore: " + ConfigFile.quoted(printed) + "\n");
      assertThat(reader().file(file).resolve().get(Options.IGNORE)).isEqualTo(list.getValue());
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"a,", ",a", "a,,b", "\"\"", "\"a", "\"a\"b", "a,\"b", ","})
  void aListWithAnEmptyNameOrAnOpenQuoteIsRefused(String text) {
    assertThatThrownBy(() -> reader().commandLine(Map.of("ignore", text)))
        .isInstanceOf(GradsieveException.Usage.class)
        .hasMessageContaining("double quotes");
  }

  @Test
  void aListGivenAgainAddsAndAStrongerSourceReplaces() throws IOException {
    Path file = file("ignore: [\"price, net\", b]\nlabel: [\"x\"]\n");
    assertThat(reader().file(file).resolve().get(Options.IGNORE))
        .containsExactly("price, net", "b");
    List<String> sets = List.of("ignore=a", "label=y", "ignore=\"c,d\",e", "label=z");
    Settings settings = reader().sets(sets).file(file).resolve();
    assertThat(settings.get(Options.IGNORE)).containsExactly("a", "c,d", "e");
    assertThat(settings.get(Options.LABEL)).isEqualTo("z");
  }

  @Test
  void aMissingFileIsWrongUsage() {
    assertThatThrownBy(() -> reader().file(directory.resolve("none.yaml")))
        .isInstanceOf(GradsieveException.Usage.class)
        .hasMessageContaining("none.yaml");
  }

  @Test
  void everyDefaultIsAValueOfItsType() {
    for (List<Option<?>> options :
        List.of(
            CommandOptions.TRAIN,
            CommandOptions.SCORE_COMMAND,
            CommandOptions.PRUNE,
            CommandOptions.EVAL,
            CommandOptions.PREDICT,
            CommandOptions.EXPORT,
            CommandOptions.INIT,
            CommandOptions.DOCTOR,
            CommandOptions.LAUNCH,
            CommandOptions.RENDEZVOUS)) {
      assertThat(options).extracting(Option::name).doesNotHaveDuplicates();
      new SettingsReader("x", options).resolve();
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "0.05",
        "1",
        "0.0005",
        "0.1",
        "0.30000000000000004",
        "1.0E-300",
        "1.7E308",
        "123456789.125"
      })
  void aNumberKeepsItsBitsThroughAConfigurationFile(String text) throws IOException {
    double value = Double.parseDouble(text);
    String printed = Options.LR.type().printer().apply(value);
    Path file = file("lr: " + ConfigFile.quoted(printed) + "\n");
    assertThat(reader().file(file).resolve().get(Options.LR)).isEqualTo(value);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "plain", "./a b.csv", "on", "null", "~", "a: b", "# x", "\"q\"", "back\\slash",
            "line\nbreak",
        "ü 😀", "1e3", "007", "yes", "variance:keep=0.5,floor=0.1", "- x", "", "!tag", "{a}",
            "true",
        "a\u0085 \u2028b\u2029 \u009f\ufeff\ud83d\ude00\ud800\uffff"
      })
  void aTextSurvivesItsQuoting(String text) throws IOException {
    Path file = file("data: " + ConfigFile.quoted(text) + "\n");
    assertThat(ConfigFile.read(file).get(0).text()).hasValue(text);
  }
}
