package io.gradsieve.run;

import io.gradsieve.backend.BackendInfo;
import io.gradsieve.config.TrainingConfig;
import io.gradsieve.data.Dataset;
import io.gradsieve.train.PreparedTraining;
import io.gradsieve.train.TrainingData;
import java.util.Locale;

/** The lines before the first line of progress: what is trained on what. */
final class Description {
  private Description() {}

  static String data(TrainingData data) {
    Dataset set = data.dataset();
    String validation =
        data.validation().length == 0
            ? ""
            : String.format(Locale.ROOT, ", %,d to validate", data.validation().length);
    return String.format(
        Locale.ROOT,
        "%s: %,d samples to train%s, %,d to test, %d classes, each %s",
        set.name(),
        data.train().length,
        validation,
        data.test().length,
        set.classes().size(),
        set.shape());
  }

  static String network(PreparedTraining prepared, BackendInfo machine) {
    TrainingConfig config = prepared.config();
    return String.format(
        Locale.ROOT,
        "%s: %,d parameters; %s, batch %s, %s; %s with %s, threads %d",
        config.model(),
        prepared.spec().trainableElements(),
        config.epochs() == 1 ? "1 epoch" : config.epochs() + " epochs",
        config.growsBatch() ? "auto" : config.batchSize(),
        "sieve " + config.policy().name(),
        machine.device(),
        machine.instructionSet(),
        machine.threads());
  }
}
