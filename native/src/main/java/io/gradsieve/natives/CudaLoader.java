package io.gradsieve.natives;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.bytedeco.cuda.global.cublas;
import org.bytedeco.cuda.global.cudart;
import org.bytedeco.cuda.global.cudnn;

/**
 * Loads the libraries of {@link CudaLibrary} in their order, then what binds them to Java.
 *
 * <p>JavaCPP's loader is left out: it prefers {@code /usr/local/cuda/lib64} to what is named or
 * already loaded, and keys its cache on name, size and time. What is loaded here first is what the
 * bindings find, by soname.
 */
final class CudaLoader {
  /** Our own kernels; absent from a build without nvcc. */
  static final String KERNELS_BUNDLE = "gradsieve-cuda";

  static final String BINDINGS_BUNDLE = "cuda-bindings";

  private static final List<String> BINDINGS =
      List.of("libjnicudart.so", "libjnicublas.so", "libjnicudnn.so", "libjnigradsieve_cuda.so");

  /**
   * Classes in use whose static initializers call JavaCPP's loader: they are initialized while it
   * is told to do nothing.
   */
  private static final List<String> CLASSES =
      List.of(
          "org.bytedeco.cuda.global.cudart",
          "org.bytedeco.cuda.global.cublas",
          "org.bytedeco.cuda.global.cudnn",
          "org.bytedeco.cuda.cublas.cublasLtMatmulAlgo_t",
          "org.bytedeco.cuda.cublas.cublasLtMatmulDescOpaque_t",
          "org.bytedeco.cuda.cublas.cublasLtMatmulHeuristicResult_t",
          "org.bytedeco.cuda.cublas.cublasLtMatmulPreferenceOpaque_t",
          "org.bytedeco.cuda.cublas.cublasLtMatrixLayoutOpaque_t",
          "org.bytedeco.cuda.cudnn.cudnnConvolutionFwdAlgoPerf_t",
          "org.bytedeco.cuda.cudnn.cudnnConvolutionBwdDataAlgoPerf_t",
          "org.bytedeco.cuda.cudnn.cudnnConvolutionBwdFilterAlgoPerf_t",
          "io.gradsieve.natives.CudaConv2dShape",
          "io.gradsieve.natives.CudaKernels");

  private static final List<String> NCCL_BINDINGS = List.of("libjninccl.so");

  private static final List<String> NCCL_CLASSES =
      List.of(
          "org.bytedeco.cuda.global.nccl",
          "org.bytedeco.cuda.nccl.ncclConfig_t",
          "org.bytedeco.cuda.nccl.ncclUniqueId");

  private static final String NO_JAR =
      "CUDA's natives are not among the program's jars: add io.gradsieve:gradsieve-native with the classifier linux-x86_64-gpu";

  private static final String JAVACPP_LOADS = "org.bytedeco.javacpp.loadLibraries";
  private static final List<String> HOMES = List.of("CUDA_HOME", "CUDA_PATH");

  private static final Pattern DESCRIPTION = Pattern.compile("\"architectures\":\\[([^\\]]+)\\]");

  private final Optional<Path> directory;
  private final Path unpacked;

  /**
   * @param directory that all libraries are taken from; empty: the system's and the jar's
   * @param unpacked where bundles go
   */
  CudaLoader(Optional<Path> directory, Path unpacked) {
    this.directory = directory;
    this.unpacked = unpacked;
  }

  /** One of them can't be used; the message is the whole line. */
  private static final class Unusable extends Exception {
    private static final long serialVersionUID = 1L;

    Unusable(String reason, Object... values) {
      super(reason.formatted(values));
    }
  }

  CudaLibraries.Result load() {
    if (!hasJar()) {
      return new CudaLibraries.Failed(NO_JAR, true);
    }
    try {
      Map<CudaLibrary, Path> files = new EnumMap<>(CudaLibrary.class);
      for (CudaLibrary library : CudaLibrary.NEEDED) {
        files.put(library, open(library).file());
      }
      bind(BINDINGS, CLASSES);
      boolean emulated = CudaKernels.gs_cuda_describe().contains("\"emulated\":true");
      return new CudaLibraries.Loaded(files.get(CudaLibrary.KERNELS), emulated, versions(files));
    } catch (Unusable e) {
      return new CudaLibraries.Failed(e.getMessage(), true);
    } catch (IOException | LinkageError e) {
      return new CudaLibraries.Failed("CUDA's bindings cannot be loaded: " + e.getMessage(), true);
    }
  }

  /** A program that links the engine may leave out the jar that the bindings come in. */
  private static boolean hasJar() {
    return Bundle.exists(BINDINGS_BUNDLE);
  }

  /** NCCL, once the others are loaded. */
  NcclLibrary.Result loadNccl() {
    try {
      Opened nccl = open(CudaLibrary.NCCL);
      bind(NCCL_BINDINGS, NCCL_CLASSES);
      boolean revokes = CpuLibrary.gs_library_function(nccl.handle(), NcclLibrary.REVOKE) != 0;
      return NcclLibrary.judge(nccl.file(), revokes);
    } catch (Unusable e) {
      return new NcclLibrary.Failed(e.getMessage());
    } catch (IOException | LinkageError e) {
      return new NcclLibrary.Failed("NCCL's bindings cannot be loaded: " + e.getMessage());
    }
  }

  /** A line for every library that can't be used. */
  List<String> missing() {
    List<String> missing = new ArrayList<>();
    for (CudaLibrary library : CudaLibrary.NEEDED) {
      try {
        open(library);
      } catch (Unusable e) {
        missing.add(e.getMessage());
      } catch (IOException e) {
        missing.add(library.file() + " cannot be unpacked: " + e.getMessage());
      }
    }
    return missing;
  }

  private record Opened(long handle, Path file) {}

  /** Every function in use is in it. */
  private Opened open(CudaLibrary library) throws IOException, Unusable {
    long opened;
    if (directory.isPresent()) {
      opened = openFrom(directory.get(), library);
    } else if (library == CudaLibrary.KERNELS) {
      opened = openOwn();
    } else {
      opened = openInstalled(library);
    }
    Path file = Path.of(CpuLibrary.gs_library_path(opened));
    for (String function : library.functions()) {
      if (CpuLibrary.gs_library_function(opened, function) == 0) {
        throw new Unusable(
            "%s (%s) has no function %s; install %s",
            file, library.what(), function, library.remedy());
      }
    }
    return new Opened(opened, file);
  }

  private long openOwn() throws IOException, Unusable {
    if (!hasJar()) {
      throw new Unusable(NO_JAR);
    }
    if (!CudaLibraries.built()) {
      throw new Unusable(
          "%s is not in this build, which was made without CUDA's compiler; build where nvcc is",
          CudaLibrary.KERNELS.file());
    }
    Path kernels = Bundle.of(KERNELS_BUNDLE).unpack(unpacked).resolve(CudaLibrary.KERNELS.file());
    return loaded(kernels.toString(), CudaLibrary.KERNELS);
  }

  /** From the text that is in the library. */
  static List<String> architectures() {
    String file = CudaLibrary.KERNELS.file();
    try (InputStream library = Bundle.file(KERNELS_BUNDLE, file)) {
      String bytes = new String(library.readAllBytes(), StandardCharsets.ISO_8859_1);
      Matcher text = DESCRIPTION.matcher(bytes);
      return text.find() ? List.of(text.group(1).replaceAll("[\" ]", "").split(",")) : List.of();
    } catch (IOException e) {
      throw new IllegalStateException("gradsieve-native: " + file + " cannot be read", e);
    }
  }

  private static long openFrom(Path directory, CudaLibrary library) throws Unusable {
    String where = CudaLibraries.VARIABLE + "=" + directory;
    if (!Files.isDirectory(directory)) {
      throw new Unusable("%s is no directory: %s was to be loaded from it", where, library.file());
    }
    Path file = directory.resolve(library.file());
    if (!Files.exists(file)) {
      throw new Unusable(
          "%s: %s is not in it, and all of CUDA's libraries are taken from there",
          where, library.file());
    }
    return loaded(file.toString(), library);
  }

  /** As the system finds it, else where CUDA is installed by hand. */
  private static long openInstalled(CudaLibrary library) throws Unusable {
    long opened = CpuLibrary.gs_library_open(library.file());
    if (opened != 0) {
      return opened;
    }
    String words = CpuLibrary.gs_last_error();
    if (!words.startsWith(library.file() + ": cannot open")) {
      throw new Unusable("%s (%s) cannot be loaded: %s", library.file(), library.what(), words);
    }
    List<Path> places = places();
    for (Path place : places) {
      Path file = place.resolve(library.file());
      if (Files.exists(file)) {
        return loaded(file.toString(), library);
      }
    }
    throw new Unusable(
        "%s (%s) is not there: looked for among the system's libraries, in LD_LIBRARY_PATH and in %s; install %s",
        library.file(),
        library.what(),
        places.stream().map(Path::toString).collect(Collectors.joining(", ")),
        library.remedy());
  }

  private static List<Path> places() {
    List<Path> places = new ArrayList<>();
    for (String variable : HOMES) {
      String home = System.getenv(variable);
      if (home != null && !home.isEmpty()) {
        places.add(Path.of(home, "lib64"));
      }
    }
    places.add(Path.of("/usr/local/cuda/lib64"));
    return places;
  }

  private static long loaded(String file, CudaLibrary library) throws Unusable {
    long opened = CpuLibrary.gs_library_open(file);
    if (opened == 0) {
      throw new Unusable(
          "%s (%s) cannot be loaded: %s", file, library.what(), CpuLibrary.gs_last_error());
    }
    return opened;
  }

  private void bind(List<String> libraries, List<String> classes) throws IOException {
    Path bindings = Bundle.of(BINDINGS_BUNDLE).unpack(unpacked);
    String before = System.getProperty(JAVACPP_LOADS);
    System.setProperty(JAVACPP_LOADS, "false");
    try {
      for (String file : libraries) {
        System.load(bindings.resolve(file).toString());
      }
      for (String name : classes) {
        Class.forName(name, true, CudaLoader.class.getClassLoader());
      }
    } catch (ClassNotFoundException e) {
      throw new IllegalStateException("gradsieve: a class of CUDA's bindings is not in the jar", e);
    } finally {
      if (before == null) {
        System.clearProperty(JAVACPP_LOADS);
      } else {
        System.setProperty(JAVACPP_LOADS, before);
      }
    }
  }

  private static List<CudaLibraries.Version> versions(Map<CudaLibrary, Path> files) {
    int[] driver = new int[1];
    int[] runtime = new int[1];
    cudart.cudaDriverGetVersion(driver);
    cudart.cudaRuntimeGetVersion(runtime);
    return List.of(
        new CudaLibraries.Version("driver", cuda(driver[0]), files.get(CudaLibrary.DRIVER)),
        new CudaLibraries.Version("runtime", cuda(runtime[0]), files.get(CudaLibrary.RUNTIME)),
        new CudaLibraries.Version(
            "cuBLAS", library(cublas.cublasLtGetVersion()), files.get(CudaLibrary.CUBLAS_LT)),
        new CudaLibraries.Version(
            "cuDNN", library(cudnn.cudnnGetVersion()), files.get(CudaLibrary.CUDNN_GRAPH)));
  }

  /** 13010 is 13.1: the newest CUDA that a driver knows, and the runtime's own. */
  private static String cuda(int number) {
    return number / 1000 + "." + number % 1000 / 10;
  }

  /** 130201 is 13.2.1, and 91900 is 9.19.0. */
  private static String library(long number) {
    return number / 10_000 + "." + number / 100 % 100 + "." + number % 100;
  }
}
