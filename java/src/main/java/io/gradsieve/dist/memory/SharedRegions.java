package io.gradsieve.dist.memory;

import io.gradsieve.backend.MemorySource;
import io.gradsieve.natives.NativeException;
import io.gradsieve.natives.NativeMemory;
import io.gradsieve.natives.SharedMemory;
import java.util.ArrayList;
import java.util.List;

/**
 * Memory that a backend takes for gradients and that the other workers of this host can map. Where
 * the system has none of that kind the memory is this process's own, and a collective copies.
 * Outlives generations: each tells the places anew.
 */
public final class SharedRegions implements MemorySource {
  private final List<SharedMemory> regions = new ArrayList<>();
  private long changes;

  /** What there is at a time. */
  record Snapshot(long changes, List<SharedMemory> regions) {}

  @Override
  public synchronized long allocate(long bytes) {
    SharedMemory region;
    try {
      region = SharedMemory.create(bytes);
    } catch (NativeException e) {
      return NativeMemory.allocate(bytes);
    }
    regions.add(region);
    changes++;
    return region.address(0, bytes);
  }

  @Override
  public synchronized void release(long address, long bytes) {
    for (SharedMemory region : regions) {
      if (region.address(0, region.bytes()) == address) {
        regions.remove(region);
        changes++;
        region.close();
        return;
      }
    }
    NativeMemory.release(address, bytes);
  }

  /** Counts allocations and releases. */
  synchronized long changes() {
    return changes;
  }

  /** In the order in which they were taken, which is the same on workers that do the same. */
  synchronized Snapshot snapshot() {
    return new Snapshot(changes, List.copyOf(regions));
  }
}
