package io.gradsieve.backend.layout;

import io.gradsieve.graph.Kind;
import io.gradsieve.graph.Node;
import io.gradsieve.graph.Value;
import io.gradsieve.plan.Operation;

/**
 * How a device lays out the nodes of one kind.
 *
 * @param <K> the kind
 */
public interface KindLayout<K extends Kind> {
  /** How the output lies; for most as the input does. */
  default Tensor output(K kind, Node node, Layout layout) {
    return layout.tensor(node.inputs().get(0));
  }

  /** How what it saves lies. */
  default Tensor saved(K kind, Node node, Value saved, Layout layout) {
    return layout.saved(saved.elements());
  }

  /** Where the elements of the parameter in this place lie. */
  default IndexMap parameter(K kind, Node node, int place, Layout layout) {
    return IndexMap.vector(Math.toIntExact(layout.elements(node.parameter(place))));
  }

  /**
   * Whether a node of this kind, with those before it in an operation, takes along the next one.
   */
  default boolean fuses(Operation operation, Kind next) {
    return false;
  }
}
