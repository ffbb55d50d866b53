package io.gradsieve.backend.cpu;

import io.gradsieve.backend.layout.Fusions;
import io.gradsieve.backend.layout.IndexMap;
import io.gradsieve.backend.layout.Layout;
import io.gradsieve.backend.layout.Tensor;
import io.gradsieve.graph.Kind;
import io.gradsieve.graph.Kind.Window;
import io.gradsieve.graph.Node;
import io.gradsieve.graph.Value;
import io.gradsieve.natives.CpuLibrary;
import io.gradsieve.plan.Operation;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Convolution and linear layers, whose weights lie as the register tiles read them. */
final class CpuProducts {
  private CpuProducts() {}

  static void enter() {
    CpuKinds.kind(Kind.Conv2d.class, new Conv2d());
    CpuKinds.kind(Kind.Linear.class, new Linear());
  }

  private static Tensor fresh(Node node, Layout layout) {
    Value value = layout.graph().value(node.output());
    return layout.of(value.positions(), value.channels());
  }

  /** Convolution weights: [out, in, kh·kw] ↔ [out/16][kh·kw][in][16]. */
  private static IndexMap taps(int out, int in, int taps, Layout layout) {
    return IndexMap.weights(out, new Tensor(taps, in, in), CpuLayout.LANES, layout.whole(out));
  }

  /** Whether a linear layer that alone reads this input takes its shift. */
  static boolean takesShift(Kind.Input input, int value, Layout layout) {
    List<Node> readers = layout.readers(value);
    return input.shifts() && readers.size() == 1 && isRows(readers.get(0), layout);
  }

  /** Whether it is a linear layer over one position, which has kernels of its own. */
  private static boolean isRows(Node node, Layout layout) {
    return node.kind() instanceof Kind.Linear
        && layout.graph().value(node.output()).positions() == 1;
  }

  /** Convolution + bias + relu, and max-pooling by square windows. */
  static final class Conv2d implements CpuKind<Kind.Conv2d> {
    @Override
    public Tensor output(Kind.Conv2d kind, Node node, Layout layout) {
      return fresh(node, layout);
    }

    @Override
    public IndexMap parameter(Kind.Conv2d kind, Node node, int place, Layout layout) {
      Window window = kind.window();
      int out = layout.tensor(node.output()).channels();
      return place > 0
          ? IndexMap.vector(out)
          : taps(
              out,
              layout.tensor(node.input()).channels(),
              window.kernelHeight() * window.kernelWidth(),
              layout);
    }

    @Override
    public boolean fuses(Operation operation, Kind next) {
      return Fusions.convolution(operation, next);
    }

    @Override
    public int add(Kind.Conv2d kind, Operation operation, CpuPlan plan) {
      int pool = 1;
      for (Node node : operation.nodes()) {
        pool = node.kind() instanceof Kind.Pool2d pooling ? pooling.kernelHeight() : pool;
      }
      return convolution(kind.window(), pool, operation, plan);
    }
  }

  private static int convolution(Window window, int pool, Operation operation, CpuPlan plan) {
    Node node = operation.first();
    return CpuLibrary.gs_step_conv2d(
        plan.step(),
        window.height(),
        window.width(),
        window.kernelHeight(),
        window.kernelWidth(),
        window.stride(),
        window.padding(),
        plan.offset(node.parameter(0)),
        plan.offset(node.parameter(1)),
        CpuKinds.activation(operation),
        pool);
  }

  /**
   * Linear + bias + activation. Over several positions it is a convolution of 1×1 pixels, whose
   * norms are those of sums over positions.
   */
  static final class Linear implements CpuKind<Kind.Linear> {
    @Override
    public Tensor output(Kind.Linear kind, Node node, Layout layout) {
      return fresh(node, layout);
    }

    @Override
    public IndexMap parameter(Kind.Linear kind, Node node, int place, Layout layout) {
      int out = layout.tensor(node.output()).channels();
      Tensor in = layout.tensor(node.input());
      if (place > 0) {
        return IndexMap.vector(out);
      }
      return isRows(node, layout)
          ? IndexMap.weights(out, in, CpuLayout.LANES, layout.whole(out))
          : taps(out, in.channels(), 1, layout);
    }

    @Override
    public boolean fuses(Operation operation, Kind next) {
      return Fusions.linear(operation, next);
    }

    @Override
    public int add(Kind.Linear kind, Operation operation, CpuPlan plan) {
      Node node = operation.first();
      CpuLayout layout = plan.layout();
      if (!isRows(node, layout)) {
        int positions = layout.graph().value(node.output()).positions();
        return convolution(new Window(positions, 1, 1, 1, 1, 0), 1, operation, plan);
      }
      return CpuLibrary.gs_step_linear(
          plan.step(),
          plan.offset(node.parameter(0)),
          plan.offset(node.parameter(1)),
          CpuKinds.activation(operation),
          shift(node, layout));
    }

    /** One a float of the input, zero in pad lanes; null where there is none. */
    private static float @Nullable [] shift(Node node, Layout layout) {
      Node first = layout.graph().input();
      int origin = layout.origin(node.input());
      if (origin != first.output()
          || !(first.kind() instanceof Kind.Input input)
          || !takesShift(input, origin, layout)) {
        return null;
      }
      Tensor tensor = layout.tensor(origin);
      float[] shift = new float[Math.toIntExact(tensor.floats())];
      for (int i = 0; i < shift.length; i++) {
        int channel = i % tensor.pitch();
        shift[i] = channel < tensor.channels() ? input.shift()[channel] : 0;
      }
      return shift;
    }
  }
}
