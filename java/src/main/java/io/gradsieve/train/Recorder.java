package io.gradsieve.train;

import io.gradsieve.Internal;
import java.nio.file.Path;
import java.util.Optional;

/**
 * Keeps what a run must not lose: metrics, checkpoints, results. The loop calls it between steps,
 * waits for it, and ends the run with what it throws.
 */
@Internal
public interface Recorder {
  /** Keeps nothing. */
  Recorder NONE =
      new Recorder() {
        @Override
        public Optional<Path> lastCheckpoint() {
          return Optional.empty();
        }

        @Override
        public Optional<Path> epochFinished(Snapshot snapshot, EpochMetrics metrics) {
          return Optional.empty();
        }

        @Override
        public Optional<Path> interrupted(Snapshot snapshot) {
          return Optional.empty();
        }

        @Override
        public void runFinished(Snapshot snapshot, TrainingResult result) {}
      };

  /** The newest checkpoint known to be good. */
  Optional<Path> lastCheckpoint();

  /**
   * An epoch has come to its end.
   *
   * @return the checkpoint that was made of it, if one was due
   */
  Optional<Path> epochFinished(Snapshot snapshot, EpochMetrics metrics);

  /**
   * The run was asked to stop, in an epoch or after one.
   *
   * @return the checkpoint that was made, unless there was one of this very position
   */
  Optional<Path> interrupted(Snapshot snapshot);

  /** The run has come to its end, or was asked to stop. */
  void runFinished(Snapshot snapshot, TrainingResult result);
}
