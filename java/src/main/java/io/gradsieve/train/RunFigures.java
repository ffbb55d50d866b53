package io.gradsieve.train;

import io.gradsieve.Internal;

/**
 * What the finished epochs of a run have come to.
 *
 * @param seen candidates, N an epoch
 * @param kept samples backpropagated
 * @param seconds in steps and in which a filter learned
 * @param wholeSeconds of whole epochs, evaluation and checkpoints included
 * @param fullSamples warm samples of full epochs
 * @param fullSeconds how long those took: what a full epoch costs
 * @param epochs how many there were
 * @param filteredEpochs how many of them were filtered
 */
@Internal
public record RunFigures(
    long seen,
    long kept,
    double seconds,
    double wholeSeconds,
    long fullSamples,
    double fullSeconds,
    long epochs,
    long filteredEpochs) {

  /** Of a run that begins. */
  static final RunFigures NONE = new RunFigures(0, 0, 0, 0, 0, 0, 0, 0);

  /**
   * With another epoch.
   *
   * @param candidates samples it could have trained on
   * @param wholeSeconds of all of it
   */
  RunFigures plus(EpochFigures epoch, int candidates, double wholeSeconds) {
    boolean filtered = epoch.kept() < candidates;
    return new RunFigures(
        seen + candidates,
        kept + epoch.kept(),
        seconds + (epoch.seconds() + epoch.learningSeconds()),
        this.wholeSeconds + wholeSeconds,
        fullSamples + (filtered ? 0 : epoch.warmKept()),
        fullSeconds + (filtered ? 0 : epoch.warmSeconds()),
        epochs + 1,
        filteredEpochs + (filtered ? 1 : 0));
  }

  /** Share of the gradients not computed. */
  public double skipped() {
    return seen == 0 ? 0 : 1 - (double) kept / seen;
  }

  /** Measured seconds of an epoch over all {@code samples}; NaN if no full epoch was seen. */
  public double fullEpochSeconds(int samples) {
    return fullSamples == 0 ? Double.NaN : fullSeconds / fullSamples * samples;
  }

  /** Share of the training time saved against full epochs throughout; NaN if none was measured. */
  public double timeSaved(int samples) {
    return 1 - seconds / (epochs * fullEpochSeconds(samples));
  }
}
