package io.gradsieve.compile;

import io.gradsieve.compile.Segmentation.Chain;
import io.gradsieve.graph.Graph;
import io.gradsieve.graph.Node;
import io.gradsieve.plan.Operation;
import io.gradsieve.plan.Operation.Gradient;
import io.gradsieve.plan.PlanValue;
import io.gradsieve.plan.Segment;
import io.gradsieve.plan.StepPlan;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/**
 * From a graph to a plan for a target: {@link Fusion}, {@link Segmentation} into segments, {@link
 * Retention}, then here the gradients in backward order, then {@link Placement}.
 */
public final class Compiler {
  private final Graph graph;
  private final int[] origins;
  private final Target target;
  private final boolean backward;
  private final List<Chain> chains;
  private final Retention retention;

  private Compiler(Graph graph, Target target, boolean backward) {
    this.graph = graph;
    this.origins = graph.origins();
    this.target = target;
    this.backward = backward;
    this.chains = Segmentation.of(graph, Fusion.of(graph, target), target);
    this.retention = new Retention(graph, chains, backward);
  }

  /**
   * The plan of a graph for batches of up to {@code capacity} samples.
   *
   * @param backward whether the plan has a backward pass; without one nothing is kept for it
   * @param norms whether backward measures every sample's gradient norm
   * @throws IllegalArgumentException if {@code capacity} is not positive
   */
  public static StepPlan plan(
      Graph graph, Target target, int capacity, boolean backward, boolean norms) {
    if (capacity < 1) {
      throw new IllegalArgumentException("capacity must be positive, is " + capacity);
    }
    return new Compiler(graph, target, backward).build(capacity, norms);
  }

  private StepPlan build(int capacity, boolean norms) {
    List<Segment> segments = segments(capacity);
    Placement placement = new Placement(graph, target, segments, retention, capacity);
    List<PlanValue> values = new ArrayList<>();
    for (int v = 0; v < graph.values().size(); v++) {
      values.add(
          new PlanValue(
              target.floats(origins[v]),
              placement.value(origins[v]),
              placement.gradient(origins[v])));
    }
    return new StepPlan(
        graph,
        capacity,
        norms,
        backward,
        values,
        segments,
        placement.arenaFloats(),
        placement.scratchFloats());
  }

  /**
   * With the gradients of every operation: the first in backward order to reach a value stores its
   * gradient, those after it add.
   */
  private List<Segment> segments(int capacity) {
    List<Segment> segments = new ArrayList<>();
    Set<Integer> stored = new HashSet<>();
    for (int s = chains.size() - 1; s >= 0; s--) {
      List<Operation> operations = new ArrayList<>(retention.ordered(s));
      for (int i = operations.size() - 1; i >= 0; i--) {
        operations.set(i, operations.get(i).with(gradients(operations.get(i), stored)));
      }
      int block = target.segmented() ? chains.get(s).block(origins, target) : capacity;
      segments.add(0, new Segment(block, retention.repeats(s), operations, completes(operations)));
    }
    return segments;
  }

  private List<Gradient> gradients(Operation operation, Set<Integer> stored) {
    List<Gradient> gradients = new ArrayList<>();
    List<Integer> inputs = operation.inputs();
    List<Boolean> differentiable = operation.differentiable();
    for (int i = 0; i < inputs.size(); i++) {
      boolean gives = differentiable.get(i) && retention.isTrained(inputs.get(i));
      gradients.add(
          !gives
              ? Gradient.NONE
              : stored.add(origins[inputs.get(i)]) ? Gradient.STORE : Gradient.ADD);
    }
    return gradients;
  }

  /** No parameter has two nodes, so its gradient is final when that node's segment is through. */
  private List<Integer> completes(List<Operation> operations) {
    if (!backward) {
      return List.of();
    }
    Set<Integer> completes = new TreeSet<>();
    for (Operation operation : operations) {
      for (Node node : operation.nodes()) {
        completes.addAll(node.parameters());
      }
    }
    completes.removeIf(parameter -> !graph.parameter(parameter).trainable());
    return List.copyOf(completes);
  }
}
