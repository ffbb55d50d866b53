package io.gradsieve.backend.cuda;

import io.gradsieve.backend.Backend;
import io.gradsieve.backend.Precision;
import io.gradsieve.backend.SharesContract;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;

/** On the libraries that stand in for CUDA's. */
@Tag("cuda")
class CudaSharesTest extends SharesContract {
  CudaSharesTest() {
    super(1);
  }

  /** {@code cnn} has several buckets, {@code resnet20} sums of batch norms too. */
  @Override
  protected Stream<String> models() {
    return Stream.of("cnn", "resnet20");
  }

  @Override
  protected Backend open(int threads) {
    return CudaBackend.open(0, threads, Precision.FP32);
  }
}
