package io.gradsieve.sieve;

import io.gradsieve.Internal;
import java.util.List;

/** The lines of a scores file: a cell for each column, empty where there is no value. */
@Internal
public final class ScoreRows {
  private final List<ScoreColumns> columns;
  private final ScoreTable table;
  private final SampleNames names;
  private final LabelVerdicts verdicts;

  /** Labels are judged by what the table recorded of all samples. */
  public ScoreRows(List<ScoreColumns> columns, ScoreTable table, SampleNames names) {
    this(columns, table, names, new LabelQuality(table, names));
  }

  /** Labels are judged by {@code verdicts}. */
  public ScoreRows(
      List<ScoreColumns> columns, ScoreTable table, SampleNames names, LabelVerdicts verdicts) {
    this.columns = List.copyOf(columns);
    this.table = table;
    this.names = names;
    this.verdicts = verdicts;
  }

  /** What is written of the labels. */
  public LabelVerdicts verdicts() {
    return verdicts;
  }

  /** The names of the columns. */
  public String[] header() {
    return columns.stream().map(ScoreColumns::key).toArray(String[]::new);
  }

  /** A sample's cells. */
  public String[] row(int sample) {
    String[] row = new String[columns.size()];
    for (int i = 0; i < row.length; i++) {
      row[i] = cell(columns.get(i), sample);
    }
    return row;
  }

  private String cell(ScoreColumns column, int sample) {
    return switch (column) {
      case ID -> names.id(sample);
      case INDEX -> Long.toString(names.index(sample));
      case LABEL -> names.label(sample);
      case SPLIT -> names.split(sample);
      case CONTENT -> names.content(sample);
      case PREDICTED ->
          measured(ScoreTable.Field.PREDICTED, sample)
              ? names.className(table.predicted(sample))
              : "";
      case CONFIDENCE ->
          measured(ScoreTable.Field.CROSS_ENTROPY, sample)
              ? Float.toString(table.confidence(sample))
              : "";
      case LOSS, EL2N, GRAD_NORM, MARGIN -> {
        Score score = Score.valueOf(column.name());
        yield table.has(score) && table.scored(sample)
            ? Float.toString(table.value(score, sample))
            : "";
      }
      case FORGETTING ->
          measured(ScoreTable.Field.FORGETTING, sample)
              ? Integer.toString((int) table.value(Score.FORGETTING, sample))
              : "";
      case LABEL_QUALITY -> judged(sample) ? Float.toString(verdicts.at(sample)) : "";
      case LABEL_ISSUE -> judged(sample) ? flag(verdicts.issue(sample)) : "";
      case KEPT -> flag(table.kept(sample));
      case TIMES_KEPT -> Integer.toString(table.timesKept(sample));
      case SCORED_EPOCH -> Integer.toString(table.scoredEpoch(sample));
    };
  }

  private static String flag(boolean value) {
    return value ? "1" : "0";
  }

  private boolean measured(ScoreTable.Field field, int sample) {
    return table.fields().contains(field) && table.scored(sample);
  }

  private boolean judged(int sample) {
    return !Float.isNaN(verdicts.at(sample));
  }
}
