package io.gradsieve.graph;

import java.util.List;

/**
 * One operation of a network. Values and parameters are indices into the lists of its {@link
 * Graph}.
 *
 * @param layer the layer it belongs to, by its name in PyTorch
 * @param kind what it computes
 * @param inputs the values it reads, in the kind's order
 * @param output the value it makes, -1 for the loss
 * @param saved what it saves for its own backward pass
 * @param parameters in the kind's order
 */
public record Node(
    String layer,
    Kind kind,
    List<Integer> inputs,
    int output,
    List<Integer> saved,
    List<Integer> parameters) {
  public Node {
    inputs = List.copyOf(inputs);
    saved = List.copyOf(saved);
    parameters = List.copyOf(parameters);
  }

  /** Its only input. */
  public int input() {
    if (inputs.size() != 1) {
      throw new IllegalStateException(layer + ": " + kind.name() + " has the inputs " + inputs);
    }
    return inputs.get(0);
  }

  /** The parameter in this place of the kind's order; -1 if it is left out. */
  public int parameter(int place) {
    return place < parameters.size() ? parameters.get(place) : -1;
  }
}
