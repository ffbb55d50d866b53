package io.gradsieve.backend.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.gradsieve.GradsieveException;
import io.gradsieve.backend.Backend;
import io.gradsieve.backend.BackendContract;
import io.gradsieve.backend.BackendInfo;
import java.nio.ByteBuffer;
import java.util.IdentityHashMap;
import org.junit.jupiter.api.Test;

class CpuBackendTest extends BackendContract {
  @Override
  protected Backend open(int threads) {
    return CpuBackend.open(threads);
  }

  @Test
  void resultsTooLargeForOneBufferAreRefused() {
    assertThatThrownBy(() -> CpuErrors.viewable(1 << 20, 1 << 11, "results"))
        .isInstanceOf(GradsieveException.Usage.class)
        .hasMessageStartingWith("--batch-size: ")
        .hasMessageContaining("1048576 samples");
  }

  @Test
  void aSampleLiesWhollyInADirectBuffer() {
    ByteBuffer direct = ByteBuffer.allocateDirect(24);
    try (CpuBackend backend = CpuBackend.open(1);
        CpuInput input = new CpuInput(backend, 2, 16, new IdentityHashMap<>(), () -> {})) {
      input.sample(1, direct, 8);
      assertThatThrownBy(() -> input.sample(1, direct, 9))
          .isInstanceOf(IndexOutOfBoundsException.class);
      assertThatThrownBy(() -> input.sample(2, direct, 0))
          .isInstanceOf(IndexOutOfBoundsException.class);
      assertThatThrownBy(() -> input.sample(0, ByteBuffer.allocate(16), 0))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("Java heap");
    }
  }

  /** Native threads flush denormals to zero; the thread that opened the libraries must not. */
  @Test
  void theJvmKeepsItsDenormals() {
    try (CpuBackend backend = CpuBackend.open(2)) {
      assertThat(backend.info().device()).isEqualTo("cpu");
      float[] least = {Float.MIN_NORMAL, 0.5f};
      assertThat(least[0] * least[1]).isEqualTo(Float.intBitsToFloat(1 << 22));
    }
  }

  @Test
  void itSaysWhatRunsAndWhyNotMore() {
    try (Backend backend = CpuBackend.open(3)) {
      BackendInfo info = backend.info();
      assertThat(info.device()).isEqualTo("cpu");
      assertThat(info.threads()).isEqualTo(3);
      assertThat(info.blas()).isEqualTo("own " + info.instructionSet());
      assertThat(info.candidates())
          .extracting(BackendInfo.Candidate::name)
          .containsExactlyInAnyOrderElementsOf(CpuBackend.INSTRUCTION_SETS);
      assertThat(info.candidates())
          .filteredOn(BackendInfo.Candidate::usable)
          .extracting(BackendInfo.Candidate::name)
          .contains(info.instructionSet());
    }
  }
}
