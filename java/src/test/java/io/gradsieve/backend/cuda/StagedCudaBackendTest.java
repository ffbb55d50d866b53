package io.gradsieve.backend.cuda;

import io.gradsieve.backend.Backend;
import io.gradsieve.backend.BackendContract;
import io.gradsieve.backend.Precision;
import org.junit.jupiter.api.Tag;

/** With data sets that do not fit on the device: every batch is gathered and copied. */
@Tag("cuda")
public class StagedCudaBackendTest extends BackendContract {
  @Override
  protected Backend open(int threads) {
    return staged(threads);
  }

  /** A backend that keeps no data set on the device. */
  public static CudaBackend staged(int threads) {
    return CudaBackend.open(0, threads, Precision.FP32, 0);
  }
}
