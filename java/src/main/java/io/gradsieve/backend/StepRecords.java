package io.gradsieve.backend;

import java.nio.FloatBuffer;
import java.nio.IntBuffer;

/** Per-sample results of a step, each of capacity floats of which the first B are set. */
public interface StepRecords {
  /** u_i · (label-smoothed) cross-entropy. */
  FloatBuffer loss();

  /** The plain cross-entropy. */
  FloatBuffer crossEntropy();

  FloatBuffer el2n();

  FloatBuffer margin();

  /** Probability of the given label. */
  FloatBuffer confidence();

  /** Predicted class, a whole number. */
  FloatBuffer predicted();

  /**
   * After a choice: the row of the sample whose squared norm is the j-th of {@link #squaredNorm},
   * for each that was chosen.
   */
  IntBuffer backwardRows();

  /** ‖term_i‖², plan weight included; zero without backward or norms. */
  FloatBuffer squaredNorm();

  /** Softmax of the logits, [B, K] at {@link #pitch}; of a step without update. */
  FloatBuffer probabilities();

  /** Floats from the probabilities of one sample to those of the next, at least K. */
  default int pitch() {
    return probabilities().capacity() / loss().capacity();
  }
}
