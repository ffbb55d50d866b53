package io.gradsieve.backend.cpu;

import io.gradsieve.backend.layout.KindLayout;
import io.gradsieve.graph.Kind;
import io.gradsieve.plan.Operation;

/**
 * How the CPU lays out and runs the nodes of one kind.
 *
 * @param <K> the kind
 */
interface CpuKind<K extends Kind> extends KindLayout<K> {
  /**
   * Whether its channels are those of the graph's values, so that those of a flattened image are
   * every lane of every position.
   */
  default boolean byChannel() {
    return false;
  }

  /**
   * Adds an operation that begins with a node of this kind to a native step, which was told what it
   * touches; returns its status.
   */
  int add(K kind, Operation operation, CpuPlan plan);
}
