package io.gradsieve.nn.layer;

import io.gradsieve.graph.Graph;
import io.gradsieve.graph.Kind;
import io.gradsieve.graph.Node;
import io.gradsieve.graph.Value;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** A network on its way to a graph: what layers add nodes to, and the shapes of what these make. */
public final class Lowering {
  private final Graph.Builder graph;
  private final Map<Integer, Shape> shapes = new HashMap<>();

  public Lowering(ParameterList parameters) {
    this.graph = new Graph.Builder(parameters.parameters());
  }

  /** The shape of what a node made. */
  public Shape shape(int value) {
    Shape shape = shapes.get(value);
    if (shape == null) {
      throw new IllegalArgumentException("no node made the value " + value);
    }
    return shape;
  }

  /**
   * Adds a node that saves nothing; returns its output.
   *
   * @param output the shape of what it makes
   * @param parameters their names in the layer, such as {@code weight}, in the kind's order
   */
  public int add(
      String layer, Kind kind, List<Integer> inputs, Shape output, String... parameters) {
    return add(layer, kind, inputs, output, List.of(), parameters);
  }

  /** Adds a node that saves values for its own backward pass; returns its output. */
  public int add(
      String layer,
      Kind kind,
      List<Integer> inputs,
      Shape output,
      List<Value> saved,
      String... parameters) {
    int made = add(layer, kind, inputs, output.value(), saved, parameters);
    shapes.put(made, output);
    return made;
  }

  /** Adds a node whose output is a value of the batch, which has no shape; returns that. */
  public int addOfBatch(
      String layer, Kind kind, List<Integer> inputs, Value output, String... parameters) {
    return add(layer, kind, inputs, output, List.of(), parameters);
  }

  private int add(
      String layer,
      Kind kind,
      List<Integer> inputs,
      Value output,
      List<Value> saved,
      String... parameters) {
    int made = graph.add(output);
    List<Integer> kept = new ArrayList<>();
    for (Value value : saved) {
      kept.add(graph.add(value));
    }
    List<Integer> own = new ArrayList<>();
    for (String name : parameters) {
      own.add(graph.parameter(layer + "." + name));
    }
    graph.add(new Node(layer, kind, inputs, made, kept, own));
    return made;
  }

  /** Numbers nodes of a kind that must not draw alike, from 0. */
  public int count(Class<? extends Kind> kind) {
    return graph.count(kind);
  }

  /** Ends with the loss over these logits. */
  public Graph loss(int logits, double labelSmoothing) {
    Kind loss = new Kind.SoftmaxCrossEntropy((float) labelSmoothing);
    graph.add(new Node("loss", loss, List.of(logits), -1, List.of(), List.of()));
    return graph.build();
  }
}
