package io.gradsieve.sieve;

import io.gradsieve.GradsieveException;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/** What ranks samples; larger is worth keeping, for all. */
public enum Score {
  /** ‖∂ℓ_i/∂θ‖₂ over all trainable parameters, plan weight divided out. */
  GRAD_NORM,
  /** The loss ℓ_i: user weight times cross-entropy with label smoothing. */
  LOSS,
  /** ‖softmax(z) − onehot(y)‖₂ (Paul et al. 2021). */
  EL2N,
  /** 1 + max over k≠y of p_k − p_y. */
  MARGIN,
  /**
   * How often the sample went from right to wrong; one that never was right counts as the largest
   * of all, plus 1 (Toneva et al. 2019, arXiv 1812.05159).
   */
  FORGETTING,
  /** Uniform in [0, 1), drawn anew whenever the sample is scored: the control. */
  RANDOM;

  /** The name in options and files, such as {@code grad_norm}. */
  public String key() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** Whether it needs per-sample gradient norms, so that {@code --norms off} contradicts it. */
  public boolean needsNorms() {
    return this == GRAD_NORM;
  }

  /** All names, in the order of this enum. */
  public static List<String> keys() {
    return Arrays.stream(values()).map(Score::key).toList();
  }

  /**
   * The score of that name.
   *
   * @throws GradsieveException.Usage if there is none, with the nearest
   */
  public static Score parse(String key) {
    for (Score score : values()) {
      if (score.key().equals(key)) {
        return score;
      }
    }
    throw GradsieveException.Usage.unknown("--score", key, keys());
  }
}
