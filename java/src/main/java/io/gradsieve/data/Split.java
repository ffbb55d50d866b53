package io.gradsieve.data;

import io.gradsieve.RandomBits;
import java.util.Arrays;
import java.util.Comparator;
import java.util.stream.IntStream;

/** Seeded, stratified parts of the training samples. */
public final class Split {
  private static final String PURPOSE = "validation";

  private Split() {}

  /**
   * The two parts, both ascending; together they are what was split.
   *
   * @param train what is left to train on
   * @param validation what was set aside
   */
  public record Parts(int[] train, int[] validation) {}

  /**
   * Sets aside round(fraction·N) of {@code train}, each class within one sample of its share and
   * never a class's last sample, so maybe none. Depends on the seed, the labels and each sample's
   * index alone.
   */
  public static Parts stratified(Dataset d, int[] train, double fraction, long seed) {
    if (!(fraction >= 0 && fraction < 1)) {
      throw new IllegalArgumentException("fraction must be in [0,1), is " + fraction);
    }
    int[] labels = new int[train.length];
    long[] keys = new long[train.length];
    for (int i = 0; i < train.length; i++) {
      labels[i] = d.label(train[i]);
      keys[i] = d.index(train[i]);
    }
    boolean[] aside = choose(labels, keys, fraction, RandomBits.of(seed, PURPOSE, 0));
    int[] validation =
        IntStream.range(0, train.length).filter(i -> aside[i]).map(i -> train[i]).toArray();
    return new Parts(
        IntStream.range(0, train.length).filter(i -> !aside[i]).map(i -> train[i]).toArray(),
        validation);
  }

  /** Marks the samples set aside of a whole file, position i being the key of its draw. */
  public static boolean[] fixed(int[] labels, double fraction, RandomBits random) {
    return choose(
        labels, IntStream.range(0, labels.length).asLongStream().toArray(), fraction, random);
  }

  /**
   * The fold of each of {@code train}, 0 to {@code folds} − 1: of every class each fold has ⌊n/K⌋
   * or ⌈n/K⌉ samples, and so of all. Depends on the seed, the labels and each sample's index alone.
   */
  public static int[] folds(Dataset d, int[] train, int folds, long seed) {
    RandomBits random = RandomBits.of(seed, "folds", 0);
    int[] dealt =
        IntStream.range(0, train.length)
            .boxed()
            .sorted(
                Comparator.<Integer>comparingInt(i -> d.label(train[i]))
                    .thenComparingLong(i -> random.bits(d.index(train[i])))
                    .thenComparing(i -> i))
            .mapToInt(Integer::intValue)
            .toArray();
    int[] fold = new int[train.length];
    for (int place = 0; place < dealt.length; place++) {
      fold[dealt[place]] = place % folds;
    }
    return fold;
  }

  /**
   * Marks round(fraction·N) samples: a quota per class by largest remainder, filled in order of the
   * draws.
   */
  static boolean[] choose(int[] labels, long[] keys, double fraction, RandomBits random) {
    int[] distinct = Arrays.stream(labels).distinct().sorted().toArray();
    int[] classOf = Arrays.stream(labels).map(l -> Arrays.binarySearch(distinct, l)).toArray();
    int[] counts = new int[distinct.length];
    for (int c : classOf) {
      counts[c]++;
    }
    int[] quota = quotas(counts, fraction, labels.length);
    boolean[] aside = new boolean[labels.length];
    IntStream.range(0, labels.length)
        .boxed()
        .sorted(
            Comparator.<Integer>comparingLong(i -> random.bits(keys[i]) ^ Long.MIN_VALUE)
                .thenComparing(i -> i))
        .forEachOrdered(
            i -> {
              if (quota[classOf[i]] > 0) {
                quota[classOf[i]]--;
                aside[i] = true;
              }
            });
    return aside;
  }

  private static int[] quotas(int[] counts, double fraction, int samples) {
    int[] quota = new int[counts.length];
    long left = Math.round(fraction * samples);
    for (int c = 0; c < counts.length; c++) {
      quota[c] = Math.min((int) Math.floor(fraction * counts[c]), counts[c] - 1);
      left -= quota[c];
    }
    int[] byRemainder =
        IntStream.range(0, counts.length)
            .boxed()
            .sorted(
                Comparator.<Integer>comparingDouble(
                        c -> Math.floor(fraction * counts[c]) - fraction * counts[c])
                    .thenComparing(c -> c))
            .mapToInt(Integer::intValue)
            .toArray();
    for (int c : byRemainder) {
      double remainder = fraction * counts[c] - Math.floor(fraction * counts[c]);
      if (left > 0 && remainder > 0 && quota[c] < counts[c] - 1) {
        quota[c]++;
        left--;
      }
    }
    return quota;
  }
}
