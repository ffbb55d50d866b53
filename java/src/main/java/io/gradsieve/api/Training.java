package io.gradsieve.api;

import io.gradsieve.GradsieveException;
import io.gradsieve.config.Option;
import io.gradsieve.config.Options;
import io.gradsieve.config.TrainingConfig;
import io.gradsieve.run.Preparation;
import io.gradsieve.run.TrainingRun;
import io.gradsieve.train.PreparedTraining;
import io.gradsieve.train.StopRequest;
import io.gradsieve.train.TrainingListener;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Stream;

/**
 * A training of a network, with everything that the command line's {@code train} has:
 *
 * <pre>{@code
 * try (Trained trained = Training.of(Samples.of(inputs, labels), "epochs=20", "sieve=variance").run()) {
 *   trained.scores().suspects();      // labels that are probably wrong
 *   trained.model().predict(row);     // probabilities of the classes
 * }
 * }</pre>
 *
 * <p>No file is written unless {@code out=DIR} asks for a run directory; nothing is printed.
 * Immutable; {@link #run} may be called on any thread, and several times.
 */
public final class Training {
  /** Options that say what the data is, or go on with a run's. */
  private static final List<Option<?>> OF_DATA =
      List.of(
          Options.DATA,
          Options.DATA_DIR,
          Options.LABEL,
          Options.ID,
          Options.WEIGHT,
          Options.IGNORE);

  private final Samples samples;
  private final TrainingConfig config;
  private final List<TrainingListener> listeners;
  private final Consumer<String> notes;
  private final StopRequest stop;

  private Training(
      Samples samples,
      TrainingConfig config,
      List<TrainingListener> listeners,
      Consumer<String> notes,
      StopRequest stop) {
    this.samples = samples;
    this.config = config;
    this.listeners = List.copyOf(listeners);
    this.notes = notes;
    this.stop = stop;
  }

  /**
   * A training on samples.
   *
   * @param settings {@code key=value}, the options of {@code train} without the dashes, such as
   *     {@code epochs=20}; what is not given has its default
   * @throws GradsieveException.Usage on an unknown key or a wrong value, with the right one
   */
  public static Training of(Samples samples, String... settings) {
    for (String text : settings) {
      if (isOfData(text)) {
        throw new GradsieveException.Usage("%s: Samples say what the data is".formatted(text));
      }
      if (text.startsWith(Options.RESUME.name())) {
        throw new GradsieveException.Usage(
            "%s: only the command line goes on with a run".formatted(text));
      }
    }
    String[] all =
        Stream.concat(samples.assignments().stream(), Arrays.stream(settings))
            .toArray(String[]::new);
    TrainingConfig config = Words.ofCode(() -> TrainingConfig.of(all));
    return new Training(samples, config, List.of(), note -> {}, new StopRequest());
  }

  static boolean isOfData(String assignment) {
    String key = assignment.split("=", 2)[0].strip();
    return OF_DATA.stream().anyMatch(option -> option.name().equals(key));
  }

  /** The same, told to one more listener, on the thread that trains. */
  public Training listener(TrainingListener listener) {
    List<TrainingListener> more = new ArrayList<>(listeners);
    more.add(listener);
    return new Training(samples, config, more, notes, stop);
  }

  /** The same; {@code notes} takes a line for each thing a user should know, warnings included. */
  public Training notes(Consumer<String> lines) {
    Consumer<String> ofCode = line -> lines.accept(Words.ofCode(line));
    return new Training(samples, config, listeners, ofCode, stop);
  }

  /** The same, which another thread may ask to stop after its step. */
  public Training stop(StopRequest request) {
    return new Training(samples, config, listeners, notes, request);
  }

  /**
   * Trains to the end, or until asked to stop.
   *
   * @throws GradsieveException of the kind that fits: bad data, a device that is missing, a
   *     training that diverged
   */
  public Trained run() {
    return Words.ofCode(
        () -> {
          PreparedTraining prepared = Preparation.of(config, samples::open);
          return TrainingRun.of(prepared, listeners, stop, notes)
              .run((snapshot, result) -> Trained.of(snapshot, prepared, result));
        });
  }
}
