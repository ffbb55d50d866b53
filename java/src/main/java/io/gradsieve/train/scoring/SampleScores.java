package io.gradsieve.train.scoring;

import io.gradsieve.GradsieveException;
import io.gradsieve.data.DataRequest;
import io.gradsieve.sieve.SampleNames;
import io.gradsieve.sieve.Score;
import io.gradsieve.sieve.ScoreColumns;
import io.gradsieve.sieve.ScoreRows;
import io.gradsieve.sieve.ScoreTable;
import io.gradsieve.train.DatasetNames;
import io.gradsieve.train.RecordedStep;
import io.gradsieve.train.option.Options;
import io.gradsieve.train.option.Settings;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;

/** {@code score}: what each sample is worth to a network as it is. */
public final class SampleScores {
  private static final String ALL = "all";
  private static final List<Score> FROM_WEIGHTS =
      List.of(Score.GRAD_NORM, Score.LOSS, Score.EL2N, Score.MARGIN);

  /** Scores whose highest samples are shown: what is worth most, and what may be labelled wrong. */
  private static final List<Score> SHOWN = List.of(Score.GRAD_NORM, Score.LOSS);

  private static final int RANKED = 10;

  private SampleScores() {}

  /**
   * What was written.
   *
   * @param samples scored
   * @param meanLoss of them
   * @param accuracy of them
   */
  public record Summary(
      Path out,
      int samples,
      List<String> scores,
      double meanLoss,
      double accuracy,
      List<Ranking> rankings) {}

  /** The samples that rank highest by a score, the highest first. */
  public record Ranking(String score, List<Entry> entries) {}

  /** One of them; label and prediction are class names. */
  public record Entry(String id, String label, String predicted, float value) {}

  /** Scores the part of the data and writes the file. */
  public static Summary write(Settings settings) {
    Set<Score> chosen = chosen(settings.get(Options.SCORES));
    Path out = OutputFile.of(settings.get(Options.SCORES_OUT), "csv");
    boolean norms = chosen.contains(Score.GRAD_NORM);
    try (ScoringSession session =
        ScoringSession.open(settings, DataRequest.Purpose.EVALUATE, norms)) {
      int[] samples = session.split(settings.get(Options.SCORE_SPLIT));
      if (samples.length == 0) {
        throw new GradsieveException.BadData(
            "%s: has no %s part; choose another --split"
                .formatted(session.data().name(), settings.get(Options.SCORE_SPLIT)));
      }
      ScoreTable table = ScoreTable.forScoring(samples.length, norms, settings.get(Options.SEED));
      int[] rows = IntStream.range(0, samples.length).toArray();
      RecordedStep recorded = new RecordedStep();
      double[] sums = new double[2];
      session.forEach(
          samples,
          (first, batch, records) -> {
            recorded.show(records, batch);
            table.record(1, rows, first, batch.size(), recorded);
            for (int i = 0; i < batch.size(); i++) {
              sums[0] += recorded.crossEntropy(i);
              sums[1] += recorded.right(i) ? 1 : 0;
            }
          });
      SampleNames names = new DatasetNames(session.data(), samples);
      ScoreRows lines = new ScoreRows(ScoreColumns.ofScoring(chosen), table, names);
      OutputFile.writeCsv(
          out,
          csv -> {
            csv.writeRecord(lines.header());
            for (int i = 0; i < samples.length; i++) {
              csv.writeRecord(lines.row(i));
            }
          });
      return new Summary(
          out,
          samples.length,
          chosen.stream().map(Score::key).toList(),
          sums[0] / samples.length,
          sums[1] / samples.length,
          SHOWN.stream()
              .filter(chosen::contains)
              .map(score -> ranking(score, table, names))
              .toList());
    }
  }

  private static Ranking ranking(Score score, ScoreTable table, SampleNames names) {
    List<Entry> entries =
        IntStream.range(0, table.samples())
            .boxed()
            .sorted(
                Comparator.<Integer>comparingDouble(i -> -table.value(score, i))
                    .thenComparing(i -> i))
            .limit(RANKED)
            .map(
                i ->
                    new Entry(
                        names.id(i),
                        names.label(i),
                        names.className(table.predicted(i)),
                        table.value(score, i)))
            .toList();
    return new Ranking(score.key(), entries);
  }

  private static Set<Score> chosen(List<String> names) {
    if (names.equals(List.of(ALL))) {
      return EnumSet.copyOf(FROM_WEIGHTS);
    }
    List<String> known = new ArrayList<>(FROM_WEIGHTS.stream().map(Score::key).toList());
    EnumSet<Score> chosen = EnumSet.noneOf(Score.class);
    for (String name : names) {
      if (!known.contains(name)) {
        known.add(ALL);
        throw GradsieveException.Usage.unknown("--score", name, known);
      }
      chosen.add(Score.parse(name));
    }
    return chosen;
  }
}
