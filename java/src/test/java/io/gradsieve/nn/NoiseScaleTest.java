package io.gradsieve.nn;

import static org.assertj.core.api.Assertions.assertThat;

import io.gradsieve.RandomBits;
import io.gradsieve.backend.Backend;
import io.gradsieve.backend.Backends;
import io.gradsieve.backend.CompiledStep;
import io.gradsieve.backend.CompiledStep.Mode;
import io.gradsieve.backend.DeviceName;
import io.gradsieve.backend.DirectSamples;
import io.gradsieve.backend.StepInput;
import io.gradsieve.optim.GradientNoiseScale;
import java.nio.ByteBuffer;
import java.util.Optional;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The noise scale from exact norms against brute force with frozen weights: the gradients of 200
 * batches of 64 and of 1,024 tell |∇|² and tr Σ by how their norms differ (McCandlish et al. 2018,
 * appendix A.1).
 */
class NoiseScaleTest {
  private static final int SMALL = 64;
  private static final int LARGE = 1024;
  private static final int BATCHES = 200;
  private static final int CLASSES = 10;

  /** Both sides are estimates. */
  private static final double BOUND = 0.15;

  @ParameterizedTest
  @ValueSource(strings = {"mlp", "cnn"})
  void itAgreesWithBruteForce(String model) {
    int side = 8;
    DirectSamples samples = new DirectSamples(LARGE, side * side * Float.BYTES);
    try (Backend backend = Backends.open(DeviceName.CPU, 2);
        Network network =
            Network.create(Models.of(model, 1, side, side, CLASSES), backend::parameters, 1);
        CompiledStep step =
            backend.compile(
                backend.plan(network.graph(0, false), LARGE, true, true),
                network.weights(),
                Optional.empty());
        StepInput input = samples.input(step)) {
      ByteBuffer memory = samples.memory();
      GradientNoiseScale noise = new GradientNoiseScale();
      double small = 0;
      double large = 0;
      for (int batch = 0; batch < BATCHES; batch++) {
        draw(input, memory, side * side, 2L * batch);
        small += run(step, input, SMALL) / ((double) SMALL * SMALL) / BATCHES;
        draw(input, memory, side * side, 2L * batch + 1);
        double squareOfSum = run(step, input, LARGE);
        noise.add(LARGE, squares(step, LARGE), squareOfSum, 1);
        large += squareOfSum / ((double) LARGE * LARGE) / BATCHES;
      }
      double gradient2 = (LARGE * large - SMALL * small) / (LARGE - SMALL);
      double trace = (small - large) / (1.0 / SMALL - 1.0 / LARGE);
      assertThat(noise.sums().scale().orElseThrow() / (trace / gradient2))
          .isBetween(1 - BOUND, 1 + BOUND);
    }
  }

  /** Independent samples: a blurred picture of the class, and noise. */
  private static void draw(StepInput input, ByteBuffer memory, int features, long batch) {
    RandomBits random = RandomBits.of(1, "samples", batch);
    RandomBits pictures = RandomBits.of(1, "pictures", 0);
    for (int i = 0; i < LARGE; i++) {
      int label = random.below(i, CLASSES);
      RandomBits noise = random.at(i);
      for (int j = 0; j < features; j++) {
        double value = pictures.at(label).uniform(j) + 2 * noise.uniform(j) - 1.5;
        memory.putFloat((i * features + j) * Float.BYTES, (float) value);
      }
      input.labels().put(i, label);
      input.ids().put(i, i);
      input.planWeights().put(i, 1);
      input.sampleWeights().put(i, 1);
    }
  }

  private static double run(CompiledStep step, StepInput input, int batch) {
    step.begin(input, batch, Mode.TRAINING, 1, 1, -1);
    step.forward();
    step.backward();
    return step.await();
  }

  private static double squares(CompiledStep step, int batch) {
    double sum = 0;
    for (int i = 0; i < batch; i++) {
      sum += step.records().squaredNorm().get(i);
    }
    return sum;
  }
}
