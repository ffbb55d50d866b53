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
import java.util.List;
import java.util.Optional;

/**
 * What a run works on: data, network, compiled step. Opened in that order, closed in reverse. A
 * checkpoint's weights may be loaded before a {@link Trainer} is made of it; what was trained is
 * there until it is closed.
 */
public final class TrainingSession implements AutoCloseable {
  private final Resources resources = new Resources();
  private final TrainingConfig config;
  private final TrainingData data;
  private final Backend backend;
  private final Network network;
  private final StepPlan plan;
  private final CompiledStep step;
  private final Batches batches;
  private final ForwardPass pass;
  private final Evaluator evaluator;
  private final StopRequest stop;

  private TrainingSession(PreparedTraining prepared, StopRequest stop) {
    this.config = prepared.config();
    this.data = prepared.data();
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

  public TrainingConfig config() {
    return config;
  }

  public TrainingData data() {
    return data;
  }

  /** The device. */
  public Backend backend() {
    return backend;
  }

  /** What is trained; with the weights of the end after a training. */
  public Network network() {
    return network;
  }

  /** What ends a training after its step, and a pass between two batches. */
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

  /** Closes what a filter has learned when this is closed. */
  public <T extends RankModel> T own(T model) {
    resources.add(model::close);
    return model;
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
    Optional<Evaluation> validation = evaluator.evaluate(data.validation());
    Optional<Evaluation> test = evaluator.evaluate(data.test());
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
      pass.recalibrate(data.train(), config.seed(), epoch);
      return evaluator.evaluate(data.test()).map(Evaluation::accuracy);
    } finally {
      network.parameters().setRunning(before);
    }
  }

  @Override
  public void close() {
    resources.close();
  }
}
