package io.gradsieve.backend.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import io.gradsieve.backend.Backend;
import io.gradsieve.backend.BackendContract;
import io.gradsieve.backend.BackendInfo;
import org.junit.jupiter.api.Test;

class CpuBackendTest extends BackendContract {
  @Override
  protected Backend open(int threads) {
    return CpuBackend.open(threads);
  }

  @Test
  void itSaysWhatRunsAndWhyNotMore() {
    try (Backend backend = CpuBackend.open(3)) {
      BackendInfo info = backend.info();
      assertThat(info.device()).isEqualTo("cpu");
      assertThat(info.threads()).isEqualTo(3);
      assertThat(info.blas()).startsWith("OpenBLAS 0.3.31 ");
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
