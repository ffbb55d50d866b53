package io.gradsieve.backend.cpu;

import io.gradsieve.GradsieveException;
import io.gradsieve.backend.Participants;
import io.gradsieve.backend.Verdict;
import io.gradsieve.backend.layout.Layout;
import io.gradsieve.natives.CpuLibrary;
import io.gradsieve.natives.Point;
import io.gradsieve.natives.Step;
import io.gradsieve.plan.Operation;
import io.gradsieve.plan.Segment;
import io.gradsieve.plan.StepPlan;
import java.io.IOException;
import java.nio.DoubleBuffer;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * A step as the share of a larger one: a thread that takes the native step's points, one after the
 * other, and has the participants answer them. It ends with {@link #close}, before the native step
 * does.
 */
final class CpuShare implements AutoCloseable {
  /** Milliseconds in which a participant that was interrupted has to come back. */
  private static final long PATIENCE = 1_000;

  /** In the order of {@code gs_verdict}. */
  private static final Verdict.What[] WHATS = Verdict.What.values();

  private static final int FLOATS_A_VIEW = 1 << 28; // 1 GiB, a buffer holds less than 2

  private final Step step;
  private final Participants participants;
  private final Point point = new Point();

  /** By segment. */
  private final List<List<FloatBuffer>> ranges = new ArrayList<>();

  /** What makes the statistics of batch norms, in the order in which the library numbers them. */
  private final List<Operation> statistics;

  /** [1 + 2C] of each; empty if batch norm does not meet the others. */
  private final List<DoubleBuffer> exchange = new ArrayList<>();

  private final Thread thread;

  // Of the thread and of those that abort or close, under the monitor.
  private boolean calling;
  private boolean interrupted;

  /** An abort that the thread has not heard of: what it has taken is of a step that is gone. */
  private boolean aborting;

  private boolean closing;
  private @Nullable Throwable failure;

  CpuShare(
      Step step,
      StepPlan plan,
      CpuMemory memory,
      Participants participants,
      boolean synchroniseBatchNorm) {
    this.step = step;
    this.participants = participants;
    statistics =
        plan.segments().stream()
            .map(Segment::operations)
            .flatMap(List<Operation>::stream)
            .filter(o -> o.output() >= 0 && plan.graph().value(o.output()).ofBatch())
            .toList();
    int flags = CpuLibrary.GS_SHARE_GRADIENTS;
    long address = 0;
    if (synchroniseBatchNorm) {
      flags |= CpuLibrary.GS_SHARE_BATCHNORM;
      address = exchange(memory);
    }
    for (Segment segment : plan.segments()) {
      ranges.add(ranges(segment, memory));
    }
    CpuErrors.check(CpuLibrary.gs_step_share(step, flags, address));
    thread = new Thread(this::answerPoints, "gradsieve-share");
    thread.setDaemon(true);
    thread.start();
  }

  private long exchange(CpuMemory memory) {
    int[] doubles =
        statistics.stream()
            .mapToInt(
                o -> 1 + 2 * memory.gradients.layout().byChannel(o.inputs().get(0)).channels())
            .toArray();
    long all = IntStream.of(doubles).asLongStream().sum();
    CpuBuffer buffer = memory.own(all * Double.BYTES, "exchange");
    long first = 0;
    for (int count : doubles) {
      exchange.add(buffer.view(first, count * Double.BYTES).asDoubleBuffer());
      first += (long) count * Double.BYTES;
    }
    return buffer.address();
  }

  /** Where the gradients lie that a segment completes; neighbours are one range. */
  private static List<FloatBuffer> ranges(Segment segment, CpuMemory memory) {
    Layout layout = memory.gradients.layout();
    List<FloatBuffer> views = new ArrayList<>();
    List<Integer> completes = segment.completes();
    for (int next = 0; next < completes.size(); ) {
      long from = layout.offset(completes.get(next));
      long to = from;
      while (next < completes.size() && layout.offset(completes.get(next)) == to) {
        to += layout.whole(layout.map(completes.get(next++)).floats());
      }
      for (long at = from; at < to; at += FLOATS_A_VIEW) {
        int floats = (int) Math.min(to - at, FLOATS_A_VIEW);
        views.add(
            memory.gradientMemory.view(at * Float.BYTES, floats * Float.BYTES).asFloatBuffer());
      }
    }
    return List.copyOf(views);
  }

  private void answerPoints() {
    for (; ; ) {
      int status = CpuLibrary.gs_step_next_point(step, point);
      if (status == CpuLibrary.GS_ABORTED) {
        if (told()) {
          return;
        }
      } else if (enter()) {
        try {
          CpuErrors.check(status);
          answer();
        } catch (Throwable t) { // whatever it is, the step ends with it
          fail(t);
        }
        leave();
        CpuLibrary.gs_step_answer(step, point); // of a step that was aborted it goes nowhere
      }
    }
  }

  private void answer() throws IOException, InterruptedException {
    int index = point.index();
    int kind = point.kind();
    if (kind == CpuLibrary.GS_POINT_GRADIENTS) {
      List<FloatBuffer> segment = ranges.get(index);
      for (int i = 0; i < segment.size(); i++) {
        segment.get(i).clear();
      }
      participants.gradients(index, segment);
    } else if (kind == CpuLibrary.GS_POINT_VERDICT) {
      Verdict.What what = WHATS[point.verdict()];
      Verdict own = what == Verdict.What.NOTHING ? Verdict.FINE : new Verdict(what, point.sample());
      Verdict agreed = participants.agree(own);
      point.verdict(agreed.what().ordinal());
      point.sample(agreed.sample());
    } else {
      participants.sums(statistics.get(index).output(), exchange.get(index).clear());
    }
  }

  /** After an abort; whether it is the last. */
  private synchronized boolean told() {
    aborting = false;
    notifyAll();
    return closing;
  }

  private synchronized boolean enter() {
    calling = !aborting;
    return calling;
  }

  /** What comes of an interruption is no failure of its own. */
  private synchronized void fail(Throwable thrown) {
    if (!interrupted) {
      failure = thrown;
    }
    aborting = true;
    CpuLibrary.gs_step_abort(step);
  }

  private synchronized void leave() {
    calling = false;
    interrupted = false;
    Thread.interrupted(); // it was meant for the call
    notifyAll();
  }

  /** Before a step with none under way: nothing is left of those before. */
  void begin() {
    if (!returned()) {
      throw new GradsieveException.PeerLost(
          "a participant is still at work on the step that was aborted");
    }
    synchronized (this) {
      failure = null;
    }
  }

  /** Waits a while for the thread, if steps were aborted. */
  private synchronized boolean returned() {
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

  synchronized void abort() {
    aborting = true;
    CpuLibrary.gs_step_abort(step);
    if (calling) {
      interrupted = true;
      thread.interrupt();
    }
  }

  /** Why the step was aborted. */
  synchronized GradsieveException.PeerLost lost() {
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

  static GradsieveException.PeerLost aborted() {
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
    point.close();
  }
}
