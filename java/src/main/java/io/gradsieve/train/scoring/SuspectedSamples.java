package io.gradsieve.train.scoring;

import io.gradsieve.sieve.LabelVerdicts;
import io.gradsieve.sieve.ScoreTable;
import java.util.Comparator;
import java.util.function.IntPredicate;
import java.util.function.IntToDoubleFunction;
import java.util.stream.IntStream;

/**
 * The rows of a score table whose label is probably wrong, and the others: what has the highest
 * norms of all is mostly what is labelled wrong, and nothing to learn from.
 */
final class SuspectedSamples {
  /**
   * Without verdicts, the probability of the given label below which another prediction makes it
   * suspected. Halves without such samples end level with random ones on clean data, and above them
   * on noisy data.
   */
  private static final double HARDLY = 0.1;

  private final boolean judged;
  private final IntToDoubleFunction trust;
  private final int[] rows;
  private final int[] others;

  private SuspectedSamples(
      int samples, boolean judged, IntPredicate suspected, IntToDoubleFunction trust) {
    this.judged = judged;
    this.trust = trust;
    rows =
        IntStream.range(0, samples)
            .filter(suspected)
            .boxed()
            .sorted(Comparator.<Integer>comparingDouble(trust::applyAsDouble).thenComparing(i -> i))
            .mapToInt(Integer::intValue)
            .toArray();
    others = IntStream.range(0, samples).filter(suspected.negate()).toArray();
  }

  /** By the verdicts where there are any, else by what the network predicts now. */
  static SuspectedSamples of(ScoreTable table, LabelVerdicts verdicts) {
    int samples = table.samples();
    if (IntStream.range(0, samples).anyMatch(i -> !Float.isNaN(verdicts.at(i)))) {
      return new SuspectedSamples(samples, true, verdicts::issue, verdicts::at);
    }
    return new SuspectedSamples(
        samples, false, i -> !table.right(i) && table.confidence(i) < HARDLY, table::confidence);
  }

  /** Whether verdicts say so. */
  boolean judged() {
    return judged;
  }

  /** Those suspected, the least trusted first. */
  int[] rows() {
    return rows.clone();
  }

  /** All others, in their order. */
  int[] others() {
    return others.clone();
  }

  /** How far a label is trusted: its quality, or its probability, in [0, 1]. */
  double trust(int row) {
    return trust.applyAsDouble(row);
  }
}
