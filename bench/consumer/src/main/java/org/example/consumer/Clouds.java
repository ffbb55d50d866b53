package org.example.consumer;

import java.util.Random;

/** Points in three clouds; the label of every fifteenth is wrong. */
final class Clouds {
  static final int CLASSES = 3;
  static final int FEATURES = 9;

  private final float[][] inputs;

  Clouds(int points, long seed) {
    Random random = new Random(seed);
    inputs = new float[points][FEATURES];
    for (int i = 0; i < points; i++) {
      for (int k = 0; k < FEATURES; k++) {
        double center = k % CLASSES == right(i) ? 1.5 : 0;
        inputs[i][k] = (float) (center + 0.7 * random.nextGaussian());
      }
    }
  }

  float[][] inputs() {
    return inputs;
  }

  /** Given ones, wrong ones among them. */
  int[] labels() {
    int[] labels = new int[inputs.length];
    for (int i = 0; i < labels.length; i++) {
      labels[i] = wrong(i) ? (right(i) + 1) % CLASSES : right(i);
    }
    return labels;
  }

  int right(int point) {
    return point % CLASSES;
  }

  boolean wrong(int point) {
    return point % 15 == 7;
  }

  /** Share of rows whose largest probability is that of the right class. */
  double accuracy(float[][] probabilities) {
    int hits = 0;
    for (int i = 0; i < probabilities.length; i++) {
      hits += largest(probabilities[i]) == right(i) ? 1 : 0;
    }
    return (double) hits / probabilities.length;
  }

  static int largest(float[] values) {
    int best = 0;
    for (int k = 1; k < values.length; k++) {
      best = values[k] > values[best] ? k : best;
    }
    return best;
  }
}
