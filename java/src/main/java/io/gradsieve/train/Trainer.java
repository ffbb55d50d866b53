package io.gradsieve.train;

import io.gradsieve.GradsieveException;
import io.gradsieve.backend.CompiledStep;
import io.gradsieve.backend.CompiledStep.Choice;
import io.gradsieve.backend.CompiledStep.Mode;
import io.gradsieve.backend.CompiledStep.Place;
import io.gradsieve.config.TrainingConfig;
import io.gradsieve.data.Batch;
import io.gradsieve.data.BatchLoader;
import io.gradsieve.optim.schedule.Schedule;
import io.gradsieve.sieve.EpochPlan;
import io.gradsieve.sieve.policy.SievePolicy;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Supplier;

/** Trains a network: the loop that {@link TrainingListener} describes. */
public final class Trainer {
  /** Samples of any class. */
  private static final int[] ANY = {};

  private static final double NANOS = 1e-9;

  /**
   * Seconds from which on steps are not queued ahead: it would gain nothing, and a stop, which
   * waits for what is queued, has 25 s.
   */
  private static final double LONG_STEP = 1;

  private final TrainingSession session;
  private final Optional<RankTeacher> teacher;
  private final List<TrainingListener> listeners;
  private final Supplier<Optional<Path>> lastCheckpoint;
  private final StopRequest stop;
  private final Consumer<String> notes;
  private final SievePolicy policy;

  /** A trainer of what a session has opened, whose policy has no filter; no files are written. */
  public Trainer(TrainingSession session, List<TrainingListener> listeners) {
    this(session, Optional.empty(), listeners, Optional::empty, note -> {});
  }

  /**
   * A trainer of what a session has opened; it goes on from where the state stands.
   *
   * @param teacher of the filter, where the policy has one
   * @param listeners in the order they are told
   * @param lastCheckpoint the newest one known to be good
   * @param notes takes a line for each thing a user should know
   */
  public Trainer(
      TrainingSession session,
      Optional<RankTeacher> teacher,
      List<TrainingListener> listeners,
      Supplier<Optional<Path>> lastCheckpoint,
      Consumer<String> notes) {
    this.session = session;
    this.teacher = teacher;
    this.listeners = List.copyOf(listeners);
    this.lastCheckpoint = lastCheckpoint;
    this.notes = notes;
    stop = session.stop();
    policy = session.state().config().policy();
  }

  /**
   * Trains to the end, or until asked to stop.
   *
   * @throws GradsieveException of the kind that fits; {@code Diverged} names the last good
   *     checkpoint
   */
  public TrainingResult run() {
    return new Loop().run();
  }

  /** One run: the loop and what it works on. */
  private final class Loop {
    private final TrainingConfig config;
    private final TrainingState state;
    private final CompiledStep step;
    private final RecordedStep recorded = new RecordedStep();
    private final Choice choice;
    private final Schedule schedule;
    private Evaluations last = Evaluations.NONE;
    private long epochStart;
    private boolean queuesAhead;
    private boolean warned;

    private Loop() {
      state = session.state();
      config = state.config();
      step = session.step();
      String score = config.ranking().score().name();
      choice = policy.chosen() < 1 ? Choice.valueOf(score) : Choice.EL2N;
      schedule = config.schedule();
    }

    private TrainingResult run() {
      listeners.forEach(listener -> listener.runStarted(state));
      int first = state.step > 0 ? state.epoch : state.epoch + 1;
      for (int epoch = first; epoch <= config.epochs() && !stop.asked(); epoch++) {
        epochStart = System.nanoTime();
        if (state.step > 0) {
          epochStart -= trainedNanos();
        } else if (!plan(epoch)) {
          break;
        }
        try {
          listeners.forEach(listener -> listener.epochStarted(state));
          train();
          rescore();
          session.checkWeights();
          evaluate(epoch);
        } catch (GradsieveException.Diverged e) {
          throw session.diverged(e, lastCheckpoint.get());
        }
        if (stop.asked()) {
          listeners.forEach(listener -> listener.interrupted(state));
        } else {
          finishEpoch();
        }
      }
      if (stop.asked() && state.step == 0 && state.epoch < config.epochs()) {
        listeners.forEach(listener -> listener.interrupted(state));
      }
      if (last == Evaluations.NONE && !stop.asked()) {
        evaluate(config.epochs());
      }
      TrainingResult result = session.result(last, lastCheckpoint.get());
      listeners.forEach(listener -> listener.runFinished(state, result));
      return result;
    }

    /** What an epoch that goes on took before it was stopped. */
    private long trainedNanos() {
      return (long) ((state.epochTotals.seconds + state.epochTotals.learningSeconds) / NANOS);
    }

    /** Whether there is a plan: a filter may have to learn first, and be asked to stop. */
    private boolean plan(int epoch) {
      boolean learned = session.learn(epoch, teacher, lastCheckpoint);
      double seconds = (System.nanoTime() - epochStart) * NANOS;
      if (learned) {
        state.begin(epoch, policy.plan(state.table, state.context(epoch)));
        state.epochTotals.learningSeconds = seconds;
      }
      if (state.plan.emptySelection() && !warned) {
        notes.accept("warning: --sieve " + policy.name() + " chose no sample; all were kept");
        warned = true;
      }
      return learned;
    }

    /**
     * The epoch's steps that are left: one at least, so that a stop has one to save. While one
     * runs, the next is queued behind it, so that the device never waits for us.
     */
    private void train() {
      EpochPlan plan = state.plan;
      if (state.step == plan.steps()) {
        return;
      }
      int[] sizes = Arrays.copyOfRange(plan.batchSizes(), state.step, plan.steps());
      int[] chosen = Arrays.copyOfRange(plan.chosenSizes(), state.step, plan.steps());
      new Epoch(Parts.of(sizes, chosen, config.partSize(), session.share()), chosen).run();
    }

    /** The steps of an epoch from the state's on, each in one part or several. */
    private final class Epoch {
      private final BatchLoader loader = session.batches().training();
      private final Parts parts;
      private final int firstStep = state.step;

      /** Where the plan's entries that are left begin. */
      private final int start = state.done;

      private final long firstUpdate = state.updates + 1;
      private int queued;
      private int finished;
      private double squares;

      /** Where steps choose the same share of every class. */
      private final Optional<BalancedChoice> balanced;

      /** Samples of each part that go backward, as far as they are queued. */
      private final int[] chosen;

      /** The same of the step being queued. */
      private int chosenOfStep;

      /** The same of every step, as the plan has it. */
      private final int[] chosenOfSteps;

      Epoch(Parts parts, int[] chosenOfSteps) {
        this.parts = parts;
        this.chosenOfSteps = chosenOfSteps;
        chosen = new int[parts.count()];
        balanced =
            state.plan.chosen() < 1 && policy.filtering().balanced()
                ? Optional.of(BalancedChoice.of(state, config.partSize()))
                : Optional.empty();
      }

      void run() {
        load();
        long before = System.nanoTime();
        Batch running = queue(loader.next());
        while (running != null) {
          Batch next = queuesAhead && goesOn() ? queue(loader.next()) : null;
          finish(running, session.batches().await(running, chosen[finished]));
          loader.release(running);
          long now = System.nanoTime();
          double seconds = (now - before) * NANOS;
          session.measure(running.size(), seconds);
          queuesAhead = seconds < LONG_STEP;
          before = now;
          tell();
          running = next == null && goesOn() ? queue(loader.next()) : next;
        }
        Batches.stop(loader);
      }

      /** Starts to load the share's samples. */
      private void load() {
        int[] positions = parts.entries(start);
        float[] weights = new float[positions.length];
        for (int i = 0; i < positions.length; i++) {
          int entry = positions[i];
          positions[i] = state.data.train()[state.plan.order()[entry]];
          weights[i] = state.plan.weights()[entry];
        }
        loader.start(positions, weights, parts.sizes(), config.seed(), state.epoch);
      }

      /** A stop waits for the end of a step. */
      private boolean goesOn() {
        return loader.hasNext() && !(stop.asked() && parts.get(queued - 1).last());
      }

      private Batch queue(Batch batch) {
        EpochPlan plan = state.plan;
        int number = queued++;
        Parts.Part part = parts.get(number);
        step.begin(
            session.batches().input(batch),
            batch.size(),
            Mode.TRAINING,
            config.seed(),
            state.epoch,
            -1);
        step.forward();
        chosen[number] = part.chosen();
        int[] ofClass = balanced.isPresent() ? balanced(batch, number) : ANY;
        chosenOfStep = (part.first() ? 0 : chosenOfStep) + chosen[number];
        if (plan.chosen() < 1) {
          step.choose(choice, chosen[number], ofClass);
        }
        step.backward(Place.of(part.first(), part.last()));
        if (part.last()) {
          step.update(
              rate(firstStep + part.batch()) * plan.lrScale(),
              backpropagated(part) * plan.meanWeight(),
              config.clipNorm(),
              firstUpdate + part.batch());
        }
        return batch;
      }

      /** b, the samples of all workers that go backward in a step. */
      private int backpropagated(Parts.Part part) {
        return balanced.isPresent() ? chosenOfStep : chosenOfSteps[part.batch()];
      }

      /** How many of each class; their sum replaces what the part would choose of any class. */
      private int[] balanced(Batch batch, int number) {
        int[] ofClass = balanced.orElseThrow().next(batch.slot().labels(), parts.get(number));
        chosen[number] = balanced.orElseThrow().ofPart();
        return ofClass;
      }

      /** {@code gradient2}: ‖Σ term_i‖², of the whole step after its last part. */
      private void finish(Batch batch, double gradient2) {
        Parts.Part part = parts.get(finished);
        int from = start + part.from();
        squares = (part.first() ? 0 : squares) + record(batch, from, chosen[finished], part.last());
        finished++;
        state.done = start + part.done();
        if (!part.last()) {
          return;
        }
        EpochTotals totals = state.epochTotals;
        if (config.norms() && (policy.unbiased() || !state.plan.filtered())) {
          int samples = state.plan.batchSizes()[state.step];
          totals.noise.add(samples, squares, gradient2, state.plan.meanWeight());
        }
        totals.learningRate = rate(state.step);
        state.updates++;
        state.step++;
      }

      private void tell() {
        boolean last = parts.get(finished - 1).last();
        for (int i = 0; i < listeners.size(); i++) {
          listeners.get(i).partFinished(state);
          if (last) {
            listeners.get(i).stepFinished(state);
          }
        }
      }
    }

    /** The learning rate of a step of this epoch. */
    private double rate(int number) {
      int steps = state.plan.steps();
      return state.growth.rateScale()
          * schedule.rate(Schedule.progress(state.epoch, config.epochs(), number, steps));
    }

    /**
     * Records a part's scores.
     *
     * @param from where it begins in the plan
     * @return Σ ‖term_i‖² of the samples that went backward
     */
    private double record(Batch batch, int from, int chosen, boolean last) {
      recorded.show(step.records(), batch);
      if (state.plan.chosen() < 1) {
        recorded.choose(state.table, state.plan.order(), from, chosen);
      }
      state.table.record(state.epoch, state.plan.order(), from, batch.size(), recorded, last);
      state.epochTotals.add(recorded, batch.size(), chosen);
      double squares = 0;
      for (int j = 0; j < chosen; j++) {
        squares += step.records().squaredNorm().get(j);
      }
      return squares;
    }

    /**
     * Scores the samples left out, where the policy looks at them again; its time is training's.
     */
    private void rescore() {
      EpochTotals totals = state.epochTotals;
      if (!policy.rescores() || !state.plan.filtered() || totals.forwardOnly > 0 || stop.asked()) {
        return;
      }
      long before = System.nanoTime();
      boolean backward = config.norms() && config.ranking().score().needsNorms();
      totals.forwardOnly = LeftOut.score(state, session.pass(), backward);
      totals.seconds += (System.nanoTime() - before) * NANOS;
    }

    private void evaluate(int epoch) {
      boolean due = epoch % config.evalEvery() == 0 || epoch == config.epochs();
      if (due && !stop.asked()) {
        last = session.evaluate(epoch);
      } else {
        last = Evaluations.NONE;
      }
    }

    private void finishEpoch() {
      EpochTotals totals = state.epochTotals;
      int candidates = state.data.train().length;
      state.table.endEpoch(state.epoch, totals.meanLoss());
      state.runTotals.add(totals, candidates, totals.kept < candidates);
      state.step = 0;
      int batchSize = state.growth.batchSize();
      if (config.growsBatch()) {
        state.growth = state.growth.next(totals.noise.value(), candidates);
      }
      double seconds = (System.nanoTime() - epochStart) * NANOS;
      state.runTotals.wholeSeconds += seconds;
      EpochMetrics metrics = EpochMetrics.of(state, last, candidates, seconds, batchSize);
      listeners.forEach(listener -> listener.epochFinished(state, metrics));
    }
  }
}
