package io.gradsieve.scoring;

import io.gradsieve.sieve.LabelVerdicts;
import io.gradsieve.sieve.ScoreTable;
import java.util.Comparator;
import java.util.stream.IntStream;

/**
 * The rows of a score table whose label is probably wrong, and the others: what has the highest
 * norms of all is mostly what is labelled wrong, and nothing to learn from.
 */
public final class SuspectedSamples {
  /**
   * Without verdicts, the probability of the given label below which another prediction makes it
   * suspected. Halves without such samples end level with random ones on clean data, and above them
   * on noisy data.
   */
  private static final double HARDLY = 0.1;

  private final ScoreTable table;
  private final LabelVerdicts verdicts;
  private final int[] rows;
  private final int[] others;

  /**
   * By the verdicts, and by what the network predicts now of samples without one: those a run held
   * out to validate on, or all.
   */
  public SuspectedSamples(ScoreTable table, LabelVerdicts verdicts) {
    this.table = table;
    this.verdicts = verdicts;
    rows =
        IntStream.range(0, table.samples())
            .filter(this::suspected)
            .boxed()
            .sorted(Comparator.<Integer>comparingDouble(this::trust).thenComparing(i -> i))
            .mapToInt(Integer::intValue)
            .toArray();
    others = IntStream.range(0, table.samples()).filter(i -> !suspected(i)).toArray();
  }

  private boolean judged(int row) {
    return !Float.isNaN(verdicts.at(row));
  }

  private boolean suspected(int row) {
    return judged(row) ? verdicts.issue(row) : !table.right(row) && table.confidence(row) < HARDLY;
  }

  /** Whether there is a verdict on any sample. */
  public boolean judged() {
    return IntStream.range(0, table.samples()).anyMatch(this::judged);
  }

  /** Those suspected, the least trusted first. */
  public int[] rows() {
    return rows.clone();
  }

  /** All others, in their order. */
  public int[] others() {
    return others.clone();
  }

  /** How far a label is trusted: its quality, else the probability it has now, in [0, 1]. */
  public double trust(int row) {
    return judged(row) ? verdicts.at(row) : table.confidence(row);
  }
}
