package io.gradsieve.backend.cpu;

import io.gradsieve.backend.layout.LaidOutParameters;
import io.gradsieve.backend.layout.Layout;
import io.gradsieve.graph.ParameterValues;
import io.gradsieve.natives.CpuLibrary;
import io.gradsieve.natives.Step;
import io.gradsieve.plan.StepPlan;
import io.gradsieve.plan.UpdateRule;
import java.nio.DoubleBuffer;
import java.nio.IntBuffer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** All memory of a step, each piece under its purpose; bound to the native step when made. */
final class CpuMemory implements AutoCloseable {
  /** Of results: two steps may be under way, which take turns with them. */
  static final int SETS = 2;

  final Map<String, ParameterValues> states = new LinkedHashMap<>();

  /** Of the trainable parameters, as they lie. */
  final CpuBuffer gradientMemory;

  final LaidOutParameters gradients;
  final CpuRecords[] records = new CpuRecords[SETS];

  /** How many of each class a choice takes. */
  final CpuBuffer classCounts;

  final IntBuffer classCountInts;

  /** Where a wait leaves the squared norm of the gradient. */
  final CpuBuffer result;

  final DoubleBuffer gradientNorm2;

  private final CpuBackend backend;

  /** In the order it was taken. */
  private final List<CpuBuffer> owned = new ArrayList<>();

  CpuMemory(
      CpuBackend backend,
      StepPlan plan,
      Step step,
      LaidOutParameters weights,
      Optional<UpdateRule> optimizer) {
    this.backend = backend;
    Layout layout = weights.layout();
    try {
      long[] arena = new long[1];
      long[] scratch = new long[1];
      CpuErrors.check(CpuLibrary.gs_step_memory(step, arena, scratch));
      if (layout.whole(arena[0] / Float.BYTES) != plan.arenaFloats()) {
        throw new IllegalStateException(
            "the plan's arena has %d floats, the executor's tensors end at %d"
                .formatted(plan.arenaFloats(), arena[0] / Float.BYTES));
      }
      CpuBuffer arenaMemory = own(plan.arenaFloats() * Float.BYTES, "arena");
      CpuBuffer scratchMemory = own(scratch[0], "scratch");
      long trainableBytes = layout.trainable() * Float.BYTES;
      gradientMemory = gradients(plan.backward() ? trainableBytes : 0);
      gradients = LaidOutParameters.trainable(layout, gradientMemory);
      List<String> kept = optimizer.map(UpdateRule::states).orElse(List.of());
      long[] stateAddresses = new long[2];
      for (int i = 0; i < kept.size(); i++) {
        CpuBuffer state = own(trainableBytes, "optimizer");
        stateAddresses[i] = state.address();
        states.put(kept.get(i), LaidOutParameters.trainable(layout, state));
      }
      int capacity = plan.capacity();
      long rows = (long) CpuLibrary.GS_RECORDS * capacity * Float.BYTES;
      long pitch = layout.tensor(plan.graph().logits()).pitch();
      CpuBuffer recordRows = own(SETS * rows, "records");
      long probabilityBytes = Layout.viewable(capacity, pitch * Float.BYTES, "results");
      CpuBuffer probabilities = own(SETS * probabilityBytes, "records");
      CpuBuffer backwardRows = own((long) SETS * capacity * Integer.BYTES, "records");
      for (int set = 0; set < SETS; set++) {
        records[set] =
            new CpuRecords(
                recordRows,
                set * rows,
                probabilities.view(set * probabilityBytes, (int) probabilityBytes).asFloatBuffer(),
                backwardRows,
                set,
                capacity);
      }
      int classBytes = plan.graph().classes() * Integer.BYTES;
      classCounts = own(classBytes, "records");
      classCountInts = classCounts.view(0, classBytes).asIntBuffer();
      result = own(Double.BYTES, "records");
      gradientNorm2 = result.view(0, Double.BYTES).asDoubleBuffer();
      CpuErrors.check(
          CpuLibrary.gs_step_bind(
              step,
              arenaMemory.address(),
              scratchMemory.address(),
              weights.address(),
              layout.trainable(),
              plan.backward() ? gradientMemory.address() : 0,
              stateAddresses[0],
              stateAddresses[1],
              recordRows.address(),
              probabilities.address()));
    } catch (RuntimeException e) {
      close();
      throw e;
    }
  }

  private CpuBuffer gradients(long bytes) {
    if (bytes == 0) {
      return own(0, "gradients");
    }
    CpuBuffer buffer = backend.allocateGradients(bytes);
    owned.add(buffer);
    return buffer;
  }

  /** Memory may be 0 bytes where a plan needs none; a buffer never is. */
  CpuBuffer own(long bytes, String purpose) {
    CpuBuffer buffer = backend.allocate(Math.max(bytes, Double.BYTES), purpose);
    owned.add(buffer);
    return buffer;
  }

  /** After the native step is gone: its threads use the memory. */
  @Override
  public void close() {
    for (CpuBuffer buffer : owned) {
      buffer.close();
    }
  }
}
