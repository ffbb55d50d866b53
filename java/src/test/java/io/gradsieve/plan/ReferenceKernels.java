package io.gradsieve.plan;

import io.gradsieve.graph.Kind.Function;
import io.gradsieve.graph.Kind.Pool;
import io.gradsieve.graph.Kind.Pool2d;
import io.gradsieve.graph.Kind.Window;
import java.util.Arrays;

/**
 * The formulas of the operations in double precision, one sample at a time, as plainly as they can
 * be written. Values are [T][C], parameters lie in PyTorch's order from an offset on.
 */
final class ReferenceKernels {
  private ReferenceKernels() {}

  /** What visits every product of a convolution. */
  private interface Tap {
    void at(int x, int y, int weight);
  }

  private static void taps(Window w, int in, int out, Tap tap) {
    for (int oy = 0; oy < w.outputHeight(); oy++) {
      for (int ox = 0; ox < w.outputWidth(); ox++) {
        for (int ky = 0; ky < w.kernelHeight(); ky++) {
          for (int kx = 0; kx < w.kernelWidth(); kx++) {
            int iy = oy * w.stride() + ky - w.padding();
            int ix = ox * w.stride() + kx - w.padding();
            if (iy < 0 || ix < 0 || iy >= w.height() || ix >= w.width()) {
              continue;
            }
            for (int o = 0; o < out; o++) {
              for (int i = 0; i < in; i++) {
                tap.at(
                    (iy * w.width() + ix) * in + i,
                    (oy * w.outputWidth() + ox) * out + o,
                    ((o * in + i) * w.kernelHeight() + ky) * w.kernelWidth() + kx);
              }
            }
          }
        }
      }
    }
  }

  /** Parameters of a product: where weight and bias (-1: none) begin, and channels in and out. */
  record Product(double[] parameters, int weight, int bias, int in, int out) {}

  static double[] convolution(Window w, Product p, double[] x) {
    double[] y = new double[w.outputHeight() * w.outputWidth() * p.out()];
    if (p.bias() >= 0) {
      Arrays.setAll(y, e -> p.parameters()[p.bias() + e % p.out()]);
    }
    taps(w, p.in(), p.out(), (a, b, k) -> y[b] += x[a] * p.parameters()[p.weight() + k]);
    return y;
  }

  static double[] convolutionInput(Window w, Product p, double[] outputGradient) {
    double[] dx = new double[w.height() * w.width() * p.in()];
    taps(
        w,
        p.in(),
        p.out(),
        (a, b, k) -> dx[a] += outputGradient[b] * p.parameters()[p.weight() + k]);
    return dx;
  }

  static double[] convolutionWeights(Window w, Product p, double[] x, double[] outputGradient) {
    double[] dw = new double[p.out() * p.in() * w.kernelHeight() * w.kernelWidth()];
    taps(w, p.in(), p.out(), (a, b, k) -> dw[k] += outputGradient[b] * x[a]);
    return dw;
  }

  /** A linear layer at every position is a convolution of single pixels. */
  static Window positions(int count) {
    return new Window(count, 1, 1, 1, 1, 0);
  }

  /** Sum over positions of each channel. */
  static double[] channelSums(int channels, double[] values) {
    double[] sums = new double[channels];
    for (int e = 0; e < values.length; e++) {
      sums[e % channels] += values[e];
    }
    return sums;
  }

  static double activate(Function f, double x) {
    return switch (f) {
      case RELU -> Math.max(0, x);
      case GELU -> x * normalDistribution(x);
      case TANH -> Math.tanh(x);
      case SIGMOID -> 1 / (1 + Math.exp(-x));
    };
  }

  /** Derivative, given the input x and the output y. */
  static double derivative(Function f, double x, double y) {
    return switch (f) {
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

  /**
   * Pooling of windows without overlap; choices (max only) are places in the window, row by row.
   */
  static double[] pool(Pool2d p, int channels, double[] x, double[] choices) {
    double[] y = new double[choices.length];
    int width = p.width() / p.kernelWidth();
    for (int e = 0; e < y.length; e++) {
      double best = Double.NEGATIVE_INFINITY;
      double sum = 0;
      for (int k = 0; k < p.kernelHeight() * p.kernelWidth(); k++) {
        double value = x[pooled(p, channels, width, e, k)];
        sum += value;
        if (value > best) {
          best = value;
          choices[e] = k;
        }
      }
      y[e] = p.pool() == Pool.MAX ? best : sum / (p.kernelHeight() * p.kernelWidth());
    }
    return y;
  }

  static double[] unpool(Pool2d p, int channels, double[] outputGradient, double[] choices) {
    double[] dx = new double[p.height() * p.width() * channels];
    int width = p.width() / p.kernelWidth();
    int places = p.kernelHeight() * p.kernelWidth();
    for (int e = 0; e < outputGradient.length; e++) {
      for (int k = 0; k < places; k++) {
        double share = p.pool() == Pool.MAX ? (choices[e] == k ? 1 : 0) : 1.0 / places;
        dx[pooled(p, channels, width, e, k)] += outputGradient[e] * share;
      }
    }
    return dx;
  }

  /** The element in place {@code k} of the window that makes element {@code e}. */
  private static int pooled(Pool2d p, int channels, int width, int e, int k) {
    int ox = e / channels % width;
    int oy = e / channels / width;
    int y = oy * p.kernelHeight() + k / p.kernelWidth();
    int x = ox * p.kernelWidth() + k % p.kernelWidth();
    return (y * p.width() + x) * channels + e % channels;
  }

  /** Which elements are normalised together, and which of them share a weight. */
  interface Grouping {
    int groups();

    int group(int element);

    int parameters();

    int parameter(int element);
  }

  /** Mean, then 1/√(variance + eps), of each group: [2][groups]. */
  static double[][] moments(double[] x, Grouping grouping, double eps) {
    double[] count = new double[grouping.groups()];
    double[][] moments = new double[2][grouping.groups()];
    for (int i = 0; i < x.length; i++) {
      moments[0][grouping.group(i)] += x[i];
      count[grouping.group(i)]++;
    }
    for (int g = 0; g < count.length; g++) {
      moments[0][g] /= count[g];
    }
    for (int i = 0; i < x.length; i++) {
      int g = grouping.group(i);
      moments[1][g] += (x[i] - moments[0][g]) * (x[i] - moments[0][g]) / count[g];
    }
    for (int g = 0; g < count.length; g++) {
      moments[1][g] = 1 / Math.sqrt(moments[1][g] + eps);
    }
    return moments;
  }

  /** Group and layer norm, backward: dx given x̂, 1/deviation of each group and gamma · δ. */
  static double[] normGradient(
      double[] xHat, double[] scaled, double[] inverse, Grouping grouping) {
    double[] count = new double[grouping.groups()];
    double[] sum = new double[grouping.groups()];
    double[] product = new double[grouping.groups()];
    for (int i = 0; i < xHat.length; i++) {
      int g = grouping.group(i);
      count[g]++;
      sum[g] += scaled[i];
      product[g] += scaled[i] * xHat[i];
    }
    double[] dx = new double[xHat.length];
    for (int i = 0; i < xHat.length; i++) {
      int g = grouping.group(i);
      dx[i] = inverse[g] * (scaled[i] - sum[g] / count[g] - xHat[i] * product[g] / count[g]);
    }
    return dx;
  }
}
