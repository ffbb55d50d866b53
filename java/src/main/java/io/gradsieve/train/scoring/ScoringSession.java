package io.gradsieve.train.scoring;

import io.gradsieve.GradsieveException;
import io.gradsieve.backend.Backend;
import io.gradsieve.backend.Backends;
import io.gradsieve.backend.CompiledStep;
import io.gradsieve.backend.CompiledStep.Mode;
import io.gradsieve.backend.Resources;
import io.gradsieve.backend.StepRecords;
import io.gradsieve.data.Batch;
import io.gradsieve.data.BatchLoader;
import io.gradsieve.data.DataRequest;
import io.gradsieve.data.Dataset;
import io.gradsieve.data.augment.Augment;
import io.gradsieve.graph.Graph;
import io.gradsieve.graph.ParameterValues;
import io.gradsieve.nn.Network;
import io.gradsieve.nn.NetworkSpec;
import io.gradsieve.plan.StepPlan;
import io.gradsieve.train.Batches;
import io.gradsieve.train.DataOptions;
import io.gradsieve.train.ModelRules;
import io.gradsieve.train.ModelSource;
import io.gradsieve.train.StopRequest;
import io.gradsieve.train.TrainingState;
import io.gradsieve.train.option.Options;
import io.gradsieve.train.option.Settings;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * A trained network over a data set in evaluation mode: every sample by itself, nothing drawn,
 * nothing learned.
 */
public final class ScoringSession implements AutoCloseable {
  /** Samples a pass, if memory allows. */
  private static final int LARGEST_BATCH = 256;

  /** Floats of intermediate values a pass may take: 512 MiB. */
  private static final long LARGEST_ARENA = 1L << 27;

  private final Resources resources;
  private final Dataset data;
  private final Network network;
  private final CompiledStep step;
  private final Batches batches;
  private final boolean backward;
  private final StopRequest stop;
  private final Optional<RunData> run;

  /**
   * {@code run} is the one that made the weights; {@code resources} are what else was opened for
   * it; closed with it.
   */
  private ScoringSession(
      Dataset data,
      Network network,
      Backend backend,
      boolean backward,
      StopRequest stop,
      Optional<RunData> run,
      Resources resources) {
    this.data = data;
    this.run = run;
    this.network = network;
    this.backward = backward;
    this.stop = stop;
    this.resources = resources;
    try {
      int capacity = LARGEST_BATCH;
      Graph graph = network.graph(0, data.bytes());
      StepPlan plan = backend.plan(graph, capacity, backward, backward);
      while (plan.arenaFloats() > LARGEST_ARENA && capacity > 1) {
        capacity /= 2;
        plan = backend.plan(graph, capacity, backward, backward);
      }
      step = backend.compile(plan, network.weights(), Optional.empty());
      resources.add(step::close);
      double[] ones = new double[data.size()];
      Arrays.fill(ones, 1);
      batches = new Batches(data, Augment.NONE, ones, step, capacity);
      resources.add(batches::close);
    } catch (RuntimeException e) {
      throw resources.abandon(e);
    }
  }

  /**
   * Opens model, data and device as the options say. Data options that were not given are those of
   * the run the model came from.
   *
   * @param backward whether gradients and their norms are wanted
   * @param notes takes what there is to tell of the data
   */
  public static ScoringSession open(
      Settings settings, DataRequest.Purpose purpose, boolean backward, Consumer<String> notes) {
    ModelSource source =
        ModelSource.trained(
            settings.find(Options.TRAINED_MODEL), settings.find(Options.TRAINED_WEIGHTS));
    Path weights =
        source
            .weights()
            .orElseThrow(
                () ->
                    new GradsieveException.Usage(
                        "--weights: none given; name a safetensors file or a run directory"));
    Settings effective = RunData.complete(settings, source);
    Dataset data = DataOptions.open(effective, purpose, source.rules(), notes);
    int threads =
        settings
            .find(Options.THREADS)
            .orElseGet(
                () -> Math.min(Options.MOST_THREADS, Runtime.getRuntime().availableProcessors()));
    Resources resources = new Resources();
    try {
      Backend backend =
          Backends.open(settings.get(Options.DEVICE), threads, settings.find(Options.PRECISION));
      resources.add(backend::close);
      NetworkSpec spec = ModelRules.with(source.spec(data), data.schema());
      Network network = Network.create(spec, backend::parameters, 0);
      resources.add(network::close);
      network.load(weights);
      Optional<RunData> run = RunData.of(weights, effective);
      return new ScoringSession(
          data, network, backend, backward, new StopRequest(), run, resources);
    } catch (RuntimeException e) {
      throw resources.abandon(e);
    }
  }

  /**
   * A network just trained, with the weights it has; they stay the run's.
   *
   * @param backward whether gradient norms are wanted
   * @param stop ends a pass before its end
   */
  static ScoringSession of(TrainingState trained, boolean backward, StopRequest stop) {
    return of(trained.data().dataset(), trained.network(), trained.backend(), backward, stop);
  }

  /** A network over a data set; network and backend stay the caller's. */
  public static ScoringSession of(
      Dataset data, Network network, Backend backend, boolean backward, StopRequest stop) {
    return new ScoringSession(
        data, network, backend, backward, stop, Optional.empty(), new Resources());
  }

  /** Takes the results of one batch; {@code first} is the row of its first sample. */
  @FunctionalInterface
  public interface Visitor {
    void batch(int first, Batch batch, StepRecords records);
  }

  /**
   * One pass over the samples, in order, or until asked to stop.
   *
   * @throws GradsieveException.BadData if a result is not finite
   */
  public void forEach(int[] samples, Visitor visitor) {
    try {
      pass(samples, backward, visitor);
    } catch (GradsieveException.Diverged e) {
      throw new GradsieveException.BadData(
          e.getMessage() + " with this model; are the weights or the data damaged?", e);
    }
  }

  /**
   * As {@link #forEach}, for weights that were changed and may be wild.
   *
   * @param gradients whether {@link #gradients} is wanted too; only if opened with backward
   * @throws GradsieveException.Diverged if a result is not finite; another pass may follow
   */
  public void pass(int[] samples, boolean gradients, Visitor visitor) {
    if (samples.length == 0) {
      return;
    }
    BatchLoader loader = batches.plain(samples);
    int first = 0;
    while (loader.hasNext() && !stop.asked()) {
      Batch batch = loader.next();
      try {
        if (!data.labelled()) {
          for (int i = 0; i < batch.size(); i++) {
            batch.slot().labels().put(i, 0);
          }
        }
        step.begin(batches.input(batch), batch.size(), Mode.EVALUATION, 0, 0, 0);
        step.forward();
        if (gradients) {
          step.backward();
        }
        batches.await(batch);
        visitor.batch(first, batch, step.records());
      } finally {
        loader.release(batch);
      }
      first += batch.size();
    }
    if (stop.asked()) {
      Batches.stop(loader);
    }
  }

  /** The scores file of the run that made the weights; empty if no run did. */
  Optional<Path> scores() {
    return run.flatMap(RunData::scores);
  }

  /** The network; who changes its weights puts them back. */
  public Network network() {
    return network;
  }

  /** Sum of the samples' gradients of the batch last visited. */
  public ParameterValues gradients() {
    return step.gradients();
  }

  public Dataset data() {
    return data;
  }

  /** What the run that made the weights was trained on: this data or other. */
  Optional<RunData> run() {
    return run;
  }

  /** The samples of {@code train}, {@code test} or {@code all}, as positions in the data set. */
  public int[] split(String name) {
    return switch (name) {
      case "train" -> data.train();
      case "test" -> data.test();
      default -> {
        int[] all = new int[data.size()];
        Arrays.setAll(all, i -> i);
        yield all;
      }
    };
  }

  @Override
  public void close() {
    resources.close();
  }
}
