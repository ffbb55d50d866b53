package io.gradsieve.plan;

import io.gradsieve.graph.Kind;
import io.gradsieve.graph.Node;
import java.util.Arrays;

/**
 * One batch norm of a reference step: its statistics, a value [2][C] of the batch (mean, 1 /
 * deviation), and that value's gradient (the means of δ and of δ·x̂).
 */
final class ReferenceBatchNorm {
  private final ReferenceStep step;
  private final Operation statistics;
  private final Operation normalize;
  private final int channels;
  private final double[] sums;

  /** The two halves are the operations that make and that read a value of the batch. */
  ReferenceBatchNorm(ReferenceStep step, Operation statistics, Operation normalize) {
    this.step = step;
    this.statistics = statistics;
    this.normalize = normalize;
    this.channels = step.plan.graph().value(statistics.output()).channels();
    this.sums = new double[2 * channels];
  }

  private Node node() {
    return statistics.first();
  }

  private double count() {
    return (double) step.batch.size() * step.plan.graph().value(node().input()).positions();
  }

  /**
   * At the end of the statistics' segment: over the batch in training, from the running ones in
   * evaluation.
   */
  void measure() {
    Kind.BatchNormStatistics kind = (Kind.BatchNormStatistics) node().kind();
    double[] mean = new double[channels];
    double[] variance = new double[channels];
    int runningMean = step.offset(node().parameter(0));
    int runningVariance = step.offset(node().parameter(1));
    if (step.batch.training()) {
      for (int i = 0; i < step.batch.size(); i++) {
        double[] x = step.value(node().input(), i);
        for (int e = 0; e < x.length; e++) {
          mean[e % channels] += x[e] / count();
        }
      }
      Arrays.setAll(mean, c -> step.roundedStatistic(mean[c]));
      for (int i = 0; i < step.batch.size(); i++) {
        double[] x = step.value(node().input(), i);
        for (int e = 0; e < x.length; e++) {
          int c = e % channels;
          variance[c] += (x[e] - mean[c]) * (x[e] - mean[c]) / count();
        }
      }
      double momentum =
          step.statisticsMomentum >= 0 ? step.statisticsMomentum : (double) kind.momentum();
      for (int c = 0; c < channels; c++) {
        double unbiased = variance[c] * count() / Math.max(1, count() - 1);
        move(runningMean + c, momentum, mean[c]);
        if (count() > 1) {
          move(runningVariance + c, momentum, unbiased);
        }
      }
    } else {
      Arrays.setAll(mean, c -> step.weights[runningMean + c]);
      Arrays.setAll(variance, c -> step.weights[runningVariance + c]);
    }
    double[] made = Arrays.copyOf(mean, 2 * channels);
    for (int c = 0; c < channels; c++) {
      made[channels + c] = step.roundedStatistic(1 / Math.sqrt(variance[c] + kind.eps()));
    }
    step.memory.write(statistics.output(), false, 0, made);
  }

  private void move(int at, double momentum, double to) {
    step.weights[at] += momentum * (to - step.weights[at]);
  }

  private double[] normalized(double[] x) {
    double[] made = step.memory.read(statistics.output(), false, 0);
    double[] xHat = new double[x.length];
    Arrays.setAll(xHat, e -> (x[e] - made[e % channels]) * made[channels + e % channels]);
    return xHat;
  }

  double[] forward(double[] x) {
    int gamma = step.offset(normalize.first().parameter(0));
    int beta = step.offset(normalize.first().parameter(1));
    double[] y = normalized(x);
    for (int e = 0; e < y.length; e++) {
      int c = e % channels;
      y[e] = y[e] * step.weights[gamma + c] + step.weights[beta + c];
    }
    return y;
  }

  /** Adds to the parameters and the sums. */
  void backwardSums(double[] x, double[] outputGradient, int sample) {
    double[] xHat = normalized(x);
    double[] gamma = new double[channels];
    double[] beta = new double[channels];
    for (int e = 0; e < outputGradient.length; e++) {
      gamma[e % channels] += outputGradient[e] * xHat[e];
      beta[e % channels] += outputGradient[e];
    }
    for (int c = 0; c < channels; c++) {
      sums[c] += beta[c];
      sums[channels + c] += gamma[c];
    }
    step.addParameter(normalize.first().parameter(0), sample, gamma);
    step.addParameter(normalize.first().parameter(1), sample, beta);
  }

  /** At the end of normalize's segment: in evaluation samples do not touch each other. */
  void finishSums() {
    if (normalize.gradients().get(1) == Operation.Gradient.NONE) {
      return;
    }
    double[] means = new double[sums.length];
    if (step.batch.training()) {
      Arrays.setAll(means, s -> step.roundedStatistic(sums[s] / count()));
    }
    step.memory.write(statistics.output(), true, 0, means);
  }

  /** The gradient of what was normalised, from that of the result. */
  double[] backwardInput(int sample) {
    int gamma = step.offset(normalize.first().parameter(0));
    double[] made = step.memory.read(statistics.output(), false, 0);
    double[] means = step.memory.read(statistics.output(), true, 0);
    double[] outputGradient = step.gradient(normalize.output(), sample);
    double[] xHat = normalized(step.value(node().input(), sample));
    double[] dx = new double[outputGradient.length];
    for (int e = 0; e < dx.length; e++) {
      int c = e % channels;
      dx[e] =
          step.weights[gamma + c]
              * made[channels + c]
              * (outputGradient[e] - means[c] - xHat[e] * means[channels + c]);
    }
    return dx;
  }
}
