package io.gradsieve.train;

import io.gradsieve.GradsieveException.Diverged;
import io.gradsieve.Internal;
import io.gradsieve.backend.CompiledStep;
import io.gradsieve.backend.CompiledStep.Choice;
import io.gradsieve.backend.CompiledStep.Mode;
import io.gradsieve.backend.CompiledStep.Place;
import io.gradsieve.config.TrainingConfig;
import io.gradsieve.data.Batch;
import io.gradsieve.optim.schedule.Schedule;
import io.gradsieve.sieve.EpochPlan;
import io.gradsieve.sieve.policy.SievePolicy;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** Trains a network: {@code loop} is the algorithm, {@link TrainingListener} describes it. */
@Internal
public final class Trainer {
  private static final double NANOS = 1e-9;

  private final TrainingSession session;
  private final TrainingConfig config;
  private final Optional<RankTeacher> teacher;
  private final Recorder recorder;
  private final Workers workers;
  private final StopRequest stop;
  private final SievePolicy policy;
  private final Schedule schedule;
  private final Choice choice;
  private final CompiledStep step;
  private final LookAhead ahead;
  private final MeasuredStep measured = new MeasuredStep();
  private final TrainingState state;
  private final Listeners listeners;
  private Evaluations evaluations = Evaluations.NONE; // the last
  private long epochStart;
  private boolean warned;

  /** A trainer from the start, whose policy has no filter; nothing is kept but in the session. */
  public Trainer(TrainingSession session, List<TrainingListener> listeners) {
    this(
        session,
        Position.start(session.config(), session.data()),
        Optional.empty(),
        Recorder.NONE,
        listeners);
  }

  /**
   * A trainer of what a session has opened.
   *
   * @param from where it goes on
   * @param teacher of the filter, where the policy has one
   * @param recorder keeps what must not be lost
   * @param listeners in the order they are told
   * @throws Diverged if what a filter predicts is not finite
   */
  public Trainer(
      TrainingSession session,
      Position from,
      Optional<RankTeacher> teacher,
      Recorder recorder,
      List<TrainingListener> listeners) {
    this.session = session;
    this.teacher = teacher;
    this.recorder = recorder;
    config = session.config();
    workers = session.workers();
    stop = session.stop();
    policy = config.policy();
    schedule = config.schedule();
    String score = config.ranking().score().name();
    choice = policy.choosesInStep() ? Choice.valueOf(score) : Choice.EL2N;
    step = session.step();
    ahead = new LookAhead(session.batches().training(), workers);
    state = new TrainingState(session, from);
    this.listeners = new Listeners(listeners, state);
  }

  /** Where the run stands; between two steps, or after them. */
  public Position position() {
    return state.position();
  }

  /** The run as it is; between two steps, or after them. */
  public Snapshot snapshot() {
    return new Snapshot(session, state.position());
  }

  /**
   * Trains to the end, or until asked to stop.
   *
   * @throws io.gradsieve.GradsieveException of the kind that fits; {@code Diverged} names the last
   *     good checkpoint
   */
  public TrainingResult run() {
    started();
    loop();
    return finished();
  }

  /** The whole of training. */
  private void loop() {
    for (int epoch = firstEpoch(); epoch <= config.epochs() && !stop.asked(); epoch++) {
      if (!plan(epoch)) {
        return;
      }
      try {
        ahead.start(remaining(), state.plan(), session.data().train(), config.seed(), epoch);
        for (; ; ) {
          while (ahead.takes()) {
            MicroBatch batch = ahead.next(); // load
            forward(batch);
            choose(batch);
            backward(batch); // and reduce, while it runs: see CompiledStep#share
            update(batch);
          }
          if (!ahead.underWay()) {
            break;
          }
          record(ahead.oldest());
        }
        ahead.end();
        meet(epoch);
        rescore();
        session.checkWeights();
        evaluate(epoch);
      } catch (Diverged e) {
        throw diverged(e);
      }
      finish(epoch);
    }
  }

  // ---- an epoch begins

  private int firstEpoch() {
    return state.step() > 0 ? state.epoch() : state.epoch() + 1;
  }

  /**
   * Plans the epoch, unless it was begun before a stop.
   *
   * @return false if asked to stop while a filter learned
   */
  private boolean plan(int epoch) {
    epochStart = System.nanoTime();
    if (state.step() > 0) {
      EpochFigures before = state.account().figures();
      epochStart -= (long) ((before.seconds() + before.learningSeconds()) / NANOS);
    } else if (learn(epoch)) {
      state.begin(epoch, (System.nanoTime() - epochStart) * NANOS);
      warn();
    } else {
      return false;
    }
    EpochPlan plan = state.plan();
    listeners.tell(
        TrainingListener::epochStarted,
        n ->
            new TrainingEvent.EpochStarted(
                n, epoch, plan.steps(), plan.kept(), plan.filtered(), plan.lrScale()));
    return true;
  }

  private boolean learn(int epoch) {
    boolean had = state.filter().isPresent();
    try {
      if (!state.learn(epoch, teacher)) {
        return false;
      }
    } catch (Diverged e) {
      throw new Diverged(
          "the filter of --sieve learned diverged before epoch %d; %s; are the inputs of very different sizes? standardise them, or choose another --sieve"
              .formatted(epoch, lastGood()),
          e);
    }
    if (!had && state.filter().isPresent()) {
      Optional<Double> correlation = state.filter().get().correlation();
      double seconds = (System.nanoTime() - epochStart) * NANOS;
      listeners.tell(
          TrainingListener::filterLearned,
          n -> new TrainingEvent.FilterLearned(n, epoch, correlation, seconds));
    }
    return true;
  }

  /** Once, of a policy that chose nothing. */
  private void warn() {
    if (state.plan().emptySelection() && !warned) {
      warned = true;
      String text = "--sieve " + policy.name() + " chose no sample; all were kept";
      listeners.tell(TrainingListener::warned, n -> new TrainingEvent.Warning(n, text));
    }
  }

  /** The micro-batches of this worker that the epoch has left. */
  private List<MicroBatch> remaining() {
    List<MicroBatch> own = session.parts(state.plan()).get(workers.share().rank());
    return own.stream().filter(batch -> batch.step() >= state.step()).toList();
  }

  // ---- a step is queued

  private void forward(MicroBatch batch) {
    Batch samples = ahead.samples(batch);
    step.begin(
        session.batches().input(samples),
        batch.size(),
        Mode.TRAINING,
        config.seed(),
        state.epoch(),
        -1);
    step.forward();
  }

  private void choose(MicroBatch batch) {
    if (state.plan().choosesInStep()) {
      step.choose(choice, batch.backward(), batch.backwardOfClass());
    }
  }

  private void backward(MicroBatch batch) {
    step.backward(Place.of(batch.first(), batch.last()));
  }

  private void update(MicroBatch batch) {
    if (batch.last()) {
      long updates = state.updates() + batch.step() - state.step();
      double rate = rate(batch) * state.plan().lrScale();
      step.update(rate, divisor(batch), config.clipNorm(), updates + 1);
    }
  }

  /** The learning rate of a batch's step, without {@code lr_scale}. */
  private double rate(MicroBatch batch) {
    int steps = state.plan().steps();
    return state.growth().rateScale()
        * schedule.rate(Schedule.progress(state.epoch(), config.epochs(), batch.step(), steps));
  }

  /**
   * b·w̄ of a batch's step, what its summed gradient is divided by: b samples go backward in it,
   * over all workers, w̄ is stated by the policy. Weights of samples are in the sum, not here.
   */
  private double divisor(MicroBatch batch) {
    return batch.backwardOfStep() * state.plan().meanWeight();
  }

  // ---- a step is done

  private void record(MicroBatch batch) {
    Batch samples = ahead.samples(batch);
    double gradient2 = session.batches().await(samples, batch.backward());
    measured.show(step.records(), samples);
    int samplesDone = batch.done() - state.done(); // of all workers
    state.record(batch, measured);
    if (batch.last()) {
      state.endStep(gradient2, rate(batch));
      told();
      session.network().parameters().countBatches(1);
    }
    state.addTime(samplesDone, ahead.release());
    listeners.microBatchFinished(batch.size());
    if (batch.last()) {
      listeners.stepFinished();
    }
  }

  /** For who watches over this worker. */
  private void told() {
    if (workers.alone()) {
      workers.worked();
    } else {
      workers.activity().steps(state.updates());
    }
  }

  // ---- after the steps

  /** All workers have the same weights, and from here on the same knowledge of all samples. */
  private void meet(int epoch) {
    session.compare(state.plan(), epoch);
    session.shareRunning(state.exchange());
  }

  /** Scores the samples left out, where the policy looks at them again. */
  private void rescore() {
    boolean due = policy.rescores() && state.plan().filtered();
    if (!due || state.account().forwardOnly() > 0 || stop.asked()) {
      return;
    }
    long before = System.nanoTime();
    boolean backward = config.norms() && config.ranking().score().needsNorms();
    Optional<Rescoring> scored =
        Rescoring.of(state.scores(), session.data(), session.pass(), backward, workers);
    scored.ifPresent(state::rescored);
    double seconds = (System.nanoTime() - before) * NANOS;
    state.addTime(seconds);
    scored.ifPresent(
        left ->
            listeners.tell(
                TrainingListener::rescored,
                n -> new TrainingEvent.Rescored(n, state.epoch(), left.rows().length, seconds)));
  }

  private void evaluate(int epoch) {
    boolean due = epoch % config.evalEvery() == 0 || epoch == config.epochs();
    evaluations = due && !stop.asked() ? session.evaluate(epoch) : Evaluations.NONE;
    if (evaluations != Evaluations.NONE && !stop.asked()) {
      Evaluations found = evaluations;
      listeners.tell(
          TrainingListener::evaluated,
          n ->
              new TrainingEvent.Evaluated(
                  n, epoch, found.validation(), found.test(), found.recalibrated()));
    }
  }

  /** Ends the epoch or, if asked to stop, leaves it where it stands. */
  private void finish(int epoch) {
    if (stop.asked()) {
      interrupted();
      return;
    }
    double seconds = (System.nanoTime() - epochStart) * NANOS;
    EpochMetrics metrics = state.endEpoch(evaluations, seconds);
    listeners.tell(
        TrainingListener::epochFinished, n -> new TrainingEvent.EpochFinished(n, metrics));
    recorder.epochFinished(snapshot(), metrics).ifPresent(this::saved);
  }

  // ---- the run as a whole

  private void started() {
    listeners.tell(
        TrainingListener::runStarted,
        n ->
            new TrainingEvent.RunStarted(
                n,
                session.data().train().length,
                session.network().spec().trainableElements(),
                config.epochs(),
                state.epoch(),
                state.step()));
  }

  private TrainingResult finished() {
    if (stop.asked() && state.step() == 0 && state.epoch() < config.epochs()) {
      interrupted();
    }
    if (evaluations == Evaluations.NONE && !stop.asked()) {
      evaluate(config.epochs());
    }
    TrainingResult result = TrainingResult.of(session, state, evaluations, recorder);
    listeners.tell(TrainingListener::runFinished, n -> new TrainingEvent.RunFinished(n, result));
    recorder.runFinished(snapshot(), result);
    return result;
  }

  private void interrupted() {
    listeners.tell(
        TrainingListener::interrupted,
        n -> new TrainingEvent.Interrupted(n, state.epoch(), state.step()));
    recorder.interrupted(snapshot()).ifPresent(this::saved);
  }

  private void saved(Path checkpoint) {
    listeners.tell(
        TrainingListener::checkpointSaved,
        n -> new TrainingEvent.CheckpointSaved(n, state.epoch(), state.step(), checkpoint));
  }

  /** The end of a run whose step, weights or evaluation are not finite. */
  private Diverged diverged(Diverged cause) {
    // Evaluation comes after the last step.
    int number = Math.min(state.step() + 1, state.plan().steps());
    return new Diverged(
        "training diverged in epoch %d, step %d: %s; %s; a lower --lr or --clip-norm 1 helps"
            .formatted(state.epoch(), number, cause.getMessage(), lastGood()),
        cause);
  }

  /** For a message about a run that diverged. */
  private String lastGood() {
    if (workers.share().rank() > 0) {
      return "the first worker names the last good checkpoint";
    }
    return recorder
        .lastCheckpoint()
        .map(path -> "the last good checkpoint is " + path)
        .orElse("there is no checkpoint yet");
  }
}
