package io.gradsieve.backend;

import io.gradsieve.RandomBits;
import io.gradsieve.backend.CompiledStep.Mode;
import io.gradsieve.backend.CompiledStep.Place;
import io.gradsieve.data.augment.Augment;
import io.gradsieve.graph.FlatParameters;
import io.gradsieve.graph.ParameterValues;
import io.gradsieve.nn.Models;
import io.gradsieve.nn.Network;
import io.gradsieve.plan.UpdateRule;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** A built-in network on small random images, compiled, that trains on any stretch of them. */
final class Learner implements AutoCloseable {
  static final int SAMPLES = 16;
  static final int CLASSES = 10;
  private static final int SIDE = 8;
  private static final int VALUES = 3 * SIDE * SIDE;

  final Backend backend;
  final Network network;
  final CompiledStep step;
  final StepInput[] inputs = new StepInput[2];
  final DirectSamples samples;
  private int queued;
  private long updates;

  /** How steps update: the same for all that are compared. */
  record Update(double rate, double clipNorm, boolean weighted) {
    static final Update PLAIN = new Update(0.05, 0, false);
  }

  /** Owns the backend from now on. */
  Learner(Backend on, String model, UpdateRule rule, long seed) {
    backend = on;
    network = Network.create(Models.of(model, 3, SIDE, SIDE, CLASSES), backend::parameters, seed);
    step =
        backend.compile(
            backend.plan(network.graph(0, false), SAMPLES, true, true),
            network.weights(),
            Optional.of(rule));
    RandomBits random = RandomBits.of(seed, "samples", 0);
    float[] values = new float[SAMPLES * VALUES];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) (2 * random.uniform(i) - 1);
    }
    samples = DirectSamples.of(SAMPLES, values);
    for (int i = 0; i < inputs.length; i++) {
      inputs[i] = samples.input(step);
    }
  }

  /** Changes the first value of a sample. */
  void change(int sample, float value) {
    samples.memory().asFloatBuffer().put(sample * VALUES, value);
  }

  static float weight(int sample) {
    return 0.5f + sample % 4;
  }

  /** Σ of the weights, or how many. */
  static double divisor(Update update) {
    double sum = 0;
    for (int i = 0; i < SAMPLES; i++) {
      sum += update.weighted() ? weight(i) : 1;
    }
    return sum;
  }

  /** Queues a step or a part of one, over samples from..to−1. */
  void queue(int from, int to, Place place, Update update) {
    StepInput input = inputs[queued++ % inputs.length];
    for (int i = from; i < to; i++) {
      input.sample(i - from, i, Augment.NONE, 0);
      input.labels().put(i - from, (i * 7) % CLASSES);
      input.ids().put(i - from, 100 + i);
      input.planWeights().put(i - from, update.weighted() ? weight(i) : 1);
      input.sampleWeights().put(i - from, 1);
    }
    step.begin(input, to - from, Mode.TRAINING, 1, 1, -1);
    step.forward();
    step.backward(place);
    if (place == Place.WHOLE || place == Place.LAST) {
      step.update(update.rate(), divisor(update), update.clipNorm(), ++updates);
    }
  }

  /** Weights, running statistics, gradients and optimizer state, tensor by tensor. */
  Map<String, float[]> tensors() {
    Map<String, float[]> tensors = new TreeMap<>();
    put(tensors, "weights", network.weights());
    put(tensors, "gradient", step.gradients());
    step.optimizerState().forEach((name, state) -> put(tensors, name, state));
    return tensors;
  }

  private static void put(Map<String, float[]> tensors, String what, ParameterValues values) {
    for (int p = 0; p < values.parameters().size(); p++) {
      tensors.put(what + " of " + values.parameters().get(p).name(), values.read(p));
    }
  }

  /** All weights and optimizer state. */
  List<float[]> memory() {
    List<float[]> all = new ArrayList<>();
    all.add(FlatParameters.read(network.weights()));
    step.optimizerState().values().forEach(state -> all.add(FlatParameters.read(state)));
    return all;
  }

  /** Whether two {@link #memory} hold the same bits. */
  static boolean same(List<float[]> a, List<float[]> b) {
    return Arrays.deepEquals(a.toArray(), b.toArray());
  }

  @Override
  public void close() {
    for (StepInput input : inputs) {
      input.close();
    }
    step.close();
    network.close();
    backend.close();
  }
}
