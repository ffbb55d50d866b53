package io.gradsieve.natives;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Loads CUDA's libraries, ours ({@code libgradsieve_cuda.so}) and what binds them to Java. Whether
 * there is a driver is looked for first, and costs a tenth of a millisecond where there is none:
 * nothing else is touched then. {@code $GRADSIEVE_CUDA_LIBRARIES} names a directory that all are
 * taken from, our own kernels too: the libraries that stand in for CUDA's in tests.
 */
public final class CudaLibraries {
  /** Names the directory of other libraries. */
  public static final String VARIABLE = NativeLibrary.CUDA_VARIABLE;

  private static @Nullable Result result;
  private static boolean loading;

  private CudaLibraries() {}

  /** What became of loading. */
  public sealed interface Result {}

  /**
   * All are loaded.
   *
   * @param kernels the file of our own
   * @param emulated whether a CPU stands in for the GPU
   * @param versions of the driver, CUDA's runtime, cuBLAS and cuDNN
   */
  public record Loaded(Path kernels, boolean emulated, List<Version> versions) implements Result {
    public Loaded {
      versions = List.copyOf(versions);
    }
  }

  /**
   * CUDA can't be used.
   *
   * @param reason one line: which library or function is missing, where it was looked for, what to
   *     do
   * @param driver whether a GPU could be expected, since there is a driver, or since libraries were
   *     named
   */
  public record Failed(String reason, boolean driver) implements Result {}

  /** A library's version, as its makers write it, and the file it was loaded from. */
  public record Version(String library, String version, Path file) {}

  /**
   * Loads everything, once a process; later calls return the same result. Never throws because of
   * the machine.
   */
  public static synchronized Result load() {
    if (result == null) {
      loading = true;
      try {
        result = first();
      } finally {
        loading = false;
      }
    }
    return result;
  }

  private static Result first() {
    if (!(NativeLibrary.load() instanceof LoadResult.Loaded own)) {
      return new Failed("gradsieve's own library is not loaded, and CUDA needs it", false);
    }
    Optional<Path> directory = directory();
    if (!NativeLibrary.expectsGpu()) {
      return new Failed(
          "no NVIDIA driver: " + CpuLibrary.gs_last_error() + "; install NVIDIA's driver", false);
    }
    return new CudaLoader(directory, own.directory().getParent()).load();
  }

  private static Optional<Path> directory() {
    String named = System.getenv(VARIABLE);
    return named == null || named.isEmpty()
        ? Optional.empty()
        : Optional.of(Path.of(named).toAbsolutePath().normalize());
  }

  /** Whether the build put kernels for real GPUs into the jar, and the jar is there. */
  public static boolean built() {
    return Bundle.exists(CudaLoader.KERNELS_BUNDLE);
  }

  /**
   * What the jar's kernels are compiled for, for instance "sm_90"; empty if it has none. Reads what
   * {@code gs_cuda_describe} would say, so that it is known where nothing can be loaded.
   */
  public static List<String> architectures() {
    return built() ? CudaLoader.architectures() : List.of();
  }

  /**
   * Every library that can't be used, one line each: name, reason, what to install. Independent of
   * {@link #load}, which ends at the first.
   */
  public static List<String> missing() {
    return NativeLibrary.load() instanceof LoadResult.Loaded own
        ? new CudaLoader(directory(), own.directory().getParent()).missing()
        : List.of();
  }

  /**
   * Every function of CUDA's libraries that {@link #load} has found to be there; nothing else of
   * them may be called.
   */
  public static List<String> functions() {
    return CudaLibrary.NEEDED.stream().flatMap(library -> library.functions().stream()).toList();
  }

  /** What became of NCCL, which {@link NcclLibrary#load} asks for once. */
  static NcclLibrary.Result loadNccl() {
    if (load() instanceof Failed failed) {
      return new NcclLibrary.Failed(failed.reason());
    }
    if (!(NativeLibrary.load() instanceof LoadResult.Loaded own)) {
      throw new IllegalStateException("CUDA is loaded, and gradsieve's own library is not");
    }
    return new CudaLoader(directory(), own.directory().getParent()).loadNccl();
  }

  /**
   * NCCL, if it is there, with the version that its file's name tells, where CUDA cannot be loaded.
   */
  public static Optional<Version> nccl() {
    if (!(NativeLibrary.load() instanceof LoadResult.Loaded)) {
      return Optional.empty();
    }
    String name = CudaLibrary.NCCL.file();
    Optional<Path> named = directory().map(d -> d.resolve(name));
    long library = CpuLibrary.gs_library_open(named.map(Path::toString).orElse(name));
    if (library == 0) {
      return Optional.empty();
    }
    Path file = Path.of(CpuLibrary.gs_library_path(library));
    try {
      String real = file.toRealPath().getFileName().toString();
      return Optional.of(new Version("NCCL", real.substring("libnccl.so.".length()), file));
    } catch (IOException e) {
      return Optional.of(new Version("NCCL", "2", file));
    }
  }

  /** Unpacks what the jar has for CUDA. */
  static List<Path> unpack(Path base) throws IOException {
    List<Path> written = new ArrayList<>();
    if (Bundle.exists(CudaLoader.BINDINGS_BUNDLE)) {
      written.add(Bundle.of(CudaLoader.BINDINGS_BUNDLE).unpack(base));
    }
    if (built()) {
      written.add(Bundle.of(CudaLoader.KERNELS_BUNDLE).unpack(base));
    }
    return written;
  }

  /** Called by the generated classes when they are first used, also while they are being loaded. */
  static synchronized void require() {
    if (!loading && load() instanceof Failed failed) {
      throw new UnsatisfiedLinkError(failed.reason());
    }
  }
}
