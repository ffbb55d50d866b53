package io.gradsieve.sieve.policy;

import io.gradsieve.RandomBits;
import io.gradsieve.sieve.Share;
import java.util.List;

/**
 * {@code importance}: M = ⌈keep·N⌉ draws with replacement, a sample with p = (1−λ)·s/Σs + λ/N, of
 * weight 1/(N·p); w̄ 1. The expected step is that of the full data. Only where the scores differ
 * enough that it varies clearly less than a uniform draw, √(N·Σp²) times less (Katharopoulos and
 * Fleuret 2018, arXiv 1803.00942); else M samples are drawn uniformly, without replacement.
 * Unscored samples are in the plan once each.
 *
 * @param keep share of the epoch's samples that is drawn
 * @param lambda share of the draws that is uniform, so that no weight exceeds 1/λ
 */
record Importance(PolicyOptions options, double keep, double lambda, Filtering filtering)
    implements SievePolicy {
  /** What the draw has to gain over a uniform one, which never takes a sample twice. */
  private static final double LEAST_GAIN = 0.1;

  static Importance of(PolicyOptions options) {
    double keep = options.share("keep", 0.6, PolicyOptions.Range.ABOVE_ZERO);
    double lambda = options.share("lambda", 0.2, PolicyOptions.Range.CLOSED);
    return new Importance(options, keep, lambda, options.filtering(1));
  }

  @Override
  public boolean unbiased() {
    return true;
  }

  @Override
  public String asked() {
    return "draw " + Percent.of(keep) + " as many samples, with replacement";
  }

  @Override
  public int leastKept(int samples) {
    return Share.ceil(keep, samples);
  }

  @Override
  public Selection select(Candidates candidates) {
    int[] samples = candidates.unordered();
    float[] scores = candidates.scores(samples);
    double sum = 0;
    double squares = 0;
    int scored = 0;
    for (float score : scores) {
      if (!Float.isNaN(score)) {
        sum += score;
        squares += (double) score * score;
        scored++;
      }
    }
    int unscored = scores.length - scored;
    int kept = unscored + Math.max(Math.min(1, scored), candidates.count(keep) - unscored);
    boolean pays = gain(sum, squares, scored) > 1 + LEAST_GAIN;
    return pays
        ? new Draw(candidates, samples, scores, kept, scored).byScore(sum, lambda)
        : new Draw(candidates, candidates.order(), candidates.scores(), kept, scored).uniform();
  }

  /** √(n·Σp²); 0 where no score is positive. */
  private double gain(double sum, double squares, int n) {
    if (!(sum > 0)) {
      return 0;
    }
    double share = 1 - lambda;
    double square = share * share * squares / (sum * sum) + (1 - share * share) / n;
    return Math.sqrt(n * square);
  }

  /** A plan of {@code kept} entries: every unscored sample once, the rest drawn. */
  private static final class Draw {
    private final int[] samples;
    private final float[] scores;
    private final RandomBits draws;
    private final int[] order;
    private final float[] weights;

    /** Positions of the scored ones, [n]. */
    private final int[] scored;

    /** w of an entry that stands for itself alone: M/N. */
    private final double one;

    private int next;

    Draw(Candidates candidates, int[] samples, float[] scores, int kept, int n) {
      this.samples = samples;
      this.scores = scores;
      draws = candidates.draws();
      order = new int[kept];
      weights = new float[kept];
      scored = new int[n];
      one = (double) kept / scores.length;
      int at = 0;
      for (int j = 0; j < scores.length; j++) {
        if (Float.isNaN(scores[j])) {
          add(j, one);
        } else {
          scored[at++] = j;
        }
      }
    }

    private void add(int j, double weight) {
      order[next] = samples[j];
      weights[next++] = (float) weight;
    }

    Selection uniform() {
      int drawn = order.length - next;
      for (int i = 0; i < drawn; i++) {
        add(scored[i], one * scored.length / drawn);
      }
      return shuffled();
    }

    Selection byScore(double sum, double lambda) {
      int n = scored.length;
      int drawn = order.length - next;
      double[] p = new double[n];
      long[] entries = new long[n]; // the sample and its weight, side by side in memory
      for (int i = 0; i < n; i++) {
        p[i] = (1 - lambda) * scores[scored[i]] / sum + lambda / n;
        int weight = Float.floatToRawIntBits((float) (one / (drawn * p[i])));
        entries[i] = (long) samples[scored[i]] << 32 | weight & 0xffffffffL;
      }
      AliasTable table = new AliasTable(p);
      for (int draw = 0; draw < drawn; draw++) {
        long entry = entries[table.draw(draws.bits(draw))];
        order[next] = (int) (entry >>> 32);
        weights[next++] = Float.intBitsToFloat((int) entry);
      }
      return shuffled();
    }

    /** Unscored samples among the drawn ones; without any the draws are in random order already. */
    private Selection shuffled() {
      Selection selection = new Selection(order, weights, 1);
      return scored.length == scores.length
          ? selection
          : Selection.merged(List.of(selection), new int[] {scores.length}, false, draws.at(0));
    }
  }
}
