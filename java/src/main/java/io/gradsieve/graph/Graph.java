package io.gradsieve.graph;

import java.util.ArrayList;
import java.util.List;

/**
 * A network from its input to its loss: what is computed, nothing of how or where.
 *
 * @param parameters trainable ones in the order of the layers, then running statistics likewise
 * @param values what the nodes make and save
 * @param nodes in an order in which every one comes after what it reads
 */
public record Graph(List<Parameter> parameters, List<Value> values, List<Node> nodes) {
  public Graph {
    parameters = List.copyOf(parameters);
    values = List.copyOf(values);
    nodes = List.copyOf(nodes);
  }

  public Value value(int value) {
    return values.get(value);
  }

  public Parameter parameter(int parameter) {
    return parameters.get(parameter);
  }

  /**
   * For every value the one that it is a view of, itself for most; what is the same in memory has
   * the same origin.
   */
  public int[] origins() {
    int[] origins = new int[values.size()];
    for (int v = 0; v < origins.length; v++) {
      origins[v] = v;
    }
    for (Node node : nodes) {
      if (node.kind().view()) {
        origins[node.output()] = origins[node.input()];
      }
    }
    return origins;
  }

  /** The value of the logits: what the last node, the loss, reads. */
  public int logits() {
    return nodes.get(nodes.size() - 1).input();
  }

  /** K. */
  public int classes() {
    return value(logits()).channels();
  }

  /** The node that takes the samples. */
  public Node input() {
    return nodes.get(0);
  }

  /** Collects values and nodes, in the order of the layers. */
  public static final class Builder {
    private final List<Parameter> parameters;
    private final List<Value> values = new ArrayList<>();
    private final List<Node> nodes = new ArrayList<>();

    /** A graph of these parameters, trainable ones first. */
    public Builder(List<Parameter> parameters) {
      this.parameters = List.copyOf(parameters);
    }

    /** A value that a node makes or saves; returns its index. */
    public int add(Value value) {
      values.add(value);
      return values.size() - 1;
    }

    /** The parameter of that name; throws {@code IllegalArgumentException} if there is none. */
    public int parameter(String name) {
      for (int p = 0; p < parameters.size(); p++) {
        if (parameters.get(p).name().equals(name)) {
          return p;
        }
      }
      throw new IllegalArgumentException("no parameter " + name);
    }

    /** Numbers nodes of a kind that must not draw alike, from 0. */
    public int count(Class<? extends Kind> kind) {
      return (int) nodes.stream().filter(node -> kind.isInstance(node.kind())).count();
    }

    /** Adds the next node. */
    public void add(Node node) {
      nodes.add(node);
    }

    public Graph build() {
      return new Graph(parameters, values, nodes);
    }
  }
}
