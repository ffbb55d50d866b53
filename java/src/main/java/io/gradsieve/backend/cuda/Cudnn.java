package io.gradsieve.backend.cuda;

import io.gradsieve.backend.Resources;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.cuda.cudnn.cudnnContext;
import org.bytedeco.cuda.cudnn.cudnnConvolutionBwdDataAlgoPerf_t;
import org.bytedeco.cuda.cudnn.cudnnConvolutionBwdFilterAlgoPerf_t;
import org.bytedeco.cuda.cudnn.cudnnConvolutionFwdAlgoPerf_t;
import org.bytedeco.cuda.cudnn.cudnnConvolutionStruct;
import org.bytedeco.cuda.cudnn.cudnnFilterStruct;
import org.bytedeco.cuda.cudnn.cudnnTensorStruct;
import org.bytedeco.cuda.global.cudnn;
import org.bytedeco.javacpp.FloatPointer;
import org.jspecify.annotations.Nullable;

/**
 * Convolutions by cuDNN, deterministic ones, on values [B][H][W][P] and weights
 * [P_out][kh][kw][P_in] as they lie inside: cuDNN sees pitches as channels, and what is zero beyond
 * the channels stays so. Owns a handle of the library. All that is known of cuDNN is here.
 */
@SuppressWarnings("deprecation") // since cuDNN 9; they work, and nothing else is bound to Java
final class Cudnn implements AutoCloseable {
  /** Bytes of workspace that an algorithm may take. */
  static final long MOST_WORKSPACE = 256L << 20;

  private final cudnnContext handle = new cudnnContext();
  private final FloatPointer one = new FloatPointer(1f);
  private final FloatPointer zero = new FloatPointer(0f);

  /** Makes the library ready for the thread's device. */
  Cudnn() {
    check("cudnnCreate", cudnn.cudnnCreate(handle));
  }

  /** What is queued from now on goes there. */
  void stream(long stream) {
    check("cudnnSetStream", cudnn.cudnnSetStream(handle, CudaHandles.get().stream.at(stream)));
  }

  /** As {@code gs_cuda_conv2d}. */
  record ConvolutionShape(
      int height,
      int width,
      int channels,
      int pitch,
      int kernelHeight,
      int kernelWidth,
      int stride,
      int padding,
      int outChannels,
      int outPitch) {
    int outHeight() {
      return (height + 2 * padding - kernelHeight) / stride + 1;
    }

    int outWidth() {
      return (width + 2 * padding - kernelWidth) / stride + 1;
    }
  }

  /**
   * The algorithms for a shape and batch are chosen here, once.
   *
   * @param tf32 whether factors may be rounded to tf32
   */
  Convolution convolution(ConvolutionShape shape, int batch, boolean tf32) {
    return new Convolution(shape, batch, tf32);
  }

  @Override
  public void close() {
    one.close();
    zero.close();
    check("cudnnDestroy", cudnn.cudnnDestroy(handle));
  }

  /** What cuDNN's ranking says of one algorithm, best first. */
  private record Offer(int status, int algorithm, long workspaceBytes, int determinism, int math) {}

  /**
   * How one pass is computed: the algorithm, and the description with the math type it is meant
   * with.
   */
  private record Choice(int algorithm, long workspaceBytes, cudnnConvolutionStruct description) {}

  /** One shape and batch, ready to run; from one thread at a time. */
  final class Convolution implements AutoCloseable {
    private final ConvolutionShape shape;
    private final boolean tf32;
    private final cudnnTensorStruct input = new cudnnTensorStruct();
    private final cudnnTensorStruct output = new cudnnTensorStruct();
    private final cudnnFilterStruct weights = new cudnnFilterStruct();
    private final Resources resources = new Resources();
    private final Choice forward;

    /** Not of a first layer, nor of a plan without backward pass. */
    private @Nullable Choice backwardInput;

    /** Only of shapes that Gram norms serve. */
    private @Nullable Choice backwardWeights;

    private Convolution(ConvolutionShape shape, int batch, boolean tf32) {
      this.shape = shape;
      this.tf32 = tf32;
      try {
        tensor(input, batch, shape.height(), shape.width(), shape.pitch());
        tensor(output, batch, shape.outHeight(), shape.outWidth(), shape.outPitch());
        check("cudnnCreateFilterDescriptor", cudnn.cudnnCreateFilterDescriptor(weights));
        resources.add(
            () ->
                check("cudnnDestroyFilterDescriptor", cudnn.cudnnDestroyFilterDescriptor(weights)));
        check(
            "cudnnSetFilter4dDescriptor",
            cudnn.cudnnSetFilter4dDescriptor(
                weights,
                cudnn.CUDNN_DATA_FLOAT,
                cudnn.CUDNN_TENSOR_NHWC,
                shape.outPitch(),
                shape.pitch(),
                shape.kernelHeight(),
                shape.kernelWidth()));
        forward = chooseForward();
      } catch (RuntimeException e) {
        throw resources.abandon(e);
      }
    }

    private void tensor(cudnnTensorStruct tensor, int batch, int height, int width, int pitch) {
      check("cudnnCreateTensorDescriptor", cudnn.cudnnCreateTensorDescriptor(tensor));
      resources.add(
          () -> check("cudnnDestroyTensorDescriptor", cudnn.cudnnDestroyTensorDescriptor(tensor)));
      check(
          "cudnnSetTensor4dDescriptorEx",
          cudnn.cudnnSetTensor4dDescriptorEx(
              tensor,
              cudnn.CUDNN_DATA_FLOAT,
              batch,
              pitch,
              height,
              width,
              height * width * pitch,
              1,
              width * pitch,
              pitch));
    }

    private cudnnConvolutionStruct describe(int math) {
      cudnnConvolutionStruct description = new cudnnConvolutionStruct();
      check(
          "cudnnCreateConvolutionDescriptor", cudnn.cudnnCreateConvolutionDescriptor(description));
      resources.add(
          () ->
              check(
                  "cudnnDestroyConvolutionDescriptor",
                  cudnn.cudnnDestroyConvolutionDescriptor(description)));
      check(
          "cudnnSetConvolution2dDescriptor",
          cudnn.cudnnSetConvolution2dDescriptor(
              description,
              shape.padding(),
              shape.padding(),
              shape.stride(),
              shape.stride(),
              1,
              1,
              cudnn.CUDNN_CROSS_CORRELATION,
              cudnn.CUDNN_DATA_FLOAT));
      check("cudnnSetConvolutionMathType", cudnn.cudnnSetConvolutionMathType(description, math));
      return description;
    }

    private cudnnConvolutionStruct describe() {
      return describe(tf32 ? cudnn.CUDNN_DEFAULT_MATH : cudnn.CUDNN_FMA_MATH);
    }

    private Choice chooseForward() {
      int[] count = new int[1];
      int most = cudnn.CUDNN_CONVOLUTION_FWD_ALGO_COUNT;
      List<Offer> offers = new ArrayList<>();
      try (var ranking = new cudnnConvolutionFwdAlgoPerf_t(most)) {
        check(
            "cudnnGetConvolutionForwardAlgorithm_v7",
            cudnn.cudnnGetConvolutionForwardAlgorithm_v7(
                handle, input, weights, describe(), output, most, count, ranking));
        for (int i = 0; i < count[0]; i++) {
          var at = ranking.position(i);
          offers.add(
              new Offer(at.status(), at.algo(), at.memory(), at.determinism(), at.mathType()));
        }
        ranking.position(0);
      }
      return best("cudnnGetConvolutionForwardAlgorithm_v7", offers);
    }

    private Choice chooseBackwardInput() {
      int[] count = new int[1];
      int most = cudnn.CUDNN_CONVOLUTION_BWD_DATA_ALGO_COUNT;
      List<Offer> offers = new ArrayList<>();
      try (var ranking = new cudnnConvolutionBwdDataAlgoPerf_t(most)) {
        check(
            "cudnnGetConvolutionBackwardDataAlgorithm_v7",
            cudnn.cudnnGetConvolutionBackwardDataAlgorithm_v7(
                handle, weights, output, describe(), input, most, count, ranking));
        for (int i = 0; i < count[0]; i++) {
          var at = ranking.position(i);
          offers.add(
              new Offer(at.status(), at.algo(), at.memory(), at.determinism(), at.mathType()));
        }
        ranking.position(0);
      }
      return best("cudnnGetConvolutionBackwardDataAlgorithm_v7", offers);
    }

    private Choice chooseBackwardWeights() {
      int[] count = new int[1];
      int most = cudnn.CUDNN_CONVOLUTION_BWD_FILTER_ALGO_COUNT;
      List<Offer> offers = new ArrayList<>();
      try (var ranking = new cudnnConvolutionBwdFilterAlgoPerf_t(most)) {
        check(
            "cudnnGetConvolutionBackwardFilterAlgorithm_v7",
            cudnn.cudnnGetConvolutionBackwardFilterAlgorithm_v7(
                handle, input, output, describe(), weights, most, count, ranking));
        for (int i = 0; i < count[0]; i++) {
          var at = ranking.position(i);
          offers.add(
              new Offer(at.status(), at.algo(), at.memory(), at.determinism(), at.mathType()));
        }
        ranking.position(0);
      }
      return best("cudnnGetConvolutionBackwardFilterAlgorithm_v7", offers);
    }

    /**
     * The first that gives the same bits each time, in the precision that is meant: in fp32 none on
     * tensor cores, in tf32 none that may round further.
     */
    private Choice best(String function, List<Offer> offers) {
      for (Offer offer : offers) {
        boolean tensorCores = offer.math() == cudnn.CUDNN_TENSOR_OP_MATH;
        if (offer.status() == cudnn.CUDNN_STATUS_SUCCESS
            && offer.determinism() == cudnn.CUDNN_DETERMINISTIC
            && offer.workspaceBytes() <= MOST_WORKSPACE
            && offer.math() != cudnn.CUDNN_TENSOR_OP_MATH_ALLOW_CONVERSION
            && (tf32 || !tensorCores)) {
          int math = tf32 ? offer.math() : cudnn.CUDNN_FMA_MATH;
          return new Choice(offer.algorithm(), offer.workspaceBytes(), describe(math));
        }
      }
      throw CudaErrors.failed(
          function,
          cudnn.CUDNN_STATUS_NOT_SUPPORTED,
          "no deterministic algorithm with at most %d bytes of workspace for %s"
              .formatted(MOST_WORKSPACE, shape));
    }

    private static Choice prepared(@Nullable Choice choice) {
      if (choice == null) {
        throw new IllegalStateException("a pass that was not prepared");
      }
      return choice;
    }

    /** y = x convolved with w. */
    void forward(long x, long w, long y, long workspace) {
      CudaHandles h = CudaHandles.get();
      check(
          "cudnnConvolutionForward",
          cudnn.cudnnConvolutionForward(
              handle,
              one,
              input,
              h.a.at(x),
              weights,
              h.b.at(w),
              forward.description(),
              forward.algorithm(),
              h.workspace.at(workspace),
              forward.workspaceBytes(),
              zero,
              output,
              h.c.at(y)));
    }

    /**
     * Chooses how {@link #backwardInput} is computed; {@link #workspaceBytes} has its share then.
     */
    void prepareInput() {
      if (backwardInput == null) {
        backwardInput = chooseBackwardInput();
      }
    }

    /** dx = or, with {@code add}, += the gradient of the input; prepared before. */
    void backwardInput(long dy, long w, long dx, boolean add, long workspace) {
      Choice choice = prepared(backwardInput);
      CudaHandles h = CudaHandles.get();
      check(
          "cudnnConvolutionBackwardData",
          cudnn.cudnnConvolutionBackwardData(
              handle,
              one,
              weights,
              h.b.at(w),
              output,
              h.a.at(dy),
              choice.description(),
              choice.algorithm(),
              h.workspace.at(workspace),
              choice.workspaceBytes(),
              add ? one : zero,
              input,
              h.c.at(dx)));
    }

    /** dw = the gradient of the weights, summed over the batch; prepared before. */
    void backwardWeights(long x, long dy, long dw, long workspace) {
      Choice choice = prepared(backwardWeights);
      CudaHandles h = CudaHandles.get();
      check(
          "cudnnConvolutionBackwardFilter",
          cudnn.cudnnConvolutionBackwardFilter(
              handle,
              one,
              input,
              h.a.at(x),
              output,
              h.b.at(dy),
              choice.description(),
              choice.algorithm(),
              h.workspace.at(workspace),
              choice.workspaceBytes(),
              zero,
              weights,
              h.c.at(dw)));
    }

    /**
     * Chooses how {@link #backwardWeights} is computed; {@link #workspaceBytes} has its share then.
     */
    void prepareWeights() {
      if (backwardWeights == null) {
        backwardWeights = chooseBackwardWeights();
      }
    }

    /** How much any pass needs that is prepared. */
    long workspaceBytes() {
      return Math.max(forward.workspaceBytes(), Math.max(of(backwardInput), of(backwardWeights)));
    }

    private static long of(@Nullable Choice choice) {
      return choice == null ? 0 : choice.workspaceBytes();
    }

    @Override
    public void close() {
      resources.close();
    }
  }

  private static void check(String function, int status) {
    if (status != cudnn.CUDNN_STATUS_SUCCESS) {
      throw CudaErrors.failed(function, status, cudnn.cudnnGetErrorString(status).getString());
    }
  }
}
