package io.gradsieve.backend.cuda;

import static io.gradsieve.backend.cuda.CudaErrors.check;

import io.gradsieve.backend.cuda.CublasLt.Epilogue;
import io.gradsieve.backend.cuda.Cudnn.ConvolutionShape;
import io.gradsieve.graph.Node;
import io.gradsieve.natives.CudaConv2dShape;
import io.gradsieve.natives.CudaKernels;
import io.gradsieve.plan.Operation;

/**
 * Linear + bias + activation, products of cuBLASLt. Over one position a sample's norm follows from
 * the lengths of its two rows; over several its gradient is a sum over positions, for which the
 * weight gradient is ours, a convolution's of one pixel.
 */
final class CudaLinear implements CudaOperation {
  private final CudaValue input;
  private final CudaValue output;
  private final boolean rows;
  private final int positions;

  /** Floats that one output reads. */
  private final int in;

  private final CudaConv2dShape pixels;
  private final int activation;
  private final long weights;
  private final long bias;
  private final long weightsGradient;
  private final long biasGradient;
  private final int gradient;

  CudaLinear(Operation operation, CudaNetwork network) {
    Node node = operation.first();
    input = network.value(node.input());
    output = network.value(operation.output());
    rows = CudaProducts.isRows(node, network.layout().graph());
    positions = output.positions();
    in = rows ? Math.toIntExact(input.floats()) : input.pitch();
    pixels =
        network.shape(
            new ConvolutionShape(
                positions,
                1,
                rows ? in : input.channels(),
                in,
                1,
                1,
                1,
                0,
                output.channels(),
                output.pitch()));
    activation = CudaKinds.fusedActivation(operation);
    weights = network.weight(node.parameter(0));
    bias = network.weight(node.parameter(1));
    weightsGradient = network.gradient(node.parameter(0));
    biasGradient = network.gradient(node.parameter(1));
    gradient = CudaKinds.gradient(operation, 0);
  }

  private CublasLt.Product product(
      CudaPass pass,
      boolean transposeA,
      boolean transposeB,
      long count,
      long columns,
      long inner,
      long pitchA,
      long pitchB,
      Epilogue epilogue) {
    return pass.product(
        new CublasLt.Shape(
            transposeA,
            transposeB,
            count,
            columns,
            inner,
            pitchA,
            pitchB,
            columns,
            epilogue,
            pass.tf32()));
  }

  private static void run(
      CudaPass pass, CublasLt.Product product, long a, long b, long c, long bias, boolean add) {
    product.run(a, b, c, bias, add, pass.workspace(product.workspaceBytes()), pass.stream());
  }

  @Override
  public void forward(CudaPass pass) {
    boolean relu = activation == CudaKernels.GS_CUDA_RELU;
    boolean whole = bias != 0 && (relu || activation == CudaKernels.GS_CUDA_IDENTITY);
    Epilogue epilogue = !whole ? Epilogue.NONE : relu ? Epilogue.RELU_BIAS : Epilogue.BIAS;
    long count = (long) pass.batch() * positions;
    CublasLt.Product product =
        product(pass, false, true, count, output.pitch(), in, in, in, epilogue);
    run(pass, product, input.address(), weights, output.address(), whole ? bias : 0, false);
    if (!whole && (bias != 0 || activation != CudaKernels.GS_CUDA_IDENTITY)) {
      check(
          CudaKernels.gs_cuda_bias_activation(
              pass.batch(),
              positions,
              output.channels(),
              output.pitch(),
              activation,
              bias,
              output.address(),
              pass.stream()));
    }
  }

  @Override
  public void backward(CudaPass pass) {
    int batch = pass.batch();
    long count = (long) batch * positions;
    int out = output.pitch();
    if (activation != CudaKernels.GS_CUDA_IDENTITY) {
      check(
          CudaKernels.gs_cuda_activation_backward(
              batch,
              positions,
              output.channels(),
              out,
              activation,
              0,
              output.address(),
              output.gradient(),
              CudaKernels.GS_CUDA_STORE,
              output.gradient(),
              pass.stream()));
    }
    if (biasGradient != 0) {
      long bytes = CudaKernels.gs_cuda_bias_backward_workspace(batch, positions, out);
      check(
          CudaKernels.gs_cuda_bias_backward(
              batch,
              positions,
              output.channels(),
              out,
              output.gradient(),
              pass.workspace(bytes),
              biasGradient,
              pass.norm2(),
              pass.stream()));
    }
    if (rows) {
      CublasLt.Product product = product(pass, true, false, out, in, batch, out, in, Epilogue.NONE);
      run(pass, product, output.gradient(), input.address(), weightsGradient, 0, false);
      if (pass.norm2() != 0) {
        check(
            CudaKernels.gs_cuda_linear_norms(
                batch, in, out, input.address(), output.gradient(), pass.norm2(), pass.stream()));
      }
    } else {
      sumOverPositions(pass);
    }
    if (gradient != 0) {
      CublasLt.Product product =
          product(pass, false, false, count, in, out, out, in, Epilogue.NONE);
      boolean add = gradient == CudaKernels.GS_CUDA_ADD;
      run(pass, product, output.gradient(), weights, input.gradient(), 0, add);
    }
  }

  private void sumOverPositions(CudaPass pass) {
    int precision = pass.tf32() ? CudaKernels.GS_CUDA_TF32 : CudaKernels.GS_CUDA_FP32;
    long bytes =
        CudaKernels.gs_cuda_conv2d_backward_weights_workspace(pixels, pass.batch(), precision);
    check(
        CudaKernels.gs_cuda_conv2d_backward_weights(
            pixels,
            pass.batch(),
            precision,
            input.address(),
            output.gradient(),
            pass.workspace(bytes),
            weightsGradient,
            pass.norm2(),
            pass.stream()));
  }

  /** The rows of inputs and gradients once more. */
  @Override
  public long normTraffic() {
    return rows ? (input.floats() + output.floats()) * Float.BYTES : 0;
  }
}
