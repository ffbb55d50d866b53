package io.gradsieve.backend.cuda;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;

/** Calls of CUDA's libraries that fail on request, in what stands in for them. */
public final class CudaFaults {
  private CudaFaults() {}

  /**
   * From here on these fail, none if empty; the stand-in looks at the file its environment names.
   */
  public static void set(String faults) throws IOException {
    Path file = Path.of(System.getenv("GRADSIEVE_CUDA_FAIL").substring(1));
    Path fresh = file.resolveSibling(file.getFileName() + ".new");
    Files.writeString(fresh, faults);
    Files.move(fresh, file, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.ATOMIC_MOVE);
  }
}
