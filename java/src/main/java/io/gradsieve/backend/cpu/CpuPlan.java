package io.gradsieve.backend.cpu;

import io.gradsieve.backend.layout.Tensor;
import io.gradsieve.graph.Kind;
import io.gradsieve.natives.CpuLibrary;
import io.gradsieve.natives.Step;
import io.gradsieve.plan.Operation;
import io.gradsieve.plan.PlanValue;
import io.gradsieve.plan.Segment;
import io.gradsieve.plan.StepPlan;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Hands a plan to the native executor: its operations, one {@code gs_step_…} call each, and the
 * tensors that these read and write.
 */
final class CpuPlan {
  private final StepPlan plan;
  private final CpuLayout layout;
  private final Step step;
  private final Map<Integer, Integer> tensors = new HashMap<>();
  private final Map<Integer, Integer> lanes = new HashMap<>();
  private final Map<Integer, int[]> normalizers = new HashMap<>();

  private CpuPlan(StepPlan plan, CpuLayout layout, Step step) {
    this.plan = plan;
    this.layout = layout;
    this.step = step;
  }

  /** A native step of the plan, not yet bound to memory; the caller destroys it. */
  static Step create(StepPlan plan, CpuLayout layout, int threads) {
    Step step = new Step();
    CpuErrors.check(
        CpuLibrary.gs_step_create(threads, plan.capacity(), plan.norms() ? 1 : 0, step));
    try {
      CpuPlan builder = new CpuPlan(plan, layout, step);
      for (Segment segment : plan.segments()) {
        CpuErrors.check(CpuLibrary.gs_step_segment(step, segment.block(), segment.recompute()));
        for (Operation operation : segment.operations()) {
          builder.add(operation);
        }
      }
      return step;
    } catch (RuntimeException e) {
      CpuLibrary.gs_step_destroy(step);
      throw e;
    }
  }

  /** Tells what the operation touches, then adds it. Values of the batch are the executor's own. */
  private void add(Operation operation) {
    Kind kind = operation.first().kind();
    CpuKind<Kind> known = CpuKinds.of(kind);
    boolean byChannel = known.byChannel();
    List<Integer> inputs = operation.inputs();
    int[] tensorsRead = new int[inputs.size()];
    int[] codes = new int[inputs.size()];
    int count = 0;
    for (int i = 0; i < inputs.size(); i++) {
      if (!isOfBatch(inputs.get(i))) {
        tensorsRead[count] = number(inputs.get(i), byChannel);
        codes[count++] = code(operation.gradients().get(i));
      }
    }
    int[] read = new int[operation.readsBackward().size()];
    int reads = 0;
    for (int value : operation.readsBackward()) {
      if (!isOfBatch(value)) {
        read[reads++] = number(value, byChannel);
      }
    }
    int output = operation.output();
    List<Integer> saved = operation.saved();
    CpuErrors.check(
        CpuLibrary.gs_step_operation(
            step,
            count,
            tensorsRead,
            codes,
            output < 0 || isOfBatch(output) ? -1 : number(output, byChannel),
            saved.isEmpty() ? -1 : tensor(saved.get(0)),
            reads,
            read));
    CpuErrors.check(known.add(kind, operation, this));
  }

  private boolean isOfBatch(int value) {
    return layout.graph().value(value).ofBatch();
  }

  Step step() {
    return step;
  }

  CpuLayout layout() {
    return layout;
  }

  /** The number of a value's tensor. */
  private int tensor(int value) {
    return number(value, false);
  }

  /**
   * The number of a value's tensor.
   *
   * @param byChannel whether its channels are to be those of the value
   */
  private int number(int value, boolean byChannel) {
    boolean seenByChannel = byChannel && layout.isFlattened(value);
    Map<Integer, Integer> numbers = seenByChannel ? lanes : tensors;
    int origin = layout.origin(value);
    Integer known = numbers.get(origin);
    if (known == null) {
      known = add(origin, seenByChannel ? layout.byChannel(value) : layout.tensor(origin));
      numbers.put(origin, known);
    }
    return known;
  }

  private int add(int value, Tensor tensor) {
    PlanValue place = plan.value(value);
    int[] number = new int[1];
    CpuErrors.check(
        CpuLibrary.gs_step_tensor(
            step,
            tensor.positions(),
            tensor.channels(),
            tensor.pitch(),
            storage(place.value()),
            place.value().offset(),
            storage(place.gradient()),
            place.gradient().offset(),
            number));
    return number[0];
  }

  /** The native number of the batch norm that has these statistics, once they are added. */
  int[] normalizer(int statistics) {
    return normalizers.computeIfAbsent(statistics, v -> new int[] {-1});
  }

  /** Floats from the start of the weights to a parameter; -1 for none. */
  long offset(int parameter) {
    return layout.offset(parameter);
  }

  private static int code(Operation.Gradient gradient) {
    return switch (gradient) {
      case NONE -> CpuLibrary.GS_GRADIENT_NONE;
      case STORE -> CpuLibrary.GS_GRADIENT_STORE;
      case ADD -> CpuLibrary.GS_GRADIENT_ADD;
    };
  }

  private static int storage(PlanValue.Place place) {
    return switch (place.storage()) {
      case NOWHERE -> CpuLibrary.GS_NOWHERE;
      case ARENA -> CpuLibrary.GS_ARENA;
      case SCRATCH -> CpuLibrary.GS_SCRATCH;
    };
  }
}
