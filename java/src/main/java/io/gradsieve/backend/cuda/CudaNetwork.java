package io.gradsieve.backend.cuda;

import io.gradsieve.backend.Resources;
import io.gradsieve.backend.cuda.Cudnn.ConvolutionShape;
import io.gradsieve.backend.layout.LaidOutParameters;
import io.gradsieve.backend.layout.Tensor;
import io.gradsieve.graph.Kind;
import io.gradsieve.natives.CudaConv2dShape;
import io.gradsieve.plan.Operation;
import io.gradsieve.plan.PlanValue;
import io.gradsieve.plan.PlanValue.Storage;
import io.gradsieve.plan.Segment;
import io.gradsieve.plan.StepPlan;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** A plan's operations on their memory: one arena, the weights, their gradients. */
final class CudaNetwork implements AutoCloseable {
  /** Rows of samples that a choice of them moves. */
  record Rows(long address, long bytes) {}

  private final StepPlan plan;
  private final CudaLayout layout;
  private final LaidOutParameters weights;
  private final Resources resources = new Resources();
  private final CudaBackend backend;
  private final long arena;
  private final long scratch;
  private final CudaBuffer gradientMemory;
  private final LaidOutParameters gradients;
  private final List<List<CudaOperation>> segments = new ArrayList<>();
  private final Map<Integer, CudaBatchNorm> batchNorms = new HashMap<>();

  CudaNetwork(CudaBackend backend, StepPlan plan, CudaLayout layout, LaidOutParameters weights) {
    this.backend = backend;
    this.plan = plan;
    this.layout = layout;
    this.weights = weights;
    try {
      arena = own(plan.arenaFloats() * Float.BYTES, "arena").address();
      scratch = own(plan.scratchFloats() * Float.BYTES, "arena").address();
      gradientMemory = own(plan.backward() ? layout.trainable() * Float.BYTES : 0, "gradients");
      gradients = LaidOutParameters.trainable(layout, gradientMemory);
      for (Segment segment : plan.segments()) {
        List<CudaOperation> operations = new ArrayList<>();
        for (Operation operation : segment.operations()) {
          Kind kind = operation.first().kind();
          operations.add(CudaKinds.of(kind).operation(kind, operation, this));
        }
        segments.add(operations);
      }
    } catch (RuntimeException e) {
      throw resources.abandon(e);
    }
  }

  /** Memory that lives as long as the network does; 0 bytes become a word. */
  CudaBuffer own(long bytes, String purpose) {
    CudaBuffer buffer =
        new CudaBuffer(backend, Math.max(bytes, CudaLayout.WORD * Float.BYTES), purpose);
    resources.add(buffer::close);
    return buffer;
  }

  /** A copy of host numbers in memory that lives as long as the network does. */
  long own(float[] numbers, String purpose) {
    CudaBuffer buffer = own((long) numbers.length * Float.BYTES, purpose);
    buffer.write(0, numbers);
    return buffer.address();
  }

  StepPlan plan() {
    return plan;
  }

  CudaLayout layout() {
    return layout;
  }

  LaidOutParameters weights() {
    return weights;
  }

  /** Of the trainable parameters, laid out as these. */
  LaidOutParameters gradients() {
    return gradients;
  }

  /** The operations of each segment of the plan. */
  List<List<CudaOperation>> segments() {
    return segments;
  }

  /** A value of every sample, as it lies; one of a view's origin. */
  CudaValue value(int value) {
    PlanValue place = plan.value(value);
    return new CudaValue(layout.tensor(value), address(place.value()), address(place.gradient()));
  }

  /**
   * The same with the channels that the graph gives it: those of a flattened image are all lanes.
   */
  CudaValue byChannel(int value) {
    Tensor tensor = layout.byChannel(value);
    return value(value).flat(tensor);
  }

  /** What the batch norm with these statistics keeps, over the channels of its input. */
  CudaBatchNorm batchNorm(int statistics, CudaValue input) {
    return batchNorms.computeIfAbsent(statistics, value -> CudaBatchNorm.of(this, input.pitch()));
  }

  /** What an operation saved. */
  long saved(int value) {
    return address(plan.value(value).value());
  }

  private long address(PlanValue.Place place) {
    return switch (place.storage()) {
      case NOWHERE -> 0;
      case ARENA -> arena + place.offset() * Float.BYTES;
      case SCRATCH -> scratch + place.offset() * Float.BYTES;
    };
  }

  /** Where a parameter lies; 0 for none. */
  long weight(int parameter) {
    return parameter < 0 ? 0 : weights.address() + layout.offset(parameter) * Float.BYTES;
  }

  /** Where the gradient of a parameter lies; 0 for none. */
  long gradient(int parameter) {
    return parameter < 0 ? 0 : gradientMemory.address() + layout.offset(parameter) * Float.BYTES;
  }

  /** Where the gradients of the trainable parameters begin. */
  long gradientAddress() {
    return gradientMemory.address();
  }

  /** A convolution's shape for our kernels; lives as long as the network does. */
  CudaConv2dShape shape(ConvolutionShape of) {
    CudaConv2dShape shape = new CudaConv2dShape();
    resources.add(shape::close);
    shape.height(of.height()).width(of.width()).channels(of.channels()).pitch(of.pitch());
    shape.kernel_height(of.kernelHeight()).kernel_width(of.kernelWidth());
    shape.stride(of.stride()).padding(of.padding());
    shape.out_channels(of.outChannels()).out_pitch(of.outPitch());
    return shape;
  }

  /**
   * What a backward pass over some of the samples has to find in their order: what it reads of the
   * forward pass, and the first gradient.
   */
  List<Rows> rowsForBackward() {
    Set<Integer> values = new LinkedHashSet<>();
    for (Segment segment : plan.segments()) {
      for (Operation operation : segment.operations()) {
        if (operation.trains(plan.graph())
            || operation.gradients().stream().anyMatch(g -> g != Operation.Gradient.NONE)) {
          operation.readsBackward().forEach(value -> values.add(layout.origin(value)));
          values.addAll(operation.saved());
        }
      }
    }
    List<Rows> rows = new ArrayList<>();
    for (int value : values) {
      PlanValue place = plan.value(value);
      if (place.value().storage() == Storage.ARENA && !plan.graph().value(value).ofBatch()) {
        rows.add(new Rows(address(place.value()), place.floats() * Float.BYTES));
      }
    }
    PlanValue logits = plan.value(plan.graph().logits());
    if (logits.gradient().storage() != Storage.NOWHERE) {
      rows.add(new Rows(address(logits.gradient()), logits.floats() * Float.BYTES));
    }
    return rows;
  }

  /** Bytes that a sample's passes read and write. */
  long trafficPerSample() {
    long bytes = 0;
    for (int s = 0; s < segments.size(); s++) {
      for (Operation operation : plan.segments().get(s).operations()) {
        for (int value : operation.touched()) {
          boolean ofBatch = plan.graph().value(value).ofBatch();
          bytes +=
              ofBatch ? 0 : plan.value(value).floats() * Float.BYTES * (plan.backward() ? 3 : 1);
        }
      }
      for (CudaOperation operation : segments.get(s)) {
        bytes += plan.backward() && plan.norms() ? operation.normTraffic() : 0;
      }
    }
    return bytes;
  }

  @Override
  public void close() {
    resources.close();
  }
}
