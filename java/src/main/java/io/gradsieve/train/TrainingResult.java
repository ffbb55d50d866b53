package io.gradsieve.train;

import io.gradsieve.config.TrainingConfig;
import java.nio.file.Path;
import java.util.Optional;

/**
 * What a run came to.
 *
 * @param directory of the run's files; empty for a run without any
 * @param epochs finished
 * @param test of the weights at the end; empty without a test part
 * @param recalibrated test accuracy; see {@link EpochMetrics}
 * @param skipped share of the gradients that were not computed
 * @param seconds of training
 * @param timeSaved share of the time that full epochs throughout would have taken; empty if no full
 *     epoch was measured
 * @param fullEpochSeconds measured cost of a full epoch; empty if none was measured
 * @param signal what stopped it early, 0 for nothing
 * @param checkpoint the last one
 * @param filterCorrelation rank correlation of a learned filter with scores held out; empty without
 *     a filter, or enough of those
 */
public record TrainingResult(
    Optional<Path> directory,
    int epochs,
    double trainLoss,
    double trainAccuracy,
    Optional<Evaluation> validation,
    Optional<Evaluation> test,
    Optional<Double> recalibrated,
    double skipped,
    double seconds,
    Optional<Double> timeSaved,
    Optional<Double> fullEpochSeconds,
    int signal,
    Optional<Path> checkpoint,
    Optional<Double> filterCorrelation) {

  /** What a run came to that has just ended, with its last evaluations. */
  static TrainingResult of(
      TrainingSession session, TrainingState state, Evaluations last, Recorder recorder) {
    RunFigures figures = state.runFigures();
    TrainingConfig config = session.config();
    int samples = session.data().train().length;
    int epochs = (int) figures.epochs();
    boolean comparable = figures.filteredEpochs() > 0 && figures.fullSamples() > 0;
    return new TrainingResult(
        config.out(),
        epochs,
        state.account().meanLoss(),
        state.account().accuracy(),
        last.validation(),
        last.test(),
        last.recalibrated(),
        figures.skipped(),
        figures.seconds(),
        comparable ? Optional.of(figures.timeSaved(samples)) : Optional.empty(),
        comparable ? Optional.of(figures.fullEpochSeconds(samples)) : Optional.empty(),
        epochs < config.epochs() ? session.stop().signal() : 0,
        recorder.lastCheckpoint(),
        state.filter().flatMap(RankModel::correlation));
  }
}
