package io.gradsieve.sieve.policy;

import io.gradsieve.RandomBits;
import io.gradsieve.sieve.EpochContext;
import io.gradsieve.sieve.EpochPlan;
import io.gradsieve.sieve.ScoreTable;
import io.gradsieve.sieve.Steps;

/**
 * Chooses what an epoch trains on. A pure function of table and context: the same arguments give
 * the same plan, on every rank and after every resume. To add one: one file that implements this,
 * one line in {@link Policies}, one card in docs/policies.
 */
public interface SievePolicy {
  /** Name and values it was made with. */
  PolicyOptions options();

  /** When it filters and how its epochs are cut. */
  Filtering filtering();

  /**
   * Whether it looks at scores; if so, {@code --norms off} contradicts it on a score that needs
   * norms.
   */
  boolean needsScores();

  /**
   * Whether the expected step is that of the full data, so that fewer steps deserve a larger rate.
   */
  boolean unbiased();

  /** What it was asked for, for summaries: for instance "keep 50 % of the samples". */
  String asked();

  /** The fewest samples a filtered epoch keeps of {@code samples} scored ones. */
  int leastKept(int samples);

  /** The most samples a filtered epoch keeps of {@code samples} scored ones. */
  int mostKept(int samples);

  /**
   * Chooses the samples of a filtered epoch. Unscored samples are kept and stay outside every mean,
   * where scores are looked at.
   *
   * @param context with as many samples as the table, at least one
   */
  Selection select(ScoreTable table, EpochContext context);

  /** The name in {@code --sieve}. */
  default String name() {
    return options().name();
  }

  /**
   * The plan of one epoch: a full one outside {@link #filtering}, else the selection; if that is
   * empty, all samples.
   *
   * @throws IllegalArgumentException if table and context differ in size
   */
  default EpochPlan plan(ScoreTable table, EpochContext context) {
    int samples = context.samples();
    if (table.samples() != samples) {
      throw new IllegalArgumentException(
          "the table has %d samples, the epoch %d".formatted(table.samples(), samples));
    }
    boolean filtered = samples > 0 && filtering().filters(context.epoch(), context.epochs());
    Selection selection = filtered ? select(table, context) : full(context);
    boolean empty = samples > 0 && selection.order().length == 0;
    if (empty) {
      selection = full(context);
    }
    int kept = selection.order().length;
    Steps steps = filtering().steps();
    return new EpochPlan(
        selection.order(),
        selection.weights(),
        selection.meanWeight(),
        steps.cut(kept, samples, context.batchSize()),
        unbiased() && kept > 0 ? steps.lrScale(kept, samples, context.batchSize()) : 1,
        filtered && !empty,
        empty);
  }

  /** All samples, shuffled, weight 1. */
  private static Selection full(EpochContext context) {
    return Selection.unweighted(shuffle(context));
  }

  /** The epoch's order of all N samples; selections keep a part of it. */
  static int[] shuffle(EpochContext context) {
    return RandomBits.of(context.seed(), "shuffle", context.epoch()).permutation(context.samples());
  }

  /** The draws that choose samples, independent of their order. */
  static RandomBits draws(EpochContext context) {
    return RandomBits.of(context.seed(), "sieve", context.epoch());
  }
}
