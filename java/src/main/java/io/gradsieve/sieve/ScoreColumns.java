package io.gradsieve.sieve;

import io.gradsieve.Internal;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/**
 * The schema of every scores file: the columns in their order and their types; {@link ScoreRows}
 * has the cells. CSV, JSON and whatever else writes scores ask here. To add a column: one constant
 * here, one line there.
 */
@Internal
public enum ScoreColumns {
  ID(Type.TEXT),
  INDEX(Type.LONG),
  /** Class name of the given label. */
  LABEL(Type.TEXT),
  /** Class name. */
  PREDICTED(Type.TEXT),
  /** Probability of the given label. */
  CONFIDENCE(Type.FLOAT),
  LOSS(Type.FLOAT),
  EL2N(Type.FLOAT),
  GRAD_NORM(Type.FLOAT),
  MARGIN(Type.FLOAT),
  FORGETTING(Type.INT),
  LABEL_QUALITY(Type.FLOAT),
  LABEL_ISSUE(Type.INT),
  /** 0 or 1: in the last epoch that filtered. */
  KEPT(Type.INT),
  /** Epochs. */
  TIMES_KEPT(Type.INT),
  SCORED_EPOCH(Type.INT),
  /** {@code train} or {@code test}; only in what {@code score} writes. */
  SPLIT(Type.TEXT),
  /** A 128-bit hash of the sample's inputs, 32 hexadecimal digits; the last column. */
  CONTENT(Type.TEXT);

  /** What a column's cells are; any cell may be absent. */
  public enum Type {
    TEXT,
    INT,
    LONG,
    /** 32 bits; as text the shortest decimal that reads back to the same bits. */
    FLOAT
  }

  /** Those that samples can be ranked by. */
  public static final List<ScoreColumns> RANKABLE =
      List.of(GRAD_NORM, LOSS, EL2N, MARGIN, FORGETTING, LABEL_QUALITY);

  private final Type type;

  ScoreColumns(Type type) {
    this.type = type;
  }

  public Type type() {
    return type;
  }

  /** The name in a header. */
  public String key() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** The columns of a run's scores.csv. */
  public static List<ScoreColumns> ofTraining() {
    List<ScoreColumns> columns = new ArrayList<>(EnumSet.range(ID, SCORED_EPOCH));
    columns.add(CONTENT);
    return List.copyOf(columns);
  }

  /**
   * The columns {@code score} writes: all up to {@code label_issue} but those measures of the
   * weights that were not asked for, the part, and the content.
   */
  public static List<ScoreColumns> ofScoring(Set<Score> asked) {
    List<ScoreColumns> columns = new ArrayList<>(EnumSet.range(ID, LABEL_ISSUE));
    for (Score score : Score.values()) {
      if (score != Score.RANDOM && score != Score.FORGETTING && !asked.contains(score)) {
        columns.remove(of(score));
      }
    }
    columns.add(SPLIT);
    columns.add(CONTENT);
    return List.copyOf(columns);
  }

  /** The column a score is written in. */
  private static ScoreColumns of(Score score) {
    return valueOf(score.name());
  }

  /** All names, for readers of scores files. */
  public static List<String> keys() {
    return Arrays.stream(values()).map(ScoreColumns::key).toList();
  }
}
