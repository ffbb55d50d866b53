package io.gradsieve.backend.cuda;

import static io.gradsieve.backend.cuda.CudaErrors.check;

import io.gradsieve.backend.layout.KindTable;
import io.gradsieve.backend.layout.Layout;
import io.gradsieve.backend.layout.Tensor;
import io.gradsieve.graph.Graph;
import io.gradsieve.graph.Kind;
import io.gradsieve.graph.Kind.Pool;
import io.gradsieve.graph.Node;
import io.gradsieve.graph.Value;
import io.gradsieve.natives.CudaKernels;
import io.gradsieve.plan.Operation;

/**
 * The kinds of nodes that a GPU runs. To add one: its line in the table below or in a file beside,
 * and what it says of its layout and its calls.
 */
final class CudaKinds {
  static final KindTable<CudaKind<?>> TABLE = new KindTable<>("CUDA");

  static {
    kind(Kind.Input.class, new Input());
    kind(Kind.Activation.class, (kind, operation, network) -> activation(kind, operation, network));
    kind(Kind.Pool2d.class, new Pool2d());
    kind(Kind.Dropout.class, (kind, operation, network) -> dropout(kind, operation, network));
    kind(Kind.Add.class, (kind, operation, network) -> add(operation, network));
    kind(
        Kind.SoftmaxCrossEntropy.class,
        (kind, operation, network) -> softmaxCrossEntropy(kind, operation, network));
    CudaProducts.enter();
    CudaNorms.enter();
  }

  private CudaKinds() {}

  /** Enters a kind. */
  static <K extends Kind> void kind(Class<K> type, CudaKind<K> kind) {
    TABLE.enter(type, kind);
  }

  /** What a GPU knows of a kind. */
  @SuppressWarnings("unchecked") // by kind() a kind's class leads to what takes it
  static CudaKind<Kind> of(Kind kind) {
    return (CudaKind<Kind>) TABLE.of(kind);
  }

  /** The code of an activation. */
  static int code(Kind.Function function) {
    return switch (function) {
      case RELU -> CudaKernels.GS_CUDA_RELU;
      case GELU -> CudaKernels.GS_CUDA_GELU;
      case TANH -> CudaKernels.GS_CUDA_TANH;
      case SIGMOID -> CudaKernels.GS_CUDA_SIGMOID;
    };
  }

  /** The code of an activation at the end of an operation; identity if there is none. */
  static int fusedActivation(Operation operation) {
    int code = CudaKernels.GS_CUDA_IDENTITY;
    for (Node node : operation.nodes()) {
      if (node.kind() instanceof Kind.Activation activation) {
        code = code(activation.function());
      }
    }
    return code;
  }

  /** What backward does with the gradient of an input; 0 if it leaves it out. */
  static int gradient(Operation operation, int input) {
    return switch (operation.gradients().get(input)) {
      case NONE -> 0;
      case STORE -> CudaKernels.GS_CUDA_STORE;
      case ADD -> CudaKernels.GS_CUDA_ADD;
    };
  }

  /** The samples. */
  private static final class Input implements CudaKind<Kind.Input> {
    /**
     * Images that only products of whole rows read lie as densely as they come: pixels of one
     * channel would take four times the room.
     */
    @Override
    public Tensor output(Kind.Input kind, Node node, Layout layout) {
      Graph graph = layout.graph();
      Value value = graph.value(node.output());
      boolean dense =
          value.elements() % CudaLayout.WORD == 0
              && layout.readers(node.output()).stream()
                  .allMatch(reader -> CudaProducts.isRows(reader, graph));
      return dense
          ? new Tensor(value.positions(), value.channels(), value.channels())
          : layout.of(value.positions(), value.channels());
    }

    @Override
    public CudaOperation operation(Kind.Input kind, Operation operation, CudaNetwork network) {
      CudaValue output = network.value(operation.output());
      long scale = kind.bytes() ? network.own(kind.scale(), "input") : 0;
      long shift = kind.bytes() ? network.own(kind.shift(), "input") : 0;
      int element = kind.bytes() ? CudaKernels.GS_CUDA_UINT8 : CudaKernels.GS_CUDA_FLOAT32;
      return new CudaOperation() {
        @Override
        public void forward(CudaPass pass) {
          CudaSamples.Source source = pass.source();
          boolean image = (long) source.height() * source.width() == output.positions();
          check(
              CudaKernels.gs_cuda_input(
                  pass.batch(),
                  image ? source.height() : output.positions(),
                  image ? source.width() : 1,
                  output.channels(),
                  output.pitch(),
                  element,
                  source.address(),
                  pass.blocks().samples(),
                  scale,
                  shift,
                  output.address(),
                  pass.stream()));
        }

        @Override
        public void backward(CudaPass pass) {
          // nothing before it is trained
        }
      };
    }
  }

  private static CudaOperation activation(
      Kind.Activation kind, Operation operation, CudaNetwork network) {
    CudaValue input = network.value(operation.inputs().get(0));
    CudaValue output = network.value(operation.output());
    int function = code(kind.function());
    boolean readsInput = kind.backwardReadsInputs();
    int gradient = gradient(operation, 0);
    return new CudaOperation() {
      @Override
      public void forward(CudaPass pass) {
        check(
            CudaKernels.gs_cuda_activation_forward(
                pass.batch(),
                input.positions(),
                input.channels(),
                input.pitch(),
                function,
                input.address(),
                output.address(),
                pass.stream()));
      }

      @Override
      public void backward(CudaPass pass) {
        if (gradient != 0) {
          check(
              CudaKernels.gs_cuda_activation_backward(
                  pass.batch(),
                  input.positions(),
                  input.channels(),
                  input.pitch(),
                  function,
                  readsInput ? input.address() : 0,
                  readsInput ? 0 : output.address(),
                  output.gradient(),
                  gradient,
                  input.gradient(),
                  pass.stream()));
        }
      }
    };
  }

  private static final class Pool2d implements CudaKind<Kind.Pool2d> {
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
    public CudaOperation operation(Kind.Pool2d kind, Operation operation, CudaNetwork network) {
      CudaValue input = network.value(operation.inputs().get(0));
      CudaValue output = network.value(operation.output());
      int pool =
          kind.pool() == Pool.MAX ? CudaKernels.GS_CUDA_MAX_POOL : CudaKernels.GS_CUDA_AVERAGE_POOL;
      long choice = operation.saved().isEmpty() ? 0 : network.saved(operation.saved().get(0));
      int gradient = gradient(operation, 0);
      return new CudaOperation() {
        @Override
        public void forward(CudaPass pass) {
          check(
              CudaKernels.gs_cuda_pool2d_forward(
                  pass.batch(),
                  kind.height(),
                  kind.width(),
                  input.channels(),
                  input.pitch(),
                  pool,
                  kind.kernelHeight(),
                  kind.kernelWidth(),
                  input.address(),
                  output.address(),
                  choice,
                  pass.stream()));
        }

        @Override
        public void backward(CudaPass pass) {
          if (gradient != 0) {
            check(
                CudaKernels.gs_cuda_pool2d_backward(
                    pass.batch(),
                    kind.height(),
                    kind.width(),
                    input.channels(),
                    input.pitch(),
                    pool,
                    kind.kernelHeight(),
                    kind.kernelWidth(),
                    choice,
                    output.gradient(),
                    gradient,
                    input.gradient(),
                    pass.stream()));
          }
        }
      };
    }
  }

  private static CudaOperation dropout(
      Kind.Dropout kind, Operation operation, CudaNetwork network) {
    CudaValue input = network.value(operation.inputs().get(0));
    CudaValue output = network.value(operation.output());
    int gradient = gradient(operation, 0);
    return new CudaOperation() {
      @Override
      public void forward(CudaPass pass) {
        mask(pass, input.address(), CudaKernels.GS_CUDA_STORE, output.address());
      }

      @Override
      public void backward(CudaPass pass) {
        if (gradient != 0) {
          mask(pass, output.gradient(), gradient, input.gradient());
        }
      }

      private void mask(CudaPass pass, long from, int how, long to) {
        if (!pass.training()) {
          long floats = pass.batch() * input.floats();
          check(CudaKernels.gs_cuda_pass(floats, from, how, to, pass.stream()));
          return;
        }
        check(
            CudaKernels.gs_cuda_dropout(
                pass.batch(),
                input.positions(),
                input.channels(),
                input.pitch(),
                kind.p(),
                kind.place(),
                pass.blocks().step(),
                pass.ids(),
                from,
                how,
                to,
                pass.stream()));
      }
    };
  }

  private static CudaOperation add(Operation operation, CudaNetwork network) {
    CudaValue a = network.value(operation.inputs().get(0));
    CudaValue b = network.value(operation.inputs().get(1));
    CudaValue output = network.value(operation.output());
    return new CudaOperation() {
      @Override
      public void forward(CudaPass pass) {
        check(
            CudaKernels.gs_cuda_add(
                pass.batch() * output.floats(),
                a.address(),
                b.address(),
                output.address(),
                pass.stream()));
      }

      @Override
      public void backward(CudaPass pass) {
        through(pass, a, gradient(operation, 0));
        through(pass, b, gradient(operation, 1));
      }

      private void through(CudaPass pass, CudaValue input, int gradient) {
        if (gradient != 0) {
          long floats = pass.batch() * output.floats();
          check(
              CudaKernels.gs_cuda_pass(
                  floats, output.gradient(), gradient, input.gradient(), pass.stream()));
        }
      }
    };
  }

  /**
   * The loss is a step's last operation, so the gradient of the logits, whose memory is free from
   * here on, is written in the forward pass: it lies ready when a choice of samples moves rows.
   */
  private static CudaOperation softmaxCrossEntropy(
      Kind.SoftmaxCrossEntropy kind, Operation operation, CudaNetwork network) {
    CudaValue logits = network.value(operation.inputs().get(0));
    if (logits.positions() > 1) {
      throw new IllegalStateException(
          "layer " + operation.first().layer() + ": no loss at several positions");
    }
    long gradient = gradient(operation, 0) == 0 ? 0 : logits.gradient();
    int capacity = network.plan().capacity();
    return new CudaOperation() {
      @Override
      public void forward(CudaPass pass) {
        CudaBlocks blocks = pass.blocks();
        check(
            CudaKernels.gs_cuda_softmax_cross_entropy(
                pass.batch(),
                logits.channels(),
                logits.pitch(),
                kind.labelSmoothing(),
                logits.address(),
                blocks.labels(),
                blocks.planWeights(),
                blocks.sampleWeights(),
                gradient,
                blocks.probabilities(),
                blocks.records(),
                capacity,
                pass.stream()));
      }

      @Override
      public void backward(CudaPass pass) {
        // done in forward
      }
    };
  }
}
