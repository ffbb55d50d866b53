package io.gradsieve.backend;

/**
 * What a participant, or all of them together, say of a step before its update.
 *
 * @param what is not finite
 * @param sample the id of the sample whose loss or norm it is; 0 for the others
 */
public record Verdict(What what, long sample) {
  /** What is not finite. */
  public enum What {
    NOTHING,
    LOSS,
    NORM,
    GRADIENT
  }

  /** The step may change weights, as far as can be seen. */
  public static final Verdict FINE = new Verdict(What.NOTHING, 0);

  public boolean fine() {
    return what == What.NOTHING;
  }
}
