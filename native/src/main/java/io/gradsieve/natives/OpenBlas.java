package io.gradsieve.natives;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * OpenBLAS, for dense linear algebra outside the step: the functions of {@code gradsieve.h} that
 * say so. Training and scoring need none of it, so it is unpacked and loaded when it is first asked
 * for. It computes with one thread.
 */
public final class OpenBlas {
  /** Forces OpenBLAS's kernels, whatever the processor; not ours to set. */
  public static final String CORE_VARIABLE = "OPENBLAS_CORETYPE";

  private static final String BUNDLE = "openblas";
  private static final String FILE = "libopenblas.so.0";

  private static @Nullable Result result;

  private OpenBlas() {}

  /** What became of loading. */
  public sealed interface Result {}

  /**
   * It can be used.
   *
   * @param version for instance "0.3.31"
   * @param kernels that it chose, for instance "SkylakeX"
   * @param file it was loaded from
   */
  public record Loaded(String version, String kernels, Path file) implements Result {}

  /**
   * It can't be used.
   *
   * @param reason one line: what is wrong and what to do
   */
  public record Failed(String reason) implements Result {}

  /**
   * Loads it, once a process; later calls return the same result. Never throws because of the
   * machine.
   */
  public static synchronized Result load() {
    if (result == null) {
      result = first();
    }
    return result;
  }

  private static Result first() {
    if (NativeLibrary.load() instanceof LoadResult.Failed failed) {
      return new Failed(failed.reason());
    }
    Path base = ((LoadResult.Loaded) NativeLibrary.load()).directory().getParent();
    try {
      Path file = Bundle.of(BUNDLE).unpack(base).resolve(FILE);
      if (CpuLibrary.gs_openblas_open(file.toString()) != CpuLibrary.GS_OK) {
        return refused(CpuLibrary.gs_last_error());
      }
      String[] words = CpuLibrary.gs_openblas_config().split(" ");
      String version = words.length < 2 ? "of unknown version" : words[1];
      return new Loaded(version, CpuLibrary.gs_openblas_core(), file);
    } catch (IOException e) {
      return new Failed(
          "OpenBLAS cannot be unpacked into %s: %s; make room there, or set GRADSIEVE_NATIVE_DIR"
              .formatted(base, e.getMessage()));
    }
  }

  private static Failed refused(String words) {
    return new Failed(
        words.contains("GLIBC_")
            ? NativeLibrary.REQUIREMENT + " (" + words + ")"
            : words + "; see what doctor says, and that memory is not limited (ulimit -v)");
  }

  /** Unpacks it, independent of {@link #load}. */
  static List<Path> unpack(Path base) throws IOException {
    return List.of(Bundle.of(BUNDLE).unpack(base));
  }
}
