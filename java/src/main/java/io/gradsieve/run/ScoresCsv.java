package io.gradsieve.run;

import io.gradsieve.format.files.DurableFiles;
import io.gradsieve.format.files.OutputFile;
import io.gradsieve.sieve.ScoreRows;

/** Writes a scores file, of a run or of {@code score}; its columns are {@link ScoreRows}'. */
public final class ScoresCsv {
  private ScoresCsv() {}

  /** The content of the file: a header, then a line for each of so many samples. */
  public static DurableFiles.Body of(ScoreRows lines, int samples) {
    return OutputFile.csv(
        csv -> {
          csv.writeRecord(lines.header());
          for (int i = 0; i < samples; i++) {
            csv.writeRecord(lines.row(i));
          }
        });
  }
}
