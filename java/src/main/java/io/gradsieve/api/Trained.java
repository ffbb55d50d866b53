package io.gradsieve.api;

import io.gradsieve.run.DatasetNames;
import io.gradsieve.sieve.ScoreTable;
import io.gradsieve.train.PreparedTraining;
import io.gradsieve.train.Snapshot;
import io.gradsieve.train.TrainingData;
import io.gradsieve.train.TrainingResult;

/**
 * What a training came to; close it when the model is of no use any more.
 *
 * @param result figures of the run
 * @param model the network with the weights of the end
 * @param scores what is known of each training sample
 */
public record Trained(TrainingResult result, Model model, Scores scores) implements AutoCloseable {

  static Trained of(Snapshot snapshot, PreparedTraining prepared, TrainingResult result) {
    TrainingData data = snapshot.data();
    ScoreTable table = snapshot.position().scores();
    return new Trained(
        result,
        Model.of(snapshot, prepared.config()),
        Scores.of(table, new DatasetNames(data.dataset(), data.train()), data.trainClasses()));
  }

  @Override
  public void close() {
    model.close();
  }
}
