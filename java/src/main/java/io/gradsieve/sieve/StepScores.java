package io.gradsieve.sieve;

import io.gradsieve.Internal;

/** What a step measured of its samples; {@code i} counts within the step. */
@Internal
public interface StepScores {
  /** ℓ_i, user weight and label smoothing included. */
  float loss(int i);

  /** The plain cross-entropy, −ln of the probability of the given label. */
  float crossEntropy(int i);

  /** ‖softmax(z) − onehot(y)‖₂. */
  float el2n(int i);

  /** 1 + max over k≠y of p_k − p_y. */
  float margin(int i);

  /** ‖term_i‖₂ / w_i. */
  float gradNorm(int i);

  /** Predicted class. */
  int predicted(int i);

  /** Whether that is the given label. */
  boolean right(int i);

  /** w_i. */
  float weight(int i);
}
