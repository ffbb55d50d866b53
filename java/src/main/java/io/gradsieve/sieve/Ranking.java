package io.gradsieve.sieve;

import io.gradsieve.GradsieveException;
import io.gradsieve.Internal;
import java.math.BigDecimal;
import java.util.List;

/**
 * What policies rank samples by: a score as it was last measured, or averaged over the epochs, or
 * relative to the step it was measured in.
 *
 * @param average A in [0, 1): a sample's value becomes A · value + (1 − A) · score whenever it is
 *     scored, its first score as it is; 0 takes the last score
 * @param relative whether a score counts as a multiple of its step's mean, since early steps of an
 *     epoch measure higher scores than late ones
 */
@Internal
public record Ranking(Score score, double average, boolean relative) {
  private static final String AVERAGE = "average";

  public Ranking {
    if (!(average >= 0 && average < 1)) {
      throw new IllegalArgumentException("average must lie in [0,1), is " + average);
    }
    if (score == Score.FORGETTING && (average > 0 || relative)) {
      throw new GradsieveException.Usage(
          "--score forgetting counts over all epochs, so it is neither averaged nor relative; choose another score");
    }
  }

  /** The score as it was last measured. */
  public static Ranking of(Score score) {
    return new Ranking(score, 0, false);
  }

  /**
   * From {@code NAME[:average=A]}.
   *
   * @throws GradsieveException.Usage on an unknown name or key, or a value out of range
   */
  public static Ranking parse(String spec) {
    int colon = spec.indexOf(':');
    if (colon < 0) {
      return of(Score.parse(spec));
    }
    Score score = Score.parse(spec.substring(0, colon));
    String[] part = spec.substring(colon + 1).split("=", 2);
    if (!part[0].strip().equals(AVERAGE)) {
      throw GradsieveException.Usage.unknown(
          "key of --score " + score.key(), part[0].strip(), List.of(AVERAGE));
    }
    double average = part.length == 2 ? number(part[1].strip()) : Double.NaN;
    if (!(average >= 0 && average < 1)) {
      throw new GradsieveException.Usage(
          "--score %s: average must be a number in [0,1); write %s:average=0.8"
              .formatted(spec, score.key()));
    }
    return new Ranking(score, average, false);
  }

  private static double number(String text) {
    return text.matches("[0-9]*\\.?[0-9]+([eE][+-]?[0-9]{1,3})?")
        ? Double.parseDouble(text)
        : Double.NaN;
  }

  /** The same, relative to the step's mean or not. */
  public Ranking relative(boolean value) {
    return new Ranking(score, average, value);
  }

  /** Whether it is a score itself, which needs no column of its own. */
  public boolean plain() {
    return average == 0 && !relative;
  }

  /** {@code NAME[:average=A]}: parses to the same but for {@link #relative}. */
  public String spec() {
    return average == 0
        ? score.key()
        : score.key()
            + ":average="
            + new BigDecimal(Double.toString(average)).stripTrailingZeros().toPlainString();
  }

  /**
   * The score of one of a step's samples.
   *
   * @param random its random score, which no step measures
   */
  float measured(StepScores scores, int i, float random) {
    return switch (score) {
      case GRAD_NORM -> scores.gradNorm(i);
      case LOSS -> scores.loss(i);
      case EL2N -> scores.el2n(i);
      case MARGIN -> scores.margin(i);
      case RANDOM -> random;
      case FORGETTING -> throw new IllegalStateException("is counted, not measured");
    };
  }

  /** The average that a new score makes of the old one. */
  double averaged(double before, double now) {
    return average * before + (1 - average) * now;
  }
}
