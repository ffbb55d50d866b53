package io.gradsieve.plan;

import io.gradsieve.RandomBits;
import io.gradsieve.plan.Operation.Activation;
import io.gradsieve.plan.Operation.Conv2d;
import io.gradsieve.plan.Operation.Linear;
import io.gradsieve.plan.Operation.Pool;
import java.util.Arrays;
import java.util.stream.IntStream;

/** One operation on one sample of a reference step, forward and backward. */
final class ReferencePass {
  private final ReferenceStep step;

  ReferencePass(ReferenceStep step) {
    this.step = step;
  }

  void forward(Operation operation, int i) {
    if (operation instanceof Operation.Input o) {
      input(o, i);
    } else if (operation instanceof Conv2d o) {
      convolution(o, i);
    } else if (operation instanceof Linear o) {
      linear(o, i);
    } else if (operation instanceof Normalization.BatchNormNormalize o) {
      step.norm(o.normalizer()).forward(step, i);
    } else if (operation instanceof Normalization.GroupNorm o) {
      norm(o.in(), o.out(), o.saved(), groups(o), o.groups(), o.eps(), o.gamma(), o.beta(), i);
    } else if (operation instanceof Normalization.LayerNorm o) {
      norm(o.in(), o.out(), o.saved(), groups(o), layerGroups(o), o.eps(), o.gamma(), o.beta(), i);
    } else if (operation instanceof Operation.Activate o) {
      PlanTensor t = step.tensor(o.in());
      step.setValue(o.out(), i, activate(o.activation(), t, step.value(o.in(), i)));
    } else if (operation instanceof Operation.Pool2d o) {
      PlanTensor out = step.tensor(o.out());
      int[] choices = new int[(int) out.floats()];
      double[] x = step.value(o.in(), i);
      step.setValue(
          o.out(),
          i,
          ReferenceKernels.pool(
              o.pool(), o.kernelHeight(), o.kernelWidth(), step.tensor(o.in()), out, x, choices));
      save(o.saved(), i, choices);
    } else if (operation instanceof Operation.Dropout o) {
      step.setValue(o.out(), i, dropped(o, i, step.value(o.in(), i)));
    } else if (operation instanceof Operation.Add o) {
      double[] sum = step.value(o.a(), i);
      double[] b = step.value(o.b(), i);
      Arrays.setAll(sum, e -> sum[e] + b[e]);
      step.setValue(o.out(), i, sum);
    } else if (operation instanceof Operation.SoftmaxCrossEntropy o) {
      loss(o, i, false);
    }
  }

  void backward(Operation operation, int i) {
    if (!operation.dataflow().runsBackward()) {
      return;
    }
    if (operation instanceof Conv2d o) {
      convolutionBackward(o, i);
    } else if (operation instanceof Linear o) {
      linearBackward(o, i);
    } else if (operation instanceof Normalization.BatchNormNormalize o) {
      step.norm(o.normalizer()).backwardSums(step, i);
    } else if (operation instanceof Normalization.BatchNormStatistics o) {
      step.norm(o.normalizer()).backwardInput(step, i);
    } else if (operation instanceof Normalization.GroupNorm o) {
      normBackward(
          o.in(), o.out(), o.saved(), groups(o), o.groups(), o.gamma(), o.beta(), o.gradient(), i);
    } else if (operation instanceof Normalization.LayerNorm o) {
      normBackward(
          o.in(),
          o.out(),
          o.saved(),
          groups(o),
          layerGroups(o),
          o.gamma(),
          o.beta(),
          o.gradient(),
          i);
    } else if (operation instanceof Operation.Activate o) {
      boolean gelu = o.activation() == Activation.GELU;
      double[] slope = step.gradient(o.out(), i);
      double[] x = gelu ? step.value(o.in(), i) : new double[slope.length];
      double[] y = gelu ? new double[slope.length] : step.value(o.out(), i);
      Arrays.setAll(slope, e -> slope[e] * ReferenceKernels.slope(o.activation(), x[e], y[e]));
      step.passGradient(o.in(), i, o.gradient(), slope);
    } else if (operation instanceof Operation.Pool2d o) {
      PlanTensor out = step.tensor(o.out());
      double[] dx =
          ReferenceKernels.unpool(
              o.pool(),
              o.kernelHeight(),
              o.kernelWidth(),
              step.tensor(o.in()),
              out,
              step.gradient(o.out(), i),
              o.pool() == Pool.MAX ? saved(o.saved(), i, out) : new int[0]);
      step.passGradient(o.in(), i, o.gradient(), dx);
    } else if (operation instanceof Operation.Dropout o) {
      step.passGradient(o.in(), i, o.gradient(), dropped(o, i, step.gradient(o.out(), i)));
    } else if (operation instanceof Operation.Add o) {
      step.passGradient(o.a(), i, o.gradientA(), step.gradient(o.out(), i));
      step.passGradient(o.b(), i, o.gradientB(), step.gradient(o.out(), i));
    } else if (operation instanceof Operation.SoftmaxCrossEntropy o) {
      loss(o, i, true);
    }
  }

  private void input(Operation.Input o, int i) {
    PlanTensor t = step.tensor(o.out());
    double[] x = new double[(int) t.floats()];
    int positions = t.height() * t.width();
    for (int p = 0; p < positions; p++) {
      for (int c = 0; c < t.channels(); c++) {
        double value = step.batch.inputs()[(i * positions + p) * t.channels() + c];
        x[p * t.pitch() + c] = o.bytes() ? value * o.scale()[c] + o.shift()[c] : value;
      }
    }
    step.setValue(o.out(), i, x);
  }

  private void convolution(Conv2d o, int i) {
    PlanTensor in = step.tensor(o.in());
    PlanTensor out = step.tensor(o.out());
    PlanTensor full = ReferenceKernels.convolved(o, in, out);
    double[] y = ReferenceKernels.convolution(o, in, full, step.value(o.in(), i), step.weights);
    y = activate(o.activation(), full, y);
    if (o.pool() > 1) {
      int[] choices = new int[(int) out.floats()];
      y = ReferenceKernels.pool(Pool.MAX, o.pool(), o.pool(), full, out, y, choices);
      save(o.saved(), i, choices);
    }
    step.setValue(o.out(), i, y);
  }

  private void convolutionBackward(Conv2d o, int i) {
    PlanTensor in = step.tensor(o.in());
    PlanTensor out = step.tensor(o.out());
    PlanTensor full = ReferenceKernels.convolved(o, in, out);
    double[] slope = masked(o.activation(), o.out(), i);
    if (o.pool() > 1) {
      slope =
          ReferenceKernels.unpool(
              Pool.MAX, o.pool(), o.pool(), full, out, slope, saved(o.saved(), i, out));
    }
    double[] x = step.value(o.in(), i);
    step.addParameter(o.weights(), i, ReferenceKernels.convolutionWeights(o, in, full, x, slope));
    if (o.bias() >= 0) {
      step.addParameter(o.bias(), i, ReferenceKernels.channelSums(full, slope));
    }
    if (o.gradient() != Operation.Gradient.NONE) {
      step.passGradient(
          o.in(),
          i,
          o.gradient(),
          ReferenceKernels.convolutionInput(o, in, full, slope, step.weights));
    }
  }

  /** The gradient before the activation, left in place as backends do. */
  private double[] masked(Activation activation, int out, int i) {
    double[] slope = step.gradient(out, i);
    if (activation != Activation.IDENTITY) {
      double[] y = step.value(out, i);
      Arrays.setAll(slope, e -> slope[e] * ReferenceKernels.slope(activation, 0, y[e]));
      step.setGradient(out, i, slope);
    }
    return slope;
  }

  private double[] shifted(Linear o, int i) {
    double[] x = step.value(o.in(), i);
    return o.shift().length == 0
        ? x
        : IntStream.range(0, x.length).mapToDouble(j -> x[j] + o.shift()[j]).toArray();
  }

  private void linear(Linear o, int i) {
    PlanTensor out = step.tensor(o.out());
    double[] x = shifted(o, i);
    double[] y = new double[(int) out.floats()];
    for (int k = 0; k < out.channels(); k++) {
      y[k] = o.bias() < 0 ? 0 : step.weights[(int) o.bias() + k];
      for (int j = 0; j < x.length; j++) {
        y[k] += x[j] * step.weights[(int) o.weights() + ReferenceKernels.weight(x.length, k, j)];
      }
    }
    step.setValue(o.out(), i, activate(o.activation(), out, y));
  }

  private void linearBackward(Linear o, int i) {
    PlanTensor out = step.tensor(o.out());
    double[] slope = masked(o.activation(), o.out(), i);
    double[] x = shifted(o, i);
    double[] dw = new double[out.pitch() * x.length];
    double[] dx = new double[x.length];
    for (int k = 0; k < out.channels(); k++) {
      for (int j = 0; j < x.length; j++) {
        dw[ReferenceKernels.weight(x.length, k, j)] = slope[k] * x[j];
        dx[j] +=
            slope[k] * step.weights[(int) o.weights() + ReferenceKernels.weight(x.length, k, j)];
      }
    }
    step.addParameter(o.weights(), i, dw);
    if (o.bias() >= 0) {
      step.addParameter(o.bias(), i, Arrays.copyOf(slope, out.channels()));
    }
    step.passGradient(o.in(), i, o.gradient(), dx);
  }

  private record Groups(PlanTensor t, int perGroup, boolean layer, boolean spatial)
      implements ReferenceKernels.Grouping {
    @Override
    public int group(int element) {
      int c = element % t.pitch();
      if (c >= t.channels()) {
        return -1;
      }
      if (!layer) {
        return c / perGroup;
      }
      return spatial ? element / (t.pitch() * t.width()) * t.pitch() + c : 0;
    }

    @Override
    public int parameter(int element) {
      return layer ? (spatial ? element / t.pitch() % t.width() : element) : element % t.pitch();
    }
  }

  private Groups groups(Normalization.GroupNorm o) {
    PlanTensor t = step.tensor(o.in());
    return new Groups(t, t.channels() / o.groups(), false, false);
  }

  private Groups groups(Normalization.LayerNorm o) {
    return new Groups(step.tensor(o.in()), 1, true, o.spatial());
  }

  private int layerGroups(Normalization.LayerNorm o) {
    PlanTensor t = step.tensor(o.in());
    return o.spatial() ? t.height() * t.pitch() : 1;
  }

  private void norm(
      int in,
      int out,
      int saved,
      Groups groups,
      int count,
      double eps,
      long gamma,
      long beta,
      int i) {
    double[] x = step.value(in, i);
    double[][] moments = ReferenceKernels.moments(x, groups, count, eps);
    for (double[] moment : moments) {
      Arrays.setAll(moment, g -> step.roundedStatistic(moment[g]));
    }
    double[] y = new double[x.length];
    for (int e = 0; e < x.length; e++) {
      int g = groups.group(e);
      if (g >= 0) {
        int p = groups.parameter(e);
        y[e] =
            (x[e] - moments[0][g]) * moments[1][g] * step.weights[(int) gamma + p]
                + step.weights[(int) beta + p];
      }
    }
    step.setValue(out, i, y);
    double[] kept = new double[(int) step.tensor(saved).floats()];
    System.arraycopy(moments[0], 0, kept, 0, count);
    System.arraycopy(moments[1], 0, kept, count, count);
    step.setValue(saved, i, kept);
  }

  private void normBackward(
      int in,
      int out,
      int saved,
      Groups groups,
      int count,
      long gamma,
      long beta,
      Operation.Gradient gradient,
      int i) {
    double[] x = step.value(in, i);
    double[] kept = step.value(saved, i);
    double[] slope = step.gradient(out, i);
    double[] xHat = new double[x.length];
    double[] scaled = new double[x.length];
    int parameters = 0;
    for (int e = 0; e < x.length; e++) {
      parameters = Math.max(parameters, groups.group(e) < 0 ? 0 : groups.parameter(e) + 1);
    }
    double[] gammas = new double[parameters];
    double[] betas = new double[parameters];
    for (int e = 0; e < x.length; e++) {
      int g = groups.group(e);
      if (g >= 0) {
        int p = groups.parameter(e);
        xHat[e] = (x[e] - kept[g]) * kept[count + g];
        scaled[e] = slope[e] * step.weights[(int) gamma + p];
        gammas[p] += slope[e] * xHat[e];
        betas[p] += slope[e];
      }
    }
    step.addParameter(gamma, i, gammas);
    step.addParameter(beta, i, betas);
    double[] inverse = Arrays.copyOfRange(kept, count, 2 * count);
    step.passGradient(
        in, i, gradient, ReferenceKernels.normSlope(xHat, scaled, inverse, groups, count));
  }

  private double[] dropped(Operation.Dropout o, int i, double[] x) {
    if (!step.batch.training()) {
      return x;
    }
    PlanTensor t = step.tensor(o.in());
    RandomBits bits =
        RandomBits.of(step.batch.seed(), "dropout", step.batch.epoch())
            .at(o.place())
            .at(step.batch.ids()[i]);
    int positions = t.height() * t.width();
    double[] y = new double[x.length];
    for (int e = 0; e < x.length; e++) {
      int c = e % t.pitch();
      if (c < t.channels() && bits.uniform((long) c * positions + e / t.pitch()) >= o.p()) {
        y[e] = x[e] / (1 - o.p());
      }
    }
    return y;
  }

  private double[] activate(Activation activation, PlanTensor t, double[] x) {
    double[] y = ReferenceKernels.activate(activation, t, x);
    if (activation == Activation.RELU) {
      for (double value : y) {
        step.tookBranch(value > 0 ? 1 : 0);
      }
    }
    return y;
  }

  private void save(int saved, int i, int[] choices) {
    for (int choice : choices) {
      step.tookBranch(choice);
    }
    if (saved >= 0) {
      step.setBytes(saved, i, ReferenceKernels.packed(choices, (int) step.tensor(saved).floats()));
    }
  }

  private int[] saved(int saved, int i, PlanTensor out) {
    return ReferenceKernels.unpacked(step.value(saved, i), (int) out.floats());
  }

  private void loss(Operation.SoftmaxCrossEntropy o, int i, boolean backward) {
    PlanTensor t = step.tensor(o.logits());
    int classes = t.channels();
    int label = step.batch.labels()[i];
    double[] z = step.value(o.logits(), i);
    double largest = Arrays.stream(z, 0, classes).max().orElseThrow();
    double sum = Arrays.stream(z, 0, classes).map(v -> Math.exp(v - largest)).sum();
    double[] p = new double[(int) t.floats()];
    double smoothed = 0;
    double others = 0;
    double squares = 0;
    double margin = Double.NEGATIVE_INFINITY;
    double eps = o.labelSmoothing();
    for (int k = 0; k < classes; k++) {
      p[k] = Math.exp(z[k] - largest) / sum;
      smoothed -= (eps / classes + (k == label ? 1 - eps : 0)) * (z[k] - largest - Math.log(sum));
      if (k != label) {
        others += p[k];
        squares += p[k] * p[k];
        margin = Math.max(margin, p[k]);
      }
    }
    step.logits[i] = Arrays.copyOf(z, classes);
    step.loss[i] = step.batch.sampleWeights()[i] * smoothed;
    step.crossEntropy[i] = -(z[label] - largest - Math.log(sum));
    step.el2n[i] = Math.sqrt(squares + others * others);
    step.margin[i] = 1 + margin - p[label];
    if (backward) {
      double scale = step.batch.planWeights()[i] * step.batch.sampleWeights()[i];
      double[] slope = new double[p.length];
      for (int k = 0; k < classes; k++) {
        slope[k] = scale * (k == label ? -others - eps / classes + eps : p[k] - eps / classes);
      }
      step.passGradient(o.logits(), i, o.gradient(), slope);
    }
  }
}
