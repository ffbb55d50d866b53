package io.gradsieve.natives;

import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * A library of CUDA's, in order of loading, and every function of it that is called: all are asked
 * for before the first call, since one that is missing would end the process. All but NCCL are
 * needed.
 */
enum CudaLibrary {
  DRIVER(
      NativeLibrary.CUDA_DRIVER,
      "NVIDIA's driver",
      "NVIDIA's driver, 580 or newer",
      "cuDeviceGet cuDeviceGetName cuDeviceTotalMem_v2 cuInit"),
  RUNTIME(
      "libcudart.so.13",
      "CUDA's runtime",
      "CUDA 13 (apt-get install cuda-cudart-13-0)",
      "cudaDeviceGetAttribute cudaDriverGetVersion cudaEventCreateWithFlags"
          + " cudaEventDestroy cudaEventElapsedTime cudaEventQuery cudaEventRecord"
          + " cudaEventSynchronize cudaFree cudaFreeHost cudaGetDeviceCount cudaGetErrorName cudaGetErrorString"
          + " cudaGetLastError cudaGraphDestroy cudaGraphExecDestroy cudaGraphInstantiate"
          + " cudaGraphLaunch cudaHostAlloc cudaMalloc cudaMemGetInfo cudaMemcpy"
          + " cudaMemcpyAsync cudaMemsetAsync cudaRuntimeGetVersion cudaSetDevice"
          + " cudaStreamBeginCapture cudaStreamCreateWithFlags cudaStreamDestroy"
          + " cudaStreamEndCapture cudaStreamSynchronize cudaStreamWaitEvent"),
  CUBLAS_LT(
      "libcublasLt.so.13",
      "cuBLAS",
      "cuBLAS 13 (apt-get install libcublas-13-0)",
      "cublasLtCreate cublasLtDestroy cublasLtGetStatusName cublasLtGetStatusString"
          + " cublasLtGetVersion cublasLtMatmul cublasLtMatmulAlgoGetHeuristic"
          + " cublasLtMatmulDescCreate cublasLtMatmulDescDestroy cublasLtMatmulDescSetAttribute"
          + " cublasLtMatmulPreferenceCreate cublasLtMatmulPreferenceDestroy"
          + " cublasLtMatmulPreferenceSetAttribute cublasLtMatrixLayoutCreate"
          + " cublasLtMatrixLayoutDestroy"),
  CUBLAS("libcublas.so.13", "cuBLAS", "cuBLAS 13 (apt-get install libcublas-13-0)", ""),
  CUDNN_GRAPH(
      "libcudnn_graph.so.9",
      "cuDNN",
      Names.CUDNN,
      "cudnnCreate cudnnDestroy cudnnGetErrorString cudnnGetVersion cudnnSetStream"),
  CUDNN_OPS(
      "libcudnn_ops.so.9",
      "cuDNN",
      Names.CUDNN,
      "cudnnCreateFilterDescriptor cudnnCreateTensorDescriptor cudnnDestroyFilterDescriptor"
          + " cudnnDestroyTensorDescriptor cudnnSetFilter4dDescriptor"
          + " cudnnSetTensor4dDescriptorEx"),
  CUDNN_CNN(
      "libcudnn_cnn.so.9",
      "cuDNN",
      Names.CUDNN,
      "cudnnConvolutionBackwardData cudnnConvolutionBackwardFilter cudnnConvolutionForward"
          + " cudnnCreateConvolutionDescriptor cudnnDestroyConvolutionDescriptor"
          + " cudnnGetConvolutionBackwardDataAlgorithm_v7"
          + " cudnnGetConvolutionBackwardFilterAlgorithm_v7"
          + " cudnnGetConvolutionForwardAlgorithm_v7 cudnnSetConvolution2dDescriptor"
          + " cudnnSetConvolutionMathType"),
  CUDNN_ADV("libcudnn_adv.so.9", "cuDNN", Names.CUDNN, ""),
  KERNELS(Names.KERNELS, "gradsieve's own kernels", "this program again", ""),
  NCCL(
      "libnccl.so.2",
      "NCCL",
      "NCCL 2.29 for CUDA 13 (apt-get install libnccl2)",
      "ncclAllReduce ncclCommAbort ncclCommDestroy ncclCommFinalize ncclCommGetAsyncError"
          + " ncclCommInitRankConfig ncclGetErrorString ncclGetLastError ncclGetUniqueId"
          + " ncclGetVersion ncclGroupEnd ncclGroupStart");

  /** What nothing works without. */
  static final List<CudaLibrary> NEEDED =
      Arrays.stream(values()).filter(library -> library != NCCL).toList();

  private final String file;
  private final String what;
  private final String remedy;
  private final List<String> functions;

  CudaLibrary(String file, String what, String remedy, String functions) {
    this.file = file;
    this.what = what;
    this.remedy = remedy;
    this.functions = functions.isEmpty() ? List.of() : List.of(functions.split(" "));
  }

  /** The name under which the system finds it. */
  String file() {
    return file;
  }

  /** Whose library it is, for people. */
  String what() {
    return what;
  }

  /** What to install where it is missing. */
  String remedy() {
    return remedy;
  }

  /** What must be in it, sorted; of our own kernels all that is declared. */
  List<String> functions() {
    return this == KERNELS ? declared() : functions;
  }

  /** The native methods of {@code CudaKernels}, without loading anything. */
  private static List<String> declared() {
    try {
      List<String> names = new ArrayList<>();
      ClassLoader loader = CudaLibrary.class.getClassLoader();
      Class<?> kernels = Class.forName("io.gradsieve.natives.CudaKernels", false, loader);
      Arrays.stream(kernels.getDeclaredMethods())
          .filter(method -> Modifier.isNative(method.getModifiers()))
          .map(Method::getName)
          .distinct()
          .sorted()
          .forEach(names::add);
      return names;
    } catch (ClassNotFoundException e) {
      throw new IllegalStateException("gradsieve-native: CudaKernels is not in the jar", e);
    }
  }

  /** Texts that several have; a constant of an enum cannot name a later one of its own. */
  private static final class Names {
    static final String CUDNN = "cuDNN 9 for CUDA 13 (apt-get install libcudnn9-cuda-13)";
    static final String KERNELS = "libgradsieve_cuda.so";
  }
}
