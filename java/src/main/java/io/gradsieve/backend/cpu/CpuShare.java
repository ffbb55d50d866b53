package io.gradsieve.backend.cpu;

import io.gradsieve.GradsieveException.PeerLost;
import io.gradsieve.backend.Participants;
import io.gradsieve.backend.SegmentGradients;
import io.gradsieve.backend.ShareThread;
import io.gradsieve.backend.Verdict;
import io.gradsieve.natives.CpuLibrary;
import io.gradsieve.natives.Point;
import io.gradsieve.natives.Step;
import io.gradsieve.plan.Operation;
import io.gradsieve.plan.StepPlan;
import java.io.IOException;
import java.nio.DoubleBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/** A step as the share of a larger one: takes the native step's points, one after the other. */
final class CpuShare implements ShareThread.Device, AutoCloseable {
  /** In the order of {@code gs_verdict}. */
  private static final Verdict.What[] WHATS = Verdict.What.values();

  private final Step step;
  private final Participants participants;
  private final Point point = new Point();
  private final SegmentGradients gradients;

  /** What makes the statistics of batch norms, in the order in which the library numbers them. */
  private final List<Operation> statistics;

  /** [1 + 2C] of each; empty if batch norm does not meet the others. */
  private final List<DoubleBuffer> exchange = new ArrayList<>();

  private final ShareThread thread = new ShareThread(this);
  private final ShareThread.Call answer = this::answer;

  /** Of the library, about the point that was taken. */
  private int status;

  CpuShare(
      Step step,
      StepPlan plan,
      CpuMemory memory,
      Participants participants,
      boolean synchroniseBatchNorm) {
    this.step = step;
    this.participants = participants;
    statistics = plan.batchStatistics();
    int flags = CpuLibrary.GS_SHARE_GRADIENTS;
    long address = 0;
    if (synchroniseBatchNorm) {
      flags |= CpuLibrary.GS_SHARE_BATCHNORM;
      address = exchange(memory);
    }
    gradients = new SegmentGradients(plan, memory.gradients.layout(), memory.gradientMemory::view);
    CpuErrors.check(CpuLibrary.gs_step_share(step, flags, address));
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

  @Override
  public boolean next() {
    status = CpuLibrary.gs_step_next_point(step, point);
    if (status == CpuLibrary.GS_ABORTED) {
      return false;
    }
    try {
      thread.call(answer);
      CpuLibrary.gs_step_answer(step, point);
    } catch (PeerLost e) {
      // the native step knows, and await says so
    }
    return true;
  }

  private void answer() throws IOException, InterruptedException {
    CpuErrors.check(status);
    int index = point.index();
    int kind = point.kind();
    if (kind == CpuLibrary.GS_POINT_GRADIENTS) {
      participants.gradients(index, gradients.of(index));
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

  /** The thread that follows this step. */
  ShareThread thread() {
    return thread;
  }

  /** On any thread. */
  @Override
  public void abort() {
    CpuLibrary.gs_step_abort(step);
  }

  /** Throws {@link IllegalStateException} if a participant does not return. */
  @Override
  public void close() {
    thread.close();
    point.close();
  }
}
