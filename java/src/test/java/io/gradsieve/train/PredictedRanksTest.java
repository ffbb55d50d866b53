package io.gradsieve.train;

import static org.assertj.core.api.Assertions.assertThat;

import io.gradsieve.config.TrainingConfig;
import io.gradsieve.filter.FilterTraining;
import io.gradsieve.run.Preparation;
import io.gradsieve.train.TrainingEvent.EpochFinished;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class PredictedRanksTest {
  @Test
  void learningThatIsStoppedLeavesNothingBehind() {
    StopRequest stop = new StopRequest();
    TrainingListener afterOneEpoch =
        new TrainingListener() {
          @Override
          public void epochFinished(EpochFinished event) {
            stop.stop(15);
          }
        };
    TrainingConfig config =
        TrainingConfig.of("data=digits", "threads=1", "epochs=3", "sieve=learned");
    try (TrainingSession session = TrainingSession.open(Preparation.of(config), stop)) {
      Trainer trainer = new Trainer(session, List.of(afterOneEpoch));
      trainer.run();
      Position stood = trainer.position();
      assertThat(stood.epoch()).isEqualTo(1);
      assertThat(stood.filter()).isEmpty();
      PredictedRanks predicted = new PredictedRanks(session);
      RankTeacher teacher = new FilterTraining(config, session.backend());
      assertThat(predicted.learn(stood.scores(), 2, Optional.of(teacher))).isFalse();
      assertThat(predicted.filter()).isEmpty();
      assertThat(predicted.ranks()).isEmpty();
    }
  }
}
