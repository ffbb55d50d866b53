package io.gradsieve.plan;

import io.gradsieve.plan.Operation.Activation;
import io.gradsieve.plan.Operation.Gradient;
import java.util.ArrayList;
import java.util.List;

/**
 * What an operation reads and writes; -1 for no tensor. From this alone follow the order of a plan,
 * what is kept and where.
 *
 * @param reads tensors whose values the forward pass reads
 * @param writes the tensor whose values it writes, -1 if none
 * @param saves the tensor of what it saves for its own backward pass, -1 if none
 * @param readsBackward tensors whose values the backward pass reads, {@code saves} apart
 * @param targets inputs whose gradients the backward pass stores or adds to, in that order
 * @param gradients what it does with each of {@code targets}
 * @param trains whether it has trainable parameters
 */
public record Dataflow(
    List<Integer> reads,
    int writes,
    int saves,
    List<Integer> readsBackward,
    List<Integer> targets,
    List<Gradient> gradients,
    boolean trains) {

  /** An operation with one input and one output whose gradient goes to the input. */
  static Dataflow chain(
      int in, int out, int saves, List<Integer> readsBackward, Gradient gradient, boolean trains) {
    return new Dataflow(
        List.of(in), out, saves, readsBackward, List.of(in), List.of(gradient), trains);
  }

  /** What an activated operation reads in backward: input, and output for the derivative. */
  static List<Integer> activated(int in, int out, Activation activation) {
    return activation == Activation.IDENTITY ? List.of(in) : List.of(in, out);
  }

  /** Whether there is a backward pass of this operation at all. */
  public boolean runsBackward() {
    return trains || gradients.stream().anyMatch(gradient -> gradient != Gradient.NONE);
  }

  /** Every tensor of the forward pass, the saved one included. */
  public List<Integer> touches() {
    List<Integer> all = new ArrayList<>(reads);
    if (writes >= 0) {
      all.add(writes);
    }
    if (saves >= 0) {
      all.add(saves);
    }
    return all;
  }
}
