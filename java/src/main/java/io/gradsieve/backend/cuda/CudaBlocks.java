package io.gradsieve.backend.cuda;

import io.gradsieve.backend.Resources;
import io.gradsieve.backend.layout.Layout;
import io.gradsieve.natives.CudaKernels;
import io.gradsieve.plan.StepPlan;
import java.nio.ByteBuffer;

/**
 * What travels with a step: one block to the device, its numbers, how many of each class a choice
 * takes, a {@link CudaSlot}; one block back, its outcome, records, choice and probabilities. On the
 * host each lies twice in pinned memory, for two steps may be under way.
 */
final class CudaBlocks implements AutoCloseable {
  /** What a step says that was never queued. */
  static final int SKIPPED = -1;

  /** Steps that may be under way. */
  static final int SETS = 2;

  // gs_cuda_step
  private static final int SEED = 0;
  private static final int EPOCH = 8;
  private static final int COUNT = 16;
  private static final int RATE = 24;
  private static final int DIVISOR = 32;
  private static final int CLIP_NORM = 40;
  private static final int STATISTICS_MOMENTUM = 48;
  private static final int STEP_BYTES = 64;

  /** Bytes before the records: gs_cuda_outcome. */
  private static final int OUTCOME_BYTES = 64;

  private final Resources resources = new Resources();
  private final CudaSlot slot;
  private final int slotAt;
  private final int bytesIn;
  private final int bytesOut;
  private final long backwardRowsAt;
  private final long probabilitiesAt;
  private final CudaBuffer in;
  private final CudaBuffer out;
  private final CudaBuffer backwardIds;
  private final CudaBuffer halted;
  private final CudaPinned[] inHost = new CudaPinned[SETS];
  private final ByteBuffer[] inViews = new ByteBuffer[SETS];
  private final CudaPinned[] outHost = new CudaPinned[SETS];
  private final ByteBuffer[] outViews = new ByteBuffer[SETS];
  private final CudaRecords[] records = new CudaRecords[SETS];

  /** The set of a step, by its number from 1 on. */
  static int set(long number) {
    return (int) ((number - 1) % SETS);
  }

  CudaBlocks(CudaBackend backend, StepPlan plan, CudaLayout layout) {
    int capacity = plan.capacity();
    slot = new CudaSlot(capacity);
    slotAt = STEP_BYTES + (int) CudaSlot.aligned(plan.graph().classes() * (long) Integer.BYTES);
    long pitch = layout.tensor(plan.graph().logits()).pitch();
    long row = (long) capacity * Float.BYTES;
    backwardRowsAt = OUTCOME_BYTES + CudaSlot.aligned(CudaKernels.GS_CUDA_RECORDS * row);
    probabilitiesAt = backwardRowsAt + CudaSlot.aligned(row);
    int probabilityBytes = Layout.viewable(capacity, pitch * Float.BYTES, "results");
    bytesIn = Math.toIntExact(slotAt + slot.bytes());
    bytesOut = Layout.viewable(1, probabilitiesAt + probabilityBytes, "results");
    try {
      in = own(new CudaBuffer(backend, bytesIn, "input"));
      out = own(new CudaBuffer(backend, bytesOut, "records"));
      backwardIds = own(new CudaBuffer(backend, (long) capacity * Long.BYTES, "records"));
      halted = own(new CudaBuffer(backend, Long.BYTES, "records"));
      for (int set = 0; set < SETS; set++) {
        inHost[set] = own(new CudaPinned(backend, bytesIn, "input"));
        inViews[set] = inHost[set].view(0, bytesIn);
        outHost[set] = own(new CudaPinned(backend, bytesOut, "records"));
        outViews[set] = outHost[set].view(0, bytesOut);
        records[set] =
            new CudaRecords(
                outHost[set],
                OUTCOME_BYTES,
                backwardRowsAt,
                probabilitiesAt,
                probabilityBytes,
                capacity);
      }
    } catch (RuntimeException e) {
      throw resources.abandon(e);
    }
  }

  private CudaBuffer own(CudaBuffer buffer) {
    resources.add(buffer::close);
    return buffer;
  }

  private CudaPinned own(CudaPinned buffer) {
    resources.add(buffer::close);
    return buffer;
  }

  CudaSlot slot() {
    return slot;
  }

  // ---- on the host

  /** What {@code begin} says of a step, before {@link #fill}. */
  void begin(int set, long seed, long epoch, double statisticsMomentum) {
    outViews[set].putInt(0, CudaKernels.GS_CUDA_FINE);
    ByteBuffer view = inViews[set];
    view.putLong(SEED, seed);
    view.putLong(EPOCH, epoch);
    view.putDouble(STATISTICS_MOMENTUM, statisticsMomentum);
  }

  /** What {@code update} says of a step. */
  void update(int set, double rate, double divisor, double clipNorm, long count) {
    if (!(divisor > 0) || !Double.isFinite(divisor) || !Double.isFinite(rate)) {
      throw new IllegalArgumentException(
          "a learning rate of %s, gradients divided by %s".formatted(rate, divisor));
    }
    if (count < 1) {
      throw new IllegalArgumentException("optimizer steps count from 1, not " + count);
    }
    ByteBuffer view = inViews[set];
    view.putLong(COUNT, count);
    view.putDouble(RATE, rate);
    view.putDouble(DIVISOR, divisor);
    view.putDouble(CLIP_NORM, clipNorm);
  }

  /** How many of each class a choice takes. */
  void classCounts(int set, int[] ofClass) {
    for (int c = 0; c < ofClass.length; c++) {
      inViews[set].putInt(STEP_BYTES + c * Integer.BYTES, ofClass[c]);
    }
  }

  /**
   * Copies an input.
   *
   * @param gathered whether its samples were gathered in the order of the batch
   */
  void fill(int set, CudaInput input, int batch, boolean gathered) {
    ByteBuffer view = inViews[set];
    view.put(slotAt, input.view(), 0, Math.toIntExact(slot.bytes()));
    for (int i = 0; gathered && i < batch; i++) {
      view.putLong(slotAt + i * CudaSlot.SAMPLE, i);
    }
  }

  /** Queues the copy to the device. */
  void send(int set, long stream) {
    CudaRuntime.copyAsync(in.address(), inHost[set].address(), bytesIn, stream);
  }

  /** Queues the copy back; probabilities are as long as all else, and few want them. */
  void receive(int set, boolean probabilities, long stream) {
    long bytes = probabilities ? bytesOut : probabilitiesAt;
    CudaRuntime.copyAsync(outHost[set].address(), out.address(), bytes, stream);
  }

  CudaRecords records(int set) {
    return records[set];
  }

  /** The step in this set is not queued at all. */
  void skip(int set) {
    outViews[set].putInt(0, SKIPPED);
  }

  /** {@link #SKIPPED}, else one of {@code GS_CUDA_FINE} and its like once the step is done. */
  int what(int set) {
    return outViews[set].getInt(0);
  }

  /** The place in the batch of the sample that is not finite, -1 if it is none's fault. */
  int place(int set) {
    return outViews[set].getInt(4);
  }

  /** ‖Σ term_i‖². */
  double gradientNorm2(int set) {
    return outViews[set].getDouble(16);
  }

  // ---- on the device

  /** {@code gs_cuda_step}. */
  long step() {
    return in.address();
  }

  long classCounts() {
    return in.address() + STEP_BYTES;
  }

  /** {@code gs_cuda_sample[B]}. */
  long samples() {
    return in.address() + slotAt;
  }

  long labels() {
    return samples() + slot.labels();
  }

  long ids() {
    return samples() + slot.ids();
  }

  /** [b], of the samples that were chosen, in the order of the backward pass. */
  long backwardIds() {
    return backwardIds.address();
  }

  long planWeights() {
    return samples() + slot.planWeights();
  }

  long sampleWeights() {
    return samples() + slot.sampleWeights();
  }

  /** {@code gs_cuda_outcome}. */
  long outcome() {
    return out.address();
  }

  /** Rows of capacity floats. */
  long records() {
    return out.address() + OUTCOME_BYTES;
  }

  long record(int record) {
    return records() + (long) record * slot.capacity() * Float.BYTES;
  }

  long norm2() {
    return record(CudaKernels.GS_CUDA_RECORD_NORM2);
  }

  long backwardRows() {
    return out.address() + backwardRowsAt;
  }

  long probabilities() {
    return out.address() + probabilitiesAt;
  }

  /** int: not 0 after a step that was not fine, so that those queued behind it change nothing. */
  long halted() {
    return halted.address();
  }

  @Override
  public void close() {
    resources.close();
  }
}
