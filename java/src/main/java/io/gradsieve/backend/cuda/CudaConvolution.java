package io.gradsieve.backend.cuda;

import static io.gradsieve.backend.cuda.CudaErrors.check;

import io.gradsieve.backend.cuda.Cudnn.ConvolutionShape;
import io.gradsieve.graph.Kind;
import io.gradsieve.graph.Kind.Window;
import io.gradsieve.graph.Node;
import io.gradsieve.natives.CudaConv2dShape;
import io.gradsieve.natives.CudaKernels;
import io.gradsieve.plan.Operation;

/**
 * Convolution + bias + relu, and max-pooling by square windows. Forward and the input's gradient
 * are cuDNN's; bias, relu and pool are one pass of ours behind it, and the gradient of the weights
 * with its samples' norms one before it, but where cuDNN's beside Gram norms is faster
 * (docs/gpu.md).
 */
final class CudaConvolution implements CudaOperation {
  /** Without norms cuDNN's weight gradient is faster from so many channels on (docs/gpu.md). */
  private static final int LIBRARY_CHANNELS = 128;

  private final ConvolutionShape shape;
  private final CudaConv2dShape pixels;
  private final CudaValue input;
  private final CudaValue output;
  private final int height;
  private final int width;
  private final int pool;
  private final int activation;
  private final long choice;
  private final long weights;
  private final long bias;
  private final long weightsGradient;
  private final long biasGradient;
  private final int gradient;

  CudaConvolution(Window window, Operation operation, CudaNetwork network) {
    Node node = operation.first();
    input = network.value(node.input());
    output = network.value(operation.output());
    height = window.outputHeight();
    width = window.outputWidth();
    shape =
        new ConvolutionShape(
            window.height(),
            window.width(),
            input.channels(),
            input.pitch(),
            window.kernelHeight(),
            window.kernelWidth(),
            window.stride(),
            window.padding(),
            output.channels(),
            output.pitch());
    pixels = network.shape(shape);
    int windows = 1;
    for (Node next : operation.nodes()) {
      windows = next.kind() instanceof Kind.Pool2d pooling ? pooling.kernelHeight() : windows;
    }
    pool = windows;
    choice = pool > 1 ? network.saved(operation.saved().get(0)) : 0;
    activation = CudaKinds.fusedActivation(operation);
    weights = network.weight(node.parameter(0));
    bias = network.weight(node.parameter(1));
    weightsGradient = network.gradient(node.parameter(0));
    biasGradient = network.gradient(node.parameter(1));
    gradient = CudaKinds.gradient(operation, 0);
  }

  /** Bytes of the convolution's own result, before it is pooled, in whole lines of memory. */
  private long unpooled(CudaPass pass) {
    long floats = (long) pass.batch() * height * width * output.pitch();
    return pool > 1 ? CudaPass.aligned(floats * Float.BYTES) : 0;
  }

  @Override
  public void forward(CudaPass pass) {
    Cudnn.Convolution convolution = pass.convolution(shape);
    long between = unpooled(pass);
    long workspace = pass.workspace(between + convolution.workspaceBytes());
    long result = pool > 1 ? workspace : output.address();
    convolution.forward(input.address(), weights, result, workspace + between);
    if (pool > 1) {
      check(
          CudaKernels.gs_cuda_bias_maxpool_forward(
              pass.batch(),
              height,
              width,
              output.channels(),
              output.pitch(),
              pool,
              activation,
              result,
              bias,
              output.address(),
              choice,
              pass.stream()));
    } else if (bias != 0 || activation != CudaKernels.GS_CUDA_IDENTITY) {
      check(
          CudaKernels.gs_cuda_bias_activation(
              pass.batch(),
              output.positions(),
              output.channels(),
              output.pitch(),
              activation,
              bias,
              result,
              pass.stream()));
    }
  }

  @Override
  public void backward(CudaPass pass) {
    Cudnn.Convolution convolution = pass.convolution(shape);
    boolean tf32 = pass.tf32();
    int precision = tf32 ? CudaKernels.GS_CUDA_TF32 : CudaKernels.GS_CUDA_FP32;
    boolean gram =
        pass.norm2() == 0
            ? Math.min(input.pitch(), output.pitch()) >= LIBRARY_CHANNELS
            : CudaKernels.gs_cuda_conv2d_prefers_gram(pixels, precision) != 0;
    if (gram) {
      convolution.prepareWeights();
    }
    if (gradient != 0) {
      convolution.prepareInput();
    }
    long between = unpooled(pass);
    long own =
        gram
            ? 0
            : CudaKernels.gs_cuda_conv2d_backward_weights_workspace(
                pixels, pass.batch(), precision);
    long biasBytes =
        CudaKernels.gs_cuda_bias_backward_workspace(pass.batch(), height * width, output.pitch());
    long more = Math.max(Math.max(own, biasBytes), convolution.workspaceBytes());
    long workspace = pass.workspace(between + more);
    long rest = workspace + between;
    long outputGradient = outputGradient(pass, workspace);
    if (gram) {
      convolution.backwardWeights(input.address(), outputGradient, weightsGradient, rest);
      if (pass.norm2() != 0) {
        check(
            CudaKernels.gs_cuda_conv2d_gram_norms(
                pixels,
                pass.batch(),
                precision,
                input.address(),
                outputGradient,
                pass.norm2(),
                pass.stream()));
      }
    } else {
      check(
          CudaKernels.gs_cuda_conv2d_backward_weights(
              pixels,
              pass.batch(),
              precision,
              input.address(),
              outputGradient,
              rest,
              weightsGradient,
              pass.norm2(),
              pass.stream()));
    }
    if (biasGradient != 0) {
      check(
          CudaKernels.gs_cuda_bias_backward(
              pass.batch(),
              height * width,
              output.channels(),
              output.pitch(),
              outputGradient,
              rest,
              biasGradient,
              pass.norm2(),
              pass.stream()));
    }
    if (gradient != 0) {
      boolean add = gradient == CudaKernels.GS_CUDA_ADD;
      convolution.backwardInput(outputGradient, weights, input.gradient(), add, rest);
    }
  }

  /** The gradient at the convolution's own result; where it is not pooled, in place. */
  private long outputGradient(CudaPass pass, long workspace) {
    if (pool > 1) {
      check(
          CudaKernels.gs_cuda_bias_maxpool_backward(
              pass.batch(),
              height,
              width,
              output.channels(),
              output.pitch(),
              pool,
              activation,
              output.address(),
              choice,
              output.gradient(),
              workspace,
              pass.stream()));
      return workspace;
    }
    if (activation != CudaKernels.GS_CUDA_IDENTITY) {
      check(
          CudaKernels.gs_cuda_activation_backward(
              pass.batch(),
              output.positions(),
              output.channels(),
              output.pitch(),
              activation,
              0,
              output.address(),
              output.gradient(),
              CudaKernels.GS_CUDA_STORE,
              output.gradient(),
              pass.stream()));
    }
    return output.gradient();
  }
}
