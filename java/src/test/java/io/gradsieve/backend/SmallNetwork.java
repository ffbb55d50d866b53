package io.gradsieve.backend;

import io.gradsieve.graph.Graph;
import io.gradsieve.graph.HeapParameters;
import io.gradsieve.graph.Kind;
import io.gradsieve.graph.Node;
import io.gradsieve.graph.Parameter;
import io.gradsieve.graph.Value;
import io.gradsieve.nn.Network;
import io.gradsieve.nn.NetworkSpec;
import io.gradsieve.nn.layer.Activation;
import io.gradsieve.nn.layer.BatchNorm;
import io.gradsieve.nn.layer.Conv2d;
import io.gradsieve.nn.layer.Dropout;
import io.gradsieve.nn.layer.Flatten;
import io.gradsieve.nn.layer.GlobalAveragePool;
import io.gradsieve.nn.layer.GroupNorm;
import io.gradsieve.nn.layer.Layer;
import io.gradsieve.nn.layer.Linear;
import io.gradsieve.nn.layer.Pool2d;
import io.gradsieve.nn.layer.Residual;
import java.util.List;

/** Networks of a few hundred weights, of K = 3 classes, which together have what steps are of. */
public enum SmallNetwork {
  /** With bias, relu and max-pooling, and a dropout whose masks follow the samples' ids. */
  CONVOLUTION {
    @Override
    public Graph graph() {
      return image(
          conv(5, 3),
          RELU,
          new Pool2d(Kind.Pool.MAX, 2),
          new Flatten(),
          new Dropout(0.3),
          new Linear(CLASSES, true));
    }
  },

  BATCH_NORM {
    @Override
    public Graph graph() {
      return image(
          new Conv2d(5, 3, 3, 1, 1, false),
          new BatchNorm(),
          RELU,
          new Pool2d(Kind.Pool.AVERAGE, 2),
          new Flatten(),
          new Linear(CLASSES, true));
    }
  },

  RESIDUAL {
    @Override
    public Graph graph() {
      return image(
          new Residual(List.of(conv(4, 3), RELU, conv(4, 3)), List.of(conv(4, 1))),
          RELU,
          new Residual(List.of(conv(4, 3), RELU, conv(4, 3)), List.of()),
          new GlobalAveragePool(),
          new Flatten(),
          new Linear(CLASSES, true));
    }
  },

  GROUP_NORM {
    @Override
    public Graph graph() {
      return image(
          conv(6, 3),
          new GroupNorm(3),
          RELU,
          new GlobalAveragePool(),
          new Flatten(),
          new Linear(CLASSES, true));
    }
  },

  /** Linear layers at each of several positions. */
  SEQUENCE {
    @Override
    public Graph graph() {
      return sequence(false);
    }
  };

  static final int CLASSES = 3;

  private static final Layer RELU = new Activation(Kind.Function.RELU);
  private static final int POSITIONS = 6;
  private static final int FEATURES = 5;
  private static final int HIDDEN = 7;
  private static final int LAST = 4;
  private static final List<Integer> NONE = List.of();

  /** From floats to a loss with label smoothing. */
  public abstract Graph graph();

  /** Whether a sample's gradient is its own in training too. */
  boolean samplesStandAlone() {
    return this != BATCH_NORM;
  }

  private static Layer conv(int channels, int kernel) {
    return new Conv2d(channels, kernel, kernel, 1, kernel / 2, true);
  }

  /** Over images of 2×6×6. */
  private static Graph image(Layer... layers) {
    return image(false, layers);
  }

  private static Graph image(boolean bytes, Layer... layers) {
    NetworkSpec spec = NetworkSpec.of(List.of(2, 6, 6), List.of(layers));
    try (Network network = Network.create(spec, HeapParameters::of, 1)) {
      return network.graph(0.1, bytes);
    }
  }

  /** A linear layer over images of bytes. */
  static Graph bytes() {
    return image(true, new Flatten(), new Linear(CLASSES, true));
  }

  /**
   * [T][D] → linear + relu → linear + tanh at every position, flattened for the last one.
   *
   * @param norm a layer norm at every position instead of the tanh
   */
  public static Graph sequence(boolean norm) {
    Graph.Builder graph =
        new Graph.Builder(
            List.of(
                    new Parameter("0.weight", List.of(HIDDEN, FEATURES), true),
                    new Parameter("0.bias", List.of(HIDDEN), true),
                    new Parameter("2.weight", List.of(LAST, HIDDEN), true),
                    new Parameter("2.bias", List.of(LAST), true),
                    new Parameter("5.weight", List.of(CLASSES, LAST * POSITIONS), true),
                    new Parameter("5.bias", List.of(CLASSES), true),
                    new Parameter("3.weight", List.of(LAST), true),
                    new Parameter("3.bias", List.of(LAST), true))
                .subList(0, norm ? 8 : 6));
    int input = graph.add(Value.of(POSITIONS, FEATURES));
    int first = graph.add(Value.of(POSITIONS, HIDDEN));
    int active = graph.add(Value.of(POSITIONS, HIDDEN));
    int second = graph.add(Value.of(POSITIONS, LAST));
    int third = graph.add(Value.of(POSITIONS, LAST));
    int flat = graph.add(Value.of(1, LAST * POSITIONS));
    int logits = graph.add(Value.of(1, CLASSES));
    Kind floats = new Kind.Input(false, new float[0], new float[0]);
    Kind relu = new Kind.Activation(Kind.Function.RELU);
    Kind tanh = new Kind.Activation(Kind.Function.TANH);
    Kind loss = new Kind.SoftmaxCrossEntropy(0.1f);
    graph.add(new Node("input", floats, NONE, input, NONE, NONE));
    graph.add(new Node("0", new Kind.Linear(), List.of(input), first, NONE, List.of(0, 1)));
    graph.add(new Node("1", relu, List.of(first), active, NONE, NONE));
    graph.add(new Node("2", new Kind.Linear(), List.of(active), second, NONE, List.of(2, 3)));
    if (norm) {
      int moments = graph.add(Value.of(POSITIONS, 2));
      Kind layerNorm = new Kind.LayerNorm(1e-5f);
      graph.add(new Node("3", layerNorm, List.of(second), third, List.of(moments), List.of(6, 7)));
    } else {
      graph.add(new Node("3", tanh, List.of(second), third, NONE, NONE));
    }
    graph.add(new Node("4", new Kind.Flatten(), List.of(third), flat, NONE, NONE));
    graph.add(new Node("5", new Kind.Linear(), List.of(flat), logits, NONE, List.of(4, 5)));
    graph.add(new Node("loss", loss, List.of(logits), -1, NONE, NONE));
    return graph.build();
  }
}
