package io.gradsieve.dist.memory;

import io.gradsieve.dist.Chunks;
import io.gradsieve.dist.Collective;
import io.gradsieve.dist.ring.Ring;
import io.gradsieve.natives.CpuLibrary;
import io.gradsieve.natives.NativeException;
import io.gradsieve.natives.NativeMemory;
import io.gradsieve.natives.SharedMemory;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.DoubleBuffer;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import org.slf4j.LoggerFactory;

/**
 * Workers of one host, who sum floats in each other's memory. A worker takes one chunk of all
 * values, adds up what all have there and leaves the sum with each: a byte is read once and written
 * once, and nothing goes through the kernel. That needs gradients that lie in {@link
 * SharedRegions}, at the same places on all workers; others go piece by piece through memory that
 * is there for it.
 *
 * <p>Workers meet over a ring, which does everything else too: so nobody spins, a wait leaves the
 * processor to what computes, and one that is gone or silent is noticed as the ring notices it.
 * Sums have the bits of the ring's.
 *
 * <pre>
 * rank 0  │ chunk 0 │ chunk 1 │ chunk 2 │    rank 1 adds up chunk 1 of all, in the
 * rank 1  │ chunk 0 │ chunk 1 │ chunk 2 │    order 1, 2, 0, and writes it to all
 * rank 2  │ chunk 0 │ chunk 1 │ chunk 2 │
 * </pre>
 */
public final class HostMemory implements Collective {
  /** Bytes of a piece that is copied: more would make fewer meetings, and leave the cache. */
  static final int STAGE = 1 << 20;

  /** Seconds for an operation that was aborted to come to its next meeting. */
  private static final long PATIENCE = 5;

  /** What a worker says before a sum: whether its regions changed, bytes, fingerprint. */
  private static final int SAID = 3 * Long.BYTES;

  private final Ring ring;
  private final SharedRegions own;
  private final SharedMemory stage;
  private final ByteBuffer staged;
  private final Mappings stages;

  /** The regions of all as they were when last told. */
  private Mappings regions;

  /** Whether these are of all workers; apart from them, as {@link #close} may be emptying those. */
  private volatile boolean common;

  private long told;
  private final ReentrantLock operation = new ReentrantLock();
  private volatile boolean closed;
  private volatile long copied;

  /** By rank, in the order in which they are added. */
  private final long[] parts;

  private HostMemory(Ring ring, SharedRegions own, SharedMemory stage, Mappings stages) {
    this.ring = ring;
    this.own = own;
    this.stage = stage;
    this.stages = stages;
    regions = Mappings.none(ring);
    staged = NativeMemory.view(stage.address(0, STAGE), STAGE);
    parts = new long[ring.world()];
  }

  /**
   * What workers of one host sum with; all of a ring call it, each once. It is the ring itself
   * where one of them cannot map the memory of another, being on another host or in another
   * container.
   *
   * @param ring is the result's from now on
   * @param own where this process's gradients come from
   * @throws IOException as the ring's operations
   * @throws IllegalStateException if gradients are open that an earlier collective has told of
   */
  public static Collective open(Ring ring, SharedRegions own)
      throws IOException, InterruptedException {
    own.requireUntold();
    Optional<SharedMemory> stage = Optional.empty();
    Optional<String> refusal = Optional.empty();
    try {
      stage = Optional.of(SharedMemory.create(STAGE));
    } catch (NativeException e) {
      refusal = Optional.of(e.getMessage());
    }
    Optional<Mappings> stages = Optional.empty();
    try {
      stages = Optional.of(Mappings.exchange(ring, stage.stream().toList(), refusal));
      if (stages.get().refusal().isEmpty()) {
        return new HostMemory(ring, own, stage.orElseThrow(), stages.get());
      }
    } catch (IOException | InterruptedException | RuntimeException e) {
      stages.ifPresent(Mappings::close);
      stage.ifPresent(SharedMemory::close);
      throw e;
    }
    if (ring.rank() == 0) {
      LoggerFactory.getLogger(HostMemory.class)
          .warn("workers exchange over sockets: {}", stages.get().refusal().orElseThrow());
    }
    stages.get().close();
    stage.ifPresent(SharedMemory::close);
    return ring;
  }

  @Override
  public int rank() {
    return ring.rank();
  }

  @Override
  public int world() {
    return ring.world();
  }

  /**
   * Where all gradients lie in common memory, the processors that would add some are those that
   * compute the others: each meeting waits for one of them, up to a scheduler's tick. At the end
   * they are free.
   */
  @Override
  public long bucketBytes() {
    return common ? Long.MAX_VALUE : BUCKET;
  }

  @Override
  public void allReduce(List<ByteBuffer> floats) throws IOException, InterruptedException {
    if (!operation.tryLock()) {
      throw new IllegalStateException("two operations at once");
    }
    try {
      if (closed) {
        throw new IOException("the operation was aborted");
      }
      Located values = new Located(floats);
      if (inCommon(values)) {
        direct(values);
      } else {
        copied(values);
      }
    } finally {
      operation.unlock();
    }
  }

  /**
   * Whether the values lie at the same places of regions that all have mapped. All say the same,
   * and all of them have made their values when it returns.
   */
  private boolean inCommon(Located values) throws IOException, InterruptedException {
    ByteBuffer said = ByteBuffer.allocateDirect(world() * SAID).order(ByteOrder.LITTLE_ENDIAN);
    while (true) {
      boolean changed = own.changes() != told;
      said.putLong(rank() * SAID, changed ? 1 : 0);
      said.putLong(rank() * SAID + Long.BYTES, values.bytes());
      said.putLong(rank() * SAID + 2 * Long.BYTES, changed ? 0 : values.fingerprint(regions));
      ring.gather(said);
      boolean same = true;
      for (int r = 0; r < world(); r++) {
        changed |= said.getLong(r * SAID) != 0;
        long bytes = said.getLong(r * SAID + Long.BYTES);
        if (bytes != values.bytes()) {
          throw new IOException(
              "rank %d sums %d bytes, rank %d %d: they do not train the same network"
                  .formatted(r, bytes, rank(), values.bytes()));
        }
        same &= said.getLong(r * SAID + 2 * Long.BYTES) == said.getLong(2 * Long.BYTES);
      }
      if (!changed) {
        return same && said.getLong(2 * Long.BYTES) != 0;
      }
      tell();
    }
  }

  /** If one of the workers cannot map a region, all are as if they had none. */
  private void tell() throws IOException, InterruptedException {
    SharedRegions.Snapshot now = own.tell();
    Mappings latest = Mappings.exchange(ring, now.regions(), Optional.empty());
    if (latest.refusal().isPresent()) {
      latest.close();
      latest = Mappings.none(ring);
    }
    regions.close();
    regions = latest;
    common = latest.ofAll();
    told = now.changes();
  }

  /** This worker's chunk, in the memory of all. */
  private void direct(Located values) throws IOException, InterruptedException {
    long first = Chunks.start(values.bytes(), Float.BYTES, rank(), world());
    long last = Chunks.start(values.bytes(), Float.BYTES, rank() + 1, world());
    values.each(
        first,
        last,
        regions,
        (from, bytes, region, offset) -> add(rank(), bytes, regions, region, offset));
    ring.barrier();
  }

  /** A piece of all values goes into everybody's stage, is summed there, and comes back. */
  private void copied(Located values) throws IOException, InterruptedException {
    for (long from = 0; from < values.bytes(); from += STAGE) {
      int piece = (int) Math.min(STAGE, values.bytes() - from);
      values.read(from, staged.slice(0, piece));
      ring.barrier();
      addStaged(
          from,
          Chunks.start(piece, Float.BYTES, rank(), world()),
          Chunks.start(piece, Float.BYTES, rank() + 1, world()),
          values.bytes());
      ring.barrier();
      values.write(from, staged.slice(0, piece));
    }
    copied += values.bytes();
  }

  /**
   * Sums bytes of the stages, each value in the order of the chunk that it belongs to among all.
   *
   * @param before bytes before the stage's first
   */
  private void addStaged(long before, long first, long last, long all) {
    for (int chunk = 0; chunk < world(); chunk++) {
      long from = Math.max(first, Chunks.start(all, Float.BYTES, chunk, world()) - before);
      long to = Math.min(last, Chunks.start(all, Float.BYTES, chunk + 1, world()) - before);
      if (from < to) {
        add(chunk, to - from, stages, 0, from);
      }
    }
  }

  /** Bytes so far that lay in no common memory. */
  long copied() {
    return copied;
  }

  /** Bytes of one chunk, in the memory of all. */
  private void add(int chunk, long bytes, Mappings mappings, int region, long offset) {
    for (int k = 0; k < parts.length; k++) {
      parts[k] = mappings.address((chunk + k) % parts.length, region, offset, bytes);
    }
    NativeException.check(CpuLibrary.gs_all_reduce(bytes / Float.BYTES, parts.length, parts));
  }

  @Override
  public void allReduce(DoubleBuffer doubles) throws IOException, InterruptedException {
    ring.allReduce(doubles);
  }

  @Override
  public List<ByteBuffer> allGather(ByteBuffer bytes) throws IOException, InterruptedException {
    return ring.allGather(bytes);
  }

  @Override
  public void broadcast(ByteBuffer bytes, int root) throws IOException, InterruptedException {
    ring.broadcast(bytes, root);
  }

  @Override
  public void barrier() throws IOException, InterruptedException {
    ring.barrier();
  }

  @Override
  public void abort() {
    ring.abort();
  }

  /** Ends an operation under way; if that does not end, it keeps the memory that it may be at. */
  @Override
  public void close() {
    closed = true;
    ring.close();
    boolean idle = false;
    try {
      idle = operation.tryLock(PATIENCE, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    if (idle) {
      try {
        regions.close();
        stages.close();
        stage.close();
      } finally {
        operation.unlock();
      }
    }
  }
}
