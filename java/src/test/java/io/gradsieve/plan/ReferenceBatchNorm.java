package io.gradsieve.plan;

import java.util.Arrays;

/**
 * One batch norm layer of a reference step: what is known of the whole batch between its two
 * halves.
 */
final class ReferenceBatchNorm {
  private Normalization.BatchNormStatistics statistics;
  private Normalization.BatchNormNormalize normalize;
  private double[] mean = new double[0];
  private double[] inverse = new double[0];
  private double[] sum = new double[0];
  private double[] product = new double[0];

  private ReferenceBatchNorm() {}

  static ReferenceBatchNorm[] of(StepPlan plan) {
    int count = 0;
    for (Segment segment : plan.segments()) {
      for (Operation operation : segment.operations()) {
        if (operation instanceof Normalization.BatchNormStatistics s) {
          count = Math.max(count, s.normalizer() + 1);
        }
      }
    }
    ReferenceBatchNorm[] norms = new ReferenceBatchNorm[count];
    for (int i = 0; i < count; i++) {
      norms[i] = new ReferenceBatchNorm();
    }
    for (Segment segment : plan.segments()) {
      for (Operation operation : segment.operations()) {
        if (operation instanceof Normalization.BatchNormStatistics s) {
          norms[s.normalizer()].statistics = s;
        } else if (operation instanceof Normalization.BatchNormNormalize n) {
          norms[n.normalizer()].normalize = n;
        }
      }
    }
    return norms;
  }

  private int positions(ReferenceStep step) {
    PlanTensor t = step.tensor(statistics.in());
    return t.height() * t.width();
  }

  /**
   * At the end of the statistics' segment: over the batch in training, from the running ones in
   * evaluation.
   */
  void measure(ReferenceStep step, Normalization.BatchNormStatistics s) {
    PlanTensor t = step.tensor(s.in());
    int channels = t.channels();
    mean = new double[channels];
    inverse = new double[channels];
    sum = new double[channels];
    product = new double[channels];
    double count = (double) step.batch.size() * positions(step);
    double[] variance = new double[channels];
    if (step.batch.training()) {
      for (int i = 0; i < step.batch.size(); i++) {
        double[] x = step.value(s.in(), i);
        for (int e = 0; e < x.length; e++) {
          if (e % t.pitch() < channels) {
            mean[e % t.pitch()] += x[e] / count;
          }
        }
      }
      Arrays.setAll(mean, c -> step.roundedStatistic(mean[c]));
      for (int i = 0; i < step.batch.size(); i++) {
        double[] x = step.value(s.in(), i);
        for (int e = 0; e < x.length; e++) {
          int c = e % t.pitch();
          if (c < channels) {
            variance[c] += (x[e] - mean[c]) * (x[e] - mean[c]) / count;
          }
        }
      }
      move(step.weights, s, variance, count);
    }
    for (int c = 0; c < channels; c++) {
      if (!step.batch.training()) {
        mean[c] = step.weights[(int) s.runningMean() + c];
        variance[c] = step.weights[(int) s.runningVariance() + c];
      }
      inverse[c] = step.roundedStatistic(1 / Math.sqrt(variance[c] + s.eps()));
    }
  }

  private void move(
      double[] weights, Normalization.BatchNormStatistics s, double[] variance, double count) {
    for (int c = 0; c < mean.length; c++) {
      int m = (int) s.runningMean() + c;
      int v = (int) s.runningVariance() + c;
      weights[m] += s.momentum() * (mean[c] - weights[m]);
      weights[v] += s.momentum() * (variance[c] * count / Math.max(1, count - 1) - weights[v]);
    }
  }

  double[] normalized(ReferenceStep step, double[] x) {
    PlanTensor t = step.tensor(statistics.in());
    double[] xHat = new double[x.length];
    for (int e = 0; e < x.length; e++) {
      int c = e % t.pitch();
      xHat[e] = c < t.channels() ? (x[e] - mean[c]) * inverse[c] : 0;
    }
    return xHat;
  }

  void forward(ReferenceStep step, int sample) {
    PlanTensor t = step.tensor(normalize.in());
    double[] y = normalized(step, step.value(normalize.in(), sample));
    double[] skip =
        normalize.skip() < 0 ? new double[y.length] : step.value(normalize.skip(), sample);
    for (int e = 0; e < y.length; e++) {
      int c = e % t.pitch();
      y[e] =
          c < t.channels()
              ? ReferenceKernels.activate(
                  normalize.activation(),
                  y[e] * step.weights[(int) normalize.gamma() + c]
                      + step.weights[(int) normalize.beta() + c]
                      + skip[e])
              : 0;
      if (normalize.activation() == Operation.Activation.RELU) {
        step.tookBranch(y[e] > 0 ? 1 : 0);
      }
    }
    step.setValue(normalize.out(), sample, y);
  }

  /**
   * Masks the gradient of the output in place, passes it to the skip, adds to the parameters and
   * the sums.
   */
  void backwardSums(ReferenceStep step, int sample) {
    PlanTensor t = step.tensor(normalize.in());
    double[] slope = step.gradient(normalize.out(), sample);
    if (normalize.activation() != Operation.Activation.IDENTITY) {
      double[] y = step.value(normalize.out(), sample);
      for (int e = 0; e < y.length; e++) {
        slope[e] *= ReferenceKernels.slope(normalize.activation(), 0, y[e]);
      }
      step.setGradient(normalize.out(), sample, slope);
    }
    if (normalize.skip() >= 0) {
      step.passGradient(normalize.skip(), sample, normalize.skipGradient(), slope);
    }
    double[] xHat = normalized(step, step.value(normalize.in(), sample));
    double[] gamma = new double[t.channels()];
    double[] beta = new double[t.channels()];
    for (int e = 0; e < slope.length; e++) {
      int c = e % t.pitch();
      if (c < t.channels()) {
        gamma[c] += slope[e] * xHat[e];
        beta[c] += slope[e];
      }
    }
    for (int c = 0; c < gamma.length; c++) {
      product[c] += gamma[c];
      sum[c] += beta[c];
    }
    step.addParameter(normalize.gamma(), sample, gamma);
    step.addParameter(normalize.beta(), sample, beta);
  }

  /** At the end of normalize's segment: in evaluation samples do not touch each other. */
  void finishSums(ReferenceStep step) {
    double count = (double) step.batch.size() * positions(step);
    for (int c = 0; c < sum.length; c++) {
      sum[c] = step.batch.training() ? step.roundedStatistic(sum[c] / count) : 0;
      product[c] = step.batch.training() ? step.roundedStatistic(product[c] / count) : 0;
    }
  }

  void backwardInput(ReferenceStep step, int sample) {
    if (statistics.gradient() == Operation.Gradient.NONE) {
      return;
    }
    PlanTensor t = step.tensor(statistics.in());
    double[] slope = step.gradient(normalize.out(), sample);
    double[] xHat = normalized(step, step.value(statistics.in(), sample));
    double[] dx = new double[slope.length];
    for (int e = 0; e < dx.length; e++) {
      int c = e % t.pitch();
      if (c < t.channels()) {
        dx[e] =
            step.weights[(int) normalize.gamma() + c]
                * inverse[c]
                * (slope[e] - sum[c] - xHat[e] * product[c]);
      }
    }
    step.passGradient(statistics.in(), sample, statistics.gradient(), dx);
  }
}
