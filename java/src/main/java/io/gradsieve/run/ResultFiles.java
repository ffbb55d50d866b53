package io.gradsieve.run;

import io.gradsieve.filter.LearnedFilter;
import io.gradsieve.sieve.ScoreColumns;
import io.gradsieve.sieve.ScoreRows;
import io.gradsieve.train.Position;
import io.gradsieve.train.Snapshot;

/**
 * {@code scores.csv}, {@code model.safetensors}, {@code model.yaml} and, where one has learned,
 * {@code filter.safetensors}, written when a run has come to its end.
 */
final class ResultFiles {
  private final RunDirectory directory;

  ResultFiles(RunDirectory directory) {
    this.directory = directory;
  }

  void write(Snapshot snapshot) {
    Position position = snapshot.position();
    DatasetNames names = new DatasetNames(snapshot.data().dataset(), snapshot.data().train());
    ScoreRows lines = new ScoreRows(ScoreColumns.ofTraining(), position.scores(), names);
    directory.write(RunDirectory.SCORES, ScoresCsv.of(lines, position.scores().samples()));
    directory.write(RunDirectory.WEIGHTS, Checkpoints.stream(snapshot::writeWeights));
    position
        .filter()
        .ifPresent(f -> directory.writeOptional(LearnedFilter.FILE, Checkpoints.stream(f::write)));
    directory.write(RunDirectory.MODEL, RunDirectory.text(snapshot.network().toYaml()));
    directory.finished();
  }
}
