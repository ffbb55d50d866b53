package io.gradsieve.backend.cuda;

import io.gradsieve.backend.CompiledStep.Place;
import org.jspecify.annotations.Nullable;

/**
 * All that the queued work of a step depends on, beside what it reads from device memory; steps of
 * one shape are one graph.
 *
 * @param batch samples of the forward pass
 * @param training how layers behave
 * @param source where samples come from
 * @param record what a choice ranks by, -1 without one
 * @param count samples of the backward pass
 * @param byClass whether the choice takes so many of each class
 * @param place in a larger step; null without backward pass
 * @param update whether the weights change
 */
record CudaStepShape(
    int batch,
    boolean training,
    CudaSamples.Source source,
    int record,
    int count,
    boolean byClass,
    @Nullable Place place,
    boolean update) {
  boolean chooses() {
    return record >= 0;
  }

  boolean backward() {
    return place != null;
  }

  /** Whether the gradient after it is that of the whole step. */
  boolean completes() {
    return place == Place.WHOLE || place == Place.LAST;
  }
}
