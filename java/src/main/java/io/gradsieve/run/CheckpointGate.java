package io.gradsieve.run;

import java.util.Optional;

/**
 * Says whether what this process is about to write still counts: one of several workers may have
 * been stopped or cut off, and others have gone on without it.
 */
public interface CheckpointGate {
  /** Of a process that trains alone: all that it writes counts. */
  CheckpointGate OPEN =
      new CheckpointGate() {
        @Override
        public Optional<String> job() {
          return Optional.empty();
        }

        @Override
        public int generation() {
          return 0;
        }

        @Override
        public boolean goesOn() {
          return false;
        }

        @Override
        public int acceptedGeneration() {
          return 0;
        }

        @Override
        public long acceptedUpdates() {
          return 0;
        }

        @Override
        public void check() {}

        @Override
        public void commit(long updates) {}
      };

  /** Name of the job whose workers write, one at a time; empty: a process alone. */
  Optional<String> job();

  /** The generation of workers that writes; 0 for a process alone. */
  int generation();

  /** Whether an earlier generation of this job has begun the run that lies in its directory. */
  boolean goesOn();

  /** Whose checkpoint was the last to be accepted when this generation began; 0 for none. */
  int acceptedGeneration();

  /** Of the last checkpoint that was accepted then: optimizer steps since the start of the run. */
  long acceptedUpdates();

  /**
   * Before something is written.
   *
   * @throws io.gradsieve.GradsieveException.PeerLost if the generation has ended
   */
  void check();

  /**
   * Asks, of a checkpoint that is written beside, whether it may take its place.
   *
   * @param updates optimizer steps since the start of the run
   * @throws io.gradsieve.GradsieveException.PeerLost if it may not: the generation has ended
   */
  void commit(long updates);
}
