package io.gradsieve.scoring;

import io.gradsieve.GradsieveException;
import io.gradsieve.backend.Backend;
import io.gradsieve.backend.Backends;
import io.gradsieve.backend.Resources;
import io.gradsieve.config.DataOptions;
import io.gradsieve.config.ModelRules;
import io.gradsieve.config.Options;
import io.gradsieve.config.Settings;
import io.gradsieve.config.Threads;
import io.gradsieve.data.DataRequest;
import io.gradsieve.data.Dataset;
import io.gradsieve.data.PartName;
import io.gradsieve.graph.ParameterValues;
import io.gradsieve.nn.Network;
import io.gradsieve.nn.NetworkSpec;
import io.gradsieve.run.ModelSource;
import io.gradsieve.sieve.ScoreTable;
import io.gradsieve.train.EvaluationSession;
import io.gradsieve.train.ForwardPass;
import io.gradsieve.train.StopRequest;
import io.gradsieve.train.TrainingSession;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;
import java.util.function.Consumer;

/** A trained network over a data set in evaluation mode, as options name them. */
public final class ScoringSession implements AutoCloseable {
  private final EvaluationSession evaluation;
  private final boolean backward;
  private final Optional<RunData> run;
  private final Resources resources;

  /**
   * {@code run} is the one that made the weights; {@code resources} are the evaluation and what
   * else was opened for it; closed with it.
   */
  private ScoringSession(
      EvaluationSession evaluation, boolean backward, Optional<RunData> run, Resources resources) {
    this.evaluation = evaluation;
    this.backward = backward;
    this.run = run;
    this.resources = resources;
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
    int threads = Threads.of(settings);
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
      EvaluationSession evaluation =
          new EvaluationSession(data, network, backend, backward, new StopRequest());
      resources.add(evaluation::close);
      return new ScoringSession(evaluation, backward, run, resources);
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
  static ScoringSession of(TrainingSession trained, boolean backward, StopRequest stop) {
    EvaluationSession evaluation =
        new EvaluationSession(
            trained.data().dataset(), trained.network(), trained.backend(), backward, stop);
    Resources resources = new Resources();
    resources.add(evaluation::close);
    return new ScoringSession(evaluation, backward, Optional.empty(), resources);
  }

  /**
   * A network over data that are there already; both stay the caller's.
   *
   * @param backward whether gradient norms are wanted
   */
  public static ScoringSession of(
      Dataset data, Network network, Backend backend, boolean backward) {
    EvaluationSession evaluation =
        new EvaluationSession(data, network, backend, backward, new StopRequest());
    Resources resources = new Resources();
    resources.add(evaluation::close);
    return new ScoringSession(evaluation, backward, Optional.empty(), resources);
  }

  /**
   * Scores samples, a row each.
   *
   * @param seed of {@link io.gradsieve.sieve.Score#RANDOM}
   */
  public ScoreTable score(int[] samples, long seed) {
    ScoreTable table = ScoreTable.forScoring(samples.length, backward, false, seed);
    ScoredSamples.record(this, samples, ScoredSamples.allRows(samples.length), table);
    return table;
  }

  /**
   * One pass over the samples, in order, or until asked to stop.
   *
   * @throws GradsieveException.BadData if a result is not finite
   */
  public void forEach(int[] samples, ForwardPass.Visitor visitor) {
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
  public void pass(int[] samples, boolean gradients, ForwardPass.Visitor visitor) {
    evaluation.pass(samples, gradients, visitor);
  }

  /** The scores file of the run that made the weights; empty if no run did. */
  Optional<Path> scores() {
    return run.flatMap(RunData::scores);
  }

  /** The network; who changes its weights puts them back. */
  public Network network() {
    return evaluation.network();
  }

  /** Sum of the samples' gradients of the batch last visited. */
  public ParameterValues gradients() {
    return evaluation.gradients();
  }

  public Dataset data() {
    return evaluation.data();
  }

  /** What the run that made the weights was trained on: this data or other. */
  Optional<RunData> run() {
    return run;
  }

  /** The samples of a part of the data set itself, as positions in it. */
  public int[] split(PartName part) {
    return switch (part) {
      case TRAIN -> data().train();
      case VALIDATION -> throw new IllegalArgumentException("only a run knows what it held out");
      case TEST -> data().test();
      case ALL -> {
        int[] all = new int[data().size()];
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
