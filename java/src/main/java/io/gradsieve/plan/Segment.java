package io.gradsieve.plan;

import java.util.List;

/**
 * A chain of operations that runs block by block from one read to one write; a single operation
 * over the whole batch on a device that works so.
 *
 * @param block samples that go through the chain together
 * @param recompute how many of the first operations run again in the backward pass, because their
 *     outputs are not kept
 * @param operations in the order of the forward pass
 * @param completes the trainable parameters whose gradients are final after its backward pass,
 *     indices into the graph's
 */
public record Segment(
    int block, int recompute, List<Operation> operations, List<Integer> completes) {
  public Segment {
    operations = List.copyOf(operations);
    completes = List.copyOf(completes);
  }
}
