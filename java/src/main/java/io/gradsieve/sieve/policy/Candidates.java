package io.gradsieve.sieve.policy;

import io.gradsieve.RandomBits;
import io.gradsieve.sieve.EpochContext;
import io.gradsieve.sieve.ScoreTable;
import io.gradsieve.sieve.Share;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * The samples a selection chooses among, in the epoch's shuffled order: all of the epoch's, or
 * those of one class where every class is to keep its share.
 */
public final class Candidates {
  private final Epoch epoch;
  private final int group;

  /** Of all samples only where somebody asks: shuffling takes longer than most of what follows. */
  private int @Nullable [] order;

  private Candidates(Epoch epoch, int @Nullable [] order, int group) {
    this.epoch = epoch;
    this.order = order;
    this.group = group;
  }

  /** What the groups of an epoch share. */
  private static final class Epoch {
    final ScoreTable table;
    final EpochContext context;
    final int[] sizes;
    private final Map<Double, int[]> quotas = new HashMap<>();
    private float @Nullable [] scores;

    Epoch(ScoreTable table, EpochContext context, int... sizes) {
      this.table = table;
      this.context = context;
      this.sizes = sizes;
    }

    float[] scores() {
      if (scores == null) {
        scores = table.scores(context.ranking());
      }
      return scores;
    }

    int quota(double share, int group) {
      return quotas.computeIfAbsent(share, key -> Share.quotas(key, sizes))[group];
    }
  }

  /** All samples of the epoch. */
  static Candidates all(ScoreTable table, EpochContext context) {
    return new Candidates(new Epoch(table, context, context.samples()), null, 0);
  }

  /**
   * The samples of each class that has any.
   *
   * @throws IllegalArgumentException if the context knows no classes
   */
  static List<Candidates> byClass(ScoreTable table, EpochContext context) {
    int[] classes = context.classes();
    if (classes.length != context.samples()) {
      throw new IllegalArgumentException("balanced=true needs the classes of the samples");
    }
    int[] sizes = new int[IntStream.of(classes).max().orElse(0) + 1];
    for (int c : classes) {
      sizes[c]++;
    }
    int[][] orders = new int[sizes.length][];
    for (int c = 0; c < sizes.length; c++) {
      orders[c] = new int[sizes[c]];
    }
    int[] next = new int[sizes.length];
    for (int sample : SievePolicy.shuffle(context)) {
      int c = classes[sample];
      orders[c][next[c]++] = sample;
    }
    Epoch epoch = new Epoch(table, context, sizes);
    List<Candidates> groups = new ArrayList<>();
    for (int c = 0; c < sizes.length; c++) {
      if (sizes[c] > 0) {
        groups.add(new Candidates(epoch, orders[c], c));
      }
    }
    return groups;
  }

  /** n, at least 1. */
  public int size() {
    return epoch.sizes[group];
  }

  /** The samples, shuffled, [n]; not to be changed. */
  public int[] order() {
    if (order == null) {
      order = SievePolicy.shuffle(epoch.context);
    }
    return order;
  }

  /** The samples in whatever order, [n], for draws that shuffle by themselves. */
  int[] unordered() {
    return order == null ? IntStream.range(0, size()).toArray() : order;
  }

  /** What they are ranked by, in the same order, [n]; NaN where one was never scored. */
  public float[] scores() {
    return scores(order());
  }

  /** What some of them are ranked by. */
  float[] scores(int[] samples) {
    float[] all = epoch.scores();
    float[] scores = new float[samples.length];
    for (int j = 0; j < samples.length; j++) {
      scores[j] = all[samples[j]];
    }
    return scores;
  }

  /** What a filter predicts of them, in the same order, [n]; empty while none has learned. */
  public float[] predictedRanks() {
    float[] all = epoch.context.predictedRanks();
    int[] samples = order();
    float[] ranks = new float[all.length == 0 ? 0 : samples.length];
    for (int j = 0; j < ranks.length; j++) {
      ranks[j] = all[samples[j]];
    }
    return ranks;
  }

  /** The mean of scores, those of the unscored (NaN) apart; NaN if all are unscored. */
  static double mean(float[] scores) {
    double sum = 0;
    int scored = 0;
    for (float score : scores) {
      if (!Float.isNaN(score)) {
        sum += score;
        scored++;
      }
    }
    return sum / scored;
  }

  /** Whether the last filtered epoch kept a sample. */
  public boolean kept(int sample) {
    return epoch.table.kept(sample);
  }

  /** Whether a sample was predicted as its label says when it was last scored. */
  public boolean right(int sample) {
    return epoch.table.right(sample);
  }

  /** The probability of its label then. */
  public float confidence(int sample) {
    return epoch.table.confidence(sample);
  }

  /**
   * How many a share of them is: ⌈share · N⌉ of all; a class gets its part of that by largest
   * remainder.
   */
  public int count(double share) {
    return epoch.quota(share, group);
  }

  /** The draws that choose samples, independent of their order. */
  public RandomBits draws() {
    EpochContext context = epoch.context;
    RandomBits draws = RandomBits.of(context.seed(), "sieve", context.epoch());
    return epoch.sizes.length == 1 ? draws : draws.at(group);
  }

  public EpochContext context() {
    return epoch.context;
  }
}
