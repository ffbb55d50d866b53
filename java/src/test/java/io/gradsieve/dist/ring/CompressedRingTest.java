package io.gradsieve.dist.ring;

import static org.assertj.core.api.Assertions.assertThat;

import io.gradsieve.RandomBits;
import io.gradsieve.TestSeed;
import io.gradsieve.dist.Compression;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.DoubleBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Floats that travel in half their bytes. */
@Timeout(60)
class CompressedRingTest {
  private static final int LIMIT = 30; // seconds

  private interface Work<T> {
    T of(Ring ring) throws Exception;
  }

  private static <T> List<T> all(int world, Work<T> work) throws Exception {
    List<Ring> rings = Rings.tcp(world, Duration.ofSeconds(15), Compression.BF16);
    ExecutorService threads = Executors.newFixedThreadPool(world);
    try {
      List<Future<T>> results = new ArrayList<>();
      for (Ring ring : rings) {
        results.add(threads.submit(() -> work.of(ring)));
      }
      List<T> values = new ArrayList<>();
      for (Future<T> result : results) {
        values.add(result.get(LIMIT, TimeUnit.SECONDS));
      }
      return values;
    } finally {
      rings.forEach(Ring::close);
      threads.shutdownNow();
    }
  }

  /** The sums that workers have of floats in three stretches, one of them empty. */
  private static List<float[]> reduced(float[][] values) throws Exception {
    int size = values[0].length;
    return all(
        values.length,
        ring -> {
          ByteBuffer own =
              ByteBuffer.allocateDirect(Float.BYTES * size).order(ByteOrder.LITTLE_ENDIAN);
          own.asFloatBuffer().put(0, values[ring.rank()]);
          int cut = size / 3 * Float.BYTES;
          ring.allReduce(
              List.of(own.slice(0, cut), own.slice(cut, 0), own.slice(cut, own.capacity() - cut)));
          float[] result = new float[size];
          own.asFloatBuffer().get(0, result);
          return result;
        });
  }

  /**
   * A value is rounded once at each of W workers, each time by at most 2⁻⁸ of a partial sum, which
   * is no larger than the sum of absolute values, but for those roundings: 5 % for 8 workers.
   */
  @ParameterizedTest
  @ValueSource(ints = {2, 3, 5, 8})
  void allHaveTheSameBitsNearTheSums(int world) throws Exception {
    RandomBits random = RandomBits.of(TestSeed.of(world), "compressed", 0);
    for (int size : new int[] {0, 1, world, 1001, 200_003}) {
      float[][] values = new float[world][size];
      for (int rank = 0; rank < world; rank++) {
        for (int i = 0; i < size; i++) {
          values[rank][i] = (float) (2 * random.at(rank).uniform(i) - 1);
        }
      }
      List<float[]> results = reduced(values);
      double error2 = 0;
      double sum2 = 0;
      for (int i = 0; i < size; i++) {
        double sum = 0;
        double absolute = 0;
        for (float[] of : values) {
          sum += of[i];
          absolute += Math.abs(of[i]);
        }
        double error = results.get(0)[i] - sum;
        assertThat(Math.abs(error) <= 1.05 * world * absolute / 256).isTrue();
        error2 += error * error;
        sum2 += sum * sum;
      }
      assertThat(results).allSatisfy(result -> assertThat(result).isEqualTo(results.get(0)));
      if (size > 1001) {
        System.out.printf("%d workers: error %.2g of the sums%n", world, Math.sqrt(error2 / sum2));
      }
    }
  }

  @Test
  void aWorkerAloneRoundsNothing() throws Exception {
    float[][] values = {{0.1f, 1e-30f, 3e38f}};
    assertThat(reduced(values).get(0)).isEqualTo(values[0]);
  }

  @Test
  void whatIsNotFiniteStaysSo() throws Exception {
    float[][] values = {
      {Float.NaN, Float.POSITIVE_INFINITY, 1, -3e38f}, {1, 1, Float.NEGATIVE_INFINITY, -3e38f}
    };
    assertThat(reduced(values))
        .allSatisfy(
            result -> {
              assertThat(result[0]).isNaN();
              assertThat(result[1]).isEqualTo(Float.POSITIVE_INFINITY);
              assertThat(result[2]).isEqualTo(Float.NEGATIVE_INFINITY);
              assertThat(result[3]).isEqualTo(Float.NEGATIVE_INFINITY);
            });
  }

  @Test
  void doublesAreNotCompressed() throws Exception {
    List<double[]> sums =
        all(
            2,
            ring -> {
              double[] own = {1 + 1e-12 * ring.rank()};
              ring.allReduce(DoubleBuffer.wrap(own));
              return own;
            });
    assertThat(sums).allSatisfy(sum -> assertThat(sum).containsExactly(2 + 1e-12));
  }
}
