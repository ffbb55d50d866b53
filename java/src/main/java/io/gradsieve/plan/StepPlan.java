package io.gradsieve.plan;

import io.gradsieve.graph.Graph;
import io.gradsieve.graph.Node;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * One training step of a network over at most {@code capacity} samples as a list of segments: what
 * runs, in which order, what is kept for the backward pass and where everything lies. Made by
 * {@code compile} for a target, run by its backend.
 *
 * @param capacity the largest batch B
 * @param norms whether the backward pass measures every sample's gradient norm
 * @param backward whether there is a backward pass; without one nothing is kept
 * @param values one for each value of the graph; views lie where their origins do
 * @param arenaFloats floats of the one arena that holds all values of the whole batch
 * @param scratchFloats floats of values in one thread's scratch
 */
public record StepPlan(
    Graph graph,
    int capacity,
    boolean norms,
    boolean backward,
    List<PlanValue> values,
    List<Segment> segments,
    long arenaFloats,
    long scratchFloats) {
  public StepPlan {
    values = List.copyOf(values);
    segments = List.copyOf(segments);
  }

  public PlanValue value(int value) {
    return values.get(value);
  }

  /** What makes the statistics of batch norms, in the order of the forward pass. */
  public List<Operation> batchStatistics() {
    return segments.stream()
        .map(Segment::operations)
        .flatMap(List<Operation>::stream)
        .filter(o -> o.output() >= 0 && graph.value(o.output()).ofBatch())
        .toList();
  }

  /** The segment that runs each layer's last operation; layers without one (flatten) are absent. */
  public Map<String, Integer> segmentOfLayers() {
    Map<String, Integer> segmentOf = new LinkedHashMap<>();
    for (int s = 0; s < segments.size(); s++) {
      for (Operation operation : segments.get(s).operations()) {
        for (Node node : operation.nodes()) {
          segmentOf.put(node.layer(), s);
        }
      }
    }
    return segmentOf;
  }
}
