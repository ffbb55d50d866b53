package io.gradsieve.run;

import io.gradsieve.GradsieveException;
import io.gradsieve.backend.Resources;
import io.gradsieve.config.TrainingConfig;
import io.gradsieve.filter.FilterTraining;
import io.gradsieve.nn.NetworkSummary;
import io.gradsieve.train.Position;
import io.gradsieve.train.PreparedTraining;
import io.gradsieve.train.Recorder;
import io.gradsieve.train.Snapshot;
import io.gradsieve.train.StopRequest;
import io.gradsieve.train.Trainer;
import io.gradsieve.train.TrainingEvent;
import io.gradsieve.train.TrainingListener;
import io.gradsieve.train.TrainingResult;
import io.gradsieve.train.TrainingSession;
import io.gradsieve.train.Workers;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.BiFunction;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * A training with all that belongs to it: data read and model resolved, the run's files, its
 * profile, its filter; or what of it a configuration asks for. The loop itself is {@link
 * Trainer}'s.
 */
public final class TrainingRun {
  private final Supplier<PreparedTraining> prepared;
  private final List<TrainingListener> listeners;
  private final StopRequest stop;
  private final Consumer<String> notes;

  private TrainingRun(
      Supplier<PreparedTraining> prepared,
      List<TrainingListener> listeners,
      StopRequest stop,
      Consumer<String> notes) {
    this.prepared = prepared;
    this.listeners = List.copyOf(listeners);
    this.stop = stop;
    this.notes = notes;
  }

  /**
   * A run that tells nobody anything but these listeners; files are written if the configuration
   * has {@code out}.
   */
  public static TrainingRun of(TrainingConfig config, TrainingListener... listeners) {
    return of(config, List.of(listeners), new StopRequest(), note -> {});
  }

  /**
   * A run that can be stopped from another thread.
   *
   * @param notes takes a line for each thing a user should know, warnings included
   */
  public static TrainingRun of(
      TrainingConfig config,
      List<TrainingListener> listeners,
      StopRequest stop,
      Consumer<String> notes) {
    return new TrainingRun(() -> Preparation.of(config), listeners, stop, notes);
  }

  /** As above, of data and network that are there already. */
  public static TrainingRun of(
      PreparedTraining prepared,
      List<TrainingListener> listeners,
      StopRequest stop,
      Consumer<String> notes) {
    return new TrainingRun(() -> prepared, listeners, stop, notes);
  }

  /**
   * Trains to the end, or until asked to stop; a run that is resumed goes on from its newest good
   * checkpoint.
   *
   * @throws GradsieveException of the kind that fits; {@code Diverged} names the last good
   *     checkpoint
   */
  public TrainingResult run() {
    return run((snapshot, result) -> result);
  }

  /**
   * The same.
   *
   * @param end makes something of what came of it, while network and scores are there; they are
   *     closed then
   */
  public <T> T run(BiFunction<Snapshot, TrainingResult, T> end) {
    PreparedTraining training = prepared.get();
    TrainingConfig config = training.config();
    List<String> remarks = Preparation.remarks(training);
    try (TrainingSession session = TrainingSession.open(training, Workers.alone(stop));
        Resources open = new Resources()) {
      remarks.forEach(notes);
      notes.accept(Description.data(training.data()));
      notes.accept(Description.network(training, session.backend().info()));
      Optional<RunFiles> files = config.out().map(out -> RunFiles.open(out, session, notes));
      files.ifPresent(f -> open.add(f::close));
      Position from =
          files.map(RunFiles::position).orElseGet(() -> Position.start(config, session.data()));
      Trainer trainer = trainer(training, session, from, files);
      TrainingResult result = train(trainer, session);
      return end.apply(trainer.snapshot(), result);
    }
  }

  /** Trains what is open, and tells of it. */
  TrainingResult train(
      PreparedTraining training, TrainingSession session, Position from, Optional<RunFiles> files) {
    return train(trainer(training, session, from, files), session);
  }

  private Trainer trainer(
      PreparedTraining training, TrainingSession session, Position from, Optional<RunFiles> files) {
    TrainingConfig config = session.config();
    List<TrainingListener> told = new ArrayList<>(listeners);
    told.add(warnings());
    if (config.profile()) {
      told.add(profile(training, session, files));
    }
    return new Trainer(
        session,
        from,
        Optional.of(new FilterTraining(config, session.backend())),
        files.map(Recorder.class::cast).orElse(Recorder.NONE),
        told);
  }

  private TrainingResult train(Trainer trainer, TrainingSession session) {
    TrainingResult result = trainer.run();
    if (result.signal() == 0) {
      Prospects.verdict(session.config(), session.data(), trainer.position()).ifPresent(notes);
    }
    return result;
  }

  private TrainingListener warnings() {
    return new TrainingListener() {
      @Override
      public void warned(TrainingEvent.Warning event) {
        notes.accept("warning: " + event.text());
      }
    };
  }

  private StepProfile profile(
      PreparedTraining training, TrainingSession session, Optional<RunFiles> files) {
    return new StepProfile(
        session.step().measure(),
        session.batches().training(),
        NetworkSummary.of(training.spec(), session.plan().segmentOfLayers()),
        notes,
        trace -> files.ifPresent(run -> run.trace(trace)));
  }
}
