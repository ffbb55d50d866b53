package io.gradsieve.optim;

import java.nio.ByteBuffer;
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
  /** Bytes of {@link #write}. */
  public static final int BYTES = 2 * Double.BYTES;

  private double trace;
  private double gradient2;

  /** Forgets all steps. */
  public void clear() {
    trace = 0;
    gradient2 = 0;
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

  /** The scale, in samples; empty if no step was added or an estimate is not positive. */
  public OptionalDouble value() {
    return trace > 0 && gradient2 > 0
        ? OptionalDouble.of(trace / gradient2)
        : OptionalDouble.empty();
  }

  public void write(ByteBuffer target) {
    target.putDouble(trace).putDouble(gradient2);
  }

  public void read(ByteBuffer source) {
    trace = source.getDouble();
    gradient2 = source.getDouble();
  }
}
