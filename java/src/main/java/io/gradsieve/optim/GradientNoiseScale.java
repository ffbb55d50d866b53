package io.gradsieve.optim;

import java.util.OptionalDouble;

/**
 * The batch size up to which larger batches pay: tr Σ / ‖∇‖², Σ the covariance of a sample's
 * gradient and ∇ their mean (McCandlish et al. 2018, arXiv 1812.06162, the simple noise scale).
 * With the exact norm of every term, each step gives an unbiased estimate of both: of X_i = w_i g_i
 * / w̄ over the step's b samples, m = mean ‖X_i‖² and G = ‖mean X_i‖², tr Σ = b/(b−1)·(m − G) and
 * ‖∇‖² = (b·G − m)/(b−1). The scale is the ratio of their sums over the steps, since the ratio of
 * one step is noise.
 */
public final class GradientNoiseScale {
  private double trace;
  private double gradient2;

  /**
   * The estimates so far, each summed over the steps.
   *
   * @param trace Σ tr Σ
   * @param gradient2 Σ ‖∇‖²
   */
  public record Sums(double trace, double gradient2) {
    /** Of no step. */
    public static final Sums NONE = new Sums(0, 0);

    /** The scale, in samples; empty if no step was added or an estimate is not positive. */
    public OptionalDouble scale() {
      return trace > 0 && gradient2 > 0
          ? OptionalDouble.of(trace / gradient2)
          : OptionalDouble.empty();
    }
  }

  /** Goes on from these. */
  public void set(Sums sums) {
    trace = sums.trace;
    gradient2 = sums.gradient2;
  }

  /** What the steps so far say. */
  public Sums sums() {
    return new Sums(trace, gradient2);
  }

  /**
   * Adds a step; one of a single sample says nothing.
   *
   * @param samples b
   * @param sumOfSquares Σ ‖term_i‖²
   * @param squareOfSum ‖Σ term_i‖²
   * @param meanWeight w̄
   */
  public void add(int samples, double sumOfSquares, double squareOfSum, double meanWeight) {
    if (samples < 2) {
      return;
    }
    double mean = sumOfSquares / samples / (meanWeight * meanWeight);
    double ofMean = squareOfSum / ((double) samples * samples) / (meanWeight * meanWeight);
    trace += samples * (mean - ofMean) / (samples - 1);
    gradient2 += (samples * ofMean - mean) / (samples - 1);
  }
}
