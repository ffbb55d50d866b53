package io.gradsieve.landscape;

/** A mean loss as a function of the trainable weights, which are laid out as a network's. */
interface LossFunction {
  /** Adds {@code factor} times the gradient at these weights to {@code sum}. */
  void addGradient(float[] weights, double factor, double[] sum);
}
