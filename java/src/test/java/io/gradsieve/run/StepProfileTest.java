package io.gradsieve.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.gradsieve.config.TrainingConfig;
import io.gradsieve.train.StopRequest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StepProfileTest {
  /** Of an epoch of digits in batches of 128. */
  private static final int STEPS = 12;

  private static final int WARM_UP = 20;
  private static final int TRACED = 10;
  private static final Pattern PERCENT = Pattern.compile("(\\d+\\.\\d) %");

  @TempDir Path directory;

  /** What the run said of its profile. */
  private List<String> run(String out, int epochs, String... more) {
    List<String> options = new ArrayList<>(List.of("threads=2", "epochs=" + epochs, "sieve=none"));
    options.add("out=" + directory.resolve(out));
    options.addAll(List.of(more));
    List<String> notes = new ArrayList<>();
    TrainingRun.of(
            TrainingConfig.of(options.toArray(String[]::new)),
            List.of(),
            new StopRequest(),
            notes::add)
        .run();
    int first = 0;
    while (first < notes.size() && !notes.get(first).startsWith("profile")) {
      first++;
    }
    return notes.subList(first, notes.size());
  }

  private static double percent(String line, int which) {
    Matcher matcher = PERCENT.matcher(line);
    for (int i = 0; i <= which; i++) {
      assertThat(matcher.find()).as(line).isTrue();
    }
    return Double.parseDouble(matcher.group(1));
  }

  @Test
  void thePartsOfAStepMakeUpTheWhole() {
    List<String> lines = run("run", 3, "profile=true");
    assertThat(lines.get(0)).startsWith("profile: " + (3 * STEPS - WARM_UP) + " steps of ");
    assertThat(lines).hasSize(8);
    assertThat(percent(lines.get(1), 0) + percent(lines.get(2), 0) + percent(lines.get(3), 0))
        .isCloseTo(100, within(0.2));
    double segments = 0;
    for (String line : lines.subList(5, 8)) {
      segments += percent(line, 0);
      assertThat(percent(line, 1)).isBetween(0.0, 100.0);
    }
    assertThat(segments).isBetween(1.0, percent(lines.get(2), 0) + 0.2);
    assertThat(lines.get(5)).endsWith("input, 1 linear, 2 relu");
    assertThat(lines.get(7)).endsWith("5 linear, loss");
  }

  @Test
  void aRunShorterThanTheWarmUpIsMeasuredWhole() {
    assertThat(run("run", 1, "profile=true").get(0)).startsWith("profile: " + STEPS + " steps of ");
  }

  @Test
  void theTraceShowsEverySegmentOfTheLastStepsOnEveryThread() throws IOException {
    run("run", 3, "profile=true");
    Path run = directory.resolve("run");
    JsonNode manifest = new ObjectMapper().readTree(run.resolve("manifest.json").toFile());
    List<String> listed = new ArrayList<>();
    manifest.get("files").forEach(name -> listed.add(name.asText()));
    assertThat(listed).contains(RunDirectory.PROFILE);
    JsonNode trace = new ObjectMapper().readTree(run.resolve(RunDirectory.PROFILE).toFile());
    List<JsonNode> steps = new ArrayList<>();
    List<JsonNode> phases = new ArrayList<>();
    for (JsonNode event : trace.get("traceEvents")) {
      if (event.get("ph").asText().equals("X")) {
        assertThat(event.get("dur").asDouble()).isNotNegative();
        if (event.get("cat").asText().equals("step")) {
          steps.add(event);
        } else if (event.get("tid").asInt() > 0) {
          phases.add(event);
        }
      }
    }
    assertThat(steps).hasSize(TRACED);
    assertThat(phases).hasSize(TRACED * 2 * 3 * 3); // threads, segments, phases
    for (JsonNode phase : phases) {
      assertThat(steps).as("a step around %s", phase).anyMatch(step -> lies(phase, step));
    }
  }

  private static boolean lies(JsonNode inner, JsonNode outer) {
    double began = inner.get("ts").asDouble();
    double start = outer.get("ts").asDouble();
    return began >= start - 1e-2
        && began + inner.get("dur").asDouble() <= start + outer.get("dur").asDouble() + 1e-2;
  }

  @Test
  void measuringChangesNoBit() throws IOException {
    run("measured", 2, "profile=true");
    assertThat(run("plain", 2)).isEmpty();
    assertThat(Files.mismatch(weights("measured"), weights("plain"))).isEqualTo(-1);
    assertThat(directory.resolve("plain/" + RunDirectory.PROFILE)).doesNotExist();
  }

  private Path weights(String run) {
    return directory.resolve(run).resolve(RunDirectory.WEIGHTS);
  }
}
