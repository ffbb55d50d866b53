package io.gradsieve.dist.nccl;

import io.gradsieve.GradsieveException.PeerLost;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;

/**
 * The handle of a communicator: one call of NCCL at a time, and an end, on threads of its own, that
 * may never come. An abort takes the handle away before it begins, so that no call follows it.
 */
final class NcclHandle {
  private static final long PAUSE = 1_000_000; // ns

  private final String who;
  private final boolean revokes;
  private final Duration patience;
  private final Consumer<String> halt;
  private final Runnable check;
  private final NcclCalls calls = new NcclCalls();
  private final ReentrantLock lock = new ReentrantLock();

  /** Under the lock; 0: not there yet, or gone. */
  private long handle;

  /** Whether it is made to the end, and not finishing: only then it may be revoked. */
  private volatile boolean made;

  private final Thread ending = daemon("gradsieve-nccl-end", this::end);
  private final AtomicBoolean halted = new AtomicBoolean();

  /** What NCCL is asked for with the handle, the lock held. */
  interface Call {
    int result(NcclCalls calls, long handle);
  }

  /**
   * Of no communicator yet.
   *
   * @param who for messages
   * @param revokes whether {@code ncclCommRevoke} is there
   * @param patience how long a call, a revocation, an abort may take
   * @param halt told, at most once, that one of them takes longer
   * @param check throws where nothing may be called any more; asked with the lock held
   */
  NcclHandle(
      String who, boolean revokes, Duration patience, Consumer<String> halt, Runnable check) {
    this.who = who;
    this.revokes = revokes;
    this.patience = patience;
    this.halt = halt;
    this.check = check;
  }

  /** Begins to make one. */
  int initialize(byte[] id, int rank, int world) throws InterruptedException {
    enter();
    try {
      int result = calls.initialize(id, rank, world);
      handle = NcclCalls.fine(result) ? calls.made() : 0;
      return result;
    } finally {
      lock.unlock();
    }
  }

  /** It is made to the end. */
  void settled() {
    made = true;
  }

  /**
   * Calls NCCL.
   *
   * @throws PeerLost if another call has not returned
   */
  int call(Call call) throws InterruptedException {
    enter();
    try {
      if (handle == 0) {
        throw new IllegalStateException("start comes first, and nothing after close");
      }
      return call.result(calls, handle);
    } finally {
      lock.unlock();
    }
  }

  private void enter() throws InterruptedException {
    if (!lock.tryLock(patience.toNanos(), TimeUnit.NANOSECONDS)) {
      throw new PeerLost(who + ": a call of NCCL has not returned");
    }
    try {
      check.run();
    } catch (RuntimeException e) {
      lock.unlock();
      throw e;
    }
  }

  /** Begins a clean end. */
  int finish() throws InterruptedException {
    made = false;
    return call(NcclCalls::finish);
  }

  /** After a clean end, which all ranks have to have come to. */
  int destroy() throws InterruptedException {
    return call(
        (c, h) -> {
          handle = 0; // of no use from here on, even where this fails
          return c.destroy(h);
        });
  }

  /** Begins to end it, once: whoever failed must be able to say so, not wait for this. */
  void fail() {
    ending.start();
  }

  /** After {@link #fail}: what is left of it goes now, by a deadline. */
  void free() {
    join(ending, patience.multipliedBy(4)); // a lock, a revocation, a lock, an abort
    abort();
  }

  /** Nothing is called any more. */
  void close() {
    if (!halted.get()) { // else NCCL may still write to what this frees
      calls.close();
    }
  }

  private void end() {
    if (!made || !revokes || !revoked()) {
      abort();
    }
  }

  /** Ends what is queued here and keeps what peers still touch; whether it has. */
  private boolean revoked() {
    long end = System.nanoTime() + patience.toNanos();
    Call call = NcclCalls::revoke;
    int result;
    do {
      if (!tryLock()) {
        return false;
      }
      try {
        if (handle == 0) {
          return true;
        }
        result = call.result(calls, handle);
      } finally {
        lock.unlock();
      }
      call = NcclCalls::state;
      LockSupport.parkNanos(PAUSE);
    } while (NcclCalls.inProgress(result) && System.nanoTime() - end < 0);
    return NcclCalls.fine(result) && !NcclCalls.inProgress(result);
  }

  private void abort() {
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
    if (!join(abort, patience)) {
      giveUp("ncclCommAbort has not returned");
    } else if (!NcclCalls.fine(result[0])) {
      giveUp("ncclCommAbort failed (" + result[0] + ")");
    }
  }

  /** By a deadline, interrupted or not; the process is given up if it passes. */
  private boolean tryLock() {
    boolean interrupted = Thread.interrupted();
    boolean locked = false;
    try {
      locked = lock.tryLock(patience.toNanos(), TimeUnit.NANOSECONDS);
    } catch (InterruptedException e) {
      interrupted = true;
      locked = lock.tryLock();
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
    if (!locked) {
      giveUp("a call of NCCL has not returned");
    }
    return locked;
  }

  private void giveUp(String what) {
    if (halted.compareAndSet(false, true)) {
      halt.accept(
          "%s: %s after %s s: this process must be ended and started again"
              .formatted(who, what, patience.toMillis() / 1e3));
    }
  }

  /** Waits for a thread, interrupted or not; whether it has ended. */
  private static boolean join(Thread thread, Duration most) {
    long end = System.nanoTime() + most.toNanos();
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
