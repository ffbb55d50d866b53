package io.gradsieve.nn.layer;

import io.gradsieve.GradsieveException.BadData;
import io.gradsieve.graph.Parameter;
import java.util.ArrayList;
import java.util.List;

/**
 * A network's parameters as PyTorch has them, and what they begin with.
 *
 * @param parameters the trainable ones in the order of the layers, then the running statistics
 *     likewise
 * @param initial one for each of them
 * @param counters names of whole numbers ({@code num_batches_tracked}), which no device keeps
 */
public record ParameterList(
    List<Parameter> parameters, List<Initial> initial, List<String> counters) {
  /** Most numbers of a network: 8 GiB of floats. */
  static final long LARGEST = 1L << 31;

  /**
   * What the elements of a parameter begin with.
   *
   * @param value of all, where {@code bound} is 0
   * @param bound else: uniform in ±bound
   */
  public record Initial(float value, double bound) {}

  public ParameterList {
    parameters = List.copyOf(parameters);
    initial = List.copyOf(initial);
    counters = List.copyOf(counters);
  }

  /** Trainable elements. */
  public long trainableElements() {
    long elements = 0;
    for (Parameter parameter : parameters) {
      elements += parameter.trainable() ? parameter.elements() : 0;
    }
    return elements;
  }

  /** Collects the parameters of the layers, in their order. */
  public static final class Builder {
    private final List<Parameter> trainable = new ArrayList<>();
    private final List<Initial> trainableInitial = new ArrayList<>();
    private final List<Parameter> running = new ArrayList<>();
    private final List<Initial> runningInitial = new ArrayList<>();
    private final List<String> counters = new ArrayList<>();

    /**
     * A trainable parameter with PyTorch's kaiming_uniform(a=√5), which is uniform in ±1/√fanIn.
     */
    public void uniform(String name, List<Integer> shape, int fanIn) {
      trainable.add(new Parameter(name, shape, true));
      trainableInitial.add(new Initial(0, 1 / Math.sqrt(fanIn)));
    }

    /** A trainable parameter whose elements all begin with one value. */
    public void constant(String name, List<Integer> shape, float initial) {
      trainable.add(new Parameter(name, shape, true));
      trainableInitial.add(new Initial(initial, 0));
    }

    /** A running statistic. */
    public void running(String name, List<Integer> shape, float initial) {
      running.add(new Parameter(name, shape, false));
      runningInitial.add(new Initial(initial, 0));
    }

    /** A whole number. */
    public void counter(String name) {
      counters.add(name);
    }

    /** Trainable elements declared so far. */
    public long trainableElements() {
      return trainable.stream().mapToLong(Parameter::elements).sum();
    }

    /** All of them; throws {@code BadData} naming the parameter from which on they are too many. */
    public ParameterList build() {
      List<Parameter> all = new ArrayList<>(trainable);
      all.addAll(running);
      long elements = 0;
      for (Parameter parameter : all) {
        elements += parameter.elements();
        if (elements > LARGEST) {
          throw new BadData(
              parameter.name()
                  + ": with it the network has more than "
                  + LARGEST
                  + " parameters; use fewer channels or features");
        }
      }
      List<Initial> initial = new ArrayList<>(trainableInitial);
      initial.addAll(runningInitial);
      return new ParameterList(all, initial, counters);
    }
  }
}
