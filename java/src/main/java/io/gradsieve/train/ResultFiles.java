package io.gradsieve.train;

import de.siegmar.fastcsv.writer.CsvWriter;
import de.siegmar.fastcsv.writer.LineDelimiter;
import io.gradsieve.sieve.SampleNames;
import io.gradsieve.sieve.ScoreColumns;
import io.gradsieve.sieve.ScoreRows;
import io.gradsieve.train.learned.LearnedFilter;
import java.io.IOException;
import java.io.Writer;
import java.nio.channels.Channels;
import java.nio.channels.WritableByteChannel;
import java.nio.charset.StandardCharsets;

/**
 * {@code scores.csv}, {@code model.safetensors}, {@code model.yaml} and, where one has learned,
 * {@code filter.safetensors}, written when a run has come to its end.
 */
final class ResultFiles implements TrainingListener {
  private final RunDirectory directory;

  ResultFiles(RunDirectory directory) {
    this.directory = directory;
  }

  @Override
  public void runFinished(TrainingState state, TrainingResult result) {
    if (result.signal() != 0) {
      return;
    }
    directory
        .files()
        .replace(directory.file(RunDirectory.SCORES), target -> writeScores(state, target));
    directory
        .files()
        .replace(
            directory.file(RunDirectory.WEIGHTS),
            target -> Checkpoints.writeWeights(state, target));
    state
        .learned
        .filter()
        .ifPresent(f -> directory.writeOptional(LearnedFilter.FILE, Checkpoints.stream(f::write)));
    directory.writeText(RunDirectory.MODEL, state.network().spec().toYaml());
    directory.finished();
  }

  private static void writeScores(TrainingState state, WritableByteChannel target)
      throws IOException {
    SampleNames names = new DatasetNames(state.data.dataset(), state.data.train());
    ScoreRows lines = new ScoreRows(ScoreColumns.ofTraining(), state.table, names);
    try (Writer writer = Channels.newWriter(target, StandardCharsets.UTF_8);
        CsvWriter csv = CsvWriter.builder().lineDelimiter(LineDelimiter.LF).build(writer)) {
      csv.writeRecord(lines.header());
      for (int i = 0; i < state.table.samples(); i++) {
        csv.writeRecord(lines.row(i));
      }
    }
  }
}
