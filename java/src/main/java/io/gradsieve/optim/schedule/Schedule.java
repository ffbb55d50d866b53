package io.gradsieve.optim.schedule;

/**
 * The learning rate as a function of progress, the share of the run that is done, in [0, 1]:
 * (epochs done + share of this epoch's plan) / epochs. A step is trained with the rate at its
 * middle, so that neither the first of a warm-up nor the last of a cosine is a step of rate zero;
 * see {@link #progress}. {@link ScheduleName} makes them.
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
