package io.gradsieve.train;

import io.gradsieve.Internal;
import io.gradsieve.config.TrainingConfig;
import io.gradsieve.optim.BatchGrowth;
import io.gradsieve.sieve.EarlyEpochs;
import io.gradsieve.sieve.EpochPlan;
import io.gradsieve.sieve.ScoreTable;
import java.util.Optional;

/**
 * Where a run stands between two steps: what a checkpoint keeps of it, beside weights and
 * optimizer. Nothing in it changes, but the score table when the run goes on.
 *
 * @param epoch in progress or just finished, from 1; 0 before the first
 * @param step steps of the plan that are done; 0 after an epoch's end
 * @param done samples of the plan that are done; 0 after an epoch's end
 * @param updates optimizer steps since the start of the run
 * @param plan of the epoch; of one that has ended, a file keeps neither order nor batch sizes
 * @param growth of the epoch in progress or, between two, of the next
 * @param scores what is known of every training sample
 * @param filter what a filter has learned, if one has; who opened the session closes it
 */
@Internal
public record Position(
    int epoch,
    int step,
    int done,
    long updates,
    EpochPlan plan,
    BatchGrowth growth,
    EpochFigures epochFigures,
    RunFigures runFigures,
    ScoreTable scores,
    Optional<RankModel> filter) {

  /** Before the first epoch. */
  public static Position start(TrainingConfig config, TrainingData data) {
    int samples = data.train().length;
    return new Position(
        0,
        0,
        0,
        0,
        EpochPlan.NONE,
        new BatchGrowth(Math.min(config.batchSize(), samples), 1),
        EpochFigures.NONE,
        RunFigures.NONE,
        ScoreTable.forTraining(
            samples,
            config.norms(),
            config.ranking(),
            new EarlyEpochs(data.dataset().classes().size(), config.epochs()),
            config.seed()),
        Optional.empty());
  }
}
