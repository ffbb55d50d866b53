package io.gradsieve.bench.peers;

import io.gradsieve.train.StopRequest;
import io.gradsieve.train.Trainer;
import io.gradsieve.train.TrainingConfig;
import io.gradsieve.train.TrainingListener;
import io.gradsieve.train.TrainingState;
import java.util.List;

/**
 * The engine's side, {@code MODEL BATCH THREADS [norms-off]}: training as {@code train} does it,
 * batches shuffled and loaded in the background, every sample's scores recorded.
 */
final class EngineWindows implements TrainingListener {
  private final Windows windows = new Windows();
  private final StopRequest stop;

  private EngineWindows(StopRequest stop) {
    this.stop = stop;
  }

  @Override
  public void runStarted(TrainingState state) {
    goOn(windows.open());
  }

  @Override
  public void stepFinished(TrainingState state) {
    int batch = state.plan().batchSizes()[state.step() - 1];
    goOn(windows.stepDone(batch, state.epochTotals()::meanLoss));
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
            "epochs=1000000",
            "eval-every=1000000");
    StopRequest stop = new StopRequest();
    Trainer.of(config, List.of(new EngineWindows(stop)), stop, note -> {}).run();
  }
}
