package io.gradsieve.backend;

import io.gradsieve.RandomBits;
import io.gradsieve.TestSeed;
import io.gradsieve.backend.CompiledStep.Mode;
import io.gradsieve.data.SampleShape;
import io.gradsieve.data.SampleStore;
import io.gradsieve.data.augment.Augment;
import io.gradsieve.graph.FlatParameters;
import io.gradsieve.graph.Graph;
import io.gradsieve.graph.Kind;
import io.gradsieve.graph.Parameter;
import io.gradsieve.graph.ParameterValues;
import io.gradsieve.plan.UpdateRule;
import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * A network with random weights, compiled, and nine random samples, some of which make a batch;
 * bytes are all zero.
 */
final class NetworkBench implements AutoCloseable {
  static final int SIZE = 9;

  private static final RandomBits BITS = RandomBits.of(TestSeed.of(7), "network", 0);

  /** Keeps running statistics as they are. */
  private static final double KEEP = 0;

  final Graph graph;
  final ParameterValues weights;
  final CompiledStep step;
  final int[] labels = new int[SIZE];
  final double[] planWeights = new double[SIZE];
  private final StepInput input;

  /** With Nesterov's momentum and decay. */
  NetworkBench(Backend backend, Graph graph) {
    this.graph = graph;
    weights = backend.parameters(graph);
    for (int p = 0; p < weights.parameters().size(); p++) {
      weights.write(p, initial(weights.parameters().get(p), BITS.at(p)));
    }
    step =
        backend.compile(
            backend.plan(graph, SIZE + 2, true, true),
            weights,
            Optional.of(new UpdateRule.Sgd(0.9, true, 0.01)));
    int elements = (int) graph.value(graph.input().output()).elements();
    boolean bytes = ((Kind.Input) graph.input().kind()).bytes();
    SampleStore samples = new SampleStore("test", SIZE, elements * (bytes ? 1L : Float.BYTES));
    for (int i = 0; i < SIZE; i++) {
      for (int e = 0; e < elements && !bytes; e++) {
        samples.setFloat(i, e, (float) (3 * BITS.at(100).at(i).uniform(e) - 1.5));
      }
      labels[i] = BITS.at(101).below(i, graph.classes());
      planWeights[i] = 1 + i % 3;
    }
    input = step.newInput(samples, SampleShape.features(elements));
  }

  /** Of variance 1 / inputs; norms near one, running variances positive. */
  private static float[] initial(Parameter parameter, RandomBits bits) {
    float[] elements = new float[Math.toIntExact(parameter.elements())];
    String name = parameter.name();
    boolean matrix = parameter.shape().size() > 1;
    double bound = matrix ? Math.sqrt(3.0 * parameter.shape().get(0) / elements.length) : 0.3;
    boolean one = !matrix && (name.endsWith("weight") || name.endsWith("running_var"));
    for (int i = 0; i < elements.length; i++) {
      elements[i] = (float) ((one ? 1 : 0) + bound * (2 * bits.uniform(i) - 1));
    }
    return elements;
  }

  static int[] all() {
    return IntStream.range(0, SIZE).toArray();
  }

  /** Begins a step over these samples; a negative momentum is the layers' own. */
  void begin(Mode mode, double statisticsMomentum, int... samples) {
    for (int j = 0; j < samples.length; j++) {
      int i = samples[j];
      input.sample(j, i, Augment.NONE, 0);
      input.labels().put(j, labels[i]);
      input.ids().put(j, 100 + i);
      input.planWeights().put(j, (float) planWeights[i]);
      input.sampleWeights().put(j, 0.5f + 0.25f * (i % 4));
    }
    step.begin(input, samples.length, mode, 5, 2, statisticsMomentum);
  }

  /** A step's squared norm of the gradient, which {@link #flatGradients} returns then. */
  double backward(Mode mode, int... samples) {
    begin(mode, KEEP, samples);
    step.forward();
    step.backward();
    return step.await();
  }

  /** Σ w_i u_i ℓ_i. */
  double loss(Mode mode, int... samples) {
    begin(mode, KEEP, samples);
    step.forward();
    step.await();
    double loss = 0;
    for (int j = 0; j < samples.length; j++) {
      loss += planWeights[samples[j]] * step.records().loss().get(j);
    }
    return loss;
  }

  double[] flatGradients() {
    return doubles(FlatParameters.read(step.gradients()));
  }

  double[] flatWeights() {
    return doubles(FlatParameters.read(weights));
  }

  static double[] first(FloatBuffer values, int count) {
    double[] result = new double[count];
    Arrays.setAll(result, values::get);
    return result;
  }

  static double[] doubles(float[] values) {
    return first(FloatBuffer.wrap(values), values.length);
  }

  @Override
  public void close() {
    input.close();
    step.close();
    weights.close();
  }
}
