package io.gradsieve.scoring;

import io.gradsieve.GradsieveException;
import io.gradsieve.config.Options;
import io.gradsieve.config.Settings;
import io.gradsieve.data.PartName;
import io.gradsieve.data.Split;
import java.util.Arrays;
import java.util.Optional;
import java.util.Set;

/**
 * The samples that {@code eval} looks at. Where the data is what the model's run was trained on,
 * its training part is cut as the run cut it; other data is never cut.
 *
 * @param name of the part
 * @param samples positions in the data set, at least one
 * @param trainedOn how many of them the model was trained on, as far as is known
 */
record EvaluatedPart(PartName name, int[] samples, int trainedOn) {
  /** Parts that only the run's own cut makes. */
  private static final Set<PartName> CUT = Set.of(PartName.TRAIN, PartName.VALIDATION);

  /**
   * The part asked for; without {@code --split} the test part, else what the run held out, else
   * all.
   *
   * @throws GradsieveException.Usage if the validation part is asked for of data that is no run's
   * @throws GradsieveException.BadData if there is no such part
   */
  static EvaluatedPart of(Settings settings, ScoringSession session) {
    PartName name = settings.get(Options.EVAL_SPLIT);
    boolean open = !settings.given(Options.EVAL_SPLIT) && session.data().test().length == 0;
    Optional<Split.Parts> parts = session.run().flatMap(run -> run.parts(session.data()));
    boolean changed = parts.isEmpty() && session.run().filter(RunData::named).isPresent();
    if (changed && (open || CUT.contains(name))) {
      throw new GradsieveException.BadData(
          "%s: its rows changed since the model was trained on it, so that what it was trained on can't be told; choose --split all"
              .formatted(session.data().name()));
    }
    if (name == PartName.VALIDATION && parts.isEmpty()) {
      throw new GradsieveException.Usage(
          "--split validation: is what a run held out of the data it was trained on; leave out --data and name a run by --model, or choose another --split");
    }
    if (open) {
      boolean held = parts.filter(cut -> cut.validation().length > 0).isPresent();
      name = held ? PartName.VALIDATION : PartName.ALL;
    }
    int[] samples =
        switch (name) {
          case VALIDATION -> parts.orElseThrow().validation();
          case TRAIN ->
              parts.map(Split.Parts::train).orElseGet(() -> session.split(PartName.TRAIN));
          case TEST, ALL -> session.split(name);
        };
    if (samples.length == 0) {
      throw new GradsieveException.BadData(
          name == PartName.VALIDATION
              ? "the run held nothing out of %s to validate on; choose another --split"
                  .formatted(session.data().name())
              : "%s: has no %s part; choose another --split"
                  .formatted(session.data().name(), name.key()));
    }
    int[] trained =
        parts
            .map(Split.Parts::train)
            .or(() -> session.run().map(run -> run.within(session.data())))
            .orElse(new int[0]);
    long seen = Arrays.stream(samples).filter(i -> Arrays.binarySearch(trained, i) >= 0).count();
    return new EvaluatedPart(name, samples, (int) seen);
  }
}
