package io.gradsieve.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.gradsieve.GradsieveException.BadData;
import io.gradsieve.format.rules.Column;
import io.gradsieve.format.rules.Column.Role;
import io.gradsieve.format.rules.Normalization;
import io.gradsieve.format.yaml.YamlNode;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class NetworkSpecTest {
  private static final String HEAD = "input: [3, 6, 5]\nlayers:\n";
  private static final String TAIL = "  - flatten\n  - linear: {features: 4}\n";

  /** Line breaks of YAML alone, a control character, a byte order mark, a pair and half of one. */
  private static final String ODD = "a\u0085 \u2028b\u2029 \u009f\ufeff\ud83d\ude00\ud800\uffff";

  private static NetworkSpec read(String yaml) {
    return SpecReader.read(YamlNode.parse("m.yaml", yaml), "m.yaml");
  }

  @Test
  void figuresAreWrittenSoThatPyYamlReadsNumbersAndComeBackTheSame() {
    Normalization figures = new Normalization(List.of(1.7e12, -0.25), List.of(1e30, 2.5e-9));
    NetworkSpec spec =
        Models.of("mlp", 2, 1, 1, 3).with(Optional.of(figures), List.of(), List.of());
    assertThat(spec.toYaml())
        .contains("normalize: {mean: [1.7E+12, -0.25], deviation: [1.0E+30, 2.5E-9]}");
    assertThat(read(spec.toYaml()).normalize()).contains(figures);
  }

  @Test
  void itReadsWhatTheContractShows() {
    NetworkSpec spec =
        read(
            """
            input: [1, 28, 28]                # channels, height, width; or [features]
            layers:
              - conv2d: {channels: 32, kernel: 3, stride: 1, padding: 1, bias: true}
              - batchnorm                     # groupnorm: {groups: 4}; layernorm (over the last axis)
              - relu                          # gelu (exact, erf), tanh, sigmoid
              - maxpool2d: {kernel: 2}        # stride = kernel; avgpool2d, globalavgpool
              - residual: {body: [{conv2d: {channels: 32, kernel: 3, padding: 1}}, gelu], shortcut: [{conv2d: {channels: 32, kernel: 1}}]}
              - dropout: {p: 0.1}
              - flatten
              - linear: {features: 10}
            """);
    assertThat(spec.layers()).hasSize(8);
    assertThat(spec.outputs()).isEqualTo(10);
    assertThat(read(spec.toYaml())).isEqualTo(spec);
  }

  @Test
  void theRulesOfTheDataSurviveWritingAndReading() {
    NetworkSpec plain = Models.of("mlp", 3, 1, 1, 2);
    NetworkSpec spec =
        plain.with(
            Optional.of(new Normalization(List.of(0.1, 1e-300, -3.0), List.of(1.0, 1e17, 0.25))),
            List.of("no", "a \"quoted\": {name}\nof two lines, # é\u0001"),
            List.of(
                new Column("x: 1", Role.NUMBER, List.of()),
                new Column("colour", Role.CATEGORY, List.of("null", "~", ODD)),
                new Column("y", Role.LABEL, List.of())));
    assertThat(read(spec.toYaml())).isEqualTo(spec);
  }

  @Test
  void classesMustBeAsManyAsOutputs() {
    assertThatThrownBy(
            () ->
                Models.of("mlp", 3, 1, 1, 2)
                    .with(Optional.empty(), List.of("a", "b", "c"), List.of()))
        .isInstanceOf(BadData.class)
        .hasMessage(
            "layer 4 (linear) gives 2 outputs but there are 3 classes; give it features: 3");
  }

  @Test
  void aMissingFileIsOneLine() {
    assertThatThrownBy(() -> NetworkSpec.read(Path.of("nowhere", "m.yaml")))
        .isInstanceOf(BadData.class)
        .hasMessage("nowhere/m.yaml: no such file");
  }

  /** Each line of the file that is wrong, and the message. */
  static List<String[]> mistakes() {
    return List.of(
        mistake(
            HEAD + "  - conv3d: {channels: 3}\n" + TAIL,
            "m.yaml:3: unknown layer conv3d; did you mean conv2d?"),
        mistake(
            HEAD + TAIL + "classes: [a, b, a, c]\n",
            "m.yaml:5: class a is there twice; name each class differently"),
        mistake(HEAD + "  - relu6\n" + TAIL, "m.yaml:3: unknown layer relu6; did you mean relu?"),
        mistake(
            HEAD + "  - relu\n  - conv2d:\n      channels: 4\n      kernal: 3\n" + TAIL,
            "m.yaml:6: conv2d has no option kernal; did you mean kernel?"),
        mistake(HEAD + "  - relu: {p: 1}\n" + TAIL, "m.yaml:3: relu has no option p; it has none"),
        mistake(
            HEAD + "  - conv2d: {channels: 4}\n" + TAIL,
            "m.yaml:3: conv2d needs the option kernel"),
        mistake(HEAD + "  - conv2d\n" + TAIL, "m.yaml:3: conv2d needs the option kernel"),
        mistake(
            HEAD + "  - conv2d: {channels: 0, kernel: 3}\n" + TAIL,
            "m.yaml:3: conv2d's channels must be a whole number from 1 to 1048576, is 0"),
        mistake(
            HEAD + "  - conv2d: {channels: 3, kernel: 3, bias: yes}\n" + TAIL,
            "m.yaml:3: conv2d's bias must be true or false, is yes"),
        mistake(
            HEAD + "  - dropout: {p: 1}\n" + TAIL,
            "m.yaml:3: dropout's p must be at least 0 and below 1, is 1.0"),
        mistake(
            "imput: [3]\nlayers: []\n",
            "m.yaml:1: unknown key imput in a model file; did you mean input?"),
        mistake("input: [3]\n", "m.yaml:1: layers is missing"),
        mistake("input: [3]\ninput: [4]\nlayers: []\n", "m.yaml:2: input is given twice"),
        mistake(
            "input: [3, 4]\nlayers:\n" + TAIL,
            "m.yaml: input must be [channels, height, width] or [features], is [3, 4]"),
        mistake(
            HEAD + "  - relu\n",
            "m.yaml: the last layer must be linear, with one feature a class; add `- linear:"
                + " {features: K}`"),
        mistake(
            HEAD + "  - linear: {features: 4}\n",
            "m.yaml: layer 0 (linear): needs features, its input is the image 3x6x5; put flatten"
                + " before it"),
        mistake(
            HEAD + "  - conv2d: {channels: 4, kernel: 9}\n" + TAIL,
            "m.yaml: layer 0 (conv2d): kernel 9x9 is larger than its input 3x6x5 with padding 0;"
                + " use a smaller kernel, more padding or less pooling before"),
        mistake(
            HEAD + "  - groupnorm: {groups: 2}\n" + TAIL,
            "m.yaml: layer 0 (groupnorm): 2 groups do not divide the 3 channels of its input 3x6x5;"
                + " choose a divisor"),
        mistake(
            HEAD + "  - residual: {body: [{conv2d: {channels: 4, kernel: 1}}]}\n" + TAIL,
            "m.yaml: layer 0 (residual): the body gives 4x6x5 but the identity shortcut gives"
                + " 3x6x5; give the shortcut a conv2d or linear (kernel 1, the body's stride) to"
                + " match"),
        mistake(
            HEAD + "  - residual: {body: [relu, {maxpool2d: {kernel: 16}}]}\n" + TAIL,
            "m.yaml: layer 0.body.1 (maxpool2d): kernel 16x16 is larger than its input 3x6x5; use a"
                + " smaller kernel or leave it out"),
        mistake(
            HEAD + "  - residual: {body: []}\n" + TAIL, "m.yaml:3: residual's body has no layers"),
        mistake(
            "input: &a [3]\nlayers: *a\n",
            "m.yaml:1: anchors and aliases are not allowed; write the value out"),
        mistake("", "m.yaml: is empty"),
        mistake(
            HEAD + TAIL + "---\ninput: [3]\n",
            "m.yaml:6: a second document begins; one file holds one"));
  }

  private static String[] mistake(String yaml, String message) {
    return new String[] {yaml, message};
  }

  @ParameterizedTest
  @MethodSource("mistakes")
  void aMistakeIsOneLineThatNamesThePlaceAndWhatToDo(String yaml, String message) {
    assertThatThrownBy(() -> read(yaml)).isInstanceOf(BadData.class).hasMessage(message);
  }

  @Test
  void hostileFilesAreRefusedWithinLimits() {
    String deep = "input: " + "[".repeat(100_000) + "]".repeat(100_000);
    assertThatThrownBy(() -> read(deep)).isInstanceOf(BadData.class);
    String wide =
        HEAD + "  - conv2d: {channels: 1048576, kernel: 1024, padding: 1024}\n".repeat(2) + TAIL;
    assertThatThrownBy(() -> read(wide)).isInstanceOf(BadData.class);
    String huge = "input: [1048576, 1048576, 1048576]\nlayers:\n" + TAIL;
    assertThatThrownBy(() -> read(huge)).isInstanceOf(BadData.class);
  }
}
