package io.gradsieve.backend.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import io.gradsieve.RandomBits;
import io.gradsieve.backend.cuda.CublasLt.Epilogue;
import io.gradsieve.backend.cuda.CublasLt.Product;
import io.gradsieve.backend.cuda.CublasLt.Shape;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Products against plain loops in double. */
@Tag("cuda")
class CublasLtTest {
  /** Sums of 37 products of floats below 1 in size. */
  private static final double FP32 = 1e-5;

  /** Factors have 11 significant bits. */
  private static final double TF32 = 2e-2;

  private static float[] random(int count, long seed) {
    float[] values = new float[count];
    for (int i = 0; i < count; i++) {
      values[i] = (float) (2 * RandomBits.of(seed, "test", 0).uniform(i) - 1);
    }
    return values;
  }

  @ParameterizedTest
  @CsvSource({
    "false, false, NONE, false, false",
    "false, true, NONE, false, false",
    "true, false, NONE, true, false",
    "true, true, NONE, false, false",
    "false, true, BIAS, false, false",
    "false, true, RELU_BIAS, false, false",
    "false, true, RELU_BIAS, false, true",
  })
  void aProductIsTheSumsOfProducts(
      boolean transposeA, boolean transposeB, Epilogue epilogue, boolean add, boolean tf32) {
    int rows = 5;
    int columns = 12;
    int inner = 37;
    int pitchA = 44;
    int pitchB = 40;
    int pitchC = 16;
    float[] a = random((transposeA ? inner : rows) * pitchA, 1);
    float[] b = random((transposeB ? columns : inner) * pitchB, 2);
    float[] bias = random(columns, 3);
    float[] c = random(rows * pitchC, 4);
    try (OnGpu gpu = new OnGpu();
        CublasLt cublas = new CublasLt();
        Product product =
            cublas.product(
                new Shape(
                    transposeA,
                    transposeB,
                    rows,
                    columns,
                    inner,
                    pitchA,
                    pitchB,
                    pitchC,
                    epilogue,
                    tf32))) {
      long onC = gpu.put(c);
      long onBias = epilogue == Epilogue.NONE ? 0 : gpu.put(bias);
      long workspace = gpu.bytes(product.workspaceBytes());
      long onA = gpu.put(a);
      long onB = gpu.put(b);
      product.run(onA, onB, onC, onBias, add, workspace, gpu.stream);
      float[] found = gpu.floats(onC, c.length);
      for (int i = 0; i < rows; i++) {
        for (int j = 0; j < pitchC; j++) {
          int at = i * pitchC + j;
          if (j >= columns) {
            assertThat(found[at]).as("what is no element").isEqualTo(c[at]);
            continue;
          }
          double sum = add ? c[at] : 0;
          for (int k = 0; k < inner; k++) {
            sum +=
                (double) a[transposeA ? k * pitchA + i : i * pitchA + k]
                    * b[transposeB ? j * pitchB + k : k * pitchB + j];
          }
          sum += epilogue == Epilogue.NONE ? 0 : bias[j];
          sum = epilogue == Epilogue.RELU_BIAS ? Math.max(sum, 0) : sum;
          assertThat((double) found[at])
              .isBetween(sum - (tf32 ? TF32 : FP32), sum + (tf32 ? TF32 : FP32));
        }
      }
      long garbage =
          CudaRuntimeTest.garbage(
              () -> {
                product.run(onA, onB, onC, onBias, add, workspace, gpu.stream);
                CudaRuntime.synchronize(gpu.stream);
              },
              100);
      assertThat(garbage).isLessThan(100L);
    }
  }
}
