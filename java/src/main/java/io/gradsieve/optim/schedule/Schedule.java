package io.gradsieve.optim.schedule;

import io.gradsieve.GradsieveException;
import java.util.List;

/**
 * The learning rate as a function of progress, the share of the run that is done, in [0, 1]:
 * (epochs done + share of this epoch's plan) / epochs. A step is trained with the rate at its
 * middle, so that neither the first of a warm-up nor the last of a cosine is a step of rate zero;
 * see {@link #progress}.
 */
public sealed interface Schedule {
  /** Before {@code lr_scale}. */
  double rate(double progress);

  /**
   * Progress at the middle of step {@code step} (from 0) of {@code steps} in epoch {@code epoch}
   * (from 1).
   */
  static double progress(int epoch, int epochs, int step, int steps) {
    return (epoch - 1 + (step + 0.5) / steps) / epochs;
  }

  /** The names {@link #parse} knows. */
  static List<String> names() {
    return List.of("constant", "step", "cosine");
  }

  /**
   * The schedule of that name, with a linear warm-up from 0 over the first share of the run.
   *
   * @param rate the highest, positive and finite
   * @param warmup share of the run, in [0, 1)
   * @throws GradsieveException.Usage on an unknown name or a value out of its range
   */
  static Schedule parse(String name, double rate, double warmup) {
    if (!(rate > 0 && rate < Double.POSITIVE_INFINITY)) {
      throw new GradsieveException.Usage("--lr must be a positive number, is " + rate);
    }
    if (!(warmup >= 0 && warmup < 1)) {
      throw new GradsieveException.Usage("--warmup must lie in [0,1), is " + warmup);
    }
    Schedule schedule =
        switch (name) {
          case "constant" -> new Constant(rate);
          case "step" -> new Step(rate);
          case "cosine" -> new Cosine(rate, warmup);
          default -> throw GradsieveException.Usage.unknown("schedule", name, names());
        };
    return warmup > 0 ? new WarmUp(schedule, rate, warmup) : schedule;
  }

  /** Always the same. */
  record Constant(double rate) implements Schedule {
    @Override
    public double rate(double progress) {
      return rate;
    }
  }

  /** Times 0.1 at 50 % and again at 75 % of the run. */
  record Step(double rate) implements Schedule {
    @Override
    public double rate(double progress) {
      return progress < 0.5 ? rate : progress < 0.75 ? rate * 0.1 : rate * 0.01;
    }
  }

  /**
   * Half a cosine from {@code rate} to 0 (Loshchilov and Hutter 2017, without restarts).
   *
   * @param start progress at which it begins to fall
   */
  record Cosine(double rate, double start) implements Schedule {
    @Override
    public double rate(double progress) {
      double done = Math.max(0, Math.min(1, (progress - start) / (1 - start)));
      return rate * 0.5 * (1 + Math.cos(Math.PI * done));
    }
  }

  /**
   * Rises linearly from 0 to {@code rate} over the first {@code share} of the run, then does as
   * {@code after} says.
   */
  record WarmUp(Schedule after, double rate, double share) implements Schedule {
    @Override
    public double rate(double progress) {
      return progress < share ? rate * progress / share : after.rate(progress);
    }
  }
}
