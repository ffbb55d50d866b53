package io.gradsieve.nn;

import io.gradsieve.RandomBits;
import io.gradsieve.backend.Backend;
import io.gradsieve.backend.CompiledStep;
import io.gradsieve.backend.CompiledStep.Mode;
import io.gradsieve.backend.DirectSamples;
import io.gradsieve.backend.Resources;
import io.gradsieve.backend.StepInput;
import io.gradsieve.plan.UpdateRule;
import java.util.Optional;

/** A network, compiled on a backend that it owns, and one random batch of floats. */
final class NetworkStep implements AutoCloseable {
  final Network network;
  final CompiledStep compiled;
  final int batch;
  private final Resources resources = new Resources();
  private final StepInput input;

  /** The same seed gives the same weights and samples on every backend. */
  NetworkStep(Backend backend, NetworkSpec spec, int batch, UpdateRule rule, long seed) {
    this.batch = batch;
    try {
      resources.add(backend::close);
      network = Network.create(spec, backend::parameters, seed);
      resources.add(network::close);
      compiled =
          backend.compile(
              backend.plan(network.graph(0.1, false), batch, true, true),
              network.weights(),
              Optional.of(rule));
      resources.add(compiled::close);
      RandomBits bits = RandomBits.of(seed, "samples", 0);
      float[] inputs = new float[batch * spec.inputs()];
      for (int e = 0; e < inputs.length; e++) {
        inputs[e] = (float) (3 * bits.uniform(e) - 1.5);
      }
      input = DirectSamples.of(batch, inputs).input(compiled);
      resources.add(input::close);
      for (int i = 0; i < batch; i++) {
        input.labels().put(i, bits.at(1).below(i, spec.outputs()));
        input.ids().put(i, i);
        input.planWeights().put(i, 1 + i % 2);
        input.sampleWeights().put(i, 1);
      }
    } catch (RuntimeException e) {
      throw resources.abandon(e);
    }
  }

  /**
   * One step with its update.
   *
   * @param count from 1
   */
  void train(Mode mode, double learningRate, long count) {
    compiled.begin(input, batch, mode, 1, 1, -1);
    compiled.forward();
    compiled.backward();
    compiled.update(learningRate, batch, 0, count);
    compiled.await();
  }

  @Override
  public void close() {
    resources.close();
  }
}
