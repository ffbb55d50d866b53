package io.gradsieve.train;

import java.nio.ByteBuffer;

/** Running sums over the finished epochs of a run; every checkpoint keeps them. */
public final class RunTotals {
  static final int BYTES = 8 * 8;

  /** Candidates, N an epoch. */
  long seen;

  /** Samples backpropagated. */
  long kept;

  /** Seconds in steps and in which a filter learned. */
  double seconds;

  /** Seconds of whole epochs, evaluation and checkpoints included. */
  double wholeSeconds;

  /** Warm samples of full epochs and the seconds they took: what a full epoch costs. */
  long fullSamples;

  double fullSeconds;
  long epochs;
  long filteredEpochs;

  void add(EpochTotals epoch, long candidates, boolean filtered) {
    seen += candidates;
    kept += epoch.kept;
    seconds += epoch.seconds + epoch.learningSeconds;
    epochs++;
    if (filtered) {
      filteredEpochs++;
    } else {
      fullSamples += epoch.warmKept;
      fullSeconds += epoch.warmSeconds;
    }
  }

  /** Share of the gradients not computed. */
  public double skipped() {
    return seen == 0 ? 0 : 1 - (double) kept / seen;
  }

  /** Seconds of training. */
  public double seconds() {
    return seconds;
  }

  /** Epochs that were filtered. */
  public long filteredEpochs() {
    return filteredEpochs;
  }

  /** Measured seconds of an epoch over all {@code samples}; NaN if no full epoch was seen. */
  public double fullEpochSeconds(int samples) {
    return fullSamples == 0 ? Double.NaN : fullSeconds / fullSamples * samples;
  }

  /** Share of the training time saved against full epochs throughout; NaN if none was measured. */
  public double timeSaved(int samples) {
    return 1 - seconds / (epochs * fullEpochSeconds(samples));
  }

  void write(ByteBuffer target) {
    target.putLong(seen).putLong(kept).putDouble(seconds).putDouble(wholeSeconds);
    target.putLong(fullSamples).putDouble(fullSeconds).putLong(epochs).putLong(filteredEpochs);
  }

  void read(ByteBuffer source) {
    seen = source.getLong();
    kept = source.getLong();
    seconds = source.getDouble();
    wholeSeconds = source.getDouble();
    fullSamples = source.getLong();
    fullSeconds = source.getDouble();
    epochs = source.getLong();
    filteredEpochs = source.getLong();
  }
}
