package io.gradsieve.train;

import io.gradsieve.config.TrainingConfig;
import io.gradsieve.optim.BatchGrowth;
import io.gradsieve.sieve.EpochContext;
import io.gradsieve.sieve.EpochPlan;
import io.gradsieve.sieve.ScoreTable;
import io.gradsieve.sieve.policy.SievePolicy;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;

/**
 * Where the loop stands, and what it has counted. {@link Trainer} alone writes it, score table
 * included; all others get a {@link Position} or an event.
 */
final class TrainingState {
  private final TrainingSession session;
  private final Workers workers;
  private final TrainingConfig config;
  private final TrainingData data;
  private final SievePolicy policy;
  private final ScoreTable scores;
  private final EpochAccount account = new EpochAccount();
  private final PredictedRanks predicted;
  private final StepJournal journal = new StepJournal();
  private EpochFigures journalBegan = EpochFigures.NONE;
  private RunFigures runFigures;
  private BatchGrowth growth;
  private EpochPlan plan;
  private int epoch;
  private int step;
  private int done;
  private long updates;

  /** Goes on from a position. */
  TrainingState(TrainingSession session, Position from) {
    this.session = session;
    workers = session.workers();
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

  /**
   * Takes the results of a micro-batch; of one of several workers score table and account have them
   * after {@link #exchange}.
   */
  void record(MicroBatch batch, MeasuredStep measured) {
    if (workers.alone()) {
      add(batch, measured);
    } else {
      if (journal.isEmpty()) {
        journalBegan = account.figures();
      }
      journal.add(batch, measured.records(), plan.choosesInStep());
      account.follow(batch, measured, plan.batchSizes()[batch.step()]);
    }
    done = batch.done();
  }

  private void add(MicroBatch batch, MeasuredStep measured) {
    int[] order = plan.order();
    if (plan.choosesInStep()) {
      measured.choose(scores, order, batch.from(), batch.backward());
      for (int j = 0; j < batch.backward(); j++) {
        scores.markKept(order[batch.from() + measured.backwardRow(j)]);
      }
    }
    scores.record(epoch, order, batch.from(), batch.size(), measured, batch.last());
    account.add(batch, measured);
  }

  /**
   * Ends a step whose micro-batches are recorded.
   *
   * @param gradient2 ‖Σ term_i‖²
   * @param learningRate it had, without {@code lr_scale}
   */
  void endStep(double gradient2, double learningRate) {
    if (workers.alone()) {
      end(step, gradient2, learningRate);
    } else {
      journal.end(gradient2, learningRate);
    }
    updates++;
    step++;
  }

  private void end(int ended, double gradient2, double learningRate) {
    boolean unbiased = config.norms() && (policy.unbiased() || !plan.filtered());
    int samples = plan.batchSizes()[ended];
    account.endStep(samples, gradient2, plan.meanWeight(), learningRate, unbiased);
  }

  /**
   * With all steps awaited: several workers tell each other what they measured in their parts, and
   * each takes all of it in the order of the plan, so that score table and account are those of one
   * process that cuts its steps into the same parts.
   *
   * @return how many samples this worker measured
   */
  int exchange() {
    if (workers.alone()) {
      return 0;
    }
    List<ByteBuffer> told = workers.gather(journal.bytes());
    List<StepJournal.End> ends = List.copyOf(journal.ends());
    journal.clear();
    if (ends.isEmpty()) {
      return 0;
    }
    int first = step - ends.size();
    List<List<MicroBatch>> parts = session.parts(plan);
    List<StepJournal.Reader> readers = new ArrayList<>();
    for (int rank = 0; rank < told.size(); rank++) {
      Iterator<MicroBatch> own =
          parts.get(rank).stream().filter(part -> part.step() >= first).iterator();
      readers.add(new StepJournal.Reader(told.get(rank), own));
    }
    account.recount(journalBegan);
    MeasuredStep measured = new MeasuredStep();
    for (int i = 0; i < ends.size(); i++) {
      for (int rank = 0; rank < readers.size(); rank++) {
        replay(readers.get(rank), rank == 0, rank + 1 == readers.size(), measured);
      }
      end(first + i, ends.get(i).gradient2(), ends.get(i).learningRate());
    }
    return parts.get(workers.share().rank()).stream()
        .filter(part -> part.step() >= first && part.step() < step)
        .mapToInt(MicroBatch::size)
        .sum();
  }

  /** Takes one worker's parts of a step. */
  private void replay(
      StepJournal.Reader reader, boolean first, boolean last, MeasuredStep measured) {
    MicroBatch part;
    do {
      part = reader.part();
      int[] rows = Arrays.copyOfRange(plan.order(), part.from(), part.to());
      int[] labels = Arrays.stream(rows).map(row -> data.trainClasses()[row]).toArray();
      float[] weights = Arrays.copyOfRange(plan.weights(), part.from(), part.to());
      measured.show(
          reader.records(part, plan.choosesInStep()),
          IntBuffer.wrap(labels),
          FloatBuffer.wrap(weights),
          part.size());
      add(part.among(first && part.first(), last && part.last()), measured);
    } while (!part.last());
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
