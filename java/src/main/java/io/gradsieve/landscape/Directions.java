package io.gradsieve.landscape;

import io.gradsieve.RandomBits;
import io.gradsieve.graph.Parameter;
import java.util.List;

/**
 * Random directions in the space of the trainable weights: one parameter after the other, each in
 * PyTorch's order. A draw is a function of the stream, the parameter and the element, so that two
 * networks of the same layers get the same draws.
 */
final class Directions {
  private Directions() {}

  /**
   * Li et al. 2018 (arXiv 1712.09913), section 4: a Gaussian direction whose filters have the norms
   * of the weights' filters. A filter is what makes one output, a row of a tensor of more than one
   * dimension. Biases and the parameters of norms stay where they are: their direction is zero.
   *
   * @param weights as many as the trainable parameters have elements
   */
  static float[] filterNormalised(List<Parameter> trainable, float[] weights, RandomBits draws) {
    float[] direction = new float[weights.length];
    int first = 0;
    for (int p = 0; p < trainable.size(); p++) {
      int count = Math.toIntExact(trainable.get(p).elements());
      List<Integer> shape = trainable.get(p).shape();
      if (shape.size() > 1) {
        System.arraycopy(gaussian(count, draws.at(p)), 0, direction, first, count);
        scaleFilters(direction, weights, first, count / shape.get(0), shape.get(0));
      }
      first += count;
    }
    return direction;
  }

  private static void scaleFilters(
      float[] elements, float[] like, int first, int size, int filters) {
    for (int f = 0; f < filters; f++) {
      int from = first + f * size;
      double norm = norm(elements, from, size);
      double scale = norm == 0 ? 0 : norm(like, from, size) / norm;
      for (int i = from; i < from + size; i++) {
        elements[i] = (float) (elements[i] * scale);
      }
    }
  }

  private static double norm(float[] elements, int first, int count) {
    double sum = 0;
    for (int i = first; i < first + count; i++) {
      sum += (double) elements[i] * elements[i];
    }
    return Math.sqrt(sum);
  }

  /** Elements of 1 and −1, each with probability ½ (Rademacher's). */
  static double[] signs(List<Parameter> trainable, RandomBits draws) {
    long count = trainable.stream().mapToLong(Parameter::elements).sum();
    double[] direction = new double[Math.toIntExact(count)];
    int next = 0;
    for (int p = 0; p < trainable.size(); p++) {
      RandomBits ofParameter = draws.at(p);
      for (long i = 0; i < trainable.get(p).elements(); i++) {
        direction[next++] = (ofParameter.bits(i) & 1) == 0 ? 1 : -1;
      }
    }
    return direction;
  }

  /** By Box and Muller 1958, one of the pair. */
  private static float[] gaussian(int count, RandomBits draws) {
    float[] elements = new float[count];
    for (int i = 0; i < count; i++) {
      double radius = Math.sqrt(-2 * Math.log(1 - draws.uniform(2L * i)));
      elements[i] = (float) (radius * Math.cos(2 * Math.PI * draws.uniform(2L * i + 1)));
    }
    return elements;
  }
}
