package io.gradsieve.sieve.policy;

import io.gradsieve.sieve.Share;
import io.gradsieve.sieve.Steps;

/**
 * What every policy shares: when it filters and how its epochs are cut.
 *
 * @param from first epoch that is filtered, from 1
 * @param until share of the epochs after which no more are, in (0, 1]
 * @param relative whether scores count as multiples of their step's mean
 * @param balanced whether every class keeps the same share
 */
public record Filtering(int from, double until, Steps steps, boolean relative, boolean balanced) {
  /** As the arguments say, absolute scores, classes mixed. */
  public Filtering(int from, double until, Steps steps) {
    this(from, until, steps, false, false);
  }

  /** Whether from ≤ epoch ≤ ⌊until · epochs⌋. */
  public boolean filters(int epoch, int epochs) {
    return epoch >= from && epoch <= Share.floor(until, epochs);
  }
}
