package io.gradsieve.scoring;

import io.gradsieve.GradsieveException.BadData;
import io.gradsieve.GradsieveException.Usage;
import io.gradsieve.config.IssueOptions;
import io.gradsieve.config.Options;
import io.gradsieve.config.Settings;
import io.gradsieve.config.TrainingConfig;
import io.gradsieve.data.DataRequest.Purpose;
import io.gradsieve.data.Dataset;
import io.gradsieve.data.PartName;
import io.gradsieve.data.SubsetWriter;
import io.gradsieve.format.files.OutputFile;
import io.gradsieve.run.ModelSource;
import io.gradsieve.sieve.LabelVerdicts;
import io.gradsieve.sieve.SampleNames;
import io.gradsieve.sieve.ScoreColumns;
import io.gradsieve.sieve.ScoreRows;
import io.gradsieve.sieve.ScoreTable;
import io.gradsieve.train.StopRequest;
import io.gradsieve.train.TrainingListener;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.IntStream;

/**
 * {@code issues}: the training samples whose label is probably wrong, as networks tell that were
 * trained without them, or as a run found out by itself.
 */
public final class LabelIssues {
  private static final int FEWEST_FOLDS = 2;
  private static final int NOTHING_HELD_OUT = 1;

  /** Share of what a guess gets wrong that networks get right, if they know something. */
  private static final double LEAST_KNOWLEDGE = 0.5;

  private final Settings asked;
  private final Optional<ModelSource> source;
  private final Settings settings;
  private final Optional<Path> out;
  private final Consumer<String> notes;

  /** How its label came to be suspected. */
  public enum By {
    /** Networks that were trained without it. */
    HELD_OUT,
    /** The run, while it learned. */
    RUN,
    /** Weights as they are: they predict otherwise and give the label hardly any probability. */
    PREDICTION
  }

  /**
   * What was found.
   *
   * @param data as {@code --data} or the run names it
   * @param samples that were judged
   * @param folds how many trainings judged; 1: none
   * @param accuracy share of the samples whose given label is what is predicted
   * @param issues the most suspicious first
   * @param out where the others were written; empty: that was not asked for
   */
  public record Found(
      String data,
      By by,
      int samples,
      int folds,
      double accuracy,
      List<Issue> issues,
      Optional<Path> out) {

    /** How many samples are not suspected. */
    public int kept() {
      return samples - issues.size();
    }
  }

  /**
   * A sample; label and prediction are class names.
   *
   * @param index position in the original file
   * @param quality how far the label is trusted, in [0, 1]
   */
  public record Issue(String id, long index, String label, String predicted, float quality) {}

  private LabelIssues(Settings asked, Consumer<String> notes) {
    this.asked = asked;
    this.notes = notes;
    out = asked.find(IssueOptions.OUT).map(text -> OutputFile.of(text, "csv", "npz", "txt", "npy"));
    Optional<String> model = asked.find(Options.TRAINED_MODEL);
    Optional<String> weights = asked.find(Options.TRAINED_WEIGHTS);
    boolean named = model.isPresent() || weights.isPresent();
    source = named ? Optional.of(ModelSource.trained(model, weights)) : Optional.empty();
    settings = source.map(of -> RunData.complete(asked, of)).orElse(asked);
  }

  /**
   * Finds them, and writes the others if asked to; empty, and nothing written, if asked to stop.
   *
   * @param listeners told of every training
   * @param progress takes a line for each of them
   * @param notes takes what there is to tell of the data
   */
  public static Optional<Found> find(
      Settings settings,
      List<TrainingListener> listeners,
      StopRequest stop,
      Consumer<String> progress,
      Consumer<String> notes) {
    LabelIssues issues = new LabelIssues(settings, notes);
    return settings.get(IssueOptions.FOLDS) == NOTHING_HELD_OUT
        ? Optional.of(issues.ofRun())
        : issues.heldOut(listeners, stop, progress);
  }

  private Optional<Found> heldOut(
      List<TrainingListener> listeners, StopRequest stop, Consumer<String> progress) {
    ShortTrainings trainings =
        new ShortTrainings(config(), false, listeners, stop, progress, notes);
    checkFormat(trainings.data());
    int folds = folds(trainings);
    Optional<ScoredSamples> scored = trainings.heldOut(folds, true);
    scored.ifPresent(samples -> warn(samples.accuracy(), trainings.classSizes()));
    return scored.map(samples -> found(samples, By.HELD_OUT, folds));
  }

  /** Where networks are not much better than a guess, what contradicts them is no wrong label. */
  private void warn(double accuracy, int[] sizes) {
    double guess = (double) Arrays.stream(sizes).max().orElse(0) / Arrays.stream(sizes).sum();
    if (accuracy < guess + LEAST_KNOWLEDGE * (1 - guess)) {
      notes.accept(
          String.format(
              Locale.ROOT,
              "warning: networks with an accuracy of %.2f (a guess: %.2f) suspect right labels too; train a better one, and name its run by --model",
              accuracy,
              guess));
    }
  }

  /** Of the run that was named, else what {@code train} has for the data. */
  private TrainingConfig config() {
    boolean run = source.flatMap(ModelSource::run).isPresent();
    if (asked.given(Options.TRAINED_WEIGHTS) && (asked.given(Options.TRAINED_MODEL) || !run)) {
      throw new Usage(
          "--weights: held-out networks are trained anew; leave it out, or --folds 1 takes these weights as they are");
    }
    Optional<Path> config = source.flatMap(RunData::config);
    if (config.isPresent()) {
      notes.accept(
          "held out: trained again as %s was, without each fold in turn (--folds 1 takes what it found by itself)"
              .formatted(config.get().normalize().getParent()));
      return RunTraining.again(config.get(), source.orElseThrow(), settings, notes);
    }
    return ShortTrainings.config(
        source
            .flatMap(ModelSource::file)
            .map(file -> settings.with(Options.TRAINED_MODEL, file.toString(), "its model file"))
            .orElse(settings));
  }

  /** As asked for; the default is at most what the smallest class allows. */
  private int folds(ShortTrainings trainings) {
    int folds = asked.get(IssueOptions.FOLDS);
    if (asked.given(IssueOptions.FOLDS)) {
      return folds;
    }
    int[] sizes = trainings.classSizes();
    int smallest =
        IntStream.range(0, sizes.length)
            .filter(c -> sizes[c] > 0)
            .reduce((a, b) -> sizes[b] < sizes[a] ? b : a)
            .orElseThrow();
    String name = trainings.data().classes().get(smallest);
    if (sizes[smallest] < FEWEST_FOLDS) {
      throw new BadData(
          "%s: class '%s' has one sample to train, which can't be held out; add samples of it, or take it out"
              .formatted(trainings.data().name(), name));
    }
    if (sizes[smallest] < folds) {
      notes.accept(
          "%d folds instead of %d: class '%s' has no more samples"
              .formatted(sizes[smallest], folds, name));
    }
    return Math.min(folds, sizes[smallest]);
  }

  /** As the weights and their run have it. */
  private Found ofRun() {
    if (source.isEmpty()) {
      throw new Usage(
          "--folds 1: holds nothing out, so that a network that is trained has to judge; add --model RUN, or take 2 folds or more");
    }
    try (ScoringSession session = ScoringSession.open(settings, Purpose.EVALUATE, false, notes)) {
      checkFormat(session.data());
      int[] samples = session.split(PartName.TRAIN);
      if (samples.length == 0) {
        throw new BadData(session.data().name() + ": has no training part; name other --data");
      }
      ScoreTable table =
          ScoreTable.forScoring(samples.length, false, false, settings.get(Options.SEED));
      ScoredSamples.record(session, samples, ScoredSamples.allRows(samples.length), table);
      ScoredSamples scored = new ScoredSamples(session.data(), samples, table, session.scores());
      return found(
          scored, scored.verdicts().isPresent() ? By.RUN : By.PREDICTION, NOTHING_HELD_OUT);
    }
  }

  /** Before anything is trained. */
  private void checkFormat(Dataset data) {
    out.filter(KeptData::isData).ifPresent(file -> SubsetWriter.check(data, file));
  }

  private Found found(ScoredSamples scored, By by, int folds) {
    SampleNames names = scored.names();
    SuspectedSamples suspects = new SuspectedSamples(scored.table(), verdicts(scored));
    List<Issue> issues =
        Arrays.stream(suspects.rows())
            .mapToObj(
                row ->
                    new Issue(
                        names.id(row),
                        names.index(row),
                        names.label(row),
                        names.className(scored.table().predicted(row)),
                        (float) suspects.trust(row)))
            .toList();
    long[] kept = Arrays.stream(suspects.others()).mapToLong(names::index).sorted().toArray();
    if (out.isPresent() && kept.length == 0) {
      throw new BadData(
          "%s: every label is suspected, so that nothing would be left; is --label the right column?"
              .formatted(scored.data().name()));
    }
    out.ifPresent(file -> KeptData.write(file, kept, settings, Optional.of(scored.data())));
    return new Found(
        settings.get(Options.DATA),
        by,
        scored.samples().length,
        folds,
        scored.accuracy(),
        issues,
        out);
  }

  private static LabelVerdicts verdicts(ScoredSamples scored) {
    return scored
        .verdicts()
        .orElseGet(
            () ->
                new ScoreRows(List.of(ScoreColumns.LABEL_ISSUE), scored.table(), scored.names())
                    .verdicts());
  }
}
