package io.gradsieve.dist.memory;

import io.gradsieve.backend.MemorySource;
import io.gradsieve.natives.NativeException;
import io.gradsieve.natives.NativeMemory;
import io.gradsieve.natives.SharedMemory;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Memory that a backend takes for gradients and that the other workers of this host can map. Where
 * the system has none of that kind the memory is this process's own, and a collective copies.
 *
 * <p>Whoever has mapped a region may write to it until its process ends: one that was stopped in a
 * sum, given up by the others and then goes on, would write into their gradients. So a region is
 * told to the workers of one collective only, and the next one needs new gradients: close the step
 * and compile it again.
 */
public final class SharedRegions implements MemorySource {
  private final List<SharedMemory> regions = new ArrayList<>();

  /** Of {@link #regions} those that others know. */
  private final Set<SharedMemory> told = new HashSet<>();

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
        told.remove(region);
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

  /** Throws {@link IllegalStateException} if workers of an earlier collective know a region. */
  synchronized void requireUntold() {
    if (!told.isEmpty()) {
      throw new IllegalStateException(
          "workers of an earlier generation may write to these gradients: close the step first");
    }
  }

  /**
   * To be told: in the order in which they were taken, which is the same on workers that do the
   * same.
   */
  synchronized Snapshot tell() {
    told.addAll(regions);
    return new Snapshot(changes, List.copyOf(regions));
  }
}
