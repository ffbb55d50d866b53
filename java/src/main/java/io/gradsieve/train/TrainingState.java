package io.gradsieve.train;

import io.gradsieve.config.TrainingConfig;
import io.gradsieve.optim.BatchGrowth;
import io.gradsieve.sieve.EpochContext;
import io.gradsieve.sieve.EpochPlan;
import io.gradsieve.sieve.ScoreTable;
import io.gradsieve.sieve.policy.SievePolicy;
import java.util.Optional;

/**
 * Where the loop stands, and what it has counted. {@link Trainer} alone writes it, score table
 * included; all others get a {@link Position} or an event.
 */
final class TrainingState {
  private final TrainingConfig config;
  private final TrainingData data;
  private final SievePolicy policy;
  private final ScoreTable scores;
  private final EpochAccount account = new EpochAccount();
  private final PredictedRanks predicted;
  private RunFigures runFigures;
  private BatchGrowth growth;
  private EpochPlan plan;
  private int epoch;
  private int step;
  private int done;
  private long updates;

  /** Goes on from a position. */
  TrainingState(TrainingSession session, Position from) {
    config = session.config();
    data = session.data();
    policy = config.policy();
    scores = from.scores();
    account.set(from.epochFigures());
    predicted = new PredictedRanks(session);
    from.filter().ifPresent(predicted::use);
    runFigures = from.runFigures();
    growth = from.growth();
    plan = from.plan();
    epoch = from.epoch();
    step = from.step();
    done = from.done();
    updates = from.updates();
  }

  /** Where it stands, for good. */
  Position position() {
    return new Position(
        epoch,
        step,
        done,
        updates,
        plan,
        growth,
        account.figures(),
        runFigures,
        scores,
        predicted.filter());
  }

  // ---- an epoch, from its beginning to its end

  /**
   * Lets a filter learn if one is due before an epoch.
   *
   * @return false if asked to stop before the end
   */
  boolean learn(int beginning, Optional<RankTeacher> teacher) {
    return predicted.learn(scores, beginning, teacher);
  }

  /** Begins an epoch, for which a filter learned so many seconds: nothing of its plan is done. */
  void begin(int beginning, double learningSeconds) {
    plan = policy.plan(scores, context(beginning));
    scores.keep(plan);
    epoch = beginning;
    done = 0;
    account.begin(learningSeconds);
  }

  /** What the policy may know of the epoch that begins. */
  private EpochContext context(int beginning) {
    return new EpochContext(
        data.train().length,
        growth.batchSize(),
        beginning,
        config.epochs(),
        config.seed(),
        config.ranking(),
        data.trainClasses(),
        predicted.ranks());
  }

  /** Takes the results of a micro-batch. */
  void record(MicroBatch batch, MeasuredStep measured) {
    int[] order = plan.order();
    if (plan.choosesInStep()) {
      measured.choose(scores, order, batch.from(), batch.backward());
      for (int j = 0; j < batch.backward(); j++) {
        scores.markKept(order[batch.from() + measured.backwardRow(j)]);
      }
    }
    scores.record(epoch, order, batch.from(), batch.size(), measured, batch.last());
    account.add(batch, measured);
    done = batch.done();
  }

  /**
   * Ends a step whose micro-batches are recorded.
   *
   * @param gradient2 ‖Σ term_i‖²
   * @param learningRate it had, without {@code lr_scale}
   */
  void endStep(double gradient2, double learningRate) {
    boolean unbiased = config.norms() && (policy.unbiased() || !plan.filtered());
    int samples = plan.batchSizes()[step];
    account.endStep(samples, gradient2, plan.meanWeight(), learningRate, unbiased);
    updates++;
    step++;
  }

  /** Adds a micro-batch's time; the first tenth of an epoch counts as warm-up. */
  void addTime(int samples, double seconds) {
    account.addTime(samples, seconds, step > plan.steps() / 10);
  }

  /** Adds time that is training's, and no micro-batch's. */
  void addTime(double seconds) {
    account.addTime(0, seconds, false);
  }

  /** Takes the scores of samples that no step trained on. */
  void rescored(Rescoring left) {
    scores.recordLeftOut(epoch, left.rows(), left);
    account.addForwardOnly(left.rows().length);
  }

  /**
   * Ends the epoch.
   *
   * @param seconds of all of it
   */
  EpochMetrics endEpoch(Evaluations last, double seconds) {
    EpochFigures figures = account.figures();
    int candidates = data.train().length;
    scores.endEpoch(epoch, figures.meanLoss());
    runFigures = runFigures.plus(figures, candidates, seconds);
    step = 0;
    done = 0;
    int batchSize = growth.batchSize();
    if (config.growsBatch()) {
      growth = growth.next(figures.noise().scale(), candidates);
    }
    return EpochMetrics.of(
        epoch, figures, plan, last, candidates, seconds, secondsLeft(), batchSize);
  }

  // ---- what the loop and events read

  ScoreTable scores() {
    return scores;
  }

  EpochPlan plan() {
    return plan;
  }

  int epoch() {
    return epoch;
  }

  int step() {
    return step;
  }

  int done() {
    return done;
  }

  long updates() {
    return updates;
  }

  BatchGrowth growth() {
    return growth;
  }

  EpochAccount account() {
    return account;
  }

  RunFigures runFigures() {
    return runFigures;
  }

  Optional<RankModel> filter() {
    return predicted.filter();
  }

  /**
   * Seconds until the end of the run: samples still to come at the pace of this epoch, and the
   * epochs' overhead at its mean so far.
   */
  double secondsLeft() {
    if (account.kept() == 0) {
      return 0;
    }
    int left = config.epochs() - epoch;
    double samples = left * expectedKept() + (step == 0 ? 0 : plan.kept() - done);
    RunFigures before = runFigures;
    double overhead =
        before.epochs() == 0
            ? 0
            : Math.max(0, before.wholeSeconds() - before.seconds()) / before.epochs();
    return samples * account.seconds() / account.kept() + left * overhead;
  }

  /** Samples an epoch to come will keep. */
  private double expectedKept() {
    int samples = data.train().length;
    int next = Math.min(epoch + 1, config.epochs());
    return policy.filtering().filters(next, config.epochs())
        ? (policy.leastKept(samples) + policy.mostKept(samples)) / 2.0
        : samples;
  }
}
