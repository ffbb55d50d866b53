package io.gradsieve.backend.cuda;

import io.gradsieve.backend.DeviceParticipants;
import io.gradsieve.backend.Resources;
import io.gradsieve.backend.ShareThread;
import io.gradsieve.backend.layout.Range;
import java.util.List;

/**
 * Gradients that are added up over all shares where they lie, on the stream beside the steps', from
 * a bucket's end on.
 */
final class CudaReduction {
  private final CudaBackend backend;
  private final DeviceParticipants participants;
  private final ShareThread thread;
  private final Resources resources;
  private final long gradients;

  /** After what was queued last. */
  private final long reduced;

  private final ShareThread.Call wait;

  /**
   * Of the gradients at an address.
   *
   * @param resources that own what this makes
   */
  CudaReduction(
      CudaBackend backend,
      DeviceParticipants participants,
      ShareThread thread,
      Resources resources,
      long gradients) {
    this.backend = backend;
    this.participants = participants;
    this.thread = thread;
    this.resources = resources;
    this.gradients = gradients;
    reduced = newEvent();
    wait = () -> participants.await(() -> CudaRuntime.reached(reduced));
  }

  private long newEvent() {
    long event = CudaRuntime.createEvent(false);
    resources.add(() -> CudaRuntime.destroyEvent(event));
    return event;
  }

  /** The point at which these are final. */
  CudaPoints.Point of(List<Range> ranges) {
    return new Bucket(ranges);
  }

  /**
   * Waits until all that was queued is done: the weights may be changed.
   *
   * @throws io.gradsieve.GradsieveException.PeerLost if it will never be
   */
  void await() {
    thread.call(wait);
  }

  private final class Bucket implements CudaPoints.Point {
    private final long filled = newEvent();
    private final ShareThread.Call call;

    Bucket(List<Range> ranges) {
      long[] addresses =
          ranges.stream().mapToLong(r -> gradients + r.from() * Float.BYTES).toArray();
      long[] floats = ranges.stream().mapToLong(Range::floats).toArray();
      call = () -> participants.reduce(backend.copyStream(), addresses, floats);
    }

    @Override
    public void queue() {
      CudaRuntime.record(filled, backend.stream());
      CudaRuntime.waitFor(backend.copyStream(), filled);
      thread.call(call);
      CudaRuntime.record(reduced, backend.copyStream());
    }

    @Override
    public void answer() {
      // the device has all it needs
    }

    @Override
    public boolean blocks() {
      return false;
    }
  }
}
