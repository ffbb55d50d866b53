package io.gradsieve.dist.nccl;

import io.gradsieve.GradsieveException.Missing;
import io.gradsieve.GradsieveException.PeerLost;
import io.gradsieve.natives.NcclLibrary;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
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
 * <p>A failure is thrown once as it is, from then on as {@link PeerLost} that says it again; nothing
 * can follow it but {@link #close}. While one is ended no memory of the device should be taken or
 * freed: CUDA may let that wait for the sums that hang.
 *
 * <p>One thread at a time, but for {@link #abort}.
 */
public final class NcclCommunicator implements AutoCloseable {
  /** A wait begins with short pauses, since a sum takes some hundred µs, and goes on with long. */
  private static final int SHORT_PAUSES = 50;

  private static final long SHORT_PAUSE = 20_000; // ns
  private static final long PAUSE = 1_000_000; // ns

  private final int device;
  private final int rank;
  private final int world;
  private final NcclLimits limits;
  private final Consumer<String> halt;
  private final boolean revokes;
  private final NcclCalls calls;

  /** Held in every call with the handle but for an abort, which takes it away first. */
  private final ReentrantLock lock = new ReentrantLock();

  /** Under the lock; 0: not there yet, or gone. */
  private long handle;

  /** Whether it was made to the end: before, only an abort is allowed. */
  private volatile boolean made;

  private final AtomicReference<Exception> failure = new AtomicReference<>();
  private final Thread ending = daemon("gradsieve-nccl-end", this::end);
  private volatile boolean halted;
  private boolean closed;
  private long sums;
  private long numbers;

  /** What NCCL is asked for with the lock held. */
  private interface Call {
    int result(long handle);
  }

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
    this.halt = halt;
    revokes = library.revokes();
    calls = new NcclCalls();
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
      settle("communicator", initialize(id), end);
      made = true;
      meeting.made();
      check();
    } catch (IOException | InterruptedException | RuntimeException e) {
      fail(e);
      throw e;
    }
  }

  private int initialize(byte[] id) throws InterruptedException {
    enter();
    try {
      int result = calls.initialize(id, rank, world);
      handle = NcclCalls.fine(result) ? calls.made() : 0;
      return result;
    } finally {
      lock.unlock();
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
      settle(null, call(h -> calls.allReduce(h, stream, addresses, floats)), end);
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
        require(null, call(calls::state));
        inTime(null, end);
      }
      require(null, call(calls::state)); // a sum that failed is done too
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
      join(ending, limits.end().multipliedBy(4)); // a lock, a revocation, a lock, an abort
      free();
    }
    if (!halted) {
      calls.close();
    }
  }

  private void finish() {
    if (!made) {
      return;
    }
    try {
      settle("clean end", call(calls::finish), end(limits.operation()));
      require(
          "clean end",
          call(
              h -> {
                handle = 0; // of no use from here on, even where this fails
                return calls.destroy(h);
              }));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      fail(e);
    } catch (IOException | RuntimeException e) {
      fail(e); // whoever is gone, there is nothing left to lose
    }
  }

  // ---- calls and waits

  private int call(Call call) throws InterruptedException {
    enter();
    try {
      if (handle == 0) {
        throw new IllegalStateException("start comes first, and nothing after close");
      }
      return call.result(handle);
    } finally {
      lock.unlock();
    }
  }

  /** Takes the lock, if nothing has failed. */
  private void enter() throws InterruptedException {
    check();
    if (!lock.tryLock(limits.end().toNanos(), TimeUnit.NANOSECONDS)) {
      throw new PeerLost(who() + ": a call of NCCL has not returned");
    }
    try {
      check();
    } catch (PeerLost e) {
      lock.unlock();
      throw e;
    }
  }

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
      result = call(calls::state);
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
      Duration limit = "communicator".equals(what) ? limits.start() : limits.operation();
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

  // ---- failure

  private void fail(Exception e) {
    if (failure.compareAndSet(null, e)) {
      ending.start();
    }
  }

  /** On a thread of its own: whoever failed must be able to say so. */
  private void end() {
    if (!made || !revokes || !revoked()) {
      free();
    }
  }

  /** Ends what is queued here and keeps what peers still touch; whether it has. */
  private boolean revoked() {
    long end = end(limits.end());
    Call call = calls::revoke;
    int result;
    do {
      if (!tryLock()) {
        return false;
      }
      try {
        result = handle == 0 ? 0 : call.result(handle);
      } finally {
        lock.unlock();
      }
      call = calls::state;
      LockSupport.parkNanos(PAUSE);
    } while (NcclCalls.inProgress(result) && System.nanoTime() - end < 0);
    return NcclCalls.fine(result) && !NcclCalls.inProgress(result);
  }

  /** Aborts what is left, on a thread of its own again, since that may not return. */
  private void free() {
    if (!tryLock()) {
      return;
    }
    long gone = handle;
    handle = 0;
    lock.unlock();
    if (gone == 0) {
      return;
    }
    int[] result = new int[1];
    Thread abort = daemon("gradsieve-nccl-abort", () -> result[0] = NcclCalls.abort(gone));
    abort.start();
    if (!join(abort, limits.end())) {
      giveUp("ncclCommAbort has not returned");
    } else if (!NcclCalls.fine(result[0])) {
      giveUp("ncclCommAbort failed with " + result[0]);
    }
  }

  /** By a deadline; the process is given up if it passes. */
  private boolean tryLock() {
    boolean interrupted = Thread.interrupted();
    try {
      if (lock.tryLock(limits.end().toNanos(), TimeUnit.NANOSECONDS)) {
        return true;
      }
      giveUp("a call of NCCL has not returned");
    } catch (InterruptedException e) {
      interrupted = true;
      return lock.tryLock();
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
    return false;
  }

  private void giveUp(String what) {
    if (!halted) {
      halted = true;
      halt.accept(
          "%s: %s after %s s: this process must be ended and started again"
              .formatted(who(), what, limits.end().toMillis() / 1e3));
    }
  }

  /** Waits for a thread, interrupted or not; whether it has ended. */
  private static boolean join(Thread thread, Duration most) {
    long end = end(most);
    boolean interrupted = false;
    while (thread.isAlive() && System.nanoTime() - end < 0) {
      try {
        thread.join(Math.max(1, (end - System.nanoTime()) / 1_000_000));
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
    return !thread.isAlive();
  }

  private static Thread daemon(String name, Runnable work) {
    Thread thread = new Thread(work, name);
    thread.setDaemon(true);
    return thread;
  }
}
