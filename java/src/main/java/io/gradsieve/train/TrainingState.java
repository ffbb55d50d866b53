package io.gradsieve.train;

import io.gradsieve.backend.Backend;
import io.gradsieve.backend.CompiledStep;
import io.gradsieve.config.TrainingConfig;
import io.gradsieve.nn.Network;
import io.gradsieve.optim.BatchGrowth;
import io.gradsieve.sieve.EarlyEpochs;
import io.gradsieve.sieve.EpochContext;
import io.gradsieve.sieve.EpochPlan;
import io.gradsieve.sieve.ScoreTable;

/**
 * Where a run stands; what a checkpoint keeps. Written by {@link Trainer} alone, read by listeners
 * on its thread.
 */
public final class TrainingState {
  final TrainingConfig config;
  final TrainingData data;
  final Backend backend;
  final Network network;
  final CompiledStep compiled;
  final EpochTotals epochTotals = new EpochTotals();
  final RunTotals runTotals = new RunTotals();
  final LearnedRanks learned = new LearnedRanks();
  ScoreTable table;

  /** Of the epoch in progress or, between two, of the next. */
  BatchGrowth growth;

  EpochPlan plan;

  /** The epoch in progress or just finished, from 1; 0 before the first. */
  int epoch;

  /** Steps of the plan that are done. */
  int step;

  /** Samples of the plan that are done. */
  int done;

  /** Optimizer steps since the start of the run. */
  long updates;

  /** Updates that the network's count of batches has seen. */
  long counted;

  TrainingState(
      TrainingConfig config,
      TrainingData data,
      Backend backend,
      Network network,
      CompiledStep compiled) {
    this.config = config;
    this.data = data;
    this.backend = backend;
    this.network = network;
    this.compiled = compiled;
    this.table =
        ScoreTable.forTraining(
            data.train().length,
            config.norms(),
            config.ranking(),
            new EarlyEpochs(data.dataset().classes().size(), config.epochs()),
            config.seed());
    this.growth = new BatchGrowth(Math.min(config.batchSize(), data.train().length), 1);
    this.plan = new EpochPlan(new int[0], new float[0], 1, new int[0], 1, 1, false, false);
  }

  /** What a policy may know of the epoch that begins. */
  EpochContext context(int beginning) {
    return new EpochContext(
        data.train().length,
        growth.batchSize(),
        beginning,
        config.epochs(),
        config.seed(),
        config.ranking(),
        data.trainClasses(),
        learned.ranks());
  }

  /** Begins an epoch: nothing of its plan is done. */
  void begin(int beginning, EpochPlan planned) {
    plan = planned;
    table.keep(planned);
    epoch = beginning;
    done = 0;
    epochTotals.clear();
  }

  public TrainingConfig config() {
    return config;
  }

  public TrainingData data() {
    return data;
  }

  /** The device; closed after the run. */
  public Backend backend() {
    return backend;
  }

  public Network network() {
    return network;
  }

  /** What is known of every training sample. */
  public ScoreTable table() {
    return table;
  }

  /** Of the epoch in progress. */
  public EpochPlan plan() {
    return plan;
  }

  public int epoch() {
    return epoch;
  }

  /** Steps done in this epoch. */
  public int step() {
    return step;
  }

  /** Samples of the plan done in this epoch. */
  public int done() {
    return done;
  }

  public EpochTotals epochTotals() {
    return epochTotals;
  }

  public RunTotals runTotals() {
    return runTotals;
  }
}
