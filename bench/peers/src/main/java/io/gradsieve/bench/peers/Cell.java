package io.gradsieve.bench.peers;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * One cell of the table: what was asked, and what each side did. Kept as one JSON file, so that a
 * table of hours can be broken off and gone on with, and printed again.
 *
 * @param seconds least of a window
 * @param machine its processor and how many cores there are
 * @param foreign the most of them that other programs used in a window; where it is much, the rates
 *     mean little
 * @param sides in the order they took turns
 */
record Cell(
    String model,
    int batch,
    int threads,
    double seconds,
    String date,
    String machine,
    double foreign,
    Map<String, Result> sides) {
  private static final ObjectMapper JSON =
      new ObjectMapper().enable(DeserializationFeature.FAIL_ON_MISSING_CREATOR_PROPERTIES);

  /**
   * What a side did.
   *
   * @param allocator it ran with
   * @param trials samples/s of each window of the trials, by allocator
   * @param rates samples/s of each window
   * @param firstStepSeconds from the start of the process
   * @param peakMebibytes of the process
   * @param awake the most of a core that it used in a window of another side
   */
  record Result(
      String allocator,
      Map<String, List<Double>> trials,
      List<Double> rates,
      double firstStepSeconds,
      double peakMebibytes,
      double loss,
      double awake) {}

  /** Where a cell lies in a directory of cells. */
  static Path file(Path directory, String model, int batch, int threads) {
    return directory.resolve("%s-%d-%d.json".formatted(model, batch, threads));
  }

  static Cell read(Path file) throws IOException {
    try {
      return JSON.readValue(file.toFile(), Cell.class);
    } catch (JsonProcessingException e) {
      throw new IOException(
          "%s is no cell as they are kept now (%s): move it away"
              .formatted(file, e.getOriginalMessage()),
          e);
    }
  }

  void write(Path directory) throws IOException {
    Files.createDirectories(directory);
    Path file = file(directory, model, batch, threads);
    Path beside = file.resolveSibling(file.getFileName() + ".partial");
    JSON.writerWithDefaultPrettyPrinter().writeValue(beside.toFile(), this);
    Files.move(beside, file, StandardCopyOption.ATOMIC_MOVE);
  }

  /** Whether it answers what is asked now. */
  boolean covers(List<String> names, int pairs, double wantedSeconds) {
    return seconds >= wantedSeconds
        && sides.keySet().containsAll(names)
        && sides.values().stream().allMatch(result -> result.rates().size() >= pairs);
  }

  /** Samples/s of one side over those of another, pair by pair of neighbouring windows. */
  Median ratio(String name, String other) {
    List<Double> rates = sides.get(name).rates();
    List<Double> others = sides.get(other).rates();
    List<Double> ratios = new ArrayList<>();
    for (int pair = 0; pair < rates.size(); pair++) {
      ratios.add(rates.get(pair) / others.get(pair));
    }
    return Median.of(ratios);
  }
}
