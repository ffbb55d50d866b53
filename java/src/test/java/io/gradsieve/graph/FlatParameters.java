package io.gradsieve.graph;

import java.util.List;

/** Values of parameters as one array: one parameter after the other, each in PyTorch's order. */
public final class FlatParameters {
  private FlatParameters() {}

  /** All elements. */
  public static float[] read(ParameterValues values) {
    float[] all = new float[count(values.parameters())];
    int next = 0;
    for (int p = 0; p < values.parameters().size(); p++) {
      float[] elements = values.read(p);
      System.arraycopy(elements, 0, all, next, elements.length);
      next += elements.length;
    }
    return all;
  }

  /** Sets all elements. */
  public static void write(ParameterValues values, float[] all) {
    int next = 0;
    for (int p = 0; p < values.parameters().size(); p++) {
      float[] elements = new float[Math.toIntExact(values.parameters().get(p).elements())];
      System.arraycopy(all, next, elements, 0, elements.length);
      values.write(p, elements);
      next += elements.length;
    }
  }

  /** Elements of all of them. */
  public static int count(List<Parameter> parameters) {
    return Math.toIntExact(parameters.stream().mapToLong(Parameter::elements).sum());
  }

  /** Of the trainable ones, which come first. */
  public static int trainable(List<Parameter> parameters) {
    return count(parameters.stream().filter(Parameter::trainable).toList());
  }

  /** Where each parameter begins. */
  public static int[] offsets(List<Parameter> parameters) {
    int[] offsets = new int[parameters.size()];
    for (int p = 1; p < offsets.length; p++) {
      offsets[p] = offsets[p - 1] + Math.toIntExact(parameters.get(p - 1).elements());
    }
    return offsets;
  }
}
