package io.gradsieve.scoring;

import io.gradsieve.config.PruningPolicyName;
import io.gradsieve.sieve.ScoreColumns;
import io.gradsieve.sieve.Share;
import io.gradsieve.sieve.Strata;
import java.util.Arrays;
import java.util.Comparator;
import java.util.stream.IntStream;

/**
 * How {@code prune} chooses. To add one: a constant here, its name in {@link PruningPolicyName},
 * its line in docs/policies/prune.md, measured by {@code bench/experiments/run prune}.
 */
enum PruningPolicy {
  /**
   * Labels that are still suspected are set aside, then the hardest of the others, and what is left
   * is chosen as by {@link #COVERAGE}. Suspected is a {@code label_issue} that the network
   * contradicted when it was last scored, or had among its {@link #HARDEST}: what it has come to
   * find easy was hard, not wrong; one that has everything by heart contradicts nothing any more,
   * but still finds wrong labels harder than most. Nothing is set aside that is needed to keep as
   * many as asked for: then the labels of lowest quality go first.
   */
  TRUSTED {
    @Override
    Kept choose(PruningCandidates samples, int count) {
      int[] suspects = samples.labels().map(labels -> suspects(samples, labels)).orElse(NONE);
      int leftOut = samples.size() - count;
      int[] aside = Arrays.copyOf(suspects, Math.min(suspects.length, leftOut));
      double cut = samples.labels().isPresent() ? CUT : CUT_UNJUDGED;
      return cover(samples, aside, Share.floor(cut, leftOut), count);
    }

    /** Strata of equal width want a score without a long tail. */
    @Override
    ScoreColumns by() {
      return ScoreColumns.EL2N;
    }
  },

  /** The largest scores, ties by place. */
  TOP {
    @Override
    Kept choose(PruningCandidates samples, int count) {
      return new Kept(first(samples.scores(), count), 0);
    }
  },

  /** All {@link Strata} of scores but the hardest. */
  COVERAGE {
    @Override
    Kept choose(PruningCandidates samples, int count) {
      return cover(samples, NONE, Share.floor(Strata.CUT, samples.size()), count);
    }
  },

  /** A random choice. */
  RANDOM {
    @Override
    Kept choose(PruningCandidates samples, int count) {
      return new Kept(first(samples.draws(), count), 0);
    }
  };

  /** Share of the samples. */
  private static final double HARDEST = 0.05;

  /** Share of what is left out that is cut as too hard. */
  private static final double CUT = 0.1;

  /**
   * The same where nothing is known of labels: half of it leaves so many wrong ones of 20 % that
   * networks which know them by heart end up to 1.4 points under a random half.
   */
  private static final double CUT_UNJUDGED = 0.2;

  /** The policy of that name. */
  static PruningPolicy of(PruningPolicyName name) {
    return valueOf(name.name());
  }

  private static final int[] NONE = {};

  /**
   * What is left.
   *
   * @param kept marks it, [N]
   * @param aside how many suspected labels were set aside
   */
  record Kept(boolean[] kept, int aside) {}

  /** The column it ranks by where none is named. */
  ScoreColumns by() {
    return ScoreColumns.GRAD_NORM;
  }

  /** Chooses {@code count} of the samples, at most their number. */
  abstract Kept choose(PruningCandidates samples, int count);

  /** Those whose label is still suspected, the lowest quality first, of equal ones the hardest. */
  private static int[] suspects(PruningCandidates samples, SuspectedLabels labels) {
    boolean[] hardest = first(samples.hardness(), Share.floor(HARDEST, samples.size()));
    return IntStream.range(0, samples.size())
        .filter(i -> labels.suspected()[i] && (labels.contradicted()[i] || hardest[i]))
        .boxed()
        .sorted(
            Comparator.<Integer>comparingDouble(i -> labels.quality()[i])
                .thenComparing(i -> -samples.hardness()[i]))
        .mapToInt(Integer::intValue)
        .toArray();
  }

  /**
   * Chooses {@code count} samples that are neither in {@code aside} nor, as far as enough remain,
   * among the {@code cut} hardest of the others; from every stratum those of the largest draws.
   */
  private static Kept cover(PruningCandidates samples, int[] aside, int cut, int count) {
    double[] hardness = samples.hardness().clone();
    for (int i : aside) {
      hardness[i] = Double.NaN;
    }
    int all = samples.size();
    int hardest = Math.min(cut, all - aside.length - count);
    for (int i : descending(samples.hardness())) {
      if (hardest > 0 && !Double.isNaN(hardness[i])) {
        hardness[i] = Double.NaN;
        hardest--;
      }
    }
    int[] shuffled = descending(samples.draws());
    boolean[] taken = Strata.choose(all, j -> hardness[shuffled[j]], Strata.BINS, count);
    boolean[] kept = new boolean[all];
    for (int j = 0; j < all; j++) {
      kept[shuffled[j]] = taken[j];
    }
    return new Kept(kept, aside.length);
  }

  /** Marks the {@code count} largest values, of equal ones the first. */
  private static boolean[] first(double[] values, int count) {
    boolean[] marked = new boolean[values.length];
    Arrays.stream(descending(values)).limit(count).forEach(i -> marked[i] = true);
    return marked;
  }

  /** All rows, those of the largest values first; of equal values in their order. */
  private static int[] descending(double[] values) {
    return IntStream.range(0, values.length)
        .boxed()
        .sorted(Comparator.<Integer>comparingDouble(i -> -values[i]).thenComparing(i -> i))
        .mapToInt(Integer::intValue)
        .toArray();
  }
}
