package io.gradsieve.dist.memory;

import io.gradsieve.dist.Collective;
import io.gradsieve.dist.ring.Ring;
import io.gradsieve.dist.ring.Rings;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;

/** Workers that see each other's memory, all in this process. */
public final class HostMemories {
  private static final int LIMIT = 30; // seconds

  private HostMemories() {}

  /** One for each source of gradients. */
  public static List<Collective> open(List<SharedRegions> regions, Duration patience)
      throws Exception {
    List<Ring> rings = Rings.tcp(regions.size(), patience);
    ExecutorService threads = Executors.newFixedThreadPool(regions.size());
    try {
      List<Future<Collective>> opening = new ArrayList<>();
      for (Ring ring : rings) {
        opening.add(threads.submit(() -> HostMemory.open(ring, regions.get(ring.rank()))));
      }
      List<Collective> opened = new ArrayList<>();
      for (Future<Collective> one : opening) {
        opened.add(one.get(LIMIT, TimeUnit.SECONDS));
      }
      return opened;
    } finally {
      threads.shutdownNow();
    }
  }
}
