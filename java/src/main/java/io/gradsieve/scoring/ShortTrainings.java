package io.gradsieve.scoring;

import io.gradsieve.GradsieveException;
import io.gradsieve.config.CommandOptions;
import io.gradsieve.config.Option;
import io.gradsieve.config.Options;
import io.gradsieve.config.Settings;
import io.gradsieve.config.SettingsReader;
import io.gradsieve.config.TrainingConfig;
import io.gradsieve.data.Dataset;
import io.gradsieve.data.PartName;
import io.gradsieve.data.Split;
import io.gradsieve.nn.Models;
import io.gradsieve.run.Preparation;
import io.gradsieve.run.ProgressReport;
import io.gradsieve.sieve.MeanScores;
import io.gradsieve.sieve.ScoreTable;
import io.gradsieve.train.PreparedTraining;
import io.gradsieve.train.StopRequest;
import io.gradsieve.train.Trainer;
import io.gradsieve.train.TrainingEvent.EpochFinished;
import io.gradsieve.train.TrainingListener;
import io.gradsieve.train.TrainingSession;
import java.io.File;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.stream.IntStream;

/**
 * {@code score --runs}, {@code score --folds} and {@code issues}: scores from trainings of their
 * own, one after another, without a sieve and without files. Everything else is as {@code train}
 * has it for the data, or as a run had it.
 */
final class ShortTrainings {
  private static final int EPOCHS_OF_RUNS = 2;
  private static final double NANOS = 1e-9;

  /** Options of {@code score} that its trainings take over. */
  private static final List<Option<?>> TAKEN =
      List.of(
          Options.DATA,
          Options.DATA_DIR,
          Options.LABEL,
          Options.ID,
          Options.IGNORE,
          Options.WEIGHT,
          Options.TRAINED_MODEL,
          Options.DEVICE,
          Options.THREADS,
          Options.PRECISION,
          Options.SEED,
          Options.SHORT_EPOCHS);

  private final PreparedTraining prepared;
  private final boolean norms;
  private final List<TrainingListener> listeners;
  private final StopRequest stop;
  private final Consumer<String> progress;
  private final long started = System.nanoTime();

  /** Follows the request to stop, and ends one training besides. */
  private final class Ending extends StopRequest {
    @Override
    public boolean asked() {
      return super.asked() || stop.asked();
    }
  }

  /**
   * Opens the data.
   *
   * @param config of each training
   * @param norms whether gradient norms are wanted
   * @param listeners told of every training
   * @param progress takes a line for each training
   * @param notes takes what there is to tell of the data
   */
  ShortTrainings(
      TrainingConfig config,
      boolean norms,
      List<TrainingListener> listeners,
      StopRequest stop,
      Consumer<String> progress,
      Consumer<String> notes) {
    prepared = Preparation.of(config);
    Preparation.remarks(prepared).forEach(notes);
    this.norms = norms;
    this.listeners = listeners;
    this.stop = stop;
    this.progress = progress;
  }

  /** Whether the options ask for trainings; throws {@code Usage} where others contradict that. */
  static boolean asked(Settings settings) {
    boolean runs = settings.given(Options.RUNS);
    boolean folds = settings.given(Options.FOLDS);
    if (runs && folds) {
      throw new GradsieveException.Usage(
          "--runs and --folds contradict each other: means of runs, or held-out scores; leave one out");
    }
    if (!runs && !folds) {
      if (settings.given(Options.SHORT_EPOCHS)) {
        throw new GradsieveException.Usage(
            "--epochs: given weights are scored as they are; it needs --runs or --folds");
      }
      return false;
    }
    String option = runs ? "--runs" : "--folds";
    if (settings.given(Options.TRAINED_WEIGHTS)) {
      throw new GradsieveException.Usage(
          "--weights: %s trains networks of its own; leave one out".formatted(option));
    }
    Optional<String> model = settings.find(Options.TRAINED_MODEL);
    if (model.isPresent()
        && !Models.NAMES.contains(model.get())
        && new File(model.get()).isDirectory()) {
      throw new GradsieveException.Usage(
          "--model %s: is trained already, and %s trains networks of its own; name a built-in model or a YAML file"
              .formatted(model.get(), option));
    }
    if (settings.get(Options.SCORE_SPLIT) != PartName.TRAIN) {
      throw new GradsieveException.Usage(
          "--split %s: %s scores the training part; leave one out"
              .formatted(settings.get(Options.SCORE_SPLIT).key(), option));
    }
    return true;
  }

  /** What {@code score} is asked for; empty if asked to stop before the end. */
  Optional<ScoredSamples> score(Settings settings) {
    return settings.given(Options.RUNS)
        ? averaged(settings.get(Options.RUNS))
        : heldOut(settings.get(Options.FOLDS), false);
  }

  /** That {@code train} has for these settings of {@code score} or {@code issues}. */
  static TrainingConfig config(Settings settings) {
    List<String> assignments = new ArrayList<>(List.of("sieve=none", "validation=0"));
    if (settings.given(Options.RUNS)) {
      assignments.add("epochs=" + EPOCHS_OF_RUNS);
    }
    for (Option<?> option : TAKEN) {
      settings
          .setting(option)
          .ifPresent(setting -> assignments.add(option.name() + "=" + setting.text()));
    }
    return new TrainingConfig(
        new SettingsReader("train", CommandOptions.TRAIN).sets(assignments).resolve());
  }

  /** The data that is scored. */
  Dataset data() {
    return prepared.data().dataset();
  }

  /** How many training samples each class has, [K]. */
  int[] classSizes() {
    int[] sizes = new int[data().classes().size()];
    for (int c : prepared.data().trainClasses()) {
      sizes[c]++;
    }
    return sizes;
  }

  private Optional<ScoredSamples> averaged(int runs) {
    int[] samples = prepared.data().train();
    int[] rows = ScoredSamples.allRows(samples.length);
    PreparedTraining training = prepared.on(samples);
    long seed = prepared.config().seed();
    MeanScores means = new MeanScores(prepared.data().trainClasses(), norms);
    for (int run = 0; run < runs; run++) {
      ScoreTable scored = ScoreTable.forScoring(samples.length, norms, false, seed + run);
      Optional<ScoreTable> trained =
          train(training.withSeed(seed + run), samples, rows, scored, false);
      if (trained.isEmpty()) {
        return Optional.empty();
      }
      means.add(trained.get(), scored);
      tell("run", run + 1, runs, scored, rows);
    }
    return Optional.of(new ScoredSamples(prepared.data().dataset(), samples, means.table()));
  }

  /**
   * Every sample of the training part as a network scores it that was trained on the other folds;
   * empty if asked to stop before the end.
   *
   * @param early whether the networks are those of the end of the early epochs, which know no label
   *     by heart, in place of those of the end
   * @throws GradsieveException.Usage if a class has fewer samples than there are folds
   */
  Optional<ScoredSamples> heldOut(int folds, boolean early) {
    int[] samples = prepared.data().train();
    Dataset data = data();
    checkClasses(folds);
    long seed = prepared.config().seed();
    ScoreTable table = ScoreTable.forScoring(samples.length, norms, true, seed);
    List<Fold> cut = folds(data, samples, folds, seed);
    for (int fold = 0; fold < folds; fold++) {
      Fold now = cut.get(fold);
      if (train(prepared.on(now.others), now.held, now.rows, table, early).isEmpty()) {
        return Optional.empty();
      }
      tell("fold", fold + 1, folds, table, now.rows);
    }
    return Optional.of(new ScoredSamples(data, samples, table));
  }

  /**
   * A part of the samples that is scored by a network that has not seen them.
   *
   * @param rows of the table
   * @param held positions in the data set of those rows
   * @param others positions of all others, which it is trained on
   */
  record Fold(int[] rows, int[] held, int[] others) {}

  /** Cuts samples, stratified by class. */
  static List<Fold> folds(Dataset data, int[] samples, int count, long seed) {
    int[] foldOf = Split.folds(data, samples, count, seed);
    return IntStream.range(0, count).mapToObj(fold -> fold(samples, foldOf, fold)).toList();
  }

  private static Fold fold(int[] samples, int[] foldOf, int fold) {
    int[] rows = IntStream.range(0, samples.length).filter(i -> foldOf[i] == fold).toArray();
    int[] held = Arrays.stream(rows).map(i -> samples[i]).toArray();
    int[] others =
        IntStream.range(0, samples.length)
            .filter(i -> foldOf[i] != fold)
            .map(i -> samples[i])
            .toArray();
    return new Fold(rows, held, others);
  }

  private void checkClasses(int folds) {
    Dataset data = data();
    int[] sizes = classSizes();
    for (int c = 0; c < sizes.length; c++) {
      if (sizes[c] > 0 && sizes[c] < folds) {
        throw new GradsieveException.Usage(
            "--folds %d: every fold needs a sample of every class, and class '%s' of %s has only %d to train; at most that many folds, and at least 2"
                .formatted(folds, data.classes().get(c), data.name(), sizes[c]));
      }
    }
  }

  /**
   * Trains, and scores samples with the weights of the end.
   *
   * @param early whether the end is that of the early epochs
   * @param scored takes the scores, in these rows
   * @return what the training itself recorded; empty if asked to stop before the end
   */
  private Optional<ScoreTable> train(
      PreparedTraining training, int[] samples, int[] rows, ScoreTable scored, boolean early) {
    StopRequest ending = new Ending();
    AtomicReference<Trainer> now = new AtomicReference<>();
    List<TrainingListener> following = new ArrayList<>(listeners);
    if (early) {
      following.add(
          new TrainingListener() {
            @Override
            public void epochFinished(EpochFinished event) {
              int epoch = event.metrics().epoch();
              if (now.get().position().scores().earlyEndedBy(epoch)) {
                ending.stop(1);
              }
            }
          });
    }
    try (TrainingSession trained = TrainingSession.open(training, ending)) {
      Trainer trainer = new Trainer(trained, following);
      now.set(trainer);
      trainer.run();
      if (!stop.asked()) {
        try (ScoringSession session = ScoringSession.of(trained, norms, stop)) {
          ScoredSamples.record(session, samples, rows, scored);
        }
      }
      return stop.asked() ? Optional.empty() : Optional.of(trainer.position().scores());
    } catch (GradsieveException.Diverged e) {
      throw new GradsieveException.Diverged(
          e.getMessage() + "; these are options of train: score its run by --model", e);
    }
  }

  private void tell(String what, int number, int count, ScoreTable table, int[] rows) {
    double seconds = (System.nanoTime() - started) * NANOS;
    progress.accept(
        String.format(
            Locale.ROOT,
            "%s %d/%d  loss %.3f  accuracy %.3f  left %s",
            what,
            number,
            count,
            ScoredSamples.meanLoss(table, rows),
            ScoredSamples.accuracy(table, rows),
            ProgressReport.duration(seconds / number * (count - number))));
  }
}
