package io.gradsieve.dist.mpi;

import io.gradsieve.GradsieveException.Missing;
import io.gradsieve.dist.Collective;
import io.gradsieve.natives.CpuLibrary;
import io.gradsieve.natives.LoadResult;
import io.gradsieve.natives.MpiLibrary;
import io.gradsieve.natives.NativeException;
import io.gradsieve.natives.NativeMemory;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.DoubleBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;

/**
 * All workers that {@code mpirun} or its like has started, over the machine's MPI.
 *
 * <p>Floats are summed around a ring of our own over MPI's messages: MPI promises neither the order
 * of its sums nor the same bits on every rank, and its all-reduce that can be polled takes half as
 * long again between local processes. Everything else is MPI's.
 *
 * <p>MPI knows no lost worker: its launcher ends the whole job. After a failure or {@link #abort}
 * MPI may still write to buffers of the operation, so the process is to end soon, and without MPI's
 * own end, as {@link #close} then leaves out; the launcher sees that and ends the others.
 */
public final class MpiCollective implements Collective {
  /** Bytes that are summed in one go; a part of it, divided by the world, is held besides. */
  private static final int BLOCK = 64 << 20;

  /** Smaller buffers of a list are summed together: a round costs less than these bytes. */
  private static final int SMALL = 1 << 20;

  private static final long MOST_GATHERED = 1L << 30;

  /** Between two looks at abort, interrupt and patience. */
  private static final long LOOK = TimeUnit.MILLISECONDS.toNanos(5);

  /** MPI can be started only once; kept here because MPI may write to its memory to the end. */
  private static final AtomicReference<MpiCollective> ONLY = new AtomicReference<>();

  private final int rank;
  private final int world;
  private final long patience;
  private final ByteBuffer staging = direct(SMALL);
  private ByteBuffer received = direct(0);
  private boolean broken;
  private boolean closed;
  private volatile boolean aborted;

  private MpiCollective(int rank, int world, Duration patience) {
    this.rank = rank;
    this.world = world;
    this.patience = patience.toNanos();
  }

  /**
   * Starts MPI, together with all other workers. Once a process.
   *
   * @param patience for each operation, all of it: MPI does not tell whether bytes move
   * @throws Missing if this build or machine has no MPI, or one that allows no thread but the first
   * @throws IllegalStateException if it was opened before
   */
  public static MpiCollective open(Duration patience) {
    if (MpiLibrary.load() instanceof LoadResult.Failed failed) {
      throw new Missing("--collective mpi: " + failed.reason());
    }
    synchronized (ONLY) {
      if (ONLY.get() != null) {
        throw new IllegalStateException("MPI can be started only once a process");
      }
      int[] place = new int[4];
      int code = MpiLibrary.initialize(place);
      if (code < 0) {
        throw new Missing(
            "--collective mpi: MPI does not start: %s; start the workers by its mpirun"
                .formatted(MpiLibrary.message(code)));
      }
      if (place[2] < place[3]) {
        throw new Missing(
            "--collective mpi: this MPI allows calls of its first thread only"
                + " (MPI_THREAD_SERIALIZED is needed): use another, or --collective ring");
      }
      ONLY.set(new MpiCollective(place[0], place[1], patience));
      return ONLY.get();
    }
  }

  @Override
  public int rank() {
    return rank;
  }

  @Override
  public int world() {
    return world;
  }

  // ---- sums

  @Override
  public void allReduce(List<ByteBuffer> floats) throws IOException, InterruptedException {
    List<ByteBuffer> together = new ArrayList<>();
    int bytes = 0;
    for (ByteBuffer each : floats) {
      if (each.remaining() >= SMALL) {
        reduceBlocks(each.slice());
      } else {
        if (bytes + each.remaining() > SMALL) {
          reduceTogether(together);
          bytes = 0;
        }
        together.add(each);
        bytes += each.remaining();
      }
    }
    reduceTogether(together);
  }

  private void reduceTogether(List<ByteBuffer> together) throws IOException, InterruptedException {
    staging.clear();
    together.forEach(each -> staging.put(each.duplicate()));
    reduce(staging.flip().slice());
    int from = 0;
    for (ByteBuffer each : together) {
      each.put(each.position(), staging, from, each.remaining());
      from += each.remaining();
    }
    together.clear();
  }

  private void reduceBlocks(ByteBuffer values) throws IOException, InterruptedException {
    for (int from = 0; from < values.limit(); from += Math.min(BLOCK, values.limit() - from)) {
      reduce(values.slice(from, Math.min(BLOCK, values.limit() - from)));
    }
  }

  /** As {@link io.gradsieve.dist.Collective} says, a chunk is added to in the order of ranks. */
  private void reduce(ByteBuffer values) throws IOException, InterruptedException {
    int count = values.limit() / Float.BYTES;
    int[] starts = new int[world + 1];
    for (int r = 0; r <= world; r++) {
      starts[r] = (int) ((long) count * r / world) * Float.BYTES;
    }
    int longest = (count / world + 1) * Float.BYTES;
    received = received.capacity() < longest ? direct(longest) : received;
    for (int i = 0; i < 2 * (world - 1); i++) {
      int out = Math.floorMod(rank - i, world);
      int in = Math.floorMod(rank - 1 - i, world);
      int bytes = starts[in + 1] - starts[in];
      boolean adds = i < world - 1;
      run(
          "all-reduce",
          () ->
              MpiLibrary.exchange(
                  values,
                  starts[out],
                  starts[out + 1] - starts[out],
                  (rank + 1) % world,
                  adds ? received : values,
                  adds ? 0 : starts[in],
                  bytes,
                  Math.floorMod(rank - 1, world)));
      if (adds && bytes > 0) {
        add(values.slice(starts[in], bytes));
      }
    }
  }

  private void add(ByteBuffer sums) {
    long to = NativeMemory.address(sums);
    long from = NativeMemory.address(received);
    NativeException.check(CpuLibrary.gs_add(sums.limit() / Float.BYTES, to, from, to));
  }

  /** There are few: all workers get all and add them in the order of ranks. */
  @Override
  public void allReduce(DoubleBuffer doubles) throws IOException, InterruptedException {
    int count = doubles.remaining();
    ByteBuffer own = little(ByteBuffer.allocate(count * Double.BYTES));
    own.asDoubleBuffer().put(doubles.duplicate());
    double[] sums = new double[count];
    for (ByteBuffer each : allGather(own)) {
      DoubleBuffer values = little(each).asDoubleBuffer();
      for (int i = 0; i < count; i++) {
        sums[i] += values.get(i);
      }
    }
    doubles.put(doubles.position(), sums);
  }

  // ---- MPI's own

  @Override
  public List<ByteBuffer> allGather(ByteBuffer own) throws IOException, InterruptedException {
    int[] lengths = new int[world];
    Arrays.fill(lengths, Integer.BYTES);
    ByteBuffer sizes = direct(world * Integer.BYTES);
    sizes.putInt(rank * Integer.BYTES, own.remaining());
    run("all-gather of sizes", () -> MpiLibrary.gather(sizes, lengths));
    long all = 0;
    long start = 0;
    for (int r = 0; r < world; r++) {
      lengths[r] = sizes.getInt(r * Integer.BYTES);
      start += r < rank ? lengths[r] : 0;
      all += lengths[r];
    }
    if (all > MOST_GATHERED) {
      throw new IOException("more than 1 GiB to gather from " + world + " workers");
    }
    ByteBuffer bytes = direct((int) all);
    bytes.put((int) start, own, own.position(), own.remaining());
    run("all-gather", () -> MpiLibrary.gather(bytes, lengths));
    List<ByteBuffer> gathered = new ArrayList<>();
    int from = 0;
    for (int length : lengths) {
      gathered.add(bytes.slice(from, length).asReadOnlyBuffer());
      from += length;
    }
    return gathered;
  }

  @Override
  public void broadcast(ByteBuffer bytes, int root) throws IOException, InterruptedException {
    staging.clear();
    for (int from = bytes.position(); from < bytes.limit(); from += SMALL) {
      int count = Math.min(SMALL, bytes.limit() - from);
      staging.put(0, bytes, from, count);
      run("broadcast", () -> MpiLibrary.broadcast(staging, count, root));
      bytes.put(from, staging, 0, count);
    }
  }

  @Override
  public void barrier() throws IOException, InterruptedException {
    run("barrier", () -> MpiLibrary.barrier());
  }

  // ---- all of them

  private interface Start {
    int begin();
  }

  private void run(String what, Start start) throws IOException, InterruptedException {
    if (aborted) {
      throw new IOException("the operation was aborted");
    }
    if (broken || closed) {
      throw new IOException("no operation of MPI can follow one that failed");
    }
    long begun = System.nanoTime();
    broken = true; // unless it ends well
    check(start.begin(), what);
    int code = MpiLibrary.poll(LOOK);
    while (code == 0) {
      look(what, System.nanoTime() - begun);
      code = MpiLibrary.poll(LOOK);
    }
    check(code, what);
    broken = false;
  }

  private void look(String what, long waited) throws IOException, InterruptedException {
    if (aborted) {
      throw new IOException("the operation was aborted");
    }
    if (Thread.interrupted()) {
      throw new InterruptedException();
    }
    if (waited >= patience) {
      throw new IOException(
          "MPI's %s has not ended within %d s: a worker of its %d has failed, is stopped or waits"
                  .formatted(what, TimeUnit.NANOSECONDS.toSeconds(patience), world)
              + " elsewhere");
    }
  }

  private static void check(int code, String what) throws IOException {
    if (code < 0) {
      throw new IOException("MPI's %s has failed: %s".formatted(what, MpiLibrary.message(code)));
    }
  }

  private static ByteBuffer direct(int bytes) {
    return little(ByteBuffer.allocateDirect(bytes));
  }

  private static ByteBuffer little(ByteBuffer bytes) {
    return bytes.order(ByteOrder.LITTLE_ENDIAN);
  }

  @Override
  public void abort() {
    aborted = true;
  }

  /** Ends MPI together with all others, unless an operation failed: then only the process can. */
  @Override
  public void close() {
    if (!closed && !broken && !aborted) {
      MpiLibrary.finish();
    }
    closed = true;
  }
}
