package io.gradsieve.train;

import io.gradsieve.GradsieveException;
import io.gradsieve.backend.Backend;
import io.gradsieve.backend.Backends;
import io.gradsieve.backend.CompiledStep;
import io.gradsieve.backend.Resources;
import io.gradsieve.config.TrainingConfig;
import io.gradsieve.graph.Graph;
import io.gradsieve.nn.Network;
import io.gradsieve.plan.StepPlan;
import io.gradsieve.sieve.RankShare;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * What a run works on: data, network, compiled step. Opened in that order, closed in reverse. A
 * checkpoint may be restored into its state before a {@link Trainer} is made of it; what was
 * trained is there until it is closed.
 */
public final class TrainingSession implements AutoCloseable {
  private final Resources resources = new Resources();
  private final TrainingConfig config;
  private final Backend backend;
  private final Network network;
  private final StepPlan plan;
  private final CompiledStep step;
  private final Batches batches;
  private final ForwardPass pass;
  private final Evaluator evaluator;
  private final TrainingState state;
  private final StopRequest stop;

  private TrainingSession(PreparedTraining prepared, StopRequest stop) {
    this.config = prepared.config();
    this.stop = stop;
    try {
      backend = Backends.open(config.device(), config.threads(), config.precision());
      resources.add(backend::close);
      network = Network.create(prepared.spec(), backend::parameters, config.seed());
      resources.add(network::close);
      prepared.weights().ifPresent(network::load);
      plan = plan(backend, network, prepared);
      step = backend.compile(plan, network.weights(), Optional.of(config.optimizer()));
      resources.add(step::close);
      batches =
          new Batches(
              prepared.data().dataset(),
              config.augment(),
              prepared.data().userWeights(),
              step,
              capacity(prepared));
      resources.add(batches::close);
      pass = new ForwardPass(step, batches, stop);
      evaluator = new Evaluator(pass, stop);
      state = new TrainingState(config, prepared.data(), backend, network, step);
      resources.add(state.learned::close);
    } catch (RuntimeException e) {
      throw resources.abandon(e);
    }
  }

  /**
   * Opens everything; nothing is trained yet.
   *
   * @param stop ends a training, or a pass, before its end
   */
  public static TrainingSession open(PreparedTraining prepared, StopRequest stop) {
    return new TrainingSession(prepared, stop);
  }

  /** How a training runs a step. */
  public static StepPlan plan(Backend backend, Network network, PreparedTraining prepared) {
    TrainingConfig config = prepared.config();
    Graph graph = network.graph(config.labelSmoothing(), prepared.data().dataset().bytes());
    return backend.plan(graph, capacity(prepared), true, config.norms());
  }

  /** Samples a step takes at once. */
  private static int capacity(PreparedTraining prepared) {
    return Math.min(prepared.config().partSize(), prepared.data().train().length);
  }

  /** Where the training stands. */
  public TrainingState state() {
    return state;
  }

  StopRequest stop() {
    return stop;
  }

  /** The plan that the step was compiled of. */
  public StepPlan plan() {
    return plan;
  }

  public CompiledStep step() {
    return step;
  }

  public Batches batches() {
    return batches;
  }

  /** Passes over samples with the weights as they are. */
  ForwardPass pass() {
    return pass;
  }

  /** What this worker takes of every step. */
  RankShare share() {
    return RankShare.WHOLE;
  }

  /** The end of a run whose step, weights or evaluation are not finite. */
  GradsieveException.Diverged diverged(
      GradsieveException.Diverged cause, Optional<Path> lastCheckpoint) {
    // Evaluation comes after the last step.
    int step = Math.min(state.step + 1, state.plan.steps());
    return new GradsieveException.Diverged(
        "training diverged in epoch %d, step %d: %s; %s; a lower --lr or --clip-norm 1 helps"
            .formatted(state.epoch, step, cause.getMessage(), good(lastCheckpoint)),
        cause);
  }

  /** For a message about a run that diverged. */
  private static String good(Optional<Path> lastCheckpoint) {
    return lastCheckpoint
        .map(path -> "the last good checkpoint is " + path)
        .orElse("there is no checkpoint yet");
  }

  /**
   * Lets a filter learn if one is due before {@code epoch}.
   *
   * @return false if asked to stop before the end
   */
  boolean learn(int epoch, Optional<RankTeacher> teacher, Supplier<Optional<Path>> lastCheckpoint) {
    try {
      return state.learned.learn(state, epoch, teacher, stop);
    } catch (GradsieveException.Diverged e) {
      throw new GradsieveException.Diverged(
          "the filter of --sieve learned diverged before epoch %d; %s; are the inputs of very different sizes? standardise them, or choose another --sieve"
              .formatted(epoch, good(lastCheckpoint.get())),
          e);
    }
  }

  /** Adds a step's time; the first tenth of an epoch counts as warm-up. */
  void measure(int samples, double seconds) {
    EpochTotals totals = state.epochTotals;
    totals.seconds += seconds;
    if (state.step > state.plan.steps() / 10) {
      totals.warmSeconds += seconds;
      totals.warmKept += samples;
    }
  }

  /** Throws {@code Diverged} if a weight is not finite. */
  void checkWeights() {
    Optional<Float> weight = network.weights().notFinite();
    if (weight.isPresent()) {
      throw new GradsieveException.Diverged("a weight is " + weight.get());
    }
  }

  /** Loss and accuracy on validation and test part; less if asked to stop. */
  Evaluations evaluate(int epoch) {
    Optional<Evaluation> validation = evaluator.evaluate(state.data.validation());
    Optional<Evaluation> test = evaluator.evaluate(state.data.test());
    var policy = config.policy();
    boolean biased = !policy.unbiased() && policy.filtering().filters(epoch, config.epochs());
    Optional<Double> recalibrated =
        test.isPresent() && biased && network.hasBatchNorm()
            ? recalibrated(epoch)
            : Optional.empty();
    return new Evaluations(validation, test, recalibrated);
  }

  /** Test accuracy with running statistics measured anew; puts the old ones back. */
  private Optional<Double> recalibrated(int epoch) {
    List<float[]> before = network.parameters().running();
    try {
      pass.recalibrate(state.data.train(), config.seed(), epoch);
      return evaluator.evaluate(state.data.test()).map(Evaluation::accuracy);
    } finally {
      network.parameters().setRunning(before);
    }
  }

  TrainingResult result(Evaluations last, Optional<Path> lastCheckpoint) {
    RunTotals totals = state.runTotals;
    int samples = state.data.train().length;
    int finished = (int) totals.epochs;
    boolean comparable = totals.filteredEpochs > 0 && totals.fullSamples > 0;
    return new TrainingResult(
        config.out(),
        finished,
        state.epochTotals.meanLoss(),
        state.epochTotals.accuracy(),
        last.validation(),
        last.test(),
        last.recalibrated(),
        totals.skipped(),
        totals.seconds,
        comparable ? Optional.of(totals.timeSaved(samples)) : Optional.empty(),
        comparable ? Optional.of(totals.fullEpochSeconds(samples)) : Optional.empty(),
        finished < config.epochs() ? stop.signal() : 0,
        lastCheckpoint,
        state.learned.filter().flatMap(RankModel::correlation));
  }

  @Override
  public void close() {
    resources.close();
  }
}
