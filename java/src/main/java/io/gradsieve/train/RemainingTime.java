package io.gradsieve.train;

/** How long a run still takes, by the pace so far. */
final class RemainingTime {
  private RemainingTime() {}

  /**
   * In seconds: samples still to come at the pace of this epoch, and the epochs' overhead at its
   * mean so far.
   */
  static double seconds(TrainingState state) {
    EpochTotals now = state.epochTotals;
    RunTotals before = state.runTotals;
    if (now.kept == 0) {
      return 0;
    }
    int left = state.config.epochs() - state.epoch;
    double next = expectedKept(state);
    double samples = left * next + (state.step == 0 ? 0 : state.plan.kept() - state.done);
    double overhead =
        before.epochs == 0 ? 0 : Math.max(0, before.wholeSeconds - before.seconds) / before.epochs;
    return samples * now.seconds / now.kept + left * overhead;
  }

  /** Samples an epoch to come will keep. */
  private static double expectedKept(TrainingState state) {
    var policy = state.config.policy();
    int samples = state.data.train().length;
    int next = Math.min(state.epoch + 1, state.config.epochs());
    return policy.filtering().filters(next, state.config.epochs())
        ? (policy.leastKept(samples) + policy.mostKept(samples)) / 2.0
        : samples;
  }
}
