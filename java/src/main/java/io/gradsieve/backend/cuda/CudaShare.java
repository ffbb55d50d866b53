package io.gradsieve.backend.cuda;

import io.gradsieve.GradsieveException.Diverged;
import io.gradsieve.GradsieveException.PeerLost;
import io.gradsieve.backend.Participants;
import io.gradsieve.backend.ShareThread;
import org.jspecify.annotations.Nullable;

/**
 * Steps as shares of larger ones: a thread that queues them, graph after graph, and calls the
 * participants in between. Nobody else may queue anything on the backend's stream while one is
 * under way.
 */
final class CudaShare implements ShareThread.Device, CudaPoints.Running, AutoCloseable {
  private final CudaBackend backend;
  private final CudaQueue queue;
  private final CudaRequest[] requests;
  private final ShareThread thread = new ShareThread(this);
  private final CudaPoints points;

  // Under the monitor: numbers of steps, from 1 on.
  private long put;
  private long taken;
  private long finished;

  /** The step whose update is queued: too late to abort it. */
  private long committed;

  /** Nothing is under way any more that may change weights, until a step begins afresh. */
  private boolean broken;

  /** An abort that the thread has not heard of. */
  private boolean aborted;

  /** Why a step was not queued to its end, by set. */
  private final @Nullable Throwable[] failures = new Throwable[CudaBlocks.SETS];

  /**
   * Starts the thread.
   *
   * @param requests by set, the steps that {@link #put} tells of
   */
  CudaShare(
      CudaBackend backend,
      CudaQueue queue,
      CudaRequest[] requests,
      Participants participants,
      boolean synchroniseBatchNorm) {
    this.backend = backend;
    this.queue = queue;
    this.requests = requests;
    points =
        new CudaPoints(backend, queue.binding(), participants, synchroniseBatchNorm, thread, this);
    queue.meetAt(points);
    thread.start();
  }

  /** The thread that queues steps. */
  ShareThread thread() {
    return thread;
  }

  // ---- on the thread that trains

  /** Before a step with none under way: nothing is left of those before. */
  void begin() {
    thread.begin();
    synchronized (this) {
      broken = false;
      points.begin(true);
    }
  }

  /** One more step is to be queued. */
  synchronized void put(long number) {
    put = number;
    failures[CudaBlocks.set(number)] = null;
    if (broken) {
      taken = number;
      finished = number;
    }
    notifyAll();
  }

  /**
   * Waits until a step is queued to its end.
   *
   * @throws io.gradsieve.GradsieveException.Diverged if all agreed that it is not fine
   * @throws PeerLost if it was aborted
   */
  void await(long number) {
    Throwable failure = awaitQueued(number);
    if (failure instanceof PeerLost) {
      throw thread.lost();
    }
    if (failure instanceof RuntimeException e) {
      throw e;
    }
    if (failure != null) {
      throw new IllegalStateException("the step could not be queued", failure);
    }
  }

  private synchronized @Nullable Throwable awaitQueued(long number) {
    boolean interrupted = false;
    while (finished < number && !isLost(number)) {
      try {
        wait();
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
    Throwable failure = failures[CudaBlocks.set(number)];
    return failure == null && isLost(number) ? ShareThread.aborted() : failure;
  }

  private boolean isLost(long number) {
    return broken && number > committed;
  }

  // ---- on the thread that queues

  @Override
  public boolean next() {
    long number = take();
    if (number == 0) {
      return false;
    }
    Throwable failure = null;
    try {
      backend.use();
      points.begin(false);
      int set = CudaBlocks.set(number);
      queue.run(requests[set], set);
    } catch (Throwable t) { // whatever it is, await throws it
      failure = t;
    }
    finish(number, failure);
    return true;
  }

  private synchronized long take() {
    while (!aborted && taken == put) {
      try {
        wait();
      } catch (InterruptedException e) {
        // it was meant for a call that had returned
      }
    }
    if (aborted) {
      aborted = false;
      taken = put;
      finished = put;
      notifyAll();
      return 0;
    }
    return ++taken;
  }

  @Override
  public synchronized void commit() {
    if (broken) {
      throw ShareThread.aborted();
    }
    committed = taken;
  }

  /** Behind a step that the device failed in no other is queued. */
  private synchronized void finish(long number, @Nullable Throwable failure) {
    failures[CudaBlocks.set(number)] = failure;
    broken |= failure != null && !(failure instanceof Diverged);
    finished = Math.max(finished, number);
    notifyAll();
  }

  // ---- on any thread

  @Override
  public synchronized void abort() {
    broken = true;
    aborted = true;
    notifyAll();
  }

  /** Throws {@link IllegalStateException} if a participant does not return. */
  @Override
  public void close() {
    thread.close();
  }
}
