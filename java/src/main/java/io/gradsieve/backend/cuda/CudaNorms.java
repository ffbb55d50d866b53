package io.gradsieve.backend.cuda;

import static io.gradsieve.backend.cuda.CudaErrors.check;

import io.gradsieve.backend.layout.Fusions;
import io.gradsieve.backend.layout.IndexMap;
import io.gradsieve.backend.layout.Layout;
import io.gradsieve.backend.layout.Tensor;
import io.gradsieve.graph.Kind;
import io.gradsieve.graph.Node;
import io.gradsieve.graph.Value;
import io.gradsieve.natives.CudaKernels;
import io.gradsieve.plan.Operation;
import io.gradsieve.plan.Segment;

/** Batch, group and layer norm. */
final class CudaNorms {
  private CudaNorms() {}

  static void enter() {
    CudaKinds.kind(Kind.BatchNormStatistics.class, new BatchNormStatistics());
    CudaKinds.kind(Kind.BatchNormNormalize.class, new BatchNormNormalize());
    CudaKinds.kind(Kind.GroupNorm.class, CudaNorms::groupNorm);
    CudaKinds.kind(Kind.LayerNorm.class, new LayerNorm());
    CudaKinds.kind(Kind.RowNorm.class, new RowNorm());
  }

  private static final class BatchNormStatistics implements CudaKind<Kind.BatchNormStatistics> {
    @Override
    public IndexMap parameter(Kind.BatchNormStatistics kind, Node node, int place, Layout layout) {
      return IndexMap.features(node, layout);
    }

    /** Its backward pass needs what the normalisation that reads it has: gamma and the gradient. */
    @Override
    public CudaOperation operation(
        Kind.BatchNormStatistics kind, Operation operation, CudaNetwork network) {
      CudaValue input = network.byChannel(operation.inputs().get(0));
      CudaBatchNorm norm = network.batchNorm(operation.output(), input);
      Operation reader = reader(operation.output(), network);
      long gamma = network.weight(reader.first().parameter(0));
      long masked = network.byChannel(reader.output()).gradient();
      long mean = network.weight(operation.first().parameter(0));
      long variance = network.weight(operation.first().parameter(1));
      int gradient = CudaKinds.gradient(operation, 0);
      return new CudaOperation() {
        @Override
        public void forward(CudaPass pass) {
          int channels = input.channels();
          int pitch = input.pitch();
          if (!pass.training()) {
            check(
                CudaKernels.gs_cuda_batchnorm_running(
                    channels, pitch, kind.eps(), mean, variance, norm.statistics(), pass.stream()));
            return;
          }
          check(
              CudaKernels.gs_cuda_batchnorm_moments(
                  pass.batch(),
                  input.positions(),
                  channels,
                  pitch,
                  input.address(),
                  pass.workspace(workspace(pass, input)),
                  norm.sums(),
                  pass.stream()));
          pass.sumsReady(operation.output());
          check(
              CudaKernels.gs_cuda_batchnorm_statistics(
                  channels,
                  pitch,
                  kind.eps(),
                  kind.momentum(),
                  pass.blocks().step(),
                  norm.sums(),
                  mean,
                  variance,
                  norm.statistics(),
                  norm.pending(),
                  pass.stream()));
        }

        @Override
        public void backward(CudaPass pass) {
          if (gradient != 0) {
            check(
                CudaKernels.gs_cuda_batchnorm_backward_input(
                    pass.batch(),
                    input.positions(),
                    input.channels(),
                    input.pitch(),
                    input.address(),
                    norm.statistics(),
                    gamma,
                    masked,
                    pass.training() ? norm.sums() : 0,
                    gradient,
                    input.gradient(),
                    pass.stream()));
          }
        }

        @Override
        public void commit(CudaPass pass) {
          if (pass.training()) {
            check(
                CudaKernels.gs_cuda_batchnorm_commit(
                    input.channels(),
                    input.pitch(),
                    pass.blocks().outcome(),
                    norm.pending(),
                    mean,
                    variance,
                    pass.stream()));
          }
        }

        @Override
        public boolean ofBatch() {
          return true;
        }
      };
    }

    private static Operation reader(int statistics, CudaNetwork network) {
      for (Segment segment : network.plan().segments()) {
        for (Operation operation : segment.operations()) {
          if (operation.first().kind() instanceof Kind.BatchNormNormalize
              && operation.first().inputs().get(1) == statistics) {
            return operation;
          }
        }
      }
      throw new IllegalStateException("nothing is normalised with value " + statistics);
    }
  }

  private static long workspace(CudaPass pass, CudaValue input) {
    return CudaKernels.gs_cuda_batchnorm_workspace(pass.batch(), input.positions(), input.pitch());
  }

  /** Normalise + sum with a skip connection + relu. */
  private static final class BatchNormNormalize implements CudaKind<Kind.BatchNormNormalize> {
    @Override
    public IndexMap parameter(Kind.BatchNormNormalize kind, Node node, int place, Layout layout) {
      return IndexMap.features(node, layout);
    }

    @Override
    public boolean fuses(Operation operation, Kind next) {
      return Fusions.normalize(operation, next);
    }

    @Override
    public CudaOperation operation(
        Kind.BatchNormNormalize kind, Operation operation, CudaNetwork network) {
      Node node = operation.first();
      CudaValue input = network.byChannel(node.inputs().get(0));
      CudaValue output = network.byChannel(operation.output());
      CudaBatchNorm norm = network.batchNorm(node.inputs().get(1), input);
      boolean skips = operation.inputs().size() > 2;
      CudaValue skip = network.byChannel(operation.inputs().get(skips ? 2 : 0));
      int skipGradient = skips ? CudaKinds.gradient(operation, 2) : 0;
      int activation = CudaKinds.fusedActivation(operation);
      return new CudaOperation() {
        @Override
        public void forward(CudaPass pass) {
          check(
              CudaKernels.gs_cuda_batchnorm_normalize(
                  pass.batch(),
                  input.positions(),
                  input.channels(),
                  input.pitch(),
                  input.address(),
                  norm.statistics(),
                  network.weight(node.parameter(0)),
                  network.weight(node.parameter(1)),
                  skips ? skip.address() : 0,
                  activation,
                  output.address(),
                  pass.stream()));
        }

        /** The gradient of the output becomes that of what relu took, in place. */
        @Override
        public void backward(CudaPass pass) {
          check(
              CudaKernels.gs_cuda_batchnorm_backward_sums(
                  pass.batch(),
                  input.positions(),
                  input.channels(),
                  input.pitch(),
                  (long) pass.forwardBatch() * input.positions(),
                  input.address(),
                  norm.statistics(),
                  output.address(),
                  activation,
                  output.gradient(),
                  output.gradient(),
                  skipGradient,
                  skipGradient == 0 ? 0 : skip.gradient(),
                  pass.workspace(workspace(pass, input)),
                  norm.sums(),
                  network.gradient(node.parameter(0)),
                  network.gradient(node.parameter(1)),
                  pass.norm2(),
                  pass.stream()));
          pass.sumsReady(node.inputs().get(1));
        }

        @Override
        public boolean ofBatch() {
          return true;
        }
      };
    }
  }

  private static CudaOperation groupNorm(
      Kind.GroupNorm kind, Operation operation, CudaNetwork network) {
    Node node = operation.first();
    CudaValue input = network.value(node.input());
    CudaValue output = network.value(operation.output());
    long saved = operation.saved().isEmpty() ? 0 : network.saved(operation.saved().get(0));
    long gamma = network.weight(node.parameter(0));
    int gradient = CudaKinds.gradient(operation, 0);
    return new CudaOperation() {
      @Override
      public void forward(CudaPass pass) {
        check(
            CudaKernels.gs_cuda_groupnorm_forward(
                pass.batch(),
                input.positions(),
                input.channels(),
                input.pitch(),
                kind.groups(),
                kind.eps(),
                input.address(),
                gamma,
                network.weight(node.parameter(1)),
                output.address(),
                saved,
                pass.stream()));
      }

      @Override
      public void backward(CudaPass pass) {
        check(
            CudaKernels.gs_cuda_groupnorm_backward(
                pass.batch(),
                input.positions(),
                input.channels(),
                input.pitch(),
                kind.groups(),
                input.address(),
                gamma,
                saved,
                output.gradient(),
                gradient,
                gradient == 0 ? 0 : input.gradient(),
                pass.workspace(CudaKernels.gs_cuda_norm_workspace(pass.batch(), input.pitch())),
                network.gradient(node.parameter(0)),
                network.gradient(node.parameter(1)),
                pass.norm2(),
                pass.stream()));
      }
    };
  }

  /** Layer norm over features, those of a flattened image included. */
  private static final class LayerNorm implements CudaKind<Kind.LayerNorm> {
    @Override
    public IndexMap parameter(Kind.LayerNorm kind, Node node, int place, Layout layout) {
      return IndexMap.features(node, layout);
    }

    @Override
    public CudaOperation operation(Kind.LayerNorm kind, Operation operation, CudaNetwork network) {
      if (network.layout().graph().value(operation.output()).positions() > 1) {
        throw new IllegalStateException(
            "layer " + operation.first().layer() + ": no CUDA layer norm at several positions");
      }
      CudaValue input = network.value(operation.inputs().get(0));
      return layerNorm(1, input.positions(), 0, kind.eps(), operation, network);
    }
  }

  /** Layer norm over rows of pixels. */
  private static final class RowNorm implements CudaKind<Kind.RowNorm> {
    /** Mean and inverse deviation for every lane. */
    @Override
    public Tensor saved(Kind.RowNorm kind, Node node, Value saved, Layout layout) {
      Tensor tensor = layout.tensor(node.input());
      return layout.saved(2 * tensor.floats() / kind.width());
    }

    @Override
    public CudaOperation operation(Kind.RowNorm kind, Operation operation, CudaNetwork network) {
      CudaValue input = network.value(operation.inputs().get(0));
      int height = input.positions() / kind.width();
      return layerNorm(height, kind.width(), 1, kind.eps(), operation, network);
    }
  }

  private static CudaOperation layerNorm(
      int height, int width, int spatial, float eps, Operation operation, CudaNetwork network) {
    Node node = operation.first();
    CudaValue input = network.value(node.input());
    CudaValue output = network.value(operation.output());
    long saved = operation.saved().isEmpty() ? 0 : network.saved(operation.saved().get(0));
    long gamma = network.weight(node.parameter(0));
    long parameters = network.layout().whole(network.layout().map(node.parameter(0)).floats());
    int gradient = CudaKinds.gradient(operation, 0);
    return new CudaOperation() {
      @Override
      public void forward(CudaPass pass) {
        check(
            CudaKernels.gs_cuda_layernorm_forward(
                pass.batch(),
                height,
                width,
                input.channels(),
                input.pitch(),
                spatial,
                eps,
                input.address(),
                gamma,
                network.weight(node.parameter(1)),
                output.address(),
                saved,
                pass.stream()));
      }

      @Override
      public void backward(CudaPass pass) {
        check(
            CudaKernels.gs_cuda_layernorm_backward(
                pass.batch(),
                height,
                width,
                input.channels(),
                input.pitch(),
                spatial,
                input.address(),
                gamma,
                saved,
                output.gradient(),
                gradient,
                gradient == 0 ? 0 : input.gradient(),
                pass.workspace(CudaKernels.gs_cuda_norm_workspace(pass.batch(), parameters)),
                network.gradient(node.parameter(0)),
                network.gradient(node.parameter(1)),
                pass.norm2(),
                pass.stream()));
      }
    };
  }
}
