package io.gradsieve.backend.cuda;

import io.gradsieve.backend.DeviceParticipants;
import io.gradsieve.backend.Participants;
import io.gradsieve.backend.Resources;
import io.gradsieve.backend.SegmentGradients;
import io.gradsieve.backend.ShareThread;
import io.gradsieve.backend.Verdict;
import io.gradsieve.backend.layout.Range;
import io.gradsieve.natives.CudaKernels;
import io.gradsieve.plan.Operation;
import io.gradsieve.plan.Segment;
import io.gradsieve.plan.StepPlan;
import java.nio.ByteBuffer;
import java.nio.DoubleBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Where a step that is a share of a larger one meets the others, between two of its graphs: at a
 * batch norm's sums, where a bucket of gradients is final, before the verdict. Participants see
 * copies in pinned memory; gradients come back to the device all at once, before the update. Those
 * that can add up gradients on the device ({@link DeviceParticipants}) do it in their place.
 */
final class CudaPoints implements AutoCloseable {
  /**
   * Bytes of gradients from which on they are announced: what a link of 12 GB/s moves in the 20 µs
   * that a collective takes however little it has to move.
   */
  private static final long BUCKET = 256 << 10;

  private static final Verdict.What[] WHATS = Verdict.What.values(); // in the order of gs_cuda_what
  private static final int OUTCOME_BYTES = 32;

  /** A place at which participants are called. */
  interface Point {
    /** Queues what brings to the host what the call is about. */
    void queue();

    /** Waits for it, calls, and queues what the device needs of the answer. */
    void answer();

    /** Whether the device has nothing to do before the answer. */
    boolean blocks();
  }

  /** What the points do with the step they are reached in. */
  interface Running {
    /**
     * It is going to change the weights.
     *
     * @throws io.gradsieve.GradsieveException.PeerLost if it was aborted
     */
    void commit();
  }

  private final CudaBackend backend;
  private final CudaBinding binding;
  private final Participants participants;
  private final ShareThread thread;
  private final Running running;
  private final Resources resources = new Resources();

  /** By the value of the graph; empty if batch norm does not meet the others. */
  private final Map<Integer, Sums> sums = new HashMap<>();

  /** By the segment whose backward pass fills it. */
  private final Map<Integer, Bucket> buckets = new HashMap<>();

  private final Agreement agreement;
  private final Agreement agreementOnGradients;
  private final @Nullable CudaPinned gradients;
  private final @Nullable CudaReduction reduction;

  /** Reached, but not answered. */
  private final ArrayDeque<Point> waiting = new ArrayDeque<>();

  /** Why the steps behind do not change anything, and the place of its sample in this share. */
  private Verdict halted = Verdict.FINE;

  private int haltedPlace;

  CudaPoints(
      CudaBackend backend,
      CudaBinding binding,
      Participants participants,
      boolean synchroniseBatchNorm,
      ShareThread thread,
      Running running) {
    this.backend = backend;
    this.binding = binding;
    this.participants = participants;
    this.thread = thread;
    this.running = running;
    StepPlan plan = binding.network().plan();
    try {
      if (synchroniseBatchNorm) {
        plan.batchStatistics().forEach(o -> sums.put(o.output(), new Sums(o)));
      }
      boolean onDevice = participants instanceof DeviceParticipants;
      gradients = plan.backward() && !onDevice ? ownGradients() : null;
      reduction =
          plan.backward() && participants instanceof DeviceParticipants device
              ? new CudaReduction(
                  backend, device, thread, resources, binding.network().gradientAddress())
              : null;
      if (plan.backward()) {
        fillBuckets(plan);
      }
      agreement = new Agreement(false);
      agreementOnGradients = new Agreement(true);
    } catch (RuntimeException e) {
      throw resources.abandon(e);
    }
  }

  private CudaPinned own(long bytes) {
    CudaPinned memory = new CudaPinned(backend, bytes, "exchange");
    resources.add(memory::close);
    return memory;
  }

  private long newEvent() {
    long event = CudaRuntime.createEvent(false);
    resources.add(() -> CudaRuntime.destroyEvent(event));
    return event;
  }

  private CudaPinned ownGradients() {
    return own(Math.max(binding.network().layout().trainable() * Float.BYTES, Float.BYTES));
  }

  private void fillBuckets(StepPlan plan) {
    CudaLayout layout = binding.network().layout();
    CudaPinned host = gradients;
    SegmentGradients views = host == null ? null : new SegmentGradients(plan, layout, host::view);
    List<Integer> segments = new ArrayList<>();
    List<Integer> parameters = new ArrayList<>();
    for (int s = plan.segments().size() - 1; s >= 0; s--) {
      Segment segment = plan.segments().get(s);
      if (!segment.completes().isEmpty()) {
        segments.add(s);
        parameters.addAll(segment.completes());
      }
      List<Range> ranges = layout.ranges(parameters);
      long floats = ranges.stream().mapToLong(Range::floats).sum();
      if (floats > 0 && (s == 0 || floats * Float.BYTES >= BUCKET)) {
        Point way =
            host == null || views == null
                ? Objects.requireNonNull(reduction).of(ranges)
                : new Copies(List.copyOf(segments), ranges, host, views);
        buckets.put(s, new Bucket(ranges, way));
        segments.clear();
        parameters.clear();
      }
    }
  }

  /** The point at a batch norm's sums, in either pass; null if they are not exchanged. */
  @Nullable Point sums(int statistics) {
    return sums.get(statistics);
  }

  /** The bucket of gradients that a segment's backward pass fills. */
  @Nullable Bucket bucketFilledBy(int segment) {
    return buckets.get(segment);
  }

  /** The point before the verdict; {@code onGradients}: after which they are those of all. */
  Point agreement(boolean onGradients) {
    return onGradients ? agreementOnGradients : agreement;
  }

  /** Before the first point of a step; {@code first}: with no step under way. */
  void begin(boolean first) {
    waiting.clear();
    if (first) {
      halted = Verdict.FINE;
    }
  }

  /**
   * A step has come to a point with all that it has queued; returns when it may go on.
   *
   * @throws io.gradsieve.GradsieveException.PeerLost if it was aborted
   * @throws io.gradsieve.GradsieveException.Diverged if all agreed that it is not fine
   */
  void reached(Point point) {
    point.queue();
    waiting.add(point);
    while (point.blocks() && !waiting.isEmpty()) {
      waiting.remove().answer();
    }
  }

  /** A batch norm's sums, on the host double[1 + 2C] without pads. */
  private final class Sums implements Point {
    private final CudaBatchNorm norm;
    private final int channels;
    private final int pitch;
    private final CudaPinned host;
    private final long queued = newEvent();
    private final ShareThread.Call call;

    Sums(Operation statistics) {
      CudaValue input = binding.network().byChannel(statistics.inputs().get(0));
      int value = statistics.output();
      norm = binding.network().batchNorm(value, input);
      channels = input.channels();
      pitch = input.pitch();
      int bytes = (1 + 2 * channels) * Double.BYTES;
      host = own(bytes);
      DoubleBuffer view = host.view(0, bytes).asDoubleBuffer();
      call = () -> participants.sums(value, view.clear());
    }

    @Override
    public void queue() {
      copy(true);
      CudaRuntime.record(queued, backend.stream());
    }

    private void copy(boolean toHost) {
      if (pitch == channels) {
        copy(toHost, 0, 0, 1 + 2 * channels);
      } else {
        copy(toHost, 0, 0, 1 + channels);
        copy(toHost, 1 + channels, 1 + pitch, channels);
      }
    }

    private void copy(boolean toHost, long onHost, long onDevice, long count) {
      long there = host.address() + onHost * Double.BYTES;
      long here = norm.sums() + onDevice * Double.BYTES;
      CudaRuntime.copyAsync(
          toHost ? there : here, toHost ? here : there, count * Double.BYTES, backend.stream());
    }

    @Override
    public void answer() {
      CudaRuntime.synchronizeEvent(queued);
      thread.call(call);
      copy(false);
    }

    @Override
    public boolean blocks() {
      return true;
    }
  }

  /** Gradients of several segments that go together, where they lie and how they are added up. */
  record Bucket(List<Range> ranges, Point way) implements Point {
    @Override
    public void queue() {
      way.queue();
    }

    @Override
    public void answer() {
      way.answer();
    }

    @Override
    public boolean blocks() {
      return way.blocks();
    }
  }

  /** A bucket that is copied beside the backward pass. */
  private final class Copies implements Point {
    private final List<Range> ranges;
    private final CudaPinned host;
    private final long filled = newEvent();
    private final long copied = newEvent();
    private final ShareThread.Call[] calls;

    private Copies(
        List<Integer> segments, List<Range> ranges, CudaPinned host, SegmentGradients views) {
      this.ranges = ranges;
      this.host = host;
      calls =
          segments.stream()
              .map(s -> (ShareThread.Call) () -> participants.gradients(s, views.of(s)))
              .toArray(ShareThread.Call[]::new);
    }

    @Override
    public void queue() {
      CudaRuntime.record(filled, backend.stream());
      CudaRuntime.waitFor(backend.copyStream(), filled);
      for (int i = 0; i < ranges.size(); i++) {
        long at = ranges.get(i).from() * Float.BYTES;
        CudaRuntime.copyAsync(
            host.address() + at,
            binding.network().gradientAddress() + at,
            ranges.get(i).floats() * Float.BYTES,
            backend.copyStream());
      }
      CudaRuntime.record(copied, backend.copyStream());
    }

    @Override
    public void answer() {
      CudaRuntime.synchronizeEvent(copied);
      for (ShareThread.Call call : calls) {
        thread.call(call);
      }
    }

    @Override
    public boolean blocks() {
      return false;
    }
  }

  /** What this share says of the step, and all of them. */
  private final class Agreement implements Point {
    private final boolean onGradients;
    private final CudaPinned host = own(OUTCOME_BYTES);
    private final ByteBuffer outcome = host.view(0, OUTCOME_BYTES);
    private final long queued = newEvent();
    private Verdict own = Verdict.FINE;
    private Verdict agreed = Verdict.FINE;
    private final ShareThread.Call call = () -> agreed = participants.agree(own);

    Agreement(boolean onGradients) {
      this.onGradients = onGradients;
    }

    @Override
    public void queue() {
      long stream = backend.stream();
      CudaRuntime.copyAsync(host.address(), binding.blocks().outcome(), OUTCOME_BYTES, stream);
      CudaRuntime.record(queued, stream);
    }

    @Override
    public void answer() {
      CudaRuntime.synchronizeEvent(queued);
      int place = judge();
      if (onGradients && reduction != null) {
        reduction.await();
      }
      thread.call(call);
      if (!agreed.fine()) {
        CudaRuntime.fillAsync(binding.blocks().halted(), 1, Integer.BYTES, backend.stream());
        halted = agreed;
        haltedPlace = agreed.equals(own) ? place : -1;
        throw CudaErrors.diverged(agreed, haltedPlace);
      }
      running.commit();
      if (onGradients && gradients != null) {
        long bytes = binding.network().layout().trainable() * Float.BYTES;
        long to = binding.network().gradientAddress();
        CudaRuntime.copyAsync(to, gradients.address(), bytes, backend.stream());
      }
    }

    /** The share's own verdict, and the place of its sample. Behind a step it is that step's. */
    private int judge() {
      int what = outcome.getInt(0);
      if (what == CudaKernels.GS_CUDA_BEHIND) {
        own = halted.fine() ? new Verdict(Verdict.What.GRADIENT, 0) : halted;
        return haltedPlace;
      }
      boolean sample = what == CudaKernels.GS_CUDA_LOSS || what == CudaKernels.GS_CUDA_NORM;
      own =
          what == CudaKernels.GS_CUDA_FINE
              ? Verdict.FINE
              : new Verdict(WHATS[what], sample ? outcome.getLong(2 * Integer.BYTES) : 0);
      return outcome.getInt(Integer.BYTES);
    }

    @Override
    public boolean blocks() {
      return true;
    }
  }

  @Override
  public void close() {
    resources.close();
  }
}
