package io.gradsieve.natives;

import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.bytedeco.cuda.global.nccl;
import org.jspecify.annotations.Nullable;

/**
 * Loads NCCL and what binds it to Java, once {@link CudaLibraries} has loaded CUDA. Training on one
 * GPU needs none of it, so nothing of it is touched before it is asked for.
 */
public final class NcclLibrary {
  /** From 2.28.7 on; ends what a communicator does, and frees nothing that peers still touch. */
  static final String REVOKE = "ncclCommRevoke";

  /** 2.25.1, whose ncclCommAbort does not return. */
  private static final int REFUSED = 22_501;

  private static @Nullable Result result;

  private NcclLibrary() {}

  /** What became of loading. */
  public sealed interface Result {}

  /**
   * It can be used.
   *
   * @param version for instance "2.29.3"
   * @param file it was loaded from
   * @param revokes whether {@code ncclCommRevoke} is there; if not, calling it ends the process
   */
  public record Loaded(String version, Path file, boolean revokes) implements Result {}

  /**
   * It can't be used.
   *
   * @param reason one line: what is missing or wrong, where it was looked for, what to do
   */
  public record Failed(String reason) implements Result {}

  /**
   * Loads it, once a process; later calls return the same result. Never throws because of the
   * machine.
   */
  public static synchronized Result load() {
    if (result == null) {
      result = CudaLibraries.loadNccl();
    }
    return result;
  }

  /**
   * Every function that may be called: {@link #load} has found them all but {@code ncclCommRevoke},
   * for which there is {@link Loaded#revokes}.
   */
  public static List<String> functions() {
    return Stream.concat(CudaLibrary.NCCL.functions().stream(), Stream.of(REVOKE)).toList();
  }

  /** Of a library that is loaded. */
  static Result judge(Path file, boolean revokes) {
    int[] number = new int[1];
    int status = nccl.ncclGetVersion(number);
    if (status != nccl.ncclSuccess) {
      return new Failed("%s (NCCL): ncclGetVersion returned %d".formatted(file, status));
    }
    String version =
        number[0] / 10_000 + "." + number[0] / 100 % 100 + "." + number[0] % 100; // 22903: 2.29.3
    if (number[0] == REFUSED) {
      return new Failed(
          "%s is NCCL %s, which cannot end a communicator whose peer is gone; install %s"
              .formatted(file, version, CudaLibrary.NCCL.remedy()));
    }
    return new Loaded(version, file, revokes);
  }
}
