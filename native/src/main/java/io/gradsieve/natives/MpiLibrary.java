package io.gradsieve.natives;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The machine's MPI, through {@code native/mpi/gradsieve_mpi.c}: in the jar if the build found an
 * MPI, and of use with that kind of MPI only. {@code GRADSIEVE_MPI_LIBRARY} names another one,
 * which that file says how to compile.
 *
 * <p>An operation is begun by one call and awaited by {@link #poll}; at most one is under way.
 * Buffers are direct, and MPI's until it is done. Calls may come from any thread, one at a time.
 * Results below 0 are failures, which {@link #message} puts into words.
 */
public final class MpiLibrary {
  /** Names a library to load instead of the jar's. */
  public static final String VARIABLE = "GRADSIEVE_MPI_LIBRARY";

  private static final String BUNDLE = "gradsieve-mpi";
  private static final String FILE = "libgradsieve_mpi.so";

  private static @Nullable LoadResult result;

  private MpiLibrary() {}

  /** Whether there is one to load: in the jar, or named. */
  public static boolean isBuilt() {
    return named(System.getenv()) != null || Bundle.exists(BUNDLE);
  }

  /** Loads it, once a process; later calls return the same result. */
  public static synchronized LoadResult load() {
    if (result == null) {
      result = load(System.getenv());
    }
    return result;
  }

  private static @Nullable String named(Map<String, String> environment) {
    String named = environment.getOrDefault(VARIABLE, "");
    return named.isEmpty() ? null : named;
  }

  private static LoadResult load(Map<String, String> environment) {
    String named = named(environment);
    if (named == null && !Bundle.exists(BUNDLE)) {
      return new LoadResult.Failed(
          "this build is without MPI: build where mpicc is found, or compile"
              + " native/mpi/gradsieve_mpi.c and name the library by "
              + VARIABLE,
          List.of());
    }
    try {
      Path library = named == null ? unpacked() : Path.of(named).toAbsolutePath();
      System.load(library.toString());
      return new LoadResult.Loaded(library, List.of());
    } catch (IOException | UnsatisfiedLinkError e) {
      return new LoadResult.Failed(
          "the library for MPI cannot be loaded: %s; with another MPI than that of the build compile"
                  .formatted(e.getMessage())
              + " native/mpi/gradsieve_mpi.c and name the library by "
              + VARIABLE,
          List.of());
    }
  }

  private static Path unpacked() throws IOException {
    if (NativeLibrary.load() instanceof LoadResult.Loaded own) {
      return Bundle.of(BUNDLE).unpack(own.directory().getParent()).resolve(FILE);
    }
    throw new IOException("neither can the engine's own library");
  }

  /** Unpacks what there is. */
  static List<Path> unpack(Path base) throws IOException {
    return Bundle.exists(BUNDLE) ? List.of(Bundle.of(BUNDLE).unpack(base)) : List.of();
  }

  /**
   * Starts MPI, once a process.
   *
   * @param place becomes rank, number of workers, the level of threads that MPI gives, the level
   *     that is needed at least
   */
  public static native int initialize(int[] place);

  /** Begins to send bytes to one worker while receiving from one. */
  public static native int exchange(
      ByteBuffer out,
      int outAt,
      int outBytes,
      int to,
      ByteBuffer in,
      int inAt,
      int inBytes,
      int from);

  /** Begins to fill in the others' bytes; each worker's lie behind those of the rank before. */
  public static native int gather(ByteBuffer bytes, int[] lengths);

  /** Begins to replace the first bytes by the root's. */
  public static native int broadcast(ByteBuffer bytes, int length, int root);

  /** Begins to wait for all. */
  public static native int barrier();

  /** Waits at most so long: 1 if the operation is done, 0 if not. */
  public static native int poll(long nanoseconds);

  /** What a failure means, in MPI's words. */
  public static native String message(int code);

  /** Ends MPI, all workers together, with no operation under way. */
  public static native int finish();
}
