package io.gradsieve.plan;

import io.gradsieve.RandomBits;
import io.gradsieve.graph.Graph;
import io.gradsieve.graph.Kind;
import io.gradsieve.graph.Kind.Window;
import io.gradsieve.graph.Node;
import io.gradsieve.graph.Value;
import io.gradsieve.plan.ReferenceKernels.Product;
import java.util.Arrays;
import java.util.List;

/** One operation on one sample of a reference step, forward and backward. */
final class ReferencePass {
  private final ReferenceStep step;
  private final Graph graph;
  private final ReferenceNorms norms;

  ReferencePass(ReferenceStep step) {
    this.step = step;
    this.graph = step.plan.graph();
    this.norms = new ReferenceNorms(step);
  }

  // ---- forward

  /** Runs the nodes one after the other; what is between them is never stored. */
  void forward(Operation operation, int i) {
    double[] made = new double[0];
    int before = -1;
    for (Node node : operation.nodes()) {
      double[] previous = made;
      int through = before;
      made = forward(node, i, value -> value == through ? previous : step.value(value, i));
      before = node.output();
    }
    if (before >= 0 && !graph.value(before).ofBatch()) {
      step.setValue(before, i, made);
    }
  }

  private interface Inputs {
    double[] of(int value);
  }

  private double[] forward(Node node, int i, Inputs inputs) {
    Kind kind = node.kind();
    if (kind instanceof Kind.Input input) {
      return input(input, node, i);
    }
    if (kind instanceof Kind.SoftmaxCrossEntropy loss) {
      loss(loss, node, i);
      return new double[0];
    }
    if (graph.value(node.output()).ofBatch()) {
      return new double[0];
    }
    double[] x = inputs.of(node.inputs().get(0));
    if (kind instanceof Kind.Conv2d || kind instanceof Kind.Linear) {
      return ReferenceKernels.convolution(window(node), product(node), x);
    }
    if (kind instanceof Kind.BatchNormNormalize) {
      return step.batchNorm(node.inputs().get(1)).forward(x);
    }
    if (ReferenceNorms.is(kind)) {
      return norms.forward(node, x, i);
    }
    if (kind instanceof Kind.Activation activation) {
      return activated(activation.function(), x);
    }
    if (kind instanceof Kind.Pool2d pool) {
      return pooled(pool, node, x, i);
    }
    if (kind instanceof Kind.Dropout dropout) {
      return dropped(dropout, graph.value(node.output()), i, x);
    }
    if (kind instanceof Kind.Add) {
      double[] b = inputs.of(node.inputs().get(1));
      double[] sum = new double[x.length];
      Arrays.setAll(sum, e -> x[e] + b[e]);
      return sum;
    }
    throw new AssertionError("no reference of " + kind);
  }

  private double[] input(Kind.Input input, Node node, int i) {
    Value value = graph.value(node.output());
    double[] x = new double[Math.toIntExact(value.elements())];
    for (int e = 0; e < x.length; e++) {
      double raw = step.batch.inputs()[i * x.length + e];
      int c = e % value.channels();
      x[e] = input.bytes() ? raw * input.scale()[c] + input.shift()[c] : raw;
    }
    return x;
  }

  private Window window(Node node) {
    return node.kind() instanceof Kind.Conv2d conv
        ? conv.window()
        : ReferenceKernels.positions(graph.value(node.output()).positions());
  }

  private Product product(Node node) {
    return new Product(
        step.weights,
        step.offset(node.parameter(0)),
        node.parameter(1) < 0 ? -1 : step.offset(node.parameter(1)),
        graph.value(node.input()).channels(),
        graph.value(node.output()).channels());
  }

  private double[] activated(Kind.Function function, double[] x) {
    double[] y = new double[x.length];
    Arrays.setAll(y, e -> ReferenceKernels.activate(function, x[e]));
    if (function == Kind.Function.RELU) {
      for (double value : y) {
        step.tookBranch(value > 0 ? 1 : 0);
      }
    }
    return y;
  }

  private double[] pooled(Kind.Pool2d pool, Node node, double[] x, int i) {
    Value out = graph.value(node.output());
    double[] choices = new double[Math.toIntExact(out.elements())];
    double[] y = ReferenceKernels.pool(pool, out.channels(), x, choices);
    for (double choice : choices) {
      step.tookBranch((int) choice);
    }
    if (!node.saved().isEmpty()) {
      step.setBytes(node.saved().get(0), i, choices);
    }
    return y;
  }

  private double[] dropped(Kind.Dropout dropout, Value value, int i, double[] x) {
    if (!step.batch.training()) {
      return x;
    }
    RandomBits bits =
        RandomBits.of(step.batch.seed(), "dropout", step.batch.epoch())
            .at(dropout.place())
            .at(step.batch.ids()[i]);
    double[] y = new double[x.length];
    for (int e = 0; e < x.length; e++) {
      int c = e % value.channels();
      long place = (long) c * value.positions() + e / value.channels();
      y[e] = bits.uniform(place) >= dropout.p() ? x[e] / (1 - dropout.p()) : 0;
    }
    return y;
  }

  // ---- backward

  /** From the inputs, the output and what was saved; nothing else of the forward pass is there. */
  void backward(Operation operation, int i) {
    boolean gives =
        operation.gradients().stream().anyMatch(gradient -> gradient != Operation.Gradient.NONE);
    if (!gives && !operation.trains(graph)) {
      return;
    }
    Node first = operation.first();
    if (first.kind() instanceof Kind.SoftmaxCrossEntropy loss) {
      passGradient(operation, 0, i, lossGradient(loss, first, i));
      return;
    }
    if (graph.value(operation.output()).ofBatch()) {
      passGradient(operation, 0, i, step.batchNorm(operation.output()).backwardInput(i));
      return;
    }
    double[] outputGradient = step.gradient(operation.output(), i);
    if (operation.nodes().size() > 1) {
      outputGradient = throughTail(operation, outputGradient, i);
    }
    backward(operation, first, outputGradient, i);
  }

  /** Through the nodes after the first; the gradient is left masked, as backends do. */
  private double[] throughTail(Operation operation, double[] outputGradient, int i) {
    double[] masked = outputGradient;
    List<Node> tail = operation.nodes().subList(1, operation.nodes().size());
    for (Node node : tail) {
      if (node.kind() instanceof Kind.Activation activation) {
        double[] y = step.value(operation.output(), i);
        Arrays.setAll(
            masked,
            e -> outputGradient[e] * ReferenceKernels.derivative(activation.function(), 0, y[e]));
        step.setGradient(operation.output(), i, masked);
      }
    }
    for (Node node : tail) {
      if (node.kind() instanceof Kind.Add) {
        passGradient(operation, operation.inputs().size() - 1, i, masked);
      }
      if (node.kind() instanceof Kind.Pool2d pool) {
        masked = unpooled(pool, node, masked, i);
      }
    }
    return masked;
  }

  private void backward(Operation operation, Node node, double[] outputGradient, int i) {
    Kind kind = node.kind();
    int input = node.inputs().get(0);
    if (kind instanceof Kind.Conv2d || kind instanceof Kind.Linear) {
      Product product = product(node);
      double[] x = step.value(input, i);
      step.addParameter(
          node.parameter(0),
          i,
          ReferenceKernels.convolutionWeights(window(node), product, x, outputGradient));
      if (product.bias() >= 0) {
        step.addParameter(
            node.parameter(1), i, ReferenceKernels.channelSums(product.out(), outputGradient));
      }
      passGradient(
          operation,
          0,
          i,
          ReferenceKernels.convolutionInput(window(node), product, outputGradient));
    } else if (kind instanceof Kind.BatchNormNormalize) {
      step.batchNorm(node.inputs().get(1)).backwardSums(step.value(input, i), outputGradient, i);
    } else if (ReferenceNorms.is(kind)) {
      passGradient(operation, 0, i, norms.backward(node, step.value(input, i), outputGradient, i));
    } else if (kind instanceof Kind.Activation activation) {
      boolean gelu = activation.function() == Kind.Function.GELU;
      double[] x = gelu ? step.value(input, i) : new double[outputGradient.length];
      double[] y = gelu ? new double[outputGradient.length] : step.value(node.output(), i);
      double[] dx = new double[outputGradient.length];
      Arrays.setAll(
          dx,
          e -> outputGradient[e] * ReferenceKernels.derivative(activation.function(), x[e], y[e]));
      passGradient(operation, 0, i, dx);
    } else if (kind instanceof Kind.Pool2d pool) {
      passGradient(operation, 0, i, unpooled(pool, node, outputGradient, i));
    } else if (kind instanceof Kind.Dropout dropout) {
      passGradient(
          operation, 0, i, dropped(dropout, graph.value(node.output()), i, outputGradient));
    } else if (kind instanceof Kind.Add) {
      passGradient(operation, 0, i, outputGradient);
      passGradient(operation, 1, i, outputGradient);
    } else {
      throw new AssertionError("no reference of the gradient of " + kind);
    }
  }

  private double[] unpooled(Kind.Pool2d pool, Node node, double[] outputGradient, int i) {
    double[] choices = node.saved().isEmpty() ? outputGradient : step.value(node.saved().get(0), i);
    return ReferenceKernels.unpool(
        pool, graph.value(node.output()).channels(), outputGradient, choices);
  }

  /** Stores or adds a gradient of an operation's input. */
  private void passGradient(Operation operation, int input, int i, double[] values) {
    int value = operation.inputs().get(input);
    switch (operation.gradients().get(input)) {
      case NONE -> {}
      case STORE -> step.setGradient(value, i, values);
      case ADD -> {
        double[] sum = step.gradient(value, i);
        Arrays.setAll(sum, e -> sum[e] + values[e]);
        step.setGradient(value, i, sum);
      }
    }
  }

  // ---- loss

  private double[] probabilities(double[] z) {
    double largest = Arrays.stream(z).max().orElseThrow();
    double sum = Arrays.stream(z).map(v -> Math.exp(v - largest)).sum();
    return Arrays.stream(z).map(v -> Math.exp(v - largest) / sum).toArray();
  }

  private void loss(Kind.SoftmaxCrossEntropy kind, Node node, int i) {
    double[] z = step.value(node.input(), i);
    double[] p = probabilities(z);
    int label = step.batch.labels()[i];
    double largest = Arrays.stream(z).max().orElseThrow();
    double log = largest + Math.log(Arrays.stream(z).map(v -> Math.exp(v - largest)).sum());
    double eps = kind.labelSmoothing();
    double smoothed = 0;
    double others = 0;
    double squares = 0;
    double margin = Double.NEGATIVE_INFINITY;
    for (int k = 0; k < z.length; k++) {
      smoothed -= (eps / z.length + (k == label ? 1 - eps : 0)) * (z[k] - log);
      if (k != label) {
        others += p[k];
        squares += p[k] * p[k];
        margin = Math.max(margin, p[k]);
      }
    }
    step.logits[i] = z;
    step.loss[i] = step.batch.sampleWeights()[i] * smoothed;
    step.crossEntropy[i] = log - z[label];
    step.el2n[i] = Math.sqrt(squares + others * others);
    step.margin[i] = 1 + margin - p[label];
  }

  private double[] lossGradient(Kind.SoftmaxCrossEntropy kind, Node node, int i) {
    double[] p = probabilities(step.value(node.input(), i));
    int label = step.batch.labels()[i];
    double others = 0;
    for (int k = 0; k < p.length; k++) {
      others += k == label ? 0 : p[k];
    }
    double eps = kind.labelSmoothing();
    double scale = step.batch.planWeights()[i] * step.batch.sampleWeights()[i];
    double[] logitsGradient = new double[p.length];
    for (int k = 0; k < p.length; k++) {
      logitsGradient[k] =
          scale * (k == label ? -others - eps / p.length + eps : p[k] - eps / p.length);
    }
    return logitsGradient;
  }
}
