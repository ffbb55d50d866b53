package io.gradsieve.sieve;

import java.util.Arrays;

/**
 * Each sample's mean cross-entropy over the {@link EarlyEpochs}, and whether it was right when last
 * seen in them; of a sample not seen in them what its nearest record says, of two as near the
 * earlier. A float and four flags a sample: a record counts when the next one replaces it, so that
 * an epoch may turn out to be an early one after it was recorded, and of several records in one
 * epoch, which a draw with replacement makes, the last counts.
 */
final class LabelEvidence {
  private final EarlyEpochs early;
  private final SampleFlags flags;

  /** Σ over what counts and was replaced. */
  private final float[] sums;

  LabelEvidence(EarlyEpochs early, SampleFlags flags, float[] sums) {
    this.early = early;
    this.flags = flags;
    this.sums = sums;
  }

  EarlyEpochs early() {
    return early;
  }

  /**
   * A sample's record is about to be replaced by a later epoch's.
   *
   * @param recorded the record's epoch, 0 if there is none
   * @param next the later epoch
   */
  void replace(int sample, int recorded, float crossEntropy, int next) {
    boolean nearest =
        flags.count(sample) == 0
            && recorded > 0
            && next > early.last()
            && (recorded > early.last() || early.first() - recorded <= next - early.last());
    if (early.contain(recorded) || nearest) {
      sums[sample] += crossEntropy;
      flags.countOneMore(sample);
    }
  }

  /** An epoch has ended; what was taken for evidence before the first early one is none. */
  void endEpoch(int epoch, double trainLoss) {
    if (early.end(epoch, trainLoss)) {
      Arrays.fill(sums, 0);
      flags.clearCounts();
    }
  }

  /** Whether the last record counts too. */
  private boolean lastCounts(int sample, int recorded) {
    return early.contain(recorded) || flags.count(sample) == 0;
  }

  /** The mean; of a sample with a record, of epoch {@code recorded}. */
  float mean(int sample, int recorded, float crossEntropy) {
    int count = flags.count(sample);
    return lastCounts(sample, recorded)
        ? (sums[sample] + crossEntropy) / (count + 1)
        : sums[sample] / count;
  }

  /** Whether its prediction was the given label in the last record that counts. */
  boolean right(int sample, int recorded) {
    return lastCounts(sample, recorded) ? flags.right(sample) : flags.earlyRight(sample);
  }

  /** Says at once what other trainings found. */
  void found(int sample, float mean, boolean right) {
    sums[sample] = mean;
    flags.clearCount(sample);
    flags.right(sample, right);
    flags.countOneMore(sample);
  }
}
