package io.gradsieve.sieve.policy;

import io.gradsieve.RandomBits;
import io.gradsieve.sieve.EpochContext;
import io.gradsieve.sieve.EpochPlan;
import io.gradsieve.sieve.ScoreTable;
import java.util.List;

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
  default boolean needsScores() {
    return true;
  }

  /**
   * Whether the expected step is that of the full data, so that fewer steps deserve a larger rate.
   */
  boolean unbiased();

  /** What it was asked for, for summaries: for instance "keep 50 % of the samples". */
  String asked();

  /** The fewest samples a filtered epoch keeps of {@code samples} scored ones. */
  int leastKept(int samples);

  /** The most samples a filtered epoch keeps of {@code samples} scored ones. */
  default int mostKept(int samples) {
    return leastKept(samples);
  }

  /**
   * Chooses the samples of a filtered epoch. Unscored samples are kept and stay outside every mean,
   * where scores are looked at.
   */
  Selection select(Candidates candidates);

  /** Share of each step's samples that goes backward, once their fresh scores are known. */
  default double backwardShare() {
    return 1;
  }

  /** Whether its steps choose among their samples. */
  default boolean choosesInStep() {
    return backwardShare() < 1;
  }

  /**
   * Whether samples it leaves out are scored all the same, by a forward pass after the epoch (and a
   * backward pass, if the ranking needs norms).
   */
  default boolean rescores() {
    return false;
  }

  /**
   * Share of the samples whose scores teach a filter, before the first epoch this policy filters;
   * from then on the context has the ranks it predicts. 0: no filter.
   */
  default double learnsFrom() {
    return 0;
  }

  /** Whether its plans depend on how many epochs there will be. */
  default boolean needsEpochs() {
    return filtering().until() < 1;
  }

  /** What an epoch that keeps {@code kept} samples multiplies the learning rate by. */
  default double lrScale(int kept, EpochContext context) {
    return unbiased()
        ? filtering().steps().lrScale(kept, context.samples(), context.batchSize())
        : 1;
  }

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
    Selection selection = filtered ? selection(table, context) : full(context);
    boolean empty = samples > 0 && selection.order().length == 0;
    if (empty) {
      selection = full(context);
    }
    int kept = selection.order().length;
    return new EpochPlan(
        selection.order(),
        selection.weights(),
        selection.meanWeight(),
        filtering().steps().cut(kept, samples, context.batchSize()),
        kept > 0 ? lrScale(kept, context) : 1,
        filtered ? backwardShare() : 1,
        filtered && !empty,
        empty);
  }

  private Selection selection(ScoreTable table, EpochContext context) {
    if (!filtering().balanced()) {
      return select(Candidates.all(table, context));
    }
    List<Candidates> groups = Candidates.byClass(table, context);
    return Selection.merged(
        groups.stream().map(this::select).toList(),
        groups.stream().mapToInt(Candidates::size).toArray(),
        unbiased(),
        RandomBits.of(context.seed(), "merge", context.epoch()));
  }

  /** All samples, shuffled, weight 1. */
  private static Selection full(EpochContext context) {
    return Selection.unweighted(shuffle(context));
  }

  /** The epoch's order of all N samples; selections keep a part of it. */
  static int[] shuffle(EpochContext context) {
    return RandomBits.of(context.seed(), "shuffle", context.epoch()).permutation(context.samples());
  }
}
