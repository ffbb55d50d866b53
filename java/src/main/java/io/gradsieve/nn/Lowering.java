package io.gradsieve.nn;

import io.gradsieve.nn.layer.Shape;
import io.gradsieve.plan.MemoryPlan;
import io.gradsieve.plan.Operation;
import java.util.ArrayList;
import java.util.List;

/**
 * A network on its way to a plan: values and the operations that make them, in the order of the
 * layers. A value is a number; an alias is another number for the same memory, seen as another
 * shape.
 */
public final class Lowering {
  /** An operation and the layers it stands for. */
  record Step(Operation operation, List<String> layers) {
    Step {
      layers = List.copyOf(layers);
    }
  }

  private final ParameterLayout layout;
  private final List<Shape> shapes = new ArrayList<>();
  private final List<Integer> origins = new ArrayList<>();
  private final List<Step> steps = new ArrayList<>();
  private int normalizers;
  private int dropouts;

  Lowering(ParameterLayout layout) {
    this.layout = layout;
  }

  /** A new value of this shape. */
  public int value(Shape shape) {
    shapes.add(shape);
    origins.add(shapes.size() - 1);
    return shapes.size() - 1;
  }

  /** Room for so many floats that an operation saves for its backward pass. */
  public int saved(long floats) {
    int size = Math.toIntExact(MemoryPlan.aligned(floats));
    return value(new Shape(size, 1, 1, size, true));
  }

  /** Floats for one byte an element of a max-pooled value. */
  public static long choiceFloats(Shape pooled) {
    return ((long) pooled.floats() + Float.BYTES - 1) / Float.BYTES;
  }

  /** The same value as PyTorch sees it after Flatten. */
  public int flattened(int value) {
    return alias(value, shapes.get(value).flattened());
  }

  /**
   * The same value with every lane of every position as a feature of its own, pad lanes included.
   */
  public int view(int value) {
    int lanes = shapes.get(value).floats();
    return alias(value, new Shape(lanes, 1, 1, lanes, true));
  }

  private int alias(int value, Shape shape) {
    shapes.add(shape);
    origins.add(origin(value));
    return shapes.size() - 1;
  }

  /** The value that an alias stands for; itself for others. */
  int origin(int value) {
    return value < 0 ? value : origins.get(value);
  }

  /** Number of values, aliases included. */
  int values() {
    return shapes.size();
  }

  public Shape shape(int value) {
    return shapes.get(value);
  }

  /** Floats from the start of the weights to a parameter. */
  public long offset(String parameter) {
    return layout.parameter(parameter).offset();
  }

  /** Numbers batch norm layers from 0. */
  public int nextNormalizer() {
    return normalizers++;
  }

  /** Numbers dropout layers from 0. */
  public int nextDropout() {
    return dropouts++;
  }

  /** Adds the next operation of a layer. */
  public void add(String layer, Operation operation) {
    // Aliases that differ in nothing but PyTorch's view are of no interest from here on.
    Operation plain = operation.renumber(v -> v >= 0 && sameMemory(v) ? origin(v) : v);
    steps.add(new Step(plain, List.of(layer)));
  }

  private boolean sameMemory(int value) {
    return shapes.get(value).sameLayout(shapes.get(origin(value)));
  }

  /** The operations so far. */
  List<Step> steps() {
    return steps;
  }
}
