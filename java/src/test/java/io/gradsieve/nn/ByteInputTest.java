package io.gradsieve.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.gradsieve.RandomBits;
import io.gradsieve.backend.Backend;
import io.gradsieve.backend.Backends;
import io.gradsieve.backend.CompiledStep;
import io.gradsieve.backend.CompiledStep.Mode;
import io.gradsieve.backend.DeviceName;
import io.gradsieve.backend.DirectSamples;
import io.gradsieve.backend.StepInput;
import io.gradsieve.format.rules.Normalization;
import io.gradsieve.graph.FlatParameters;
import io.gradsieve.graph.Kind;
import io.gradsieve.nn.layer.Activation;
import io.gradsieve.nn.layer.Conv2d;
import io.gradsieve.nn.layer.Flatten;
import io.gradsieve.nn.layer.Layer;
import io.gradsieve.nn.layer.Linear;
import io.gradsieve.plan.StepPlan;
import io.gradsieve.plan.UpdateRule;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** Bytes of images, standardised by the step, against floats that were standardised before. */
class ByteInputTest {
  private static final int BATCH = 37;
  private static final int CLASSES = 4;
  private static final List<Integer> IMAGE = List.of(3, 5, 6);

  /** Sums of a hundred float32 products in another order, relative to the largest of their kind. */
  private static final double TOLERANCE = 3e-6;

  private static final Layer RELU = new Activation(Kind.Function.RELU);

  @Test
  void bytesGiveWhatTheirStandardisedFloatsGive() {
    Layer last = new Linear(CLASSES, true);
    compare(List.of(new Flatten(), new Linear(21, true), RELU, last));
    compare(List.of(new Flatten(), new Linear(70, false), RELU, last));
    compare(List.of(new Flatten(), last));
    compare(List.of(new Conv2d(8, 3, 3, 1, 1, true), RELU, new Flatten(), last));
  }

  private static void compare(List<Layer> layers) {
    NetworkSpec spec =
        NetworkSpec.of(IMAGE, layers)
            .with(
                Optional.of(new Normalization(List.of(0.3, 0.5, 0.1), List.of(0.2, 0.35, 0.3))),
                List.of(),
                List.of());
    try (Backend backend = Backends.open(DeviceName.CPU, 2);
        Network network = Network.create(spec, backend::parameters, 1)) {
      StepPlan bytes = backend.plan(network.graph(0, true), BATCH, true, true);
      float[][] fromBytes = run(backend, network, bytes, spec, true);
      float[][] fromFloats =
          run(
              backend,
              network,
              backend.plan(network.graph(0, false), BATCH, true, true),
              spec,
              false);
      for (int i = 0; i < fromFloats.length; i++) {
        float largest = 0;
        for (float value : fromFloats[i]) {
          largest = Math.max(largest, Math.abs(value));
        }
        for (int j = 0; j < fromFloats[i].length; j++) {
          assertThat(fromBytes[i][j])
              .as("%s: %s %d", spec.layers(), List.of("loss", "norm", "gradient").get(i), j)
              .isCloseTo(fromFloats[i][j], within((float) (TOLERANCE * largest)));
        }
      }
    }
  }

  /** Losses, squared norms and the gradient. */
  private static float[][] run(
      Backend backend, Network network, StepPlan plan, NetworkSpec spec, boolean asBytes) {
    try (CompiledStep step =
            backend.compile(plan, network.weights(), Optional.of(new UpdateRule.Sgd(0, false, 0)));
        StepInput input = samples(spec.normalize().orElseThrow(), asBytes).input(step)) {
      fill(input);
      step.begin(input, BATCH, Mode.TRAINING, 1, 1, -1);
      step.forward();
      step.backward();
      step.await();
      float[] gradient = FlatParameters.read(step.gradients());
      return new float[][] {
        values(step.records().loss()), values(step.records().squaredNorm()), gradient
      };
    }
  }

  /** Half of the pixels are blank, in stretches. */
  private static DirectSamples samples(Normalization normalize, boolean asBytes) {
    RandomBits random = RandomBits.of(1, "pixels", 0);
    DirectSamples samples = new DirectSamples(BATCH, 3 * 5 * 6 * (asBytes ? 1 : Float.BYTES));
    ByteBuffer pixels = samples.memory();
    for (int i = 0; i < BATCH * 3 * 5 * 6; i++) {
      int pixel = i / 13 % 2 == 0 ? 0 : random.below(i, 256);
      if (asBytes) {
        pixels.put(i, (byte) pixel);
      } else {
        float value = pixel * normalize.byteScale()[i % 3] + normalize.byteShift()[i % 3];
        pixels.putFloat(i * Float.BYTES, value);
      }
    }
    return samples;
  }

  private static void fill(StepInput input) {
    RandomBits random = RandomBits.of(1, "pixels", 0);
    for (int i = 0; i < BATCH; i++) {
      input.labels().put(i, random.below(-1 - i, CLASSES));
      input.ids().put(i, i);
      input.planWeights().put(i, 1 + i % 3);
      input.sampleWeights().put(i, 1);
    }
  }

  private static float[] values(FloatBuffer buffer) {
    float[] values = new float[BATCH];
    buffer.get(0, values);
    return values;
  }
}
