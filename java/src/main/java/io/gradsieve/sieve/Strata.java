package io.gradsieve.sieve;

import io.gradsieve.Internal;
import java.util.Comparator;
import java.util.function.IntToDoubleFunction;
import java.util.stream.IntStream;

/**
 * Strata of equal width in a score, after the hardest samples were left out: each stratum gives as
 * many of its samples as its share of the budget, the smallest first, so that what they lack goes
 * to the larger ones. CCS (Zheng et al. 2023, arXiv 2210.15809).
 */
@Internal
public final class Strata {
  /** Strata that the paper uses. */
  public static final int BINS = 50;

  /** Share of the samples that is left out as too hard. */
  public static final double CUT = 0.05;

  private Strata() {}

  /**
   * How many of the hardest are left out: ⌊cut·N⌋, but never so many that less than the budget
   * remain.
   *
   * @param samples N
   * @param scored those of them that have a score, at least {@code budget}
   */
  public static int hardest(double cut, int samples, int scored, int budget) {
    return Math.min(Share.floor(cut, samples), scored - budget);
  }

  /**
   * Marks {@code budget} samples, of each stratum the first ones: they are to be shuffled.
   *
   * @param score of each of {@code samples}; NaN for one that no stratum takes
   * @param budget at most those that have a score
   */
  public static boolean[] choose(int samples, IntToDoubleFunction score, int bins, int budget) {
    int[] stratum = strata(samples, score, bins);
    int[] sizes = new int[bins];
    for (int s : stratum) {
      if (s >= 0) {
        sizes[s]++;
      }
    }
    int[] quotas = quotas(sizes, budget);
    boolean[] kept = new boolean[samples];
    for (int j = 0; j < samples; j++) {
      kept[j] = stratum[j] >= 0 && quotas[stratum[j]]-- > 0;
    }
    return kept;
  }

  /** The stratum of each sample, −1 for none. */
  private static int[] strata(int samples, IntToDoubleFunction score, int bins) {
    double low = Double.POSITIVE_INFINITY;
    double high = Double.NEGATIVE_INFINITY;
    for (int j = 0; j < samples; j++) {
      double value = score.applyAsDouble(j);
      if (!Double.isNaN(value)) {
        low = Math.min(low, value);
        high = Math.max(high, value);
      }
    }
    double width = (high - low) / bins;
    int[] stratum = new int[samples];
    for (int j = 0; j < samples; j++) {
      double value = score.applyAsDouble(j);
      int place = width > 0 ? (int) ((value - low) / width) : 0;
      stratum[j] = Double.isNaN(value) ? -1 : Math.min(place, bins - 1);
    }
    return stratum;
  }

  private static int[] quotas(int[] sizes, int budget) {
    int[] quotas = new int[sizes.length];
    int[] smallestFirst =
        IntStream.range(0, sizes.length)
            .boxed()
            .sorted(Comparator.<Integer>comparingInt(s -> sizes[s]).thenComparing(s -> s))
            .mapToInt(Integer::intValue)
            .toArray();
    int left = budget;
    for (int i = 0; i < sizes.length; i++) {
      int s = smallestFirst[i];
      quotas[s] = Math.min(sizes[s], left / (sizes.length - i));
      left -= quotas[s];
    }
    return quotas;
  }
}
