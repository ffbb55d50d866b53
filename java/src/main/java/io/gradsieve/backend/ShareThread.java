package io.gradsieve.backend;

import io.gradsieve.GradsieveException;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * The thread of a step that is the share of a larger one: it follows the device from point to point
 * and calls the {@link Participants} there. An abort, or a call that fails, ends the steps under
 * way; the next may begin when the thread has heard of it. It ends with {@link #close}, before the
 * device's side of the step does.
 */
public final class ShareThread implements AutoCloseable {
  /** Milliseconds in which a participant that was interrupted has to come back. */
  private static final long PATIENCE = 1_000;

  /** The device's side. */
  public interface Device {
    /**
     * Waits for something to do and does it, with {@link #call} where participants are to answer.
     *
     * @return false once after each {@link #abort}, also if it came before
     */
    boolean next();

    /** Any thread: ends the steps under way, and the wait of {@link #next}. */
    void abort();
  }

  /** A call of a participant. */
  public interface Call {
    /** Calls it. */
    void run() throws IOException, InterruptedException;
  }

  private final Device device;
  private final Thread thread;

  // Of the thread and of those that abort or close, under the monitor.
  private boolean calling;
  private boolean interrupted;

  /** An abort that the thread has not heard of: what it has taken is of a step that is gone. */
  private boolean aborting;

  private boolean closing;
  private @Nullable Throwable failure;

  /** For a device; not started yet. */
  public ShareThread(Device device) {
    this.device = device;
    thread = new Thread(this::follow, "gradsieve-share");
    thread.setDaemon(true);
  }

  /** From now on the thread follows the device. */
  public void start() {
    thread.start();
  }

  private void follow() {
    while (device.next() || !heard()) {
      // next() is the work
    }
  }

  /** After an abort; whether it is the last. */
  private synchronized boolean heard() {
    aborting = false;
    notifyAll();
    return closing;
  }

  /**
   * Calls a participant, on this thread.
   *
   * @throws GradsieveException.PeerLost if it failed, upon which the step is aborted, or if the
   *     step was aborted before the call or meanwhile
   */
  public void call(Call call) {
    enter();
    GradsieveException.PeerLost lost = null;
    try {
      call.run();
    } catch (Throwable t) { // whatever it is, the step ends with it
      lost = fail(t);
    }
    boolean aborted = leave();
    if (lost != null) {
      throw lost;
    }
    if (aborted) {
      throw lost();
    }
  }

  private synchronized void enter() {
    if (aborting) {
      throw lost();
    }
    calling = true;
  }

  /** What comes of an interruption is no failure of its own. */
  private synchronized GradsieveException.PeerLost fail(Throwable thrown) {
    if (!interrupted) {
      failure = thrown;
    }
    aborting = true;
    device.abort();
    return lost();
  }

  private synchronized boolean leave() {
    calling = false;
    interrupted = false;
    Thread.interrupted(); // it was meant for the call
    notifyAll();
    return aborting;
  }

  /**
   * Before a step with none under way: nothing is left of those before.
   *
   * @throws GradsieveException.PeerLost if a participant has not returned from one that was aborted
   */
  public void begin() {
    if (!idle()) {
      throw new GradsieveException.PeerLost(
          "a participant is still at work on the step that was aborted");
    }
    synchronized (this) {
      failure = null;
    }
  }

  /** Waits a while for the thread, if steps were aborted; whether it does nothing more of them. */
  public synchronized boolean idle() {
    long end = System.nanoTime() + PATIENCE * 1_000_000;
    while ((calling || aborting) && System.nanoTime() < end) {
      try {
        wait(Math.max(1, (end - System.nanoTime()) / 1_000_000));
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        break;
      }
    }
    return !calling && !aborting;
  }

  /** From any thread: ends the steps under way and interrupts a participant at work. */
  public synchronized void abort() {
    aborting = true;
    device.abort();
    if (calling) {
      interrupted = true;
      thread.interrupt();
    }
  }

  /** Why the step was aborted. */
  public synchronized GradsieveException.PeerLost lost() {
    if (failure == null) {
      return aborted();
    }
    String message = failure.getMessage() == null ? failure.toString() : failure.getMessage();
    return new GradsieveException.PeerLost(
        failure instanceof GradsieveException
            ? message
            : "the step was aborted, a participant failed: " + message,
        failure);
  }

  /** What a step says that was aborted by nobody's fault. */
  public static GradsieveException.PeerLost aborted() {
    return new GradsieveException.PeerLost("the step was aborted");
  }

  /**
   * Ends the thread. Throws {@link IllegalStateException} if a participant does not return, in
   * whose hands the step's memory then stays.
   */
  @Override
  public void close() {
    synchronized (this) {
      closing = true;
    }
    abort();
    boolean stopped = false;
    long end = System.nanoTime() + PATIENCE * 1_000_000;
    while (thread.isAlive() && System.nanoTime() < end) {
      try {
        thread.join(PATIENCE);
      } catch (InterruptedException e) {
        stopped = true;
      }
    }
    if (stopped) {
      Thread.currentThread().interrupt();
    }
    if (thread.isAlive()) {
      throw new IllegalStateException("a participant does not return, the step stays open");
    }
  }
}
