package io.gradsieve.api;

import java.util.Optional;
import java.util.OptionalInt;

/**
 * What a training loop that is not ours tells a {@link Sieve} of itself, and what it can do. Some
 * policies need it: {@link Sieve#of(String, int, Loop)} says which and what for.
 *
 * @param epochs of the whole run; empty: not known
 * @param batchSize B, samples of a full step
 * @param classes class of each sample, from 0, [N]; empty: not known
 * @param seed of every draw: the same seed and scores give the same plans
 * @param judging whether {@link Sieve#record(int[], float[], boolean[], float[])} is called, after
 *     an epoch with {@link Sieve#leftOut} too
 * @param choosing whether each step goes backward with {@link Sieve#choose} alone
 */
public record Loop(
    OptionalInt epochs,
    int batchSize,
    Optional<int[]> classes,
    long seed,
    boolean judging,
    boolean choosing) {
  private static final int BATCH = 128;

  /**
   * Checked.
   *
   * @throws IllegalArgumentException if epochs or batch size are not positive
   */
  public Loop {
    if (batchSize < 1 || epochs.orElse(1) < 1) {
      throw new IllegalArgumentException(
          "batch size %d and epochs %s must be positive".formatted(batchSize, epochs));
    }
  }

  /** A loop that only records scores, batches of 128, seed 1. */
  public static Loop standard() {
    return new Loop(OptionalInt.empty(), BATCH, Optional.empty(), 1, false, false);
  }

  /** The same with so many epochs. */
  public Loop epochs(int value) {
    return new Loop(OptionalInt.of(value), batchSize, classes, seed, judging, choosing);
  }

  /** The same with batches of another size. */
  public Loop batchSize(int value) {
    return new Loop(epochs, value, classes, seed, judging, choosing);
  }

  /** The same with the class of each sample. */
  public Loop classes(int... value) {
    return new Loop(epochs, batchSize, Optional.of(value.clone()), seed, judging, choosing);
  }

  /** The same with other draws. */
  public Loop seed(long value) {
    return new Loop(epochs, batchSize, classes, value, judging, choosing);
  }

  /** The same, also recording which predictions were right and how sure they were. */
  public Loop judges() {
    return new Loop(epochs, batchSize, classes, seed, true, choosing);
  }

  /** The same, choosing in each step. */
  public Loop chooses() {
    return new Loop(epochs, batchSize, classes, seed, judging, true);
  }
}
