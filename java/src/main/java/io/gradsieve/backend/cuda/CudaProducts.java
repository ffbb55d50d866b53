package io.gradsieve.backend.cuda;

import io.gradsieve.backend.layout.Fusions;
import io.gradsieve.backend.layout.IndexMap;
import io.gradsieve.backend.layout.Layout;
import io.gradsieve.backend.layout.Tensor;
import io.gradsieve.graph.Graph;
import io.gradsieve.graph.Kind;
import io.gradsieve.graph.Kind.Window;
import io.gradsieve.graph.Node;
import io.gradsieve.graph.Value;
import io.gradsieve.plan.Operation;

/** Convolution and linear layers. */
final class CudaProducts {
  private CudaProducts() {}

  static void enter() {
    CudaKinds.kind(Kind.Conv2d.class, new Conv2d());
    CudaKinds.kind(Kind.Linear.class, new Linear());
  }

  private static Tensor fresh(Node node, Layout layout) {
    Value value = layout.graph().value(node.output());
    return layout.of(value.positions(), value.channels());
  }

  /** Weights inside, [P_out][taps][P_in]; a bias is a vector. */
  private static IndexMap parameter(Node node, int place, Tensor in, Layout layout) {
    int out = layout.graph().value(node.output()).channels();
    return place > 0 ? IndexMap.vector(out) : IndexMap.weights(out, in, 1, layout.whole(out));
  }

  /** Whether it is a linear layer over one position, so that a sample is one row of a product. */
  static boolean isRows(Node node, Graph graph) {
    return node.kind() instanceof Kind.Linear && graph.value(node.output()).positions() == 1;
  }

  /** Convolution + bias + relu, and max-pooling by square windows. */
  private static final class Conv2d implements CudaKind<Kind.Conv2d> {
    @Override
    public Tensor output(Kind.Conv2d kind, Node node, Layout layout) {
      return fresh(node, layout);
    }

    @Override
    public IndexMap parameter(Kind.Conv2d kind, Node node, int place, Layout layout) {
      Window window = kind.window();
      Tensor in = layout.tensor(node.input());
      int taps = window.kernelHeight() * window.kernelWidth();
      return CudaProducts.parameter(
          node, place, new Tensor(taps, in.channels(), in.pitch()), layout);
    }

    @Override
    public boolean fuses(Operation operation, Kind next) {
      return Fusions.convolution(operation, next);
    }

    @Override
    public CudaOperation operation(Kind.Conv2d kind, Operation operation, CudaNetwork network) {
      return new CudaConvolution(kind.window(), operation, network);
    }
  }

  /** Linear + bias + activation. */
  private static final class Linear implements CudaKind<Kind.Linear> {
    @Override
    public Tensor output(Kind.Linear kind, Node node, Layout layout) {
      return fresh(node, layout);
    }

    @Override
    public IndexMap parameter(Kind.Linear kind, Node node, int place, Layout layout) {
      Tensor in = layout.tensor(node.input());
      boolean rows = isRows(node, layout.graph());
      return CudaProducts.parameter(
          node, place, rows ? in : new Tensor(1, in.channels(), in.pitch()), layout);
    }

    @Override
    public boolean fuses(Operation operation, Kind next) {
      return Fusions.linear(operation, next);
    }

    @Override
    public CudaOperation operation(Kind.Linear kind, Operation operation, CudaNetwork network) {
      return new CudaLinear(operation, network);
    }
  }
}
