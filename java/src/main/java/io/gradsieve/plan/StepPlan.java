package io.gradsieve.plan;

import java.util.List;

/**
 * One training step over at most {@code capacity} samples as a list of segments: what runs, in
 * which order, what is kept for the backward pass and where everything lies. Made by {@code nn},
 * compiled by a backend.
 *
 * @param capacity the largest batch B
 * @param norms whether the backward pass measures every sample's gradient norm
 * @param backward whether there is a backward pass; without one nothing is kept
 * @param arenaFloats floats of the one arena that holds all tensors of the whole batch
 * @param scratchFloats floats of tensors in one thread's scratch
 * @param trainable floats of trainable parameters, at the start of the weights
 * @param weights floats of the weights: the trainable parameters, then the running statistics
 * @param logits the tensor of the logits, [B, K]
 */
public record StepPlan(
    int capacity,
    boolean norms,
    boolean backward,
    List<PlanTensor> tensors,
    List<Segment> segments,
    long arenaFloats,
    long scratchFloats,
    long trainable,
    long weights,
    int logits) {
  public StepPlan {
    tensors = List.copyOf(tensors);
    segments = List.copyOf(segments);
  }

  /** K. */
  public int classes() {
    return tensors.get(logits).channels();
  }
}
