package io.gradsieve.dist.nccl;

import io.gradsieve.GradsieveException.Missing;
import io.gradsieve.GradsieveException.PeerLost;
import io.gradsieve.natives.NcclLibrary;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A rank's part of a communicator of NCCL, for one generation. NCCL ends nothing by itself: a peer
 * that was stopped is waited for without end, on the device too. So the communicator does not
 * block, every wait has a deadline and looks at what {@link #abort} says, and nobody waits for a
 * stream:
 *
 * <pre>
 *   start   all ready; id from rank 0 to all; initialize, poll to success; all made
 *   sums    queue, poll to success, only then record an event; ask the event and the communicator
 *   failed  issue nothing more; revoke where NCCL can, and free at {@link #close}, when the others
 *           have agreed who is left; else abort at once; what does not come back in time: halt
 *   close   finalize, poll to success, destroy; never destroy beside a rank that is gone
 * </pre>
 *
 * <p>A failure is thrown once as it is, from then on as {@link PeerLost} that says it again;
 * nothing can follow it but {@link #close}. While one is ended no memory of the device should be
 * taken or freed: CUDA may let that wait for the sums that hang.
 *
 * <p>One thread at a time, but for {@link #abort}.
 */
public final class NcclCommunicator implements AutoCloseable {
  /** A wait begins with short pauses, since a sum takes some hundred µs, and goes on with long. */
  private static final int SHORT_PAUSES = 50;

  private static final String MAKING = "communicator";
  private static final long SHORT_PAUSE = 20_000; // ns
  private static final long PAUSE = 1_000_000; // ns

  private final int device;
  private final int rank;
  private final int world;
  private final NcclLimits limits;
  private final NcclHandle handle;
  private final AtomicReference<Exception> failure = new AtomicReference<>();
  private boolean started;
  private boolean closed;

  /** How many sums were queued, and the numbers of the last one. */
  private long sums;

  private long numbers;

  /**
   * One that is not there yet.
   *
   * @param device of this process, from 0; another one than any other rank's
   * @param halt told, once and in one line, that something does not come back: the process must be
   *     ended and a new one take its place
   * @throws Missing if NCCL is not there or of no use
   */
  public NcclCommunicator(
      int device, int rank, int world, NcclLimits limits, Consumer<String> halt) {
    if (world < 1 || rank < 0 || rank >= world) {
      throw new IllegalArgumentException("rank " + rank + " of " + world);
    }
    if (!(NcclLibrary.load() instanceof NcclLibrary.Loaded library)) {
      throw new Missing("NCCL: " + ((NcclLibrary.Failed) NcclLibrary.load()).reason());
    }
    this.device = device;
    this.rank = rank;
    this.world = world;
    this.limits = limits;
    handle = new NcclHandle(who(), library.revokes(), limits.end(), halt, this::check);
  }

  /**
   * Makes it, together with all other ranks.
   *
   * @throws PeerLost if not all came in time, or if aborted
   * @throws IOException what NCCL says, or what the meeting throws
   */
  public void start(NcclMeeting meeting) throws IOException, InterruptedException {
    long end = end(limits.start());
    try {
      check();
      NcclCalls.use(device);
      meeting.ready();
      byte[] own = new byte[NcclCalls.ID_BYTES];
      if (rank == 0) {
        require("unique id", NcclCalls.newId(own));
      }
      byte[] id = meeting.share(own);
      NcclCalls.use(device);
      settle(MAKING, handle.initialize(id, rank, world), end);
      handle.settled();
      meeting.made();
      check();
      started = true;
    } catch (IOException | InterruptedException | RuntimeException e) {
      fail(e);
      throw e;
    }
  }

  /**
   * Queues that float32 on the device are added up over all ranks, in place. Returns when NCCL has
   * queued it; {@link #await} says when it is done.
   *
   * @param stream of CUDA's, on which they are final
   * @param addresses in the same order at all ranks, with as many {@code floats} each
   * @throws PeerLost if a peer is gone, if NCCL does not queue it in time, or if aborted
   * @throws IOException what else NCCL says
   */
  public void allReduce(long stream, long[] addresses, long[] floats)
      throws IOException, InterruptedException {
    sums++;
    numbers = 0;
    for (long count : floats) {
      numbers += count;
    }
    try {
      long end = end(limits.operation());
      settle(null, handle.call((c, h) -> c.allReduce(h, stream, addresses, floats)), end);
    } catch (IOException | InterruptedException | RuntimeException e) {
      fail(e);
      throw e;
    }
  }

  /**
   * Waits for all sums that were queued.
   *
   * @param done whether the stream has come to the end of them, asked on this thread
   * @throws PeerLost if a peer is gone, if they are not done in time, or if aborted; what they left
   *     is no sum
   * @throws IOException what else NCCL says
   */
  public void await(BooleanSupplier done) throws IOException, InterruptedException {
    try {
      long end = end(limits.operation());
      for (int i = 0; !done.getAsBoolean(); i++) {
        pause(i);
        require(null, handle.call(NcclCalls::state));
        inTime(null, end);
      }
      require(null, handle.call(NcclCalls::state)); // a sum that failed is done too
    } catch (IOException | InterruptedException | RuntimeException e) {
      fail(e);
      throw e;
    }
  }

  /** From any thread: whoever waits throws {@link PeerLost} with this reason, at once. */
  public void abort(String reason) {
    fail(new PeerLost(who() + ": aborted: " + reason));
  }

  /**
   * Ends it: all ranks at about the same time, or after a failure, each when it likes but before it
   * closes what sums were queued of. Returns by a deadline, whatever became of it.
   */
  @Override
  public void close() {
    if (closed) {
      return;
    }
    closed = true;
    if (failure.get() == null) {
      finish();
    }
    if (failure.get() != null) {
      handle.free();
    }
    handle.close();
  }

  private void finish() {
    if (!started) {
      return;
    }
    try {
      settle("clean end", handle.finish(), end(limits.operation()));
      require("clean end", handle.destroy());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      fail(e);
    } catch (IOException | RuntimeException e) {
      fail(e); // whoever is gone, there is nothing left to lose
    }
  }

  private void fail(Exception e) {
    if (failure.compareAndSet(null, e)) {
      handle.fail();
    }
  }

  // ---- waits

  private void check() {
    Exception failed = failure.get();
    if (failed != null) {
      String message = failed.getMessage() == null ? failed.toString() : failed.getMessage();
      throw new PeerLost(message, failed);
    }
  }

  /** Polls until what was begun is no longer in progress. */
  private void settle(@Nullable String what, int begun, long end)
      throws IOException, InterruptedException {
    int result = begun;
    for (int i = 0; NcclCalls.inProgress(result); i++) {
      pause(i);
      result = handle.call(NcclCalls::state);
      if (NcclCalls.inProgress(result)) {
        inTime(what, end);
      }
    }
    require(what, result);
  }

  private void require(@Nullable String what, int result) throws IOException {
    if (NcclCalls.remote(result)) {
      throw new PeerLost(name(what) + ": a peer is gone: " + NcclCalls.words(result));
    }
    if (!NcclCalls.fine(result)) {
      throw new IOException(name(what) + ": " + NcclCalls.words(result));
    }
  }

  private void inTime(@Nullable String what, long end) {
    if (System.nanoTime() - end > 0) {
      Duration limit = MAKING.equals(what) ? limits.start() : limits.operation();
      throw new PeerLost(
          "%s: not done after %s s: a peer is gone or hangs"
              .formatted(name(what), limit.toMillis() / 1e3));
    }
  }

  private static long end(Duration limit) {
    return System.nanoTime() + limit.toNanos();
  }

  private static void pause(int before) throws InterruptedException {
    LockSupport.parkNanos(before < SHORT_PAUSES ? SHORT_PAUSE : PAUSE);
    if (Thread.interrupted()) {
      throw new InterruptedException("interrupted in a wait for NCCL");
    }
  }

  private String who() {
    return "NCCL, rank %d of %d".formatted(rank, world);
  }

  /** Which rank and operation; null: the last sum. */
  private String name(@Nullable String what) {
    return what == null
        ? "%s: all-reduce %d (%d numbers)".formatted(who(), sums, numbers)
        : who() + ": " + what;
  }
}
