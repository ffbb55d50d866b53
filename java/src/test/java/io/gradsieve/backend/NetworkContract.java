package io.gradsieve.backend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.gradsieve.GradsieveException;
import io.gradsieve.RandomBits;
import io.gradsieve.TestSeed;
import io.gradsieve.backend.CompiledStep.Choice;
import io.gradsieve.backend.CompiledStep.Mode;
import io.gradsieve.backend.CompiledStep.Place;
import io.gradsieve.data.SampleShape;
import io.gradsieve.data.SampleStore;
import io.gradsieve.data.augment.Augment;
import io.gradsieve.graph.FlatParameters;
import io.gradsieve.graph.Graph;
import io.gradsieve.graph.Kind;
import io.gradsieve.graph.Node;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * The part of the backends' contract that is about kinds of layers and what a step does beside one
 * pass over one batch. What is compared is always a backend's own numbers by two ways; that they
 * are also PyTorch's is another test's, of the stored results.
 */
public abstract class NetworkContract {
  private static final int CHOSEN = 4;

  /** Opens the backend under test with so many threads. */
  protected abstract Backend open(int threads);

  // ---- gradients and norms

  @ParameterizedTest
  @EnumSource(SmallNetwork.class)
  void aParametersGradientIsTheSlopeOfTheLossAlongIt(SmallNetwork network) {
    try (Backend backend = open(2)) {
      GradientCheck.slopes(backend, network.graph());
    }
  }

  @ParameterizedTest
  @EnumSource(SmallNetwork.class)
  void aSamplesNormAndRecordsAreThoseOfABatchOfItAlone(SmallNetwork network) {
    try (Backend backend = open(2)) {
      GradientCheck.samples(backend, network.graph(), Mode.EVALUATION);
      if (network.samplesStandAlone()) {
        GradientCheck.samples(backend, network.graph(), Mode.TRAINING);
      }
    }
  }

  // ---- choice

  @ParameterizedTest
  @EnumSource(value = SmallNetwork.class, mode = EnumSource.Mode.EXCLUDE, names = "BATCH_NORM")
  void goingOnWithSomeIsAStepOverThoseAlone(SmallNetwork network) {
    for (Choice by : Choice.values()) {
      for (boolean ofClasses : new boolean[] {false, true}) {
        try (Backend backend = open(2);
            NetworkBench bench = new NetworkBench(backend, network.graph())) {
          Chosen chosen = choose(bench, by, ofClasses);
          double[] gradient = bench.flatGradients();
          double[] norms = NetworkBench.first(bench.step.records().squaredNorm(), CHOSEN);
          double alone = bench.backward(Mode.TRAINING, chosen.samples());
          GradientCheck.close(
              "squared norm of the gradient", new double[] {chosen.norm2()}, new double[] {alone});
          GradientCheck.close("gradient", gradient, bench.flatGradients());
          GradientCheck.close(
              "squared norm",
              norms,
              NetworkBench.first(bench.step.records().squaredNorm(), CHOSEN));
        }
      }
    }
  }

  /** What a step went on with, and the squared norm of its gradient. */
  private record Chosen(int[] samples, double norm2) {}

  /** Runs forward, the choice and backward, and checks what was chosen. */
  private static Chosen choose(NetworkBench bench, Choice by, boolean ofClasses) {
    bench.begin(Mode.TRAINING, 0, NetworkBench.all());
    bench.step.forward();
    bench.step.await();
    double[] scores =
        NetworkBench.first(Ranking.scores(bench.step.records(), by), NetworkBench.SIZE);
    int[] ofClass =
        ofClasses ? Ranking.ofClasses(CHOSEN, SmallNetwork.CLASSES, bench.labels) : new int[0];
    List<Integer> expected = Ranking.highest(scores, CHOSEN, ofClass, bench.labels);
    bench.begin(Mode.TRAINING, 0, NetworkBench.all());
    bench.step.forward();
    bench.step.choose(by, CHOSEN, ofClass);
    bench.step.backward();
    double norm2 = bench.step.await();
    int[] chosen = new int[CHOSEN];
    bench.step.records().backwardRows().get(0, chosen);
    assertThat(chosen).containsExactlyInAnyOrder(expected.stream().mapToInt(i -> i).toArray());
    return new Chosen(chosen, norm2);
  }

  /**
   * The others stay in the statistics: what reads the normalised values has the gradients of a step
   * in which only the chosen weigh anything.
   */
  @Test
  void aChoiceBehindABatchNormKeepsTheStatisticsOfAll() {
    try (Backend backend = open(2);
        NetworkBench bench = new NetworkBench(backend, SmallNetwork.BATCH_NORM.graph())) {
      int[] chosen = choose(bench, Choice.LOSS, false).samples();
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
        GradientCheck.close("gradient " + p, behind.get(p), expected.get(p));
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
        GradientCheck.close("squared norm", new double[] {norm2}, new double[] {expected});
        GradientCheck.close("gradient", parts.flatGradients(), whole.flatGradients());
        GradientCheck.close("weights", parts.flatWeights(), whole.flatWeights());
      }
    }
  }

  /** Runs a step in parts to its update; returns the squared norm of the whole gradient. */
  private static double queue(NetworkBench bench, long count, int[]... parts) {
    double norm2 = 0;
    for (int part = 0; part < parts.length; part++) {
      bench.begin(Mode.TRAINING, -1, parts[part]);
      bench.step.forward();
      bench.step.backward(Place.of(part == 0, part == parts.length - 1));
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
      GradientCheck.close("running mean", NetworkBench.doubles(bench.weights.read(mean)), before);
      double trained = step(bench, 0);
      GradientCheck.close("running mean", NetworkBench.doubles(bench.weights.read(mean)), before);
      step(bench, 0.25);
      double[] quarter = NetworkBench.doubles(bench.weights.read(mean));
      step(bench, 1);
      double[] whole = NetworkBench.doubles(bench.weights.read(mean));
      double[] between = new double[before.length];
      Arrays.setAll(between, c -> before[c] + 0.25 * (whole[c] - before[c]));
      GradientCheck.close("running mean", quarter, between);
      // Running variances are unbiased, training divides by the count.
      Node statistics = statistics(graph);
      double count = NetworkBench.SIZE * graph.value(statistics.input()).positions();
      float[] variance = bench.weights.read(mean + 1);
      for (int c = 0; c < variance.length; c++) {
        variance[c] *= (float) ((count - 1) / count);
      }
      bench.weights.write(mean + 1, variance);
      double evaluated = bench.loss(Mode.EVALUATION, NetworkBench.all());
      GradientCheck.close("loss", new double[] {evaluated}, new double[] {trained});
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

  // ---- inputs and times

  @ParameterizedTest
  @EnumSource(Augment.class)
  void anAugmentedSampleIsTheOneThatItsDrawMakes(Augment augment) {
    RandomBits bits = RandomBits.of(TestSeed.of(3), "augmented", 0);
    SampleShape shape = new SampleShape(2, 6, 6);
    SampleStore plain = new SampleStore("test", NetworkBench.SIZE, shape.elements());
    SampleStore changed = new SampleStore("test", NetworkBench.SIZE, shape.elements());
    byte[] sample = new byte[shape.elements()];
    byte[] expected = new byte[sample.length];
    for (int i = 0; i < NetworkBench.SIZE; i++) {
      for (int e = 0; e < sample.length; e++) {
        sample[e] = (byte) bits.at(i).below(e, 256);
      }
      plain.set(i, sample);
      augment.apply(bits.bits(i), sample, 6, 6, 2, expected);
      changed.set(i, expected);
    }
    try (Backend backend = open(2);
        NetworkBench bench = new NetworkBench(backend, SmallNetwork.bytes())) {
      float[][] losses = new float[2][NetworkBench.SIZE];
      for (int run = 0; run < 2; run++) {
        try (StepInput input = bench.step.newInput(run == 0 ? plain : changed, shape)) {
          for (int i = 0; i < NetworkBench.SIZE; i++) {
            input.sample(i, i, run == 0 ? augment : Augment.NONE, bits.bits(i));
            input.sampleWeights().put(i, 1);
          }
          bench.step.begin(input, NetworkBench.SIZE, Mode.EVALUATION, 1, 1, 0);
          bench.step.forward();
          bench.step.await();
          bench.step.records().loss().get(0, losses[run]);
        }
      }
      assertThat(losses[0]).containsExactly(losses[1]);
    }
  }

  @Test
  void aMeasuredStepSaysWhenEverySegmentRan() {
    try (Backend backend = open(2);
        NetworkBench bench = new NetworkBench(backend, SmallNetwork.RESIDUAL.graph())) {
      StepTimes times = bench.step.measure();
      long before = System.nanoTime();
      queue(bench, 1, NetworkBench.all());
      long after = System.nanoTime();
      for (int thread = 0; thread < times.threads(); thread++) {
        for (int segment = 0; segment < times.segments(); segment++) {
          for (StepTimes.Phase phase : StepTimes.Phase.values()) {
            long began = times.began(thread, segment, phase);
            long ended = times.ended(thread, segment, phase);
            assertThat(began).isBetween(before, ended);
            assertThat(ended).isLessThanOrEqualTo(after);
            assertThat(times.waited(thread, segment, phase)).isBetween(0L, ended - began);
          }
        }
      }
    }
  }

  // ---- divergence

  @Test
  void aStepThatDivergesMovesNoRunningStatistic() {
    try (Backend backend = open(2);
        NetworkBench bench = new NetworkBench(backend, SmallNetwork.BATCH_NORM.graph())) {
      bench.weights.write(0, nanAt0(bench.weights.read(0)));
      float[] before = FlatParameters.read(bench.weights);
      bench.begin(Mode.TRAINING, -1, NetworkBench.all());
      bench.step.forward();
      bench.step.backward();
      bench.step.update(0.1, NetworkBench.SIZE, 0, 1);
      assertThatThrownBy(bench.step::await).isInstanceOf(GradsieveException.Diverged.class);
      assertThat(FlatParameters.read(bench.weights)).containsExactly(before);
    }
  }

  private static float[] nanAt0(float[] values) {
    values[0] = Float.NaN;
    return values;
  }
}
