package io.gradsieve.natives;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

class OpenBlasTest {
  private final OpenBlas.Loaded loaded = (OpenBlas.Loaded) OpenBlas.load();

  @Test
  void itIsLoadedFromItsBundleWithAVersionAndKernels() throws IOException {
    assertThat(loaded.version()).isEqualTo("0.3.31");
    assertThat(loaded.kernels()).matches("\\w+");
    assertThat(loaded.file()).hasFileName("libopenblas.so.0");
    List<String> maps = Files.readAllLines(Path.of("/proc/self/maps"));
    for (String needed : List.of("libopenblas", "libgfortran", "libquadmath")) {
      assertThat(maps).anyMatch(line -> line.contains(loaded.file().getParent() + "/" + needed));
    }
    assertThat(OpenBlas.load()).isEqualTo(loaded);
  }

  /** Small integers are exact in floats: [[1, 2, 3], [4, 5, 6]] · [[1, 0], [0, 1], [1, 1]]. */
  @Test
  void sgemmMultipliesMatricesThatLieRowAfterRow() {
    long memory = NativeMemory.allocate(16 * Float.BYTES);
    FloatBuffer values = NativeMemory.view(memory, 16 * Float.BYTES).asFloatBuffer();
    values.put(new float[] {1, 2, 3, 4, 5, 6, 1, 0, 0, 1, 1, 1, -9, -9, -9, -9});
    long b = memory + 6 * Float.BYTES;
    long c = memory + 12 * Float.BYTES;
    NativeException.check(CpuLibrary.gs_sgemm(2, 2, 3, memory, b, c));
    float[] product = new float[4];
    values.get(12, product);
    assertThat(product).containsExactly(4, 5, 10, 11);
    assertThatThrownBy(() -> NativeException.check(CpuLibrary.gs_sgemm(2, 0, 3, memory, b, c)))
        .hasMessageContaining("sgemm: [2][0]");
    NativeMemory.release(memory, 16 * Float.BYTES);
  }
}
