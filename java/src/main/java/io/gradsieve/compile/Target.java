package io.gradsieve.compile;

import io.gradsieve.graph.Node;
import io.gradsieve.plan.Operation;

/** A device and its layout of one graph's values, as far as a plan depends on them. */
public interface Target {
  /**
   * Floats that a value of the graph takes: of one sample, or once where it is of the whole batch;
   * 0 if the device keeps it by itself.
   */
  long floats(int value);

  /** Places of values begin at multiples of so many floats. */
  int alignment();

  /**
   * Whether it computes this operation and the node that alone reads its output in one. In backward
   * that has the operation's inputs, its new output and what is saved; nothing in between.
   */
  boolean fuses(Operation operation, Node next);

  /**
   * Whether blocks of samples go through chains of operations, so that values that no other chain
   * reads never leave the cache; else every operation goes over the whole batch by itself.
   */
  boolean segmented();

  /**
   * Samples that go through a segment together.
   *
   * @param rows whether each sample is one row of a product, so that many should go together
   * @param floats of one sample's values in the segment
   */
  int block(boolean rows, long floats);
}
