package io.gradsieve.sieve;

import io.gradsieve.GradsieveException;
import io.gradsieve.Internal;
import java.util.List;

/** How an epoch of M kept samples out of N is cut into batches, with batch size B. */
@Internal
public enum Steps {
  /**
   * ⌈N/B⌉ steps as with the full data, never more than M; batch sizes differ by at most one; the
   * rate stays.
   */
  SAME {
    @Override
    public int[] cut(int kept, int samples, int batchSize) {
      int steps = Math.min(ceilDivide(samples, batchSize), kept);
      int[] sizes = new int[steps];
      long end = 0;
      for (int step = 0; step < steps; step++) {
        long start = end;
        end = (step + 1L) * kept / steps;
        sizes[step] = (int) (end - start);
      }
      return sizes;
    }

    @Override
    public double lrScale(int kept, int samples, int batchSize) {
      return 1;
    }
  },

  /**
   * ⌈M/B⌉ steps of B, the last with the rest; an unbiased policy's rate is scaled by ⌈N/B⌉/⌈M/B⌉.
   */
  FEWER {
    @Override
    public int[] cut(int kept, int samples, int batchSize) {
      int[] sizes = new int[ceilDivide(kept, batchSize)];
      for (int step = 0; step < sizes.length; step++) {
        sizes[step] = (int) Math.min(batchSize, kept - (long) step * batchSize);
      }
      return sizes;
    }

    @Override
    public double lrScale(int kept, int samples, int batchSize) {
      return (double) ceilDivide(samples, batchSize) / ceilDivide(kept, batchSize);
    }
  };

  /** Batch sizes, in order; their sum is M. */
  public abstract int[] cut(int kept, int samples, int batchSize);

  /** What an unbiased policy multiplies the learning rate by. */
  public abstract double lrScale(int kept, int samples, int batchSize);

  /** The value of the key {@code steps}. */
  public String key() {
    return this == SAME ? "same" : "fewer";
  }

  /**
   * The value of that name.
   *
   * @throws GradsieveException.Usage if there is none, with the nearest
   */
  public static Steps parse(String key) {
    for (Steps steps : values()) {
      if (steps.key().equals(key)) {
        return steps;
      }
    }
    throw GradsieveException.Usage.unknown(
        "value of steps in --sieve", key, List.of(SAME.key(), FEWER.key()));
  }

  private static int ceilDivide(int a, int b) {
    return (int) (((long) a + b - 1) / b);
  }
}
