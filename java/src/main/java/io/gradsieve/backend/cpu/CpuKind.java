package io.gradsieve.backend.cpu;

import io.gradsieve.graph.Kind;
import io.gradsieve.graph.Node;
import io.gradsieve.graph.Value;
import io.gradsieve.plan.Operation;

/**
 * How the CPU lays out and runs the nodes of one kind.
 *
 * @param <K> the kind
 */
interface CpuKind<K extends Kind> {
  /** How the output lies; for most as the input does. */
  default CpuTensor output(K kind, Node node, CpuLayout layout) {
    return layout.tensor(node.inputs().get(0));
  }

  /** How what it saves lies. */
  default CpuTensor saved(K kind, Node node, Value saved, CpuLayout layout) {
    return CpuTensor.saved(saved.elements());
  }

  /** Where the elements of the parameter in this place lie. */
  default IndexMap parameter(K kind, Node node, int place, CpuLayout layout) {
    return IndexMap.vector(Math.toIntExact(layout.elements(node.parameter(place))));
  }

  /**
   * Whether a node of this kind, with those before it in an operation, takes along the next one.
   */
  default boolean fuses(Operation operation, Kind next) {
    return false;
  }

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
