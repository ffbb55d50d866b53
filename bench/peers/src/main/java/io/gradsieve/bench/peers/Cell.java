package io.gradsieve.bench.peers;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * One cell of the table: what was asked, and what each side did. Kept as one JSON file, so that a
 * table of hours can be broken off and gone on with.
 *
 * @param sides in the order they took turns
 */
record Cell(
    String model, int batch, int threads, double seconds, String date, Map<String, Result> sides) {
  private static final ObjectMapper JSON = new ObjectMapper();

  /**
   * @param rates samples/s of each window
   * @param firstStepSeconds from the start of the process
   * @param peakMebibytes of the process
   */
  record Result(List<Double> rates, double firstStepSeconds, double peakMebibytes, double loss) {}

  /** Where a cell lies in a directory of cells. */
  static Path file(Path directory, String model, int batch, int threads) {
    return directory.resolve("%s-%d-%d.json".formatted(model, batch, threads));
  }

  static Cell read(Path file) throws IOException {
    return JSON.readValue(file.toFile(), Cell.class);
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

  /** The lines of the table: each side, then the ratio of the first to each other, pair by pair. */
  List<String> lines(List<String> names) {
    List<String> lines = new ArrayList<>();
    for (String name : names) {
      Result result = sides.get(name);
      lines.add(
          line(
              name,
              result.rates(),
              "%,d MiB, first step %.2f s, loss %.3f"
                  .formatted(
                      Math.round(result.peakMebibytes()),
                      result.firstStepSeconds(),
                      result.loss())));
    }
    Result first = sides.get(names.get(0));
    for (String name : names.subList(1, names.size())) {
      Result other = sides.get(name);
      List<Double> ratios = new ArrayList<>();
      for (int pair = 0; pair < first.rates().size(); pair++) {
        ratios.add(first.rates().get(pair) / other.rates().get(pair));
      }
      double memory = first.peakMebibytes() / other.peakMebibytes();
      lines.add(
          line(
              names.get(0) + "/" + name,
              ratios,
              String.format(Locale.ROOT, "%.2f of its memory", memory)));
    }
    return lines;
  }

  private String line(String what, List<Double> values, String note) {
    Median median = Median.of(values);
    return String.format(
        Locale.ROOT,
        "%-8s %5d  %d  %-32s %10s  (%s to %s)  %s",
        model,
        batch,
        threads,
        what,
        format(median.value()),
        format(median.low()),
        format(median.high()),
        note);
  }

  private static String format(double value) {
    return String.format(Locale.ROOT, value < 100 ? "%.3f" : "%,.0f", value);
  }
}
