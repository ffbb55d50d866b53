package io.gradsieve.sieve.policy;

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
  public Selection select(Candidates candidates) {
    return Selection.unweighted(candidates.order());
  }
}
