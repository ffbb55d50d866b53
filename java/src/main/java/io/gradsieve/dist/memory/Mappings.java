package io.gradsieve.dist.memory;

import io.gradsieve.dist.ring.Ring;
import io.gradsieve.natives.NativeException;
import io.gradsieve.natives.SharedMemory;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;

/** The regions of all workers as one of them sees them: its own, and those of the others mapped. */
final class Mappings implements AutoCloseable {
  /** By rank. */
  private final List<List<SharedMemory>> regions = new ArrayList<>();

  private final int rank;
  private Optional<String> refusal = Optional.empty();

  private Mappings(int rank) {
    this.rank = rank;
  }

  /** Of workers that have nothing in common. */
  static Mappings none(Ring ring) {
    Mappings mappings = new Mappings(ring.rank());
    mappings.regions.addAll(Collections.nCopies(ring.world(), List.of()));
    return mappings;
  }

  /**
   * All workers tell each other where their regions are, and map them.
   *
   * @param own stay the caller's
   * @param refusal why this worker has not the regions that it should have
   */
  static Mappings exchange(Ring ring, List<SharedMemory> own, Optional<String> refusal)
      throws IOException, InterruptedException {
    Mappings mappings = new Mappings(ring.rank());
    mappings.refusal = refusal;
    try {
      List<ByteBuffer> places = ring.allGather(encode(own));
      for (int r = 0; r < ring.world(); r++) {
        mappings.regions.add(r == ring.rank() ? own : mappings.open(places.get(r)));
      }
      mappings.hear(ring);
    } catch (IOException | InterruptedException | RuntimeException e) {
      mappings.close();
      throw e;
    }
    return mappings;
  }

  private static ByteBuffer encode(List<SharedMemory> own) {
    StringBuilder text = new StringBuilder();
    for (SharedMemory region : own) {
      SharedMemory.Place p = region.place();
      text.append("%s %d %d %d\n".formatted(p.name(), p.process(), p.file(), p.bytes()));
    }
    return ByteBuffer.wrap(text.toString().getBytes(StandardCharsets.UTF_8));
  }

  private List<SharedMemory> open(ByteBuffer places) throws IOException {
    List<SharedMemory> opened = new ArrayList<>();
    for (String line : StandardCharsets.UTF_8.decode(places).toString().lines().toList()) {
      String[] words = line.split(" ");
      try {
        opened.add(
            SharedMemory.open(
                new SharedMemory.Place(
                    words[0],
                    Long.parseLong(words[1]),
                    Integer.parseInt(words[2]),
                    Long.parseLong(words[3]))));
      } catch (NativeException e) {
        refusal = Optional.of(e.getMessage());
      } catch (NumberFormatException | ArrayIndexOutOfBoundsException e) {
        throw new IOException("a worker names no place of memory: " + line, e);
      }
    }
    return opened;
  }

  /** If one could not, none does: what all do is the same. */
  private void hear(Ring ring) throws IOException, InterruptedException {
    byte[] line = refusal.orElse("").getBytes(StandardCharsets.UTF_8);
    List<ByteBuffer> refusals = ring.allGather(ByteBuffer.wrap(line));
    for (int r = refusals.size() - 1; r >= 0; r--) {
      if (refusals.get(r).hasRemaining()) {
        refusal = Optional.of("rank " + r + ": " + StandardCharsets.UTF_8.decode(refusals.get(r)));
      }
    }
  }

  /** The same on all workers: why they do not have the memory in common, if so. */
  Optional<String> refusal() {
    return refusal;
  }

  /** Whether there is something of every worker; the same on all. */
  boolean ofAll() {
    return regions.stream().noneMatch(List::isEmpty);
  }

  /** Which of this worker's regions has these bytes; −1: none. */
  int regionOf(long address, long bytes) {
    List<SharedMemory> own = regions.get(rank);
    for (int i = 0; i < own.size(); i++) {
      long offset = address - start(i);
      if (offset >= 0 && bytes <= own.get(i).bytes() - offset) {
        return i;
      }
    }
    return -1;
  }

  /** Where a region of this worker begins. */
  long start(int region) {
    return address(rank, region, 0, 0);
  }

  /** The size of a region of this worker. */
  long bytes(int region) {
    return regions.get(rank).get(region).bytes();
  }

  /** Where bytes of a worker's region are here. */
  long address(int of, int region, long offset, long bytes) {
    return regions.get(of).get(region).address(offset, bytes);
  }

  @Override
  public void close() {
    for (int r = 0; r < regions.size(); r++) {
      if (r != rank) {
        regions.get(r).forEach(SharedMemory::close);
      }
    }
    regions.clear();
  }
}
