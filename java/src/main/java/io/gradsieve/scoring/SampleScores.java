package io.gradsieve.scoring;

import io.gradsieve.GradsieveException;
import io.gradsieve.config.Options;
import io.gradsieve.config.Settings;
import io.gradsieve.data.DataRequest;
import io.gradsieve.format.files.OutputFile;
import io.gradsieve.run.ScoresCsv;
import io.gradsieve.sieve.SampleNames;
import io.gradsieve.sieve.Score;
import io.gradsieve.sieve.ScoreColumns;
import io.gradsieve.sieve.ScoreRows;
import io.gradsieve.sieve.ScoreTable;
import io.gradsieve.train.StopRequest;
import io.gradsieve.train.TrainingListener;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.IntToDoubleFunction;

/**
 * {@code score}: what each sample is worth to a network as it is, or to networks trained for it.
 */
public final class SampleScores {
  private static final String ALL = "all";
  private static final List<Score> CHOICE =
      List.of(Score.GRAD_NORM, Score.LOSS, Score.EL2N, Score.MARGIN, Score.FORGETTING);

  /** Scores whose highest samples are shown: what the network still learns from. */
  private static final List<Score> SHOWN = List.of(Score.GRAD_NORM, Score.LOSS);

  private static final int RANKED = 10;

  private SampleScores() {}

  /**
   * What was written.
   *
   * @param samples scored
   * @param meanLoss of them
   * @param accuracy of them
   * @param rankings the highest of the samples that are not suspected
   */
  public record Summary(
      Path out,
      int samples,
      List<String> scores,
      double meanLoss,
      double accuracy,
      Suspects suspects,
      List<Highest> rankings) {}

  /**
   * Samples whose label is probably wrong.
   *
   * @param judged by {@code label_issue}; else nothing but these weights is known, and those are
   *     suspected that they predict otherwise and give their label hardly any probability, as those
   *     are that a run held out
   * @param count of them
   * @param lowest of them, the lowest {@code label_quality} first, else the lowest probability
   */
  public record Suspects(boolean judged, int count, List<Entry> lowest) {}

  /** The samples that rank highest by a score, the highest first. */
  public record Highest(String score, List<Entry> entries) {}

  /** One of them; label and prediction are class names. */
  public record Entry(String id, String label, String predicted, float value) {}

  /**
   * Scores the part of the data and writes the file; empty, and nothing written, if asked to stop.
   *
   * @param listeners told of every training, if the options ask for trainings
   * @param progress takes a line for each of them
   * @param notes takes what there is to tell of the data
   */
  public static Optional<Summary> write(
      Settings settings,
      List<TrainingListener> listeners,
      StopRequest stop,
      Consumer<String> progress,
      Consumer<String> notes) {
    Set<Score> asked = asked(settings);
    Path out = OutputFile.of(settings.get(Options.SCORES_OUT), "csv");
    boolean norms = asked.contains(Score.GRAD_NORM);
    Optional<ScoredSamples> scored =
        ShortTrainings.asked(settings)
            ? new ShortTrainings(
                    ShortTrainings.config(settings), norms, listeners, stop, progress, notes)
                .score(settings)
            : Optional.of(withWeights(settings, norms, notes));
    return scored.map(samples -> write(out, asked, samples));
  }

  private static ScoredSamples withWeights(
      Settings settings, boolean norms, Consumer<String> notes) {
    try (ScoringSession session =
        ScoringSession.open(settings, DataRequest.Purpose.EVALUATE, norms, notes)) {
      int[] samples = session.split(settings.get(Options.SCORE_SPLIT));
      if (samples.length == 0) {
        throw new GradsieveException.BadData(
            "%s: has no %s part; choose another --split"
                .formatted(session.data().name(), settings.get(Options.SCORE_SPLIT).key()));
      }
      ScoreTable table = session.score(samples, settings.get(Options.SEED));
      return new ScoredSamples(session.data(), samples, table, session.scores());
    }
  }

  private static Summary write(Path out, Set<Score> asked, ScoredSamples scored) {
    SampleNames names = scored.names();
    List<ScoreColumns> columns = ScoreColumns.ofScoring(asked);
    ScoreRows lines =
        scored
            .verdicts()
            .map(verdicts -> new ScoreRows(columns, scored.table(), names, verdicts))
            .orElseGet(() -> new ScoreRows(columns, scored.table(), names));
    OutputFile.write(out, ScoresCsv.of(lines, scored.samples().length));
    SuspectedSamples suspects = new SuspectedSamples(scored.table(), lines.verdicts());
    int[] others = suspects.others();
    return new Summary(
        out,
        scored.samples().length,
        asked.stream().filter(scored.table()::has).map(Score::key).toList(),
        scored.meanLoss(),
        scored.accuracy(),
        new Suspects(
            suspects.judged(),
            suspects.rows().length,
            entries(suspects.rows(), suspects::trust, scored.table(), names)),
        SHOWN.stream()
            .filter(asked::contains)
            .map(score -> ranking(score, others, scored.table(), names))
            .toList());
  }

  private static Highest ranking(Score score, int[] rows, ScoreTable table, SampleNames names) {
    int[] highest =
        Arrays.stream(rows)
            .boxed()
            .sorted(
                Comparator.<Integer>comparingDouble(i -> -table.value(score, i))
                    .thenComparing(i -> i))
            .mapToInt(Integer::intValue)
            .toArray();
    return new Highest(score.key(), entries(highest, i -> table.value(score, i), table, names));
  }

  /** The first rows. */
  private static List<Entry> entries(
      int[] rows, IntToDoubleFunction value, ScoreTable table, SampleNames names) {
    return Arrays.stream(rows)
        .limit(RANKED)
        .mapToObj(
            i ->
                new Entry(
                    names.id(i),
                    names.label(i),
                    names.className(table.predicted(i)),
                    (float) value.applyAsDouble(i)))
        .toList();
  }

  /** Forgetting has its column in any case, empty where no training counts it. */
  private static Set<Score> asked(Settings settings) {
    List<String> known = new ArrayList<>(CHOICE.stream().map(Score::key).toList());
    known.add(ALL);
    EnumSet<Score> asked = EnumSet.noneOf(Score.class);
    for (String name : settings.get(Options.SCORES)) {
      if (!known.contains(name)) {
        throw GradsieveException.Usage.unknown("--score", name, known);
      }
      asked.addAll(name.equals(ALL) ? CHOICE : List.of(Score.parse(name)));
    }
    boolean named = settings.get(Options.SCORES).contains(Score.FORGETTING.key());
    if (named && !settings.given(Options.RUNS)) {
      throw new GradsieveException.Usage(
          "--score forgetting: is counted over trainings; it needs --runs");
    }
    return asked;
  }
}
