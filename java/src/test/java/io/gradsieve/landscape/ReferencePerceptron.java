package io.gradsieve.landscape;

import java.util.Arrays;

/**
 * Mean cross-entropy of linear, tanh, linear in double precision, and its whole Hessian, column by
 * column from central differences of the gradient. Parameters θ are in PyTorch's order: 0.weight
 * [M, D], 0.bias [M], 2.weight [K, M], 2.bias [K].
 */
record ReferencePerceptron(double[][] inputs, int[] labels, int hidden, int classes) {
  /** Differences of doubles: h² and 1e-16/h are both under 1e-10. */
  private static final double STEP = 1e-5;

  double[][] hessian(double[] theta) {
    double[][] hessian = new double[theta.length][];
    for (int j = 0; j < theta.length; j++) {
      double[] up = theta.clone();
      double[] down = theta.clone();
      up[j] += STEP;
      down[j] -= STEP;
      double[] column = gradient(up);
      double[] below = gradient(down);
      for (int i = 0; i < column.length; i++) {
        column[i] = (column[i] - below[i]) / (2 * STEP);
      }
      hessian[j] = column;
    }
    return hessian;
  }

  double[] gradient(double[] theta) {
    int features = inputs[0].length;
    int bias = hidden * features;
    int second = bias + hidden;
    int secondBias = second + classes * hidden;
    double[] gradient = new double[theta.length];
    for (int s = 0; s < inputs.length; s++) {
      double[] x = inputs[s];
      double[] a = new double[hidden];
      for (int m = 0; m < hidden; m++) {
        double z = theta[bias + m];
        for (int d = 0; d < features; d++) {
          z += theta[m * features + d] * x[d];
        }
        a[m] = Math.tanh(z);
      }
      double[] delta = softmax(theta, a, second, secondBias);
      delta[labels[s]] -= 1;
      double[] back = new double[hidden];
      for (int k = 0; k < classes; k++) {
        double share = delta[k] / inputs.length;
        gradient[secondBias + k] += share;
        for (int m = 0; m < hidden; m++) {
          gradient[second + k * hidden + m] += share * a[m];
          back[m] += share * theta[second + k * hidden + m];
        }
      }
      for (int m = 0; m < hidden; m++) {
        double slope = back[m] * (1 - a[m] * a[m]);
        gradient[bias + m] += slope;
        for (int d = 0; d < features; d++) {
          gradient[m * features + d] += slope * x[d];
        }
      }
    }
    return gradient;
  }

  private double[] softmax(double[] theta, double[] a, int second, int secondBias) {
    double[] p = new double[classes];
    for (int k = 0; k < classes; k++) {
      double z = theta[secondBias + k];
      for (int m = 0; m < hidden; m++) {
        z += theta[second + k * hidden + m] * a[m];
      }
      p[k] = Math.exp(z);
    }
    double sum = Arrays.stream(p).sum();
    for (int k = 0; k < classes; k++) {
      p[k] /= sum;
    }
    return p;
  }

  /** H·v. */
  static double[] times(double[][] hessian, double[] v) {
    return Arrays.stream(hessian).mapToDouble(row -> Vectors.dot(row, v)).toArray();
  }

  static double trace(double[][] hessian) {
    double trace = 0;
    for (int i = 0; i < hessian.length; i++) {
      trace += hessian[i][i];
    }
    return trace;
  }

  /** Standard error of Hutchinson's mean over so many vectors of signs: √(2·Σ_{i≠j} H_ij² / n). */
  static double traceError(double[][] hessian, int vectors) {
    double squares = 0;
    for (int i = 0; i < hessian.length; i++) {
      squares += Vectors.dot(hessian[i], hessian[i]) - hessian[i][i] * hessian[i][i];
    }
    return Math.sqrt(2 * squares / vectors);
  }
}
