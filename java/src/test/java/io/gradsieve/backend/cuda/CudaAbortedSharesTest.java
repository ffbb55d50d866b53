package io.gradsieve.backend.cuda;

import io.gradsieve.backend.AbortedSharesContract;
import io.gradsieve.backend.Backend;
import org.junit.jupiter.api.Tag;

/** On the libraries that stand in for CUDA's. */
@Tag("cuda")
class CudaAbortedSharesTest extends AbortedSharesContract {
  CudaAbortedSharesTest() {
    super(10);
  }

  @Override
  protected Backend open(int threads) {
    return StagedCudaBackendTest.staged(threads);
  }
}
