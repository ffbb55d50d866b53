package io.gradsieve.backend.cpu;

import io.gradsieve.backend.layout.KindTable;
import io.gradsieve.backend.layout.Layout;
import io.gradsieve.backend.layout.Tensor;
import io.gradsieve.graph.Graph;
import io.gradsieve.graph.Kind;
import io.gradsieve.graph.Kind.Pool;
import io.gradsieve.graph.Node;
import io.gradsieve.graph.Value;
import io.gradsieve.natives.CpuLibrary;
import io.gradsieve.plan.Operation;

/**
 * The kinds of nodes that a CPU runs. To add one: its line in the table below or in a file beside,
 * and what it says of its layout and its native call.
 */
final class CpuKinds {
  static final KindTable<CpuKind<?>> TABLE = new KindTable<>("native");

  static {
    kind(Kind.Input.class, new Input());
    kind(Kind.Activation.class, new Activation());
    kind(Kind.Pool2d.class, new Pool2d());
    kind(
        Kind.Dropout.class,
        (kind, operation, plan) -> CpuLibrary.gs_step_dropout(plan.step(), kind.p(), kind.place()));
    kind(Kind.Add.class, (kind, operation, plan) -> CpuLibrary.gs_step_add(plan.step()));
    kind(
        Kind.SoftmaxCrossEntropy.class,
        (kind, operation, plan) ->
            CpuLibrary.gs_step_softmax_cross_entropy(plan.step(), kind.labelSmoothing()));
    CpuProducts.enter();
    CpuNorms.enter();
  }

  private CpuKinds() {}

  /** Enters a kind. */
  static <K extends Kind> void kind(Class<K> type, CpuKind<K> kind) {
    TABLE.enter(type, kind);
  }

  /** What the CPU knows of a kind. */
  @SuppressWarnings("unchecked") // by kind() a kind's class leads to what takes it
  static CpuKind<Kind> of(Kind kind) {
    return (CpuKind<Kind>) TABLE.of(kind);
  }

  /** The code of an activation at the end of an operation; identity if there is none. */
  static int activation(Operation operation) {
    int code = CpuLibrary.GS_IDENTITY;
    for (Node node : operation.nodes()) {
      if (node.kind() instanceof Kind.Activation activation) {
        code = code(activation.function());
      }
    }
    return code;
  }

  private static int code(Kind.Function function) {
    return switch (function) {
      case RELU -> CpuLibrary.GS_RELU;
      case GELU -> CpuLibrary.GS_GELU;
      case TANH -> CpuLibrary.GS_TANH;
      case SIGMOID -> CpuLibrary.GS_SIGMOID;
    };
  }

  /**
   * The samples. The shift of standardised bytes moves on into a linear layer that alone reads
   * them, so that blank pixels are zeros, which the layer's products skip.
   */
  private static final class Input implements CpuKind<Kind.Input> {
    /** Images that only products read lie as densely as they come; others want whole vectors. */
    @Override
    public Tensor output(Kind.Input kind, Node node, Layout layout) {
      Graph graph = layout.graph();
      Value value = graph.value(node.output());
      boolean dense =
          value.positions() > 1
              && layout.readers(node.output()).stream().allMatch(reader -> reader.kind().heavy());
      return dense
          ? new Tensor(value.positions(), value.channels(), value.channels())
          : layout.of(value.positions(), value.channels());
    }

    @Override
    public int add(Kind.Input kind, Operation operation, CpuPlan plan) {
      boolean moved = CpuProducts.takesShift(kind, operation.output(), plan.layout());
      return CpuLibrary.gs_step_input(
          plan.step(),
          kind.bytes() ? CpuLibrary.GS_UINT8 : CpuLibrary.GS_FLOAT32,
          kind.bytes() ? kind.scale() : null,
          kind.bytes() ? (moved ? new float[kind.shift().length] : kind.shift()) : null);
    }
  }

  private static final class Activation implements CpuKind<Kind.Activation> {
    @Override
    public int add(Kind.Activation kind, Operation operation, CpuPlan plan) {
      return CpuLibrary.gs_step_activation(plan.step(), code(kind.function()));
    }
  }

  private static final class Pool2d implements CpuKind<Kind.Pool2d> {
    @Override
    public Tensor output(Kind.Pool2d kind, Node node, Layout layout) {
      Value value = layout.graph().value(node.output());
      return new Tensor(value.positions(), value.channels(), layout.tensor(node.input()).pitch());
    }

    /** A byte for every lane of the output. */
    @Override
    public Tensor saved(Kind.Pool2d kind, Node node, Value saved, Layout layout) {
      return layout.saved((layout.tensor(node.output()).floats() + 3) / Float.BYTES);
    }

    @Override
    public int add(Kind.Pool2d kind, Operation operation, CpuPlan plan) {
      return CpuLibrary.gs_step_pool2d(
          plan.step(),
          kind.pool() == Pool.MAX ? CpuLibrary.GS_MAX_POOL : CpuLibrary.GS_AVERAGE_POOL,
          kind.height(),
          kind.width(),
          kind.kernelHeight(),
          kind.kernelWidth());
    }
  }
}
