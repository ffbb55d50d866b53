package io.gradsieve.scoring;

import io.gradsieve.RandomBits;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/**
 * A table of three normal clouds in eight dimensions, with ids and a quoted text column that
 * nothing is learned from; of every tenth row the label is another's.
 *
 * @param lines of the file, its header first
 * @param flipped indices of the rows whose label was moved
 */
public record NoisyTable(Path file, List<String> lines, Set<Long> flipped) {
  private static final int FEATURES = 8;
  private static final int CLASSES = 3;
  private static final int EVERY = 10;

  /** Options that read it. */
  public static final String OPTIONS = " --label kind --id name --ignore remark";

  /** Writes one of so many rows. */
  public static NoisyTable write(Path file, int rows, long seed) throws IOException {
    RandomBits random = RandomBits.of(seed, "noisy table", 0);
    List<String> lines = new ArrayList<>();
    Set<Long> flipped = new TreeSet<>();
    StringBuilder header = new StringBuilder("name,kind,remark");
    for (int f = 0; f < FEATURES; f++) {
      header.append(",x").append(f);
    }
    lines.add(header.toString());
    for (int row = 0; row < rows; row++) {
      int label = row % CLASSES;
      StringBuilder cells = new StringBuilder();
      for (int f = 0; f < FEATURES; f++) {
        double centre = 0.8 * normal(random.at(rows + label), 2 * f);
        cells.append(',').append((float) (centre + normal(random.at(row), 2 * f)));
      }
      if (row % EVERY == 0) {
        flipped.add((long) row);
        label = (label + 1 + random.at(row).below(99, CLASSES - 1)) % CLASSES;
      }
      lines.add("n%d,kind %d,\"a, b\"%s".formatted(row, label, cells));
    }
    Files.write(file, lines);
    return new NoisyTable(file, lines, flipped);
  }

  private static double normal(RandomBits random, int draw) {
    double radius = Math.sqrt(-2 * Math.log(1 - random.uniform(draw)));
    return radius * Math.cos(2 * Math.PI * random.uniform(draw + 1));
  }
}
