package io.gradsieve.sieve.policy;

import io.gradsieve.sieve.EpochContext;
import io.gradsieve.sieve.ScoreTable;

/** {@code none}: every sample, weight 1, w̄ 1. */
record NoSieve(PolicyOptions options, Filtering filtering) implements SievePolicy {
  static NoSieve of(PolicyOptions options) {
    return new NoSieve(options, options.filtering(1));
  }

  @Override
  public boolean needsScores() {
    return false;
  }

  @Override
  public boolean unbiased() {
    return true;
  }

  @Override
  public String asked() {
    return "keep every sample";
  }

  @Override
  public int leastKept(int samples) {
    return samples;
  }

  @Override
  public int mostKept(int samples) {
    return samples;
  }

  @Override
  public Selection select(ScoreTable table, EpochContext context) {
    return Selection.unweighted(SievePolicy.shuffle(context));
  }
}
