package io.gradsieve.plan;

import io.gradsieve.graph.Graph;
import io.gradsieve.graph.Node;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * One node, or several that a device computes in one, so that what is between them is never
 * written. Values are those of the plan's graph.
 *
 * @param nodes in order; each but the first reads what the one before it makes
 * @param gradients what the backward pass does with the gradient of each of {@link #inputs}
 */
public record Operation(List<Node> nodes, List<Gradient> gradients) {
  /** What backward does with the gradient of an input. */
  public enum Gradient {
    /** Leaves it out: nothing before this operation is trained. */
    NONE,
    STORE,
    ADD
  }

  public Operation {
    nodes = List.copyOf(nodes);
    gradients = List.copyOf(gradients);
  }

  /** A node by itself, its gradients not yet known. */
  public static Operation of(Node node) {
    return new Operation(List.of(node), List.of());
  }

  /** The same with one more node, which reads its output. */
  public Operation with(Node next) {
    List<Node> longer = new ArrayList<>(nodes);
    longer.add(next);
    return new Operation(longer, gradients);
  }

  /** The same with a gradient for each of its inputs. */
  public Operation with(List<Gradient> newGradients) {
    return new Operation(nodes, newGradients);
  }

  /** The node it begins with. */
  public Node first() {
    return nodes.get(0);
  }

  /** The node whose output it writes. */
  public Node last() {
    return nodes.get(nodes.size() - 1);
  }

  /** The value it writes, -1 for none. */
  public int output() {
    return last().output();
  }

  /** The values it reads, in the order of its nodes. */
  public List<Integer> inputs() {
    List<Integer> inputs = new ArrayList<>();
    int before = -1;
    for (Node node : nodes) {
      for (int value : node.inputs()) {
        if (value != before) {
          inputs.add(value);
        }
      }
      before = node.output();
    }
    return inputs;
  }

  /** What it saves for its own backward pass. */
  public List<Integer> saved() {
    List<Integer> saved = new ArrayList<>();
    for (Node node : nodes) {
      saved.addAll(node.saved());
    }
    return saved;
  }

  /** Every value of the forward pass: read, written and saved. */
  public List<Integer> touched() {
    List<Integer> touched = inputs();
    if (output() >= 0) {
      touched.add(output());
    }
    touched.addAll(saved());
    return touched;
  }

  /**
   * What the backward pass reads as forward left it, {@link #saved} apart. What lies between its
   * nodes is gone: a node that would read it takes the operation's output for it, as relu can.
   */
  public Set<Integer> readsBackward() {
    Set<Integer> reads = new LinkedHashSet<>();
    boolean readsOutput = false;
    int before = -1;
    for (Node node : nodes) {
      for (int value : node.inputs()) {
        if (node.kind().backwardReadsInputs() && value != before) {
          reads.add(value);
        }
      }
      readsOutput |= node.kind().backwardReadsOutput();
      readsOutput |= node != first() && node.kind().backwardReadsInputs();
      before = node.output();
    }
    if (readsOutput) {
      reads.add(output());
    }
    return reads;
  }

  /** Those of {@link #inputs} whose gradients it could make, by place. */
  public List<Boolean> differentiable() {
    List<Boolean> differentiable = new ArrayList<>();
    int before = -1;
    for (Node node : nodes) {
      for (int place = 0; place < node.inputs().size(); place++) {
        if (node.inputs().get(place) != before) {
          differentiable.add(node.kind().givesGradient(place));
        }
      }
      before = node.output();
    }
    return differentiable;
  }

  /** Whether it has parameters that are trained. */
  public boolean trains(Graph graph) {
    for (Node node : nodes) {
      for (int parameter : node.parameters()) {
        if (graph.parameter(parameter).trainable()) {
          return true;
        }
      }
    }
    return false;
  }

  /** Whether one of its nodes costs so much that it never runs twice. */
  public boolean heavy() {
    boolean heavy = false;
    for (Node node : nodes) {
      heavy |= node.kind().heavy();
    }
    return heavy;
  }

  /**
   * Whether it is a product with a matrix, row by row, so that the gradient of the matrix is a sum
   * over the rows of the whole batch.
   */
  public boolean product() {
    boolean product = false;
    for (Node node : nodes) {
      product |= node.kind().heavy() && node.kind().rowByRow();
    }
    return product;
  }

  /** Whether running it again gives the same values. */
  public boolean recomputable() {
    boolean recomputable = true;
    for (Node node : nodes) {
      recomputable &= node.kind().recomputable();
    }
    return recomputable;
  }
}
