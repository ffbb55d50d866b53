package io.gradsieve.scoring;

import io.gradsieve.format.csv.CsvTable;
import io.gradsieve.sieve.LabelVerdicts;
import io.gradsieve.sieve.SampleNames;
import io.gradsieve.sieve.ScoreColumns;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/**
 * What a run's own scores file says of labels, for samples that are scored later with its weights.
 * Wrong labels are told by how it learned, which the finished network does not tell any more. A
 * sample counts as the run's if inputs, by their content, and label are the same, wherever it
 * stands.
 */
final class RunVerdicts implements LabelVerdicts {
  private final float[] qualities;
  private final boolean[] issues;

  private RunVerdicts(int samples) {
    qualities = new float[samples];
    Arrays.fill(qualities, Float.NaN);
    issues = new boolean[samples];
  }

  private record Key(String content, String label) {}

  private record Verdict(float quality, boolean issue) {}

  /** The run's verdicts on {@code samples} rows of these names; empty if it has none on any. */
  static Optional<LabelVerdicts> of(Path scores, int samples, SampleNames names) {
    Map<Key, Verdict> known = read(scores);
    RunVerdicts verdicts = new RunVerdicts(samples);
    for (int i = 0; i < samples; i++) {
      Verdict verdict = known.get(new Key(names.content(i), names.label(i)));
      if (verdict != null) {
        verdicts.qualities[i] = verdict.quality;
        verdicts.issues[i] = verdict.issue;
      }
    }
    return verdicts.any() ? Optional.of(verdicts) : Optional.empty();
  }

  /** Of samples that are there twice the first counts. */
  private static Map<Key, Verdict> read(Path scores) {
    Map<Key, Verdict> known = new HashMap<>();
    try (CsvTable table = CsvTable.open(scores)) {
      int content = table.header().indexOf(ScoreColumns.CONTENT.key());
      int label = table.header().indexOf(ScoreColumns.LABEL.key());
      int quality = table.header().indexOf(ScoreColumns.LABEL_QUALITY.key());
      int issue = table.header().indexOf(ScoreColumns.LABEL_ISSUE.key());
      if (content < 0 || label < 0 || quality < 0 || issue < 0) {
        return known;
      }
      while (table.next()) {
        if (!table.cell(content).isEmpty() && !table.cell(quality).isEmpty()) {
          known.putIfAbsent(
              new Key(table.cell(content), table.cell(label)),
              new Verdict(
                  (float) ScoresFile.number(table, quality), table.cell(issue).equals("1")));
        }
      }
    }
    return known;
  }

  private boolean any() {
    for (float quality : qualities) {
      if (!Float.isNaN(quality)) {
        return true;
      }
    }
    return false;
  }

  @Override
  public float at(int sample) {
    return qualities[sample];
  }

  @Override
  public boolean issue(int sample) {
    return issues[sample];
  }
}
