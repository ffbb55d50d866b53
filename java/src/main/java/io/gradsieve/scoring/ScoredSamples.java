package io.gradsieve.scoring;

import io.gradsieve.data.Dataset;
import io.gradsieve.run.DatasetNames;
import io.gradsieve.sieve.LabelVerdicts;
import io.gradsieve.sieve.SampleNames;
import io.gradsieve.sieve.Score;
import io.gradsieve.sieve.ScoreTable;
import io.gradsieve.train.MeasuredStep;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * Samples and what was measured of them.
 *
 * @param samples positions in the data set; a row of the table each
 * @param run scores file of the run whose weights measured; empty: they were trained for it, or are
 *     no run's
 */
record ScoredSamples(Dataset data, int[] samples, ScoreTable table, Optional<Path> run) {

  /** Measured by networks that were trained for it. */
  ScoredSamples(Dataset data, int[] samples, ScoreTable table) {
    this(data, samples, table, Optional.empty());
  }

  /**
   * What is known of the labels: what the run found out while it learned, else what the table
   * recorded.
   */
  Optional<LabelVerdicts> verdicts() {
    return run.flatMap(file -> RunVerdicts.of(file, samples.length, names()));
  }

  /** Scores samples with a session's weights and records them in these rows. */
  static void record(ScoringSession session, int[] samples, int[] rows, ScoreTable table) {
    MeasuredStep measured = new MeasuredStep();
    session.forEach(
        samples,
        (first, batch, records) -> {
          measured.show(records, batch);
          table.record(1, rows, first, batch.size(), measured, true);
        });
  }

  /** The rows of a table of as many. */
  static int[] allRows(int samples) {
    return IntStream.range(0, samples).toArray();
  }

  SampleNames names() {
    return new DatasetNames(data, samples);
  }

  double meanLoss() {
    return meanLoss(table, allRows(samples.length));
  }

  /** Share of the predictions that are the given label. */
  double accuracy() {
    return accuracy(table, allRows(samples.length));
  }

  static double meanLoss(ScoreTable table, int[] rows) {
    return Arrays.stream(rows).mapToDouble(i -> table.value(Score.LOSS, i)).sum() / rows.length;
  }

  static double accuracy(ScoreTable table, int[] rows) {
    return (double) Arrays.stream(rows).filter(table::right).count() / rows.length;
  }
}
