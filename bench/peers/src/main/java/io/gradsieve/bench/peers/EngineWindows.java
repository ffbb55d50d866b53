package io.gradsieve.bench.peers;

import io.gradsieve.train.StepValues;
import io.gradsieve.train.TrainingEvent.RunStarted;
import io.gradsieve.run.TrainingRun;
import io.gradsieve.train.StopRequest;
import io.gradsieve.train.TrainingListener;
import io.gradsieve.config.TrainingConfig;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * The engine's side, {@code MODEL BATCH THREADS [norms-off]}: training as {@code train} does it,
 * batches shuffled and loaded in the background, every sample's scores recorded.
 */
final class EngineWindows implements TrainingListener {
  /** One, and some more, since not all take the same time. */
  private static final double STEPS_AWAITED = 1.5;

  private final Windows windows = new Windows();
  private final StopRequest stop;

  /** A step was queued before the pause between two windows; it counts in none. */
  private boolean ranOn;

  private EngineWindows(StopRequest stop) {
    this.stop = stop;
  }

  @Override
  public void runStarted(RunStarted event) {
    goOn(windows.open());
  }

  @Override
  public void stepFinished(StepValues step) {
    if (ranOn) {
      ranOn = false;
      windows.restart();
    } else if (windows.full(step.samples())) {
      awaitQueued();
      ranOn = true;
      goOn(windows.answer(step.meanLoss()));
    }
  }

  /** The step that the trainer has queued behind this one must not run into another's window. */
  private void awaitQueued() {
    try {
      TimeUnit.NANOSECONDS.sleep((long) (STEPS_AWAITED * windows.secondsOfStep() * 1e9));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void goOn(boolean asked) {
    if (!asked) {
      stop.stop(2);
    }
  }

  public static void main(String[] arguments) {
    boolean norms = arguments.length < 4 || !arguments[3].equals("norms-off");
    TrainingConfig config =
        TrainingConfig.of(
            "data=fashion-mnist",
            "model=" + arguments[0],
            "batch-size=" + arguments[1],
            "threads=" + arguments[2],
            "norms=" + (norms ? "on" : "off"),
            "sieve=none",
            "score=" + (norms ? "grad_norm" : "loss"),
            "lr=0.02",
            "schedule=constant",
            "warmup=0",
            "epochs=65535",
            "eval-every=1000000");
    StopRequest stop = new StopRequest();
    TrainingRun.of(config, List.of(new EngineWindows(stop)), stop, note -> {}).run();
  }
}
