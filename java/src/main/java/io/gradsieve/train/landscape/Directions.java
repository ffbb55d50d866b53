package io.gradsieve.train.landscape;

import io.gradsieve.RandomBits;
import io.gradsieve.nn.Parameter;
import io.gradsieve.nn.ParameterLayout;
import java.util.List;

/**
 * Random directions in the space of the trainable weights, laid out as those are, 0 between the
 * parameters. A draw is a function of the stream, the parameter and the element in PyTorch's order,
 * so that two networks of the same layers get the same draws.
 */
final class Directions {
  private Directions() {}

  /**
   * Li et al. 2018 (arXiv 1712.09913), section 4: a Gaussian direction whose filters have the norms
   * of the weights' filters. A filter is what makes one output, a row of a tensor of more than one
   * dimension. Biases and the parameters of norms stay where they are: their direction is zero.
   *
   * @param weights at least the trainable ones
   */
  static float[] filterNormalised(ParameterLayout layout, float[] weights, RandomBits draws) {
    float[] direction = new float[Math.toIntExact(layout.trainable())];
    List<Parameter> parameters = layout.parameters();
    for (int p = 0; p < parameters.size(); p++) {
      Parameter parameter = parameters.get(p);
      if (!parameter.trainable() || parameter.shape().size() < 2) {
        continue;
      }
      float[] elements = gaussian(Math.toIntExact(parameter.elements()), draws.at(p));
      scaleFilters(elements, outside(parameter, weights), parameter.shape().get(0));
      put(parameter, elements, direction);
    }
    return direction;
  }

  private static void scaleFilters(float[] elements, float[] like, int filters) {
    int size = elements.length / filters;
    for (int f = 0; f < filters; f++) {
      double norm = norm(elements, f * size, size);
      double scale = norm == 0 ? 0 : norm(like, f * size, size) / norm;
      for (int i = f * size; i < (f + 1) * size; i++) {
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

  /** A direction of norm 1, uniform over all directions. */
  static double[] unit(ParameterLayout layout, RandomBits draws) {
    double[] direction = new double[Math.toIntExact(layout.trainable())];
    fill(layout, direction, (count, parameter) -> gaussian(count, draws.at(parameter)));
    double scale = 1 / Math.sqrt(Vectors.dot(direction, direction));
    Vectors.scale(direction, scale);
    return direction;
  }

  /** Elements of 1 and −1, each with probability ½ (Rademacher's). */
  static double[] signs(ParameterLayout layout, RandomBits draws) {
    double[] direction = new double[Math.toIntExact(layout.trainable())];
    fill(layout, direction, (count, parameter) -> signs(count, draws.at(parameter)));
    return direction;
  }

  /** Draws the elements of one parameter. */
  @FunctionalInterface
  private interface Draw {
    float[] elements(int count, int parameter);
  }

  private static void fill(ParameterLayout layout, double[] direction, Draw draw) {
    List<Parameter> parameters = layout.parameters();
    for (int p = 0; p < parameters.size(); p++) {
      Parameter parameter = parameters.get(p);
      if (parameter.trainable()) {
        float[] elements = draw.elements(Math.toIntExact(parameter.elements()), p);
        float[] inside = parameter.map().inside(elements);
        for (int i = 0; i < inside.length; i++) {
          direction[Math.toIntExact(parameter.offset()) + i] = inside[i];
        }
      }
    }
  }

  private static float[] signs(int count, RandomBits draws) {
    float[] elements = new float[count];
    for (int i = 0; i < count; i++) {
      elements[i] = (draws.bits(i) & 1) == 0 ? 1 : -1;
    }
    return elements;
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

  /** The parameter's elements in PyTorch's order. */
  static float[] outside(Parameter parameter, float[] weights) {
    float[] inside = new float[Math.toIntExact(parameter.map().floats())];
    System.arraycopy(weights, Math.toIntExact(parameter.offset()), inside, 0, inside.length);
    return parameter.map().outside(inside);
  }

  private static void put(Parameter parameter, float[] elements, float[] direction) {
    float[] inside = parameter.map().inside(elements);
    System.arraycopy(inside, 0, direction, Math.toIntExact(parameter.offset()), inside.length);
  }
}
