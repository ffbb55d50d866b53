package io.gradsieve.compile;

import io.gradsieve.graph.Graph;
import io.gradsieve.graph.Node;
import io.gradsieve.plan.Operation;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Lets an operation swallow the node that follows it, where the target can, so that a value is not
 * written only to be read once: convolution + relu + max-pool, linear + activation, batch norm +
 * sum + relu. One pass: each node tries to join the operation that makes its input.
 */
final class Fusion {
  private final Target target;
  private final int[] origins;
  private final Map<Integer, Integer> readers = new HashMap<>();
  private final Map<Integer, Operation> producers = new HashMap<>();
  private final List<Operation> fused = new ArrayList<>();

  private Fusion(Graph graph, Target target) {
    this.target = target;
    this.origins = graph.origins();
  }

  /** The operations of a graph, every one after what it reads; views are none. */
  static List<Operation> of(Graph graph, Target target) {
    Fusion fusion = new Fusion(graph, target);
    for (Node node : graph.nodes()) {
      fusion.count(node);
    }
    for (Node node : graph.nodes()) {
      fusion.take(node);
    }
    return fusion.fused;
  }

  private void count(Node node) {
    if (!node.kind().view()) {
      for (int value : node.inputs()) {
        readers.merge(origins[value], 1, Integer::sum);
      }
    }
  }

  private void take(Node node) {
    if (node.kind().view()) {
      return;
    }
    Operation operation = Operation.of(node);
    for (int value : node.inputs()) {
      Operation before = producers.get(origins[value]);
      boolean alone = readers.get(origins[value]) == 1;
      if (before != null && before.output() == value && alone && target.fuses(before, node)) {
        fused.remove(before);
        operation = before.with(node);
        break;
      }
    }
    fused.add(operation);
    if (operation.output() >= 0) {
      producers.put(origins[operation.output()], operation);
    }
  }
}
