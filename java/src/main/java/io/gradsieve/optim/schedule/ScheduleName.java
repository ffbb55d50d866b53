package io.gradsieve.optim.schedule;

import io.gradsieve.GradsieveException;
import java.util.Locale;

/** The schedules there are. To add one: its kind in {@link Schedule}, a constant here. */
public enum ScheduleName {
  CONSTANT,
  STEP,
  COSINE;

  /** As options spell it. */
  public String key() {
    return name().toLowerCase(Locale.ROOT);
  }

  /**
   * The schedule, with a linear warm-up from 0 over the first share of the run.
   *
   * @param rate the highest, positive and finite
   * @param warmup share of the run, in [0, 1)
   * @throws GradsieveException.Usage on a value out of its range
   */
  public Schedule of(double rate, double warmup) {
    if (!(rate > 0 && rate < Double.POSITIVE_INFINITY)) {
      throw new GradsieveException.Usage("--lr must be a positive number, is " + rate);
    }
    if (!(warmup >= 0 && warmup < 1)) {
      throw new GradsieveException.Usage("--warmup must lie in [0,1), is " + warmup);
    }
    Schedule schedule =
        switch (this) {
          case CONSTANT -> new Schedule.Constant(rate);
          case STEP -> new Schedule.Step(rate);
          case COSINE -> new Schedule.Cosine(rate, warmup);
        };
    return warmup > 0 ? new Schedule.WarmUp(schedule, rate, warmup) : schedule;
  }
}
