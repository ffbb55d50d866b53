package io.gradsieve.backend.cuda;

import io.gradsieve.backend.StepTimes.Phase;

/** What a step tells of itself while it is queued. */
interface CudaTimes {
  /** Measures nothing. */
  CudaTimes NONE =
      new CudaTimes() {
        @Override
        public void began(Phase phase, int segment) {}

        @Override
        public void ended(Phase phase, int segment) {}
      };

  /** What is queued from here on belongs to a segment's pass. */
  void began(Phase phase, int segment);

  /** It ends with what was queued before. */
  void ended(Phase phase, int segment);
}
