package io.gradsieve.backend.cuda;

import io.gradsieve.backend.DeviceParticipants;
import io.gradsieve.backend.Resources;
import io.gradsieve.backend.ShareThread;
import io.gradsieve.backend.layout.Range;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BooleanSupplier;

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

  /** Since the last wait, in their order. */
  private final List<Bucket> queued = new ArrayList<>();

  private final ShareThread.Call wait = this::awaitBuckets;

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

  /** One after another: who waits for many bytes sees that they move. */
  private void awaitBuckets() throws IOException, InterruptedException {
    try {
      for (int i = 0; i < queued.size(); i++) {
        participants.await(queued.get(i).isReduced);
      }
    } finally {
      queued.clear();
    }
  }

  private final class Bucket implements CudaPoints.Point {
    private final long filled = newEvent();
    private final long reduced = newEvent();
    private final BooleanSupplier isReduced = () -> CudaRuntime.reached(reduced);
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
      queued.add(this);
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
