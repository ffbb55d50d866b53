package io.gradsieve.sieve;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/**
 * The schema of every scores file: the columns in their order, their types, and the cell of each
 * for a sample. CSV, JSON and whatever else writes scores ask here. To add a column: one constant,
 * one line in {@link #cell}.
 */
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
  SPLIT(Type.TEXT);

  /** What a column's cells are; any cell may be absent. */
  public enum Type {
    TEXT,
    INT,
    LONG,
    /** 32 bits; as text the shortest decimal that reads back to the same bits. */
    FLOAT
  }

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
    return List.copyOf(EnumSet.range(ID, SCORED_EPOCH));
  }

  /**
   * The columns {@code score} writes: all up to {@code label_issue} but the scores that were not
   * chosen, and the part.
   */
  public static List<ScoreColumns> ofScoring(Set<Score> chosen) {
    List<ScoreColumns> columns = new ArrayList<>(EnumSet.range(ID, LABEL_ISSUE));
    for (Score score : Score.values()) {
      if (score != Score.RANDOM && !chosen.contains(score)) {
        columns.remove(of(score));
      }
    }
    columns.add(SPLIT);
    return List.copyOf(columns);
  }

  /** The column a score is written in. */
  private static ScoreColumns of(Score score) {
    return valueOf(score.name());
  }

  /** The names of these columns. */
  public static String[] header(List<ScoreColumns> columns) {
    return columns.stream().map(ScoreColumns::key).toArray(String[]::new);
  }

  /** One line of a scores file: a cell for each of these columns, empty where there is no value. */
  public static String[] row(
      List<ScoreColumns> columns, ScoreTable table, SampleNames names, int sample) {
    String[] row = new String[columns.size()];
    for (int i = 0; i < row.length; i++) {
      row[i] = columns.get(i).cell(table, names, sample);
    }
    return row;
  }

  /** The sample's value as text, empty where there is none. */
  public String cell(ScoreTable table, SampleNames names, int sample) {
    return switch (this) {
      case ID -> names.id(sample);
      case INDEX -> Long.toString(names.index(sample));
      case LABEL -> names.label(sample);
      case SPLIT -> names.split(sample);
      case PREDICTED ->
          measured(table, ScoreTable.Column.PREDICTED, sample)
              ? names.className(table.predicted(sample))
              : "";
      case CONFIDENCE ->
          measured(table, ScoreTable.Column.CONFIDENCE, sample)
              ? Float.toString(table.confidence(sample))
              : "";
      case LOSS, EL2N, GRAD_NORM, MARGIN -> score(table, Score.valueOf(name()), sample);
      case FORGETTING, LABEL_QUALITY, LABEL_ISSUE -> "";
      case KEPT -> table.kept(sample) ? "1" : "0";
      case TIMES_KEPT -> Integer.toString(table.timesKept(sample));
      case SCORED_EPOCH -> Integer.toString(table.scoredEpoch(sample));
    };
  }

  private static boolean measured(ScoreTable table, ScoreTable.Column column, int sample) {
    return table.columns().contains(column) && table.scored(sample);
  }

  private static String score(ScoreTable table, Score score, int sample) {
    return table.has(score) && table.scored(sample)
        ? Float.toString(table.value(score, sample))
        : "";
  }

  /** All names, for readers of scores files. */
  public static List<String> keys() {
    return Arrays.stream(values()).map(ScoreColumns::key).toList();
  }
}
