package io.gradsieve.sieve;

import io.gradsieve.sieve.ScoreTable.Field;
import java.util.EnumSet;

/** Which fields a table is opened for. */
final class TableFields {
  private TableFields() {}

  /** Where a score is kept; the random one is nowhere. */
  static Field of(Score score) {
    return Field.valueOf(score.name());
  }

  /** What policies on one ranking need, and some of them confidence: {@code judged}. */
  static EnumSet<Field> ofRanking(Ranking ranking, boolean judged) {
    EnumSet<Field> fields = EnumSet.noneOf(Field.class);
    if (!ranking.plain() || ranking.score() != Score.RANDOM) {
      fields.add(ranking.plain() ? of(ranking.score()) : Field.RANKING);
    }
    if (judged) {
      fields.add(Field.CROSS_ENTROPY);
    }
    return fields;
  }

  /** Everything that a training measures. */
  static EnumSet<Field> ofTraining(boolean norms, Ranking ranking) {
    EnumSet<Field> all = EnumSet.allOf(Field.class);
    if (!norms) {
      all.remove(Field.GRAD_NORM);
    }
    if (ranking.plain()) {
      all.remove(Field.RANKING);
    }
    return all;
  }

  /** Everything that one look at a network measures; quality if it never saw the samples. */
  static EnumSet<Field> ofScoring(boolean norms, boolean heldOut) {
    EnumSet<Field> all = EnumSet.range(Field.LOSS, heldOut ? Field.QUALITY : Field.PREDICTED);
    if (!norms) {
      all.remove(Field.GRAD_NORM);
    }
    return all;
  }
}
