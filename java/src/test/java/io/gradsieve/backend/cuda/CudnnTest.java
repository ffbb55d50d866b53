package io.gradsieve.backend.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import io.gradsieve.RandomBits;
import io.gradsieve.backend.cuda.Cudnn.Convolution;
import io.gradsieve.backend.cuda.Cudnn.ConvolutionShape;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Convolutions against plain loops in double. */
@Tag("cuda")
class CudnnTest {
  private static final int BATCH = 3;

  /** Sums of up to 200 products of floats below 1 in size. */
  private static final double FP32 = 1e-4;

  /** Factors have 11 significant bits. */
  private static final double TF32 = 5e-2;

  /** Rows of {@code pitch} floats; those beyond the channels are zero. */
  private static float[] random(int rows, int channels, int pitch, long seed) {
    float[] values = new float[rows * pitch];
    for (int i = 0; i < values.length; i++) {
      boolean element = i % pitch < channels;
      values[i] = element ? (float) (2 * RandomBits.of(seed, "test", 0).uniform(i) - 1) : 0;
    }
    return values;
  }

  @ParameterizedTest
  @CsvSource({
    "7, 6, 3, 3, 3, 1, 1, 5, false",
    "7, 6, 4, 3, 3, 2, 1, 8, false",
    "5, 5, 8, 1, 1, 2, 0, 4, false",
    "6, 6, 4, 3, 2, 1, 0, 4, false",
    "7, 6, 4, 3, 3, 1, 1, 5, true",
  })
  void allPassesAreTheSumsOfProducts(
      int height,
      int width,
      int channels,
      int kernelHeight,
      int kernelWidth,
      int stride,
      int padding,
      int outChannels,
      boolean tf32) {
    ConvolutionShape shape =
        new ConvolutionShape(
            height,
            width,
            channels,
            (channels + 3) / 4 * 4,
            kernelHeight,
            kernelWidth,
            stride,
            padding,
            outChannels,
            (outChannels + 3) / 4 * 4);
    int taps = kernelHeight * kernelWidth;
    int outPixels = shape.outHeight() * shape.outWidth();
    float[] x = random(BATCH * height * width, channels, shape.pitch(), 1);
    float[] dy = random(BATCH * outPixels, outChannels, shape.outPitch(), 2);
    float[] w = random(shape.outPitch() * taps, channels, shape.pitch(), 3);
    for (int i = outChannels * taps * shape.pitch(); i < w.length; i++) {
      w[i] = 0;
    }
    double[] y = new double[dy.length];
    double[] dx = new double[x.length];
    double[] dw = new double[w.length];
    reference(shape, x, w, dy, y, dx, dw);
    double tolerance = tf32 ? TF32 : FP32;
    try (OnGpu gpu = new OnGpu();
        Cudnn cudnn = new Cudnn();
        Convolution convolution = cudnn.convolution(shape, BATCH, tf32)) {
      cudnn.stream(gpu.stream);
      convolution.prepareInput();
      convolution.prepareWeights();
      long workspace = gpu.bytes(convolution.workspaceBytes());
      long onX = gpu.put(x);
      long onW = gpu.put(w);
      long onDy = gpu.put(dy);
      long result = gpu.bytes((long) y.length * Float.BYTES);
      convolution.forward(onX, onW, result, workspace);
      same(gpu.floats(result, y.length), y, tolerance);

      long gradient = gpu.put(x);
      convolution.backwardInput(onDy, onW, gradient, true, workspace);
      double[] added = dx.clone();
      for (int i = 0; i < added.length; i++) {
        added[i] += x[i];
      }
      same(gpu.floats(gradient, x.length), added, tolerance);
      convolution.backwardInput(onDy, onW, gradient, false, workspace);
      same(gpu.floats(gradient, x.length), dx, tolerance);

      long weightsGradient = gpu.bytes((long) w.length * Float.BYTES);
      convolution.backwardWeights(onX, onDy, weightsGradient, workspace);
      float[] once = gpu.floats(weightsGradient, w.length);
      same(once, dw, tolerance);
      convolution.backwardWeights(onX, onDy, weightsGradient, workspace);
      assertThat(gpu.floats(weightsGradient, w.length)).as("the same bits").isEqualTo(once);
      long garbage =
          CudaRuntimeTest.garbage(
              () -> {
                convolution.forward(onX, onW, result, workspace);
                CudaRuntime.synchronize(gpu.stream);
              },
              100);
      assertThat(garbage).isLessThan(100L);
    }
  }

  private static void same(float[] found, double[] expected, double tolerance) {
    for (int i = 0; i < found.length; i++) {
      assertThat((double) found[i])
          .as("element %d", i)
          .isBetween(expected[i] - tolerance, expected[i] + tolerance);
    }
  }

  private static void reference(
      ConvolutionShape s, float[] x, float[] w, float[] dy, double[] y, double[] dx, double[] dw) {
    for (int n = 0; n < BATCH; n++) {
      for (int place = 0; place < s.outHeight() * s.outWidth(); place++) {
        for (int tap = 0; tap < s.kernelHeight() * s.kernelWidth(); tap++) {
          int row = place / s.outWidth() * s.stride() - s.padding() + tap / s.kernelWidth();
          int column = place % s.outWidth() * s.stride() - s.padding() + tap % s.kernelWidth();
          if (row < 0 || row >= s.height() || column < 0 || column >= s.width()) {
            continue;
          }
          for (int o = 0; o < s.outPitch(); o++) {
            int out = (n * s.outHeight() * s.outWidth() + place) * s.outPitch() + o;
            for (int c = 0; c < s.pitch(); c++) {
              int in = ((n * s.height() + row) * s.width() + column) * s.pitch() + c;
              int weight = (o * s.kernelHeight() * s.kernelWidth() + tap) * s.pitch() + c;
              y[out] += (double) x[in] * w[weight];
              dx[in] += (double) dy[out] * w[weight];
              dw[weight] += (double) dy[out] * x[in];
            }
          }
        }
      }
    }
  }
}
