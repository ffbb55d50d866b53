package io.gradsieve.backend;

import java.nio.FloatBuffer;

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

  /** ‖term_i‖², plan weight included; zero without backward or norms. */
  FloatBuffer squaredNorm();

  /** Softmax of the logits, [B, K] at a pitch of K rounded up to 16. */
  FloatBuffer probabilities();
}
