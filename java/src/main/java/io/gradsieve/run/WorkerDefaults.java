package io.gradsieve.run;

import io.gradsieve.backend.Backends;
import io.gradsieve.backend.DeviceName;
import io.gradsieve.config.Options;
import io.gradsieve.config.TrainingConfig;
import io.gradsieve.dist.cluster.Place;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/** What a worker takes of its host, which it shares with others, where nothing was asked for. */
final class WorkerDefaults {
  private static final Path ONLINE = Path.of("/sys/devices/system/cpu/online");
  private static final Path OWN = Path.of("/proc/self/status");
  private static final String ALLOWED = "Cpus_allowed_list:";

  private WorkerDefaults() {}

  /** The configuration with this worker's threads and GPU. */
  static TrainingConfig of(TrainingConfig config, Place place) {
    TrainingConfig mine = config;
    if (config.settings().find(Options.THREADS).isEmpty()) {
      int threads =
          threads(
              Runtime.getRuntime().availableProcessors(), isBound(), place.localWorld().orElse(1));
      mine = mine.with(Options.THREADS, threads, "found: this worker's share of the cores");
    }
    DeviceName asked = config.device();
    if (asked.kind() == DeviceName.Kind.AUTO
        && Backends.found(asked).kind() == DeviceName.Kind.CUDA) {
      DeviceName own = DeviceName.cuda(place.localRank());
      mine = mine.with(Options.DEVICE, own, "found: this worker's GPU");
    }
    return mine;
  }

  /**
   * Threads of a worker.
   *
   * @param cores that this process may use
   * @param bound whether whoever started it gave it some of the machine's cores, and others others
   * @param workers of this host
   */
  static int threads(int cores, boolean bound, int workers) {
    int share = bound ? cores : Math.max(1, cores / workers);
    return Math.min(Options.MOST_THREADS, share);
  }

  private static boolean isBound() {
    try {
      int machine = count(Files.readString(ONLINE));
      Optional<String> allowed =
          Files.readAllLines(OWN).stream().filter(line -> line.startsWith(ALLOWED)).findFirst();
      return allowed.map(line -> count(line.substring(ALLOWED.length())) < machine).orElse(false);
    } catch (IOException e) {
      return false;
    }
  }

  /** How many numbers a list such as {@code 0-3,8} has. */
  static int count(String list) {
    int count = 0;
    for (String range : list.strip().split(",")) {
      String[] ends = range.split("-");
      int first = Integer.parseInt(ends[0]);
      count += Integer.parseInt(ends[ends.length - 1]) - first + 1;
    }
    return count;
  }
}
