package io.gradsieve.nn;

import io.gradsieve.GradsieveException.BadData;
import io.gradsieve.plan.MemoryPlan;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Where every parameter lies in the one buffer of weights: the trainable ones in the order of the
 * layers, then the running statistics; each begins at a multiple of 16 floats. Counters ({@code
 * num_batches_tracked}) are whole numbers and not in it.
 */
public final class ParameterLayout {
  /** Most floats of weights: 8 GiB. */
  static final long LARGEST = 1L << 31;

  private final List<Parameter> parameters;
  private final List<String> counters;
  private final Map<String, Parameter> byName = new HashMap<>();
  private final long trainable;
  private final long floats;

  private ParameterLayout(
      List<Parameter> parameters, List<String> counters, long trainable, long floats) {
    this.parameters = List.copyOf(parameters);
    this.counters = List.copyOf(counters);
    this.trainable = trainable;
    this.floats = floats;
    for (Parameter parameter : parameters) {
      byName.put(parameter.name(), parameter);
    }
  }

  /** Trainable parameters in the order of the layers, then running statistics likewise. */
  public List<Parameter> parameters() {
    return parameters;
  }

  /** Names of the whole-number counters. */
  public List<String> counters() {
    return counters;
  }

  /**
   * The parameter of that name in PyTorch; throws {@code IllegalArgumentException} if there is
   * none.
   */
  public Parameter parameter(String name) {
    Parameter parameter = byName.get(name);
    if (parameter == null) {
      throw new IllegalArgumentException("no parameter " + name);
    }
    return parameter;
  }

  /** Floats of the trainable part at the start. */
  public long trainable() {
    return trainable;
  }

  /** Floats of all. */
  public long floats() {
    return floats;
  }

  /** Trainable elements as PyTorch counts them. */
  public long trainableElements() {
    return parameters.stream().filter(Parameter::trainable).mapToLong(Parameter::elements).sum();
  }

  /** Collects the parameters of the layers, in their order. */
  public static final class Builder {
    private final List<Parameter> trainable = new ArrayList<>();
    private final List<Parameter> running = new ArrayList<>();
    private final List<String> counters = new ArrayList<>();

    /**
     * A trainable parameter with PyTorch's kaiming_uniform(a=√5), which is uniform in ±1/√fanIn.
     */
    public void uniform(String name, List<Integer> shape, IndexMap map, int fanIn) {
      trainable.add(new Parameter(name, shape, map, 0, true, 0, 1 / Math.sqrt(fanIn)));
    }

    /** A trainable parameter whose elements all begin with one value. */
    public void constant(String name, List<Integer> shape, IndexMap map, float initial) {
      trainable.add(new Parameter(name, shape, map, 0, true, initial, 0));
    }

    /** A running statistic. */
    public void running(String name, List<Integer> shape, IndexMap map, float initial) {
      running.add(new Parameter(name, shape, map, 0, false, initial, 0));
    }

    /** A whole number. */
    public void counter(String name) {
      counters.add(name);
    }

    /** Trainable elements declared so far, as PyTorch counts them. */
    long trainableElements() {
      return trainable.stream().mapToLong(Parameter::elements).sum();
    }

    /** Gives each its place. */
    public ParameterLayout build() {
      List<Parameter> placed = new ArrayList<>();
      long floats = place(trainable, 0, placed);
      long all = place(running, floats, placed);
      return new ParameterLayout(placed, counters, floats, all);
    }

    private static long place(List<Parameter> parameters, long from, List<Parameter> placed) {
      long offset = from;
      for (Parameter p : parameters) {
        placed.add(
            new Parameter(
                p.name(), p.shape(), p.map(), offset, p.trainable(), p.initial(), p.bound()));
        offset += MemoryPlan.aligned(p.map().floats());
        if (offset > LARGEST) {
          throw new BadData(
              p.name()
                  + ": with it the network has more than "
                  + LARGEST
                  + " parameters; use fewer channels or features");
        }
      }
      return offset;
    }
  }
}
