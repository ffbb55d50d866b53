package io.gradsieve.train;

import io.gradsieve.GradsieveException;
import io.gradsieve.Internal;
import io.gradsieve.backend.Backend;
import io.gradsieve.backend.Backends;
import io.gradsieve.backend.CompiledStep;
import io.gradsieve.backend.Resources;
import io.gradsieve.config.TrainingConfig;
import io.gradsieve.graph.Graph;
import io.gradsieve.nn.Network;
import io.gradsieve.plan.StepPlan;
import io.gradsieve.sieve.EpochPlan;
import io.gradsieve.sieve.RankShare;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * What a run works on: data, network, compiled step. Opened in that order, closed in reverse. A
 * checkpoint's weights may be loaded before a {@link Trainer} is made of it; what was trained is
 * there until it is closed.
 */
@Internal
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
  private final Workers workers;

  private TrainingSession(PreparedTraining prepared, Workers workers) {
    this.config = prepared.config();
    this.data = prepared.data();
    this.workers = workers;
    try {
      backend =
          Backends.open(
              config.device(), config.threads(), config.precision(), workers.gradientMemory());
      resources.add(backend::close);
      network = Network.create(prepared.spec(), backend::parameters, config.seed());
      resources.add(network::close);
      prepared.weights().ifPresent(network::load);
      plan = plan(backend, network, prepared, workers.share());
      step = backend.compile(plan, network.weights(), Optional.of(config.optimizer()));
      resources.add(step::close);
      batches =
          new Batches(
              prepared.data().dataset(),
              config.augment(),
              prepared.data().userWeights(),
              step,
              capacity(prepared, workers.share()));
      resources.add(batches::close);
      pass = new ForwardPass(step, batches, workers);
      evaluator = new Evaluator(pass, workers);
      workers.join(step, config.workers().syncBatchNorm());
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
    return open(prepared, Workers.alone(stop));
  }

  /** The same for one of several workers. */
  public static TrainingSession open(PreparedTraining prepared, Workers workers) {
    return new TrainingSession(prepared, workers);
  }

  /** How a training by one worker runs a step. */
  public static StepPlan plan(Backend backend, Network network, PreparedTraining prepared) {
    return plan(backend, network, prepared, RankShare.WHOLE);
  }

  private static StepPlan plan(
      Backend backend, Network network, PreparedTraining prepared, RankShare share) {
    TrainingConfig config = prepared.config();
    Graph graph = network.graph(config.labelSmoothing(), prepared.data().dataset().bytes());
    return backend.plan(graph, capacity(prepared, share), true, config.norms());
  }

  /** Samples a step takes at once, of a worker's share. */
  private static int capacity(PreparedTraining prepared, RankShare share) {
    TrainingConfig config = prepared.config();
    int part = Math.min(config.partSize(), prepared.data().train().length);
    return config.growsBatch() ? part : Math.min(part, share.largest(config.batchSize()));
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

  /** All workers of the training. */
  Workers workers() {
    return workers;
  }

  /** What ends a training after its step. */
  StopRequest stop() {
    return workers.stop();
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

  /** How the steps of a plan are cut, for each worker by its rank. */
  List<List<MicroBatch>> parts(EpochPlan plan) {
    int world = workers.share().world();
    boolean balanced = plan.choosesInStep() && config.policy().filtering().balanced();
    return balanced
        ? MicroBatches.balanced(plan, config.partSize(), world, data)
        : MicroBatches.of(plan, config.partSize(), world);
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

  /**
   * With all steps awaited: gives every worker the mean of all running statistics, weighted by the
   * samples each has seen; where batch norm is not synchronised they differ.
   *
   * @param samples this worker has trained on since the last call
   */
  void shareRunning(long samples) {
    if (workers.alone() || !network.hasBatchNorm()) {
      return;
    }
    List<float[]> running = network.parameters().running();
    double[] sums = new double[1 + running.stream().mapToInt(each -> each.length).sum()];
    sums[0] = samples;
    int at = 1;
    for (float[] values : running) {
      for (float value : values) {
        sums[at++] = value * (double) samples;
      }
    }
    workers.sum(sums);
    at = 1;
    for (float[] values : running) {
      for (int i = 0; i < values.length && sums[0] > 0; i++) {
        values[i] = (float) (sums[at++] / sums[0]);
      }
    }
    network.parameters().setRunning(running);
  }

  /**
   * With all steps awaited: compares what all workers must have alike.
   *
   * @throws io.gradsieve.GradsieveException.PeerLost naming the rank where it differs
   */
  void compare(EpochPlan epochPlan, int epoch) {
    if (!workers.alone()) {
      workers.same("weights after epoch " + epoch, network.parameters().hash());
      workers.same("plan of epoch " + epoch, epochPlan.hash());
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
      RankShare share = workers.share();
      int[] train = data.train();
      int[] own = Arrays.copyOfRange(train, share.from(train.length), share.to(train.length));
      pass.recalibrate(own, share.largest(train.length), config.seed(), epoch);
      shareRunning(own.length);
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
