package io.gradsieve.bench.peers;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Stream;

/** The machine's processors, as the system tells of them. */
final class Processors {
  private static final double TICK_SECONDS = 0.01;

  /** Columns of the line {@code cpu} of /proc/stat in which a core waits: idle, iowait. */
  private static final int IDLE = 4;

  private static final int WAITING = 5;

  /** The last that counts: stolen by other virtual machines. What follows is in the first two. */
  private static final int STOLEN = 8;

  private Processors() {}

  static int count() {
    return Runtime.getRuntime().availableProcessors();
  }

  /** For how long they have worked since the machine started, added up, whoever they worked for. */
  static double busySeconds() throws IOException {
    try (Stream<String> lines = Files.lines(Path.of("/proc/stat"))) {
      String[] columns = lines.findFirst().orElseThrow().split(" +", -1);
      long ticks = 0;
      for (int column = 1; column <= STOLEN; column++) {
        if (column != IDLE && column != WAITING) {
          ticks += Long.parseLong(columns[column]);
        }
      }
      return ticks * TICK_SECONDS;
    }
  }

  /** Their name and number; virtual machines leave the model out of the name. */
  static String description() throws IOException {
    Map<String, String> first = new LinkedHashMap<>();
    try (Stream<String> lines = Files.lines(Path.of("/proc/cpuinfo"))) {
      lines
          .map(line -> line.split("\\s*:\\s*", 2))
          .filter(words -> words.length == 2)
          .forEach(words -> first.putIfAbsent(words[0], words[1]));
    }
    return "%s, family %s, model %s, %d cores"
        .formatted(first.get("model name"), first.get("cpu family"), first.get("model"), count());
  }
}
