package io.gradsieve.format.image;

import static org.assertj.core.api.Assertions.assertThat;

import io.gradsieve.OptionalPart;
import io.gradsieve.SystemPython;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Every mode, subsampling, marker, depth, order of rows and orientation against Pillow; the files
 * and the tolerances with their reasons are those of src/test/python/make_images.py.
 */
class PillowComparisonTest {
  private static final int LEAST_FILES = 300;

  @TempDir Path directory;

  @Test
  void everyFileHasPillowsColours() throws IOException, InterruptedException {
    OptionalPart.need(
        SystemPython.has("PIL, numpy"),
        "python3-pil or python3-numpy is not installed (apt-get install python3-pil python3-numpy)");
    SystemPython.run("make_images.py", directory);
    List<String> lines = Files.readAllLines(directory.resolve("images.txt"));
    assertThat(lines).hasSizeGreaterThan(LEAST_FILES);
    List<String> differences = new ArrayList<>();
    try (ImageDecoder decoder = new ImageDecoder()) {
      for (String line : lines) {
        compare(decoder, line.split(" "), differences);
      }
    }
    assertThat(differences).isEmpty();
  }

  /** {@code expected}: name, height, width, largest and mean difference. */
  private void compare(ImageDecoder decoder, String[] expected, List<String> differences)
      throws IOException {
    String name = expected[0];
    byte[] theirs = Files.readAllBytes(directory.resolve(name + ".rgb"));
    ImageDecoder.Image ours =
        decoder
            .decode(name, Files.readAllBytes(directory.resolve(name)), (h, w) -> true)
            .orElseThrow();
    if (ours.height() != Integer.parseInt(expected[1])
        || ours.width() != Integer.parseInt(expected[2])) {
      differences.add(name + ": " + ours.width() + "x" + ours.height());
      return;
    }
    assertThat(ours.pixels()).as(name).hasSameSizeAs(theirs);
    int largest = 0;
    long sum = 0;
    for (int i = 0; i < theirs.length; i++) {
      int difference = Math.abs((ours.pixels()[i] & 0xff) - (theirs[i] & 0xff));
      largest = Math.max(largest, difference);
      sum += difference;
    }
    double mean = (double) sum / theirs.length;
    if (largest > Double.parseDouble(expected[3]) || mean > Double.parseDouble(expected[4])) {
      differences.add("%s: largest %d, mean %.3f".formatted(name, largest, mean));
    }
  }
}
