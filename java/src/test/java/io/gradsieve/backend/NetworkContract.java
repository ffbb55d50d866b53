package io.gradsieve.backend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.gradsieve.backend.CompiledStep.Choice;
import io.gradsieve.backend.CompiledStep.Mode;
import io.gradsieve.graph.Graph;
import io.gradsieve.graph.Kind;
import io.gradsieve.graph.Node;
import io.gradsieve.graph.ParameterValues;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * The part of the backends' contract that is about kinds of layers and what a step does beside one
 * pass over one batch. What is compared is always a backend's own numbers by two ways; that they
 * are also PyTorch's is another test's, of the stored results.
 */
public abstract class NetworkContract {
  /** Some hundred roundings of float32, relative to the largest number of its kind. */
  private static final double TOLERANCE = 1e-5;

  /** Length of a step of weights along a direction: a loss's roundings are 1e-4 of its slope. */
  private static final double STEP = 4e-3;

  /**
   * Of the slope's size: the curve of the loss and kinks of relu and maximum within a step; a
   * forgotten term would be much more.
   */
  private static final double SLOPE_TOLERANCE = 0.01;

  private static final int CHOSEN = 4;

  /** Opens the backend under test with so many threads. */
  protected abstract Backend open(int threads);

  private static void close(String what, double[] actual, double[] expected) {
    assertThat(actual).as(what).hasSameSizeAs(expected);
    double largest = Arrays.stream(expected).map(Math::abs).max().orElse(0);
    for (int i = 0; i < actual.length; i++) {
      assertThat(actual[i])
          .as("%s %d", what, i)
          .isCloseTo(expected[i], within(TOLERANCE * largest));
    }
  }

  // ---- gradients and norms

  @ParameterizedTest
  @EnumSource(SmallNetwork.class)
  void aParametersGradientIsTheSlopeOfTheLossAlongIt(SmallNetwork network) {
    checkSlopes(network.graph());
  }

  /** Along each parameter's own gradient the loss rises by that gradient's norm. */
  protected final void checkSlopes(Graph graph) {
    for (Mode mode : Mode.values()) {
      try (Backend backend = open(2);
          NetworkBench bench = new NetworkBench(backend, graph)) {
        double whole = Math.sqrt(bench.backward(mode, NetworkBench.all()));
        List<float[]> gradients = new ArrayList<>();
        ParameterValues trainable = bench.step.gradients();
        for (int p = 0; p < trainable.parameters().size(); p++) {
          gradients.add(trainable.read(p));
        }
        for (int p = 0; p < gradients.size(); p++) {
          double norm = norm(gradients.get(p));
          assertThat(norm).isPositive();
          double slope = slope(bench, mode, p, gradients.get(p), norm);
          assertThat(slope)
              .as("%s in %s", trainable.parameters().get(p).name(), mode)
              .isCloseTo(norm, within(SLOPE_TOLERANCE * norm + TOLERANCE * whole));
        }
      }
    }
  }

  private static double slope(
      NetworkBench bench, Mode mode, int parameter, float[] gradient, double norm) {
    float[] at = bench.weights.read(parameter);
    double[] losses = new double[2];
    for (int side = 0; side < 2; side++) {
      float[] moved = at.clone();
      for (int i = 0; i < moved.length; i++) {
        moved[i] += (float) ((1 - 2 * side) * STEP / norm * gradient[i]);
      }
      bench.weights.write(parameter, moved);
      losses[side] = bench.loss(mode, NetworkBench.all());
    }
    bench.weights.write(parameter, at);
    return (losses[0] - losses[1]) / (2 * STEP);
  }

  private static double norm(float[] values) {
    double sum = 0;
    for (float value : values) {
      sum += (double) value * value;
    }
    return Math.sqrt(sum);
  }

  @ParameterizedTest
  @EnumSource(SmallNetwork.class)
  void aSamplesNormAndRecordsAreThoseOfABatchOfItAlone(SmallNetwork network) {
    checkSamples(network.graph(), Mode.EVALUATION);
    if (network.samplesStandAlone()) {
      checkSamples(network.graph(), Mode.TRAINING);
    }
  }

  /** Sample by sample against all together. */
  protected final void checkSamples(Graph graph, Mode mode) {
    try (Backend backend = open(2);
        NetworkBench bench = new NetworkBench(backend, graph)) {
      bench.backward(mode, NetworkBench.all());
      double[] gradient = bench.flatGradients();
      StepRecords records = bench.step.records();
      double[][] together = rows(records, NetworkBench.SIZE);
      double[] norms = NetworkBench.first(records.squaredNorm(), NetworkBench.SIZE);
      double[][] apart = new double[together.length][NetworkBench.SIZE];
      double[] alone = new double[NetworkBench.SIZE];
      double[] sum = new double[gradient.length];
      for (int i = 0; i < NetworkBench.SIZE; i++) {
        alone[i] = bench.backward(mode, i);
        double[] own = bench.flatGradients();
        Arrays.setAll(sum, e -> sum[e] + own[e]);
        double[][] row = rows(bench.step.records(), 1);
        for (int r = 0; r < row.length; r++) {
          apart[r][i] = row[r][0];
        }
      }
      close("squared norm", norms, alone);
      close("gradient", gradient, sum);
      for (int r = 0; r < together.length; r++) {
        close("record " + r, together[r], apart[r]);
      }
    }
  }

  private static double[][] rows(StepRecords records, int count) {
    return List.of(
            records.loss(),
            records.crossEntropy(),
            records.el2n(),
            records.margin(),
            records.confidence(),
            records.predicted())
        .stream()
        .map(row -> NetworkBench.first(row, count))
        .toArray(double[][]::new);
  }

  // ---- choice

  @ParameterizedTest
  @EnumSource(value = SmallNetwork.class, mode = EnumSource.Mode.EXCLUDE, names = "BATCH_NORM")
  void goingOnWithSomeIsAStepOverThoseAlone(SmallNetwork network) {
    for (Choice by : Choice.values()) {
      for (boolean ofClasses : new boolean[] {false, true}) {
        try (Backend backend = open(2);
            NetworkBench bench = new NetworkBench(backend, network.graph())) {
          int[] chosen = choose(bench, by, ofClasses);
          double norm2 = bench.step.await();
          double[] gradient = bench.flatGradients();
          double[] norms = NetworkBench.first(bench.step.records().squaredNorm(), CHOSEN);
          double alone = bench.backward(Mode.TRAINING, chosen);
          close("squared norm of the gradient", new double[] {norm2}, new double[] {alone});
          close("gradient", gradient, bench.flatGradients());
          close(
              "squared norm",
              norms,
              NetworkBench.first(bench.step.records().squaredNorm(), CHOSEN));
        }
      }
    }
  }

  /** Runs forward, the choice and backward; returns what was chosen, as it has to be. */
  private static int[] choose(NetworkBench bench, Choice by, boolean ofClasses) {
    bench.begin(Mode.TRAINING, 0, NetworkBench.all());
    bench.step.forward();
    bench.step.await();
    double[] scores = NetworkBench.first(scores(bench.step.records(), by), NetworkBench.SIZE);
    int[] ofClass = ofClasses ? someOfEachClass(bench) : new int[0];
    List<Integer> expected = highest(scores, bench.labels, ofClass);
    bench.begin(Mode.TRAINING, 0, NetworkBench.all());
    bench.step.forward();
    bench.step.choose(by, CHOSEN, ofClass);
    bench.step.backward();
    bench.step.await();
    int[] chosen = new int[CHOSEN];
    bench.step.records().chosen().get(0, chosen);
    assertThat(chosen).containsExactlyInAnyOrder(expected.stream().mapToInt(i -> i).toArray());
    return chosen;
  }

  private static FloatBuffer scores(StepRecords records, Choice by) {
    return switch (by) {
      case LOSS -> records.loss();
      case EL2N -> records.el2n();
      case MARGIN -> records.margin();
    };
  }

  /** As many of the first classes as there are, up to the number of all. */
  private static int[] someOfEachClass(NetworkBench bench) {
    int[] ofClass = new int[SmallNetwork.CLASSES];
    for (int given = 0, c = 0; given < CHOSEN; c = (c + 1) % ofClass.length) {
      int label = c;
      if (Arrays.stream(bench.labels).filter(l -> l == label).count() > ofClass[c]) {
        ofClass[c]++;
        given++;
      }
    }
    return ofClass;
  }

  private static List<Integer> highest(double[] scores, int[] labels, int[] ofClass) {
    List<Integer> ranked =
        IntStream.range(0, scores.length)
            .boxed()
            .sorted(Comparator.comparingDouble(i -> -scores[i]))
            .toList();
    if (ofClass.length == 0) {
      return ranked.subList(0, CHOSEN);
    }
    List<Integer> first = new ArrayList<>();
    for (int c = 0; c < ofClass.length; c++) {
      int label = c;
      ranked.stream().filter(i -> labels[i] == label).limit(ofClass[c]).forEach(first::add);
    }
    return first;
  }

  /**
   * The others stay in the statistics: what reads the normalised values has the gradients of a step
   * in which only the chosen weigh anything.
   */
  @Test
  void aChoiceBehindABatchNormKeepsTheStatisticsOfAll() {
    try (Backend backend = open(2);
        NetworkBench bench = new NetworkBench(backend, SmallNetwork.BATCH_NORM.graph())) {
      int[] chosen = choose(bench, Choice.LOSS, false);
      List<double[]> behind = gradientsBehind(bench);
      for (int i = 0; i < NetworkBench.SIZE; i++) {
        int sample = i;
        if (Arrays.stream(chosen).noneMatch(c -> c == sample)) {
          bench.planWeights[i] = 0;
        }
      }
      bench.backward(Mode.TRAINING, NetworkBench.all());
      List<double[]> expected = gradientsBehind(bench);
      for (int p = 0; p < expected.size(); p++) {
        close("gradient " + p, behind.get(p), expected.get(p));
      }
    }
  }

  /** Of the norm's weight and bias, and of what comes after. */
  private static List<double[]> gradientsBehind(NetworkBench bench) {
    List<double[]> gradients = new ArrayList<>();
    for (int p = 1; p < bench.step.gradients().parameters().size(); p++) {
      gradients.add(NetworkBench.doubles(bench.step.gradients().read(p)));
    }
    return gradients;
  }

  @Test
  void aChoiceThatTheBatchCannotGiveIsRefused() {
    try (Backend backend = open(1);
        NetworkBench bench = new NetworkBench(backend, SmallNetwork.CONVOLUTION.graph())) {
      bench.begin(Mode.TRAINING, 0, NetworkBench.all());
      bench.step.forward();
      int[] ofClass = {NetworkBench.SIZE + 1, 0, 0};
      assertThatThrownBy(() -> bench.step.choose(Choice.LOSS, NetworkBench.SIZE + 1, new int[0]))
          .isInstanceOf(RuntimeException.class)
          .hasMessageContaining("choose");
      assertThatThrownBy(() -> bench.step.choose(Choice.LOSS, 2, ofClass))
          .isInstanceOf(RuntimeException.class)
          .hasMessageContaining("choose");
      bench.step.await();
    }
  }

  // ---- parts of a step

  @ParameterizedTest
  @EnumSource(value = SmallNetwork.class, mode = EnumSource.Mode.EXCLUDE, names = "BATCH_NORM")
  void aStepInPartsIsTheStepOverTheWhole(SmallNetwork network) {
    try (Backend backend = open(2);
        NetworkBench whole = new NetworkBench(backend, network.graph());
        NetworkBench parts = new NetworkBench(backend, network.graph())) {
      // The second step meets a momentum; clipping is by the norm of the whole.
      for (long count = 1; count <= 2; count++) {
        double expected = queue(whole, count, NetworkBench.all());
        double norm2 =
            queue(parts, count, new int[] {0, 1, 2, 3}, new int[] {4, 5, 6}, new int[] {7, 8});
        close("squared norm", new double[] {norm2}, new double[] {expected});
        close("gradient", parts.flatGradients(), whole.flatGradients());
        close("weights", parts.flatWeights(), whole.flatWeights());
      }
    }
  }

  /** Runs a step in parts to its update; returns the squared norm of the whole gradient. */
  private static double queue(NetworkBench bench, long count, int[]... parts) {
    double norm2 = 0;
    for (int part = 0; part < parts.length; part++) {
      bench.begin(Mode.TRAINING, -1, parts[part]);
      bench.step.forward();
      bench.step.backward();
      if (parts.length > 1) {
        bench.step.accumulate(part == 0, part == parts.length - 1);
      }
      if (part == parts.length - 1) {
        bench.step.update(0.1, NetworkBench.SIZE * 2, 0.05, count);
      }
      norm2 = bench.step.await();
    }
    return norm2;
  }

  // ---- batch norm

  @Test
  void evaluationWithTheStatisticsOfTheBatchIsTraining() {
    Graph graph = SmallNetwork.BATCH_NORM.graph();
    try (Backend backend = open(2);
        NetworkBench bench = new NetworkBench(backend, graph)) {
      int mean = runningMean(graph);
      double[] before = NetworkBench.doubles(bench.weights.read(mean));
      bench.begin(Mode.EVALUATION, 1, NetworkBench.all());
      bench.step.forward();
      bench.step.await();
      close("running mean", NetworkBench.doubles(bench.weights.read(mean)), before);
      double trained = step(bench, 0);
      close("running mean", NetworkBench.doubles(bench.weights.read(mean)), before);
      step(bench, 0.25);
      double[] quarter = NetworkBench.doubles(bench.weights.read(mean));
      step(bench, 1);
      double[] whole = NetworkBench.doubles(bench.weights.read(mean));
      double[] between = new double[before.length];
      Arrays.setAll(between, c -> before[c] + 0.25 * (whole[c] - before[c]));
      close("running mean", quarter, between);
      // Running variances are unbiased, training divides by the count.
      Node statistics = statistics(graph);
      double count = NetworkBench.SIZE * graph.value(statistics.input()).positions();
      float[] variance = bench.weights.read(mean + 1);
      for (int c = 0; c < variance.length; c++) {
        variance[c] *= (float) ((count - 1) / count);
      }
      bench.weights.write(mean + 1, variance);
      double evaluated = bench.loss(Mode.EVALUATION, NetworkBench.all());
      close("loss", new double[] {evaluated}, new double[] {trained});
    }
  }

  /** A forward pass in training; returns the loss. */
  private static double step(NetworkBench bench, double statisticsMomentum) {
    bench.begin(Mode.TRAINING, statisticsMomentum, NetworkBench.all());
    bench.step.forward();
    bench.step.await();
    double loss = 0;
    for (int i = 0; i < NetworkBench.SIZE; i++) {
      loss += bench.planWeights[i] * bench.step.records().loss().get(i);
    }
    return loss;
  }

  private static Node statistics(Graph graph) {
    return graph.nodes().stream()
        .filter(node -> node.kind() instanceof Kind.BatchNormStatistics)
        .findFirst()
        .orElseThrow();
  }

  /** The parameter; the running variance comes next. */
  private static int runningMean(Graph graph) {
    return statistics(graph).parameter(0);
  }
}
