package io.gradsieve.backend.cuda;

import io.gradsieve.backend.Resources;
import io.gradsieve.data.SampleShape;
import io.gradsieve.data.SampleStore;
import io.gradsieve.natives.NativeMemory;
import java.nio.ByteBuffer;
import java.util.Arrays;

/**
 * The samples of a store for the device. Where they fit they lie there, as they are, from the first
 * step that reads them on; else each batch is gathered into pinned memory and copied by a stream of
 * its own while the step before runs, by turns into two places.
 */
final class CudaSamples {
  /**
   * Where a step's samples lie.
   *
   * @param address of the store's first sample, or of the batch's
   * @param height of their images, pixels
   * @param width of their images, pixels
   */
  record Source(long address, int height, int width) {}

  private final CudaBackend backend;
  private final SampleStore store;
  private final SampleShape shape;
  private final Runnable gone;
  private final boolean resident;
  private final Resources resources = new Resources();
  private final CudaBuffer[] places = new CudaBuffer[CudaBlocks.SETS];
  private final CudaPinned[] staging = new CudaPinned[CudaBlocks.SETS];
  private final ByteBuffer[] views = new ByteBuffer[CudaBlocks.SETS];

  private final Source[] sources = new Source[CudaBlocks.SETS];

  /** By place: its samples are there; nothing reads it any more. */
  private final long[] copied = new long[CudaBlocks.SETS];

  private final long[] read = new long[CudaBlocks.SETS];
  private boolean uploaded;
  private int users;

  private CudaSamples(
      CudaBackend backend, SampleStore store, SampleShape shape, boolean resident, Runnable gone) {
    this.backend = backend;
    this.store = store;
    this.shape = shape;
    this.resident = resident;
    this.gone = gone;
  }

  /**
   * All of a store on the device.
   *
   * @param gone called when nobody uses it any more
   */
  static CudaSamples resident(
      CudaBackend backend, SampleStore store, SampleShape shape, Runnable gone) {
    CudaSamples made = new CudaSamples(backend, store, shape, true, gone);
    made.places[0] = new CudaBuffer(backend, Math.max(bytes(store), Float.BYTES), "data");
    made.resources.add(made.places[0]::close);
    Arrays.fill(made.sources, made.source(made.places[0]));
    return made;
  }

  /**
   * Batches of up to {@code capacity} samples of a store.
   *
   * @param gone called when nobody uses it any more
   */
  static CudaSamples staged(
      CudaBackend backend, SampleStore store, SampleShape shape, int capacity, Runnable gone) {
    CudaSamples made = new CudaSamples(backend, store, shape, false, gone);
    try {
      made.stage(Math.multiplyExact((long) capacity, store.sampleBytes()));
    } catch (RuntimeException e) {
      throw made.resources.abandon(e);
    }
    return made;
  }

  /** Of all samples of a store. */
  static long bytes(SampleStore store) {
    return (long) store.samples() * store.sampleBytes();
  }

  private void stage(long bytes) {
    for (int set = 0; set < CudaBlocks.SETS; set++) {
      CudaBuffer place = new CudaBuffer(backend, bytes, "data");
      resources.add(place::close);
      places[set] = place;
      sources[set] = source(place);
      CudaPinned pinned = new CudaPinned(backend, bytes, "data");
      resources.add(pinned::close);
      staging[set] = pinned;
      views[set] = pinned.view(0, Math.toIntExact(bytes));
      copied[set] = event();
      read[set] = event();
      CudaRuntime.record(read[set], backend.stream());
    }
  }

  private Source source(CudaBuffer place) {
    return new Source(place.address(), shape.height(), shape.width());
  }

  private long event() {
    long event = CudaRuntime.createEvent(false);
    resources.add(() -> CudaRuntime.destroyEvent(event));
    return event;
  }

  /** Samples of the store. */
  int count() {
    return store.samples();
  }

  /** Whether a batch comes in its own order rather than by index. */
  boolean gathers() {
    return !resident;
  }

  /** One more input uses it. */
  CudaSamples acquire() {
    users++;
    return this;
  }

  /** One fewer does; the last gives the memory back. */
  void release() {
    users--;
    if (users == 0) {
      gone.run();
      resources.close();
    }
  }

  /** Where the samples of a step of this set lie. */
  Source source(int set) {
    return sources[set];
  }

  /** Sees to it that what is queued from now on finds a batch's samples. */
  void provide(CudaInput input, int batch, int set) {
    if (resident) {
      upload();
      return;
    }
    int bytes = store.sampleBytes();
    ByteBuffer view = views[set];
    for (int i = 0; i < batch; i++) {
      int sample = (int) input.sample(i);
      ByteBuffer chunk = store.chunks().get(store.chunkOf(sample));
      view.put(i * bytes, chunk, store.offset(sample), bytes);
    }
    CudaRuntime.waitFor(backend.copyStream(), read[set]);
    CudaRuntime.copyAsync(
        places[set].address(), staging[set].address(), (long) batch * bytes, backend.copyStream());
    CudaRuntime.record(copied[set], backend.copyStream());
    CudaRuntime.waitFor(backend.stream(), copied[set]);
  }

  /** After the step that reads them was queued. */
  void queued(int set) {
    if (!resident) {
      CudaRuntime.record(read[set], backend.stream());
    }
  }

  private void upload() {
    if (uploaded) {
      return;
    }
    long to = places[0].address();
    for (ByteBuffer chunk : store.chunks()) {
      CudaRuntime.copyAsync(to, NativeMemory.address(chunk), chunk.capacity(), backend.stream());
      to += chunk.capacity();
    }
    backend.synchronize();
    uploaded = true;
  }
}
