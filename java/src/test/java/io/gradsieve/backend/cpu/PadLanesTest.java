package io.gradsieve.backend.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.gradsieve.GradsieveException;
import io.gradsieve.RandomBits;
import io.gradsieve.TestSeed;
import io.gradsieve.backend.CompiledStep;
import io.gradsieve.backend.CompiledStep.Mode;
import io.gradsieve.backend.DirectSamples;
import io.gradsieve.backend.StepInput;
import io.gradsieve.backend.layout.IndexMap;
import io.gradsieve.backend.layout.LaidOutParameters;
import io.gradsieve.backend.layout.Layout;
import io.gradsieve.graph.Graph;
import io.gradsieve.graph.ParameterValues;
import io.gradsieve.nn.Network;
import io.gradsieve.nn.NetworkSpec;
import io.gradsieve.plan.UpdateRule;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Floats of a parameter's memory that are none of its elements are zero and stay zero. */
class PadLanesTest {
  private static final int BATCH = 7;
  private static final long SEED = TestSeed.of(4);

  /** Channels and features that fill no vector, flattened images with norms of their own. */
  private static final String MODEL =
      """
      input: [3, 6, 5]
      layers:
        - conv2d: {channels: 5, kernel: 3, padding: 1}
        - batchnorm
        - relu
        - groupnorm: {groups: 5}
        - flatten
        - batchnorm
        - layernorm
        - linear: {features: 19}
        - gelu
        - linear: {features: 3}
      """;

  static List<UpdateRule> rules() {
    return List.of(
        new UpdateRule.Sgd(0.9, true, 0.1),
        new UpdateRule.AdamW(0.9, 0.999, 1e-8, 0.1),
        new UpdateRule.Lars(0.9, 0.1, 0.02),
        new UpdateRule.Lamb(0.9, 0.999, 1e-6, 0.1));
  }

  @ParameterizedTest
  @MethodSource("rules")
  void noUpdateTouchesThem(UpdateRule rule) {
    NetworkSpec spec = NetworkSpec.parse("m.yaml", MODEL);
    try (CpuBackend backend = CpuBackend.open(2);
        Network network = Network.create(spec, backend::parameters, SEED)) {
      Graph graph = network.graph(0, false);
      float[] values = new float[BATCH * spec.inputs()];
      RandomBits random = RandomBits.of(SEED, "inputs", 0);
      for (int i = 0; i < values.length; i++) {
        values[i] = (float) random.uniform(i);
      }
      try (CompiledStep step =
              backend.compile(
                  backend.plan(graph, BATCH, true, true), network.weights(), Optional.of(rule));
          StepInput input = DirectSamples.of(BATCH, values).input(step)) {
        for (int i = 0; i < BATCH; i++) {
          input.labels().put(i, i % 3);
          input.ids().put(i, i);
          input.planWeights().put(i, 1);
          input.sampleWeights().put(i, 1);
        }
        for (int count = 1; count <= 3; count++) {
          step.begin(input, BATCH, Mode.TRAINING, 1, 1, -1);
          step.forward();
          step.backward();
          step.update(0.1, BATCH, 0, count);
          step.await();
        }
        padsAreZero("weights", network.weights());
        padsAreZero("gradients", step.gradients());
        step.optimizerState().forEach(PadLanesTest::padsAreZero);
      }
    }
  }

  /** One channel takes the room of sixteen: what fits the graph may not fit here. */
  @Test
  void aSampleThatIsTooLargeInWholeVectorsIsRefusedByItsLayer() {
    String model =
        """
        input: [1, 4096, 8192]
        layers:
          - relu
          - flatten
          - linear: {features: 2}
        """;
    NetworkSpec spec = NetworkSpec.parse("m.yaml", model);
    try (CpuBackend backend = CpuBackend.open(1)) {
      assertThatThrownBy(() -> Network.create(spec, backend::parameters, 1))
          .isInstanceOf(GradsieveException.BadData.class)
          .hasMessageStartingWith("layer input (input): a value of 536870912 floats a sample");
    }
  }

  private static void padsAreZero(String what, ParameterValues values) {
    LaidOutParameters parameters = (LaidOutParameters) values;
    Layout layout = parameters.layout();
    for (int p = 0; p < parameters.parameters().size(); p++) {
      IndexMap map = layout.map(p);
      float[] ones = new float[Math.toIntExact(map.elements())];
      Arrays.fill(ones, 1);
      float[] used = map.inside(ones);
      float[] inside = parameters.inside(p);
      assertThat(inside.length).isEqualTo(layout.whole(used.length));
      for (int i = 0; i < inside.length; i++) {
        if (i >= used.length || used[i] == 0) {
          assertThat(inside[i])
              .as("%s, %s, float %d", what, parameters.parameters().get(p).name(), i)
              .isZero();
        }
      }
    }
  }
}
