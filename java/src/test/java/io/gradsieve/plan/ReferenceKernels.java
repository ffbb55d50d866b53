package io.gradsieve.plan;

import io.gradsieve.plan.Operation.Activation;
import io.gradsieve.plan.Operation.Conv2d;
import io.gradsieve.plan.Operation.Pool;
import java.util.Arrays;

/**
 * The formulas of the operations in double precision, one sample at a time, as plainly as they can
 * be written.
 */
final class ReferenceKernels {
  private static final int LANES = 16;

  private ReferenceKernels() {}

  /** Index of a convolution weight inside. */
  static int weight(Conv2d c, int inChannels, int o, int ky, int kx, int i) {
    return ((o / LANES * c.kernelHeight() + ky) * c.kernelWidth() + kx) * inChannels * LANES
        + i * LANES
        + o % LANES;
  }

  /** Index of a linear layer's weight inside. */
  static int weight(int features, int o, int k) {
    return (o / LANES * features + k) * LANES + o % LANES;
  }

  static int weights(Conv2d c, int inChannels, int outChannels) {
    return (outChannels + LANES - 1)
        / LANES
        * LANES
        * inChannels
        * c.kernelHeight()
        * c.kernelWidth();
  }

  /** A convolution's result before activation and pooling. */
  static PlanTensor convolved(Conv2d c, PlanTensor in, PlanTensor out) {
    int height = (in.height() + 2 * c.padding() - c.kernelHeight()) / c.stride() + 1;
    int width = (in.width() + 2 * c.padding() - c.kernelWidth()) / c.stride() + 1;
    return new PlanTensor(height, width, out.channels(), out.pitch(), out.value(), out.gradient());
  }

  /** What visits every product of a convolution. */
  private interface Tap {
    void at(int x, int y, int weight, int outChannel);
  }

  private static void taps(Conv2d c, PlanTensor in, PlanTensor out, Tap tap) {
    for (int oy = 0; oy < out.height(); oy++) {
      for (int ox = 0; ox < out.width(); ox++) {
        for (int ky = 0; ky < c.kernelHeight(); ky++) {
          for (int kx = 0; kx < c.kernelWidth(); kx++) {
            int iy = oy * c.stride() + ky - c.padding();
            int ix = ox * c.stride() + kx - c.padding();
            if (iy < 0 || ix < 0 || iy >= in.height() || ix >= in.width()) {
              continue;
            }
            for (int o = 0; o < out.channels(); o++) {
              for (int i = 0; i < in.channels(); i++) {
                tap.at(
                    (iy * in.width() + ix) * in.pitch() + i,
                    (oy * out.width() + ox) * out.pitch() + o,
                    weight(c, in.channels(), o, ky, kx, i),
                    o);
              }
            }
          }
        }
      }
    }
  }

  static double[] convolution(
      Conv2d c, PlanTensor in, PlanTensor out, double[] x, double[] weights) {
    double[] y = new double[(int) out.floats()];
    if (c.bias() >= 0) {
      for (int t = 0; t < out.height() * out.width(); t++) {
        for (int o = 0; o < out.channels(); o++) {
          y[t * out.pitch() + o] = weights[(int) c.bias() + o];
        }
      }
    }
    taps(c, in, out, (a, b, w, o) -> y[b] += x[a] * weights[(int) c.weights() + w]);
    return y;
  }

  static double[] convolutionInput(
      Conv2d c, PlanTensor in, PlanTensor out, double[] slope, double[] weights) {
    double[] dx = new double[(int) in.floats()];
    taps(c, in, out, (a, b, w, o) -> dx[a] += slope[b] * weights[(int) c.weights() + w]);
    return dx;
  }

  static double[] convolutionWeights(
      Conv2d c, PlanTensor in, PlanTensor out, double[] x, double[] slope) {
    double[] dw = new double[weights(c, in.channels(), out.channels())];
    taps(c, in, out, (a, b, w, o) -> dw[w] += slope[b] * x[a]);
    return dw;
  }

  /** Sum over positions of each channel. */
  static double[] channelSums(PlanTensor t, double[] values) {
    double[] sums = new double[t.channels()];
    for (int p = 0; p < t.height() * t.width(); p++) {
      for (int c = 0; c < t.channels(); c++) {
        sums[c] += values[p * t.pitch() + c];
      }
    }
    return sums;
  }

  static double activate(Activation f, double x) {
    return switch (f) {
      case IDENTITY -> x;
      case RELU -> Math.max(0, x);
      case GELU -> x * normalDistribution(x);
      case TANH -> Math.tanh(x);
      case SIGMOID -> 1 / (1 + Math.exp(-x));
    };
  }

  /** Derivative, given the input x and the output y. */
  static double slope(Activation f, double x, double y) {
    return switch (f) {
      case IDENTITY -> 1;
      case RELU -> y > 0 ? 1 : 0;
      case GELU -> normalDistribution(x) + x * Math.exp(-x * x / 2) / Math.sqrt(2 * Math.PI);
      case TANH -> 1 - y * y;
      case SIGMOID -> y * (1 - y);
    };
  }

  /**
   * Φ(x) by the series of its integral, or its continued fraction where the series cancels; to
   * 1e-15.
   */
  static double normalDistribution(double x) {
    if (x < -4) {
      double fraction = 0;
      for (int k = 200; k > 0; k--) {
        fraction = k / (-x + fraction);
      }
      return Math.exp(-x * x / 2) / Math.sqrt(2 * Math.PI) / (-x + fraction);
    }
    if (x > 4) {
      return 1 - normalDistribution(-x);
    }
    double term = x;
    double sum = x;
    for (int k = 1; k < 200; k++) {
      term *= x * x / (2 * k + 1);
      sum += term;
    }
    return 0.5 + sum * Math.exp(-x * x / 2) / Math.sqrt(2 * Math.PI);
  }

  /** Applies an activation to the channels in use. */
  static double[] activate(Activation f, PlanTensor t, double[] x) {
    double[] y = new double[x.length];
    for (int i = 0; i < x.length; i++) {
      if (i % t.pitch() < t.channels()) {
        y[i] = activate(f, x[i]);
      }
    }
    return y;
  }

  /**
   * Pooling of windows without overlap; choices (max only) are places in the window, row by row.
   */
  static double[] pool(
      Pool pool, int kh, int kw, PlanTensor in, PlanTensor out, double[] x, int[] choices) {
    double[] y = new double[(int) out.floats()];
    for (int i = 0; i < y.length; i++) {
      int c = i % out.pitch();
      int ox = i / out.pitch() % out.width();
      int oy = i / out.pitch() / out.width();
      if (c >= out.channels()) {
        continue;
      }
      double best = Double.NEGATIVE_INFINITY;
      double sum = 0;
      for (int k = 0; k < kh * kw; k++) {
        double value = x[((oy * kh + k / kw) * in.width() + ox * kw + k % kw) * in.pitch() + c];
        sum += value;
        if (value > best) {
          best = value;
          choices[i] = k;
        }
      }
      y[i] = pool == Pool.MAX ? best : sum / (kh * kw);
    }
    return y;
  }

  static double[] unpool(
      Pool pool, int kh, int kw, PlanTensor in, PlanTensor out, double[] slope, int[] choices) {
    double[] dx = new double[(int) in.floats()];
    for (int i = 0; i < slope.length; i++) {
      int c = i % out.pitch();
      int ox = i / out.pitch() % out.width();
      int oy = i / out.pitch() / out.width();
      if (c >= out.channels()) {
        continue;
      }
      for (int k = 0; k < kh * kw; k++) {
        int at = ((oy * kh + k / kw) * in.width() + ox * kw + k % kw) * in.pitch() + c;
        dx[at] += pool == Pool.MAX ? (choices[i] == k ? slope[i] : 0) : slope[i] / (kh * kw);
      }
    }
    return dx;
  }

  /** Where each element is normalised: its group, or -1 in a pad lane; and its parameter. */
  interface Grouping {
    int group(int element);

    int parameter(int element);
  }

  /** Mean and 1/√(variance + eps) of each group: [2][groups]. */
  static double[][] moments(double[] x, Grouping grouping, int groups, double eps) {
    double[] count = new double[groups];
    double[][] moments = new double[2][groups];
    for (int i = 0; i < x.length; i++) {
      if (grouping.group(i) >= 0) {
        moments[0][grouping.group(i)] += x[i];
        count[grouping.group(i)]++;
      }
    }
    for (int g = 0; g < groups; g++) {
      moments[0][g] /= count[g];
    }
    for (int i = 0; i < x.length; i++) {
      int g = grouping.group(i);
      if (g >= 0) {
        moments[1][g] += (x[i] - moments[0][g]) * (x[i] - moments[0][g]) / count[g];
      }
    }
    for (int g = 0; g < groups; g++) {
      moments[1][g] = 1 / Math.sqrt(moments[1][g] + eps);
    }
    return moments;
  }

  /** Group and layer norm, backward: dx given x̂, 1/deviation of each group and gamma · δ. */
  static double[] normSlope(
      double[] xHat, double[] scaled, double[] inverse, Grouping grouping, int groups) {
    double[] count = new double[groups];
    double[] sum = new double[groups];
    double[] product = new double[groups];
    for (int i = 0; i < xHat.length; i++) {
      int g = grouping.group(i);
      if (g >= 0) {
        count[g]++;
        sum[g] += scaled[i];
        product[g] += scaled[i] * xHat[i];
      }
    }
    double[] dx = new double[xHat.length];
    for (int i = 0; i < xHat.length; i++) {
      int g = grouping.group(i);
      if (g >= 0) {
        dx[i] = inverse[g] * (scaled[i] - sum[g] / count[g] - xHat[i] * product[g] / count[g]);
      }
    }
    return dx;
  }

  /** Up to four bytes in each element, which a float's memory holds too. */
  static double[] packed(int[] bytes, int elements) {
    double[] packed = new double[elements];
    for (int i = 0; i < bytes.length; i++) {
      packed[i / 4] += (double) bytes[i] * (1L << (8 * (i % 4)));
    }
    return packed;
  }

  static int[] unpacked(double[] packed, int count) {
    int[] bytes = new int[count];
    Arrays.setAll(bytes, i -> (int) ((long) packed[i / 4] >> (8 * (i % 4)) & 255));
    return bytes;
  }
}
