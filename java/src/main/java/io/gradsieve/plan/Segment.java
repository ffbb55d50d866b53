package io.gradsieve.plan;

import java.util.List;

/**
 * A chain of operations that runs block by block, in cache, from one read to one write.
 *
 * @param block samples that go through the chain together (1 for images; more where a matrix
 *     product wants rows)
 * @param recompute how many of the first operations run again in the backward pass, because their
 *     outputs are not kept
 * @param operations in the order of the forward pass
 */
public record Segment(int block, int recompute, List<Operation> operations) {
  public Segment {
    operations = List.copyOf(operations);
  }
}
