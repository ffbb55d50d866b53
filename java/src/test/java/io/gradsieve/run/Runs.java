package io.gradsieve.run;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.gradsieve.config.TrainingConfig;
import io.gradsieve.train.StepValues;
import io.gradsieve.train.StopRequest;
import io.gradsieve.train.TrainingListener;
import io.gradsieve.train.TrainingResult;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Short runs whose files lie in a directory of a test. */
record Runs(Path directory) {
  Path path(String name) {
    return directory.resolve(name);
  }

  /** Three epochs over the digits, on one thread, but for what is given. */
  TrainingConfig config(String out, String... more) {
    List<String> all = new ArrayList<>(List.of("data=digits", "threads=1", "epochs=3"));
    all.add("out=" + path(out));
    all.addAll(Arrays.asList(more));
    return ResumedSettings.of(TrainingConfig.of(all.toArray(String[]::new)));
  }

  byte[] weights(String run) throws IOException {
    return Files.readAllBytes(path(run).resolve("model.safetensors"));
  }

  /** Of a run that learned one; else empty. */
  byte[] filter(String run) throws IOException {
    Path file = path(run).resolve("filter.safetensors");
    return Files.exists(file) ? Files.readAllBytes(file) : new byte[0];
  }

  List<String> lines(String run, String file) throws IOException {
    return Files.readAllLines(path(run).resolve(file));
  }

  List<JsonNode> metrics(String run) throws IOException {
    List<JsonNode> metrics = new ArrayList<>();
    for (String line : lines(run, "metrics.jsonl")) {
      metrics.add(new ObjectMapper().readTree(line));
    }
    return metrics;
  }

  /** Runs and asks to stop after so many steps. */
  static TrainingResult stopped(TrainingConfig config, int steps) {
    StopRequest stop = new StopRequest();
    TrainingListener listener =
        new TrainingListener() {
          private int done;

          @Override
          public void stepFinished(StepValues step) {
            if (++done == steps) {
              stop.stop(15);
            }
          }
        };
    return TrainingRun.of(config, List.of(listener), stop, note -> {}).run();
  }
}
