package io.gradsieve.backend.cpu;

import io.gradsieve.natives.CpuLibrary;
import io.gradsieve.natives.Step;
import io.gradsieve.plan.Normalization;
import io.gradsieve.plan.Operation;
import io.gradsieve.plan.Operation.Activation;
import io.gradsieve.plan.Operation.Gradient;
import io.gradsieve.plan.PlanTensor;
import io.gradsieve.plan.Segment;
import io.gradsieve.plan.StepPlan;
import java.util.HashMap;
import java.util.Map;

/**
 * Hands a plan to the native executor: its tensors, then its operations, one {@code gs_step_…} call
 * each.
 */
final class CpuPlan {
  private final Step step;
  private final int[] number = new int[1];

  /**
   * The library numbers batch norm layers in the order of their statistics, the plan as the network
   * names them.
   */
  private final Map<Integer, Integer> normalizers = new HashMap<>();

  private CpuPlan(Step step) {
    this.step = step;
  }

  /** A native step of the plan, not yet bound to memory; the caller destroys it. */
  static Step create(StepPlan plan, int threads) {
    Step step = new Step();
    CpuErrors.check(
        CpuLibrary.gs_step_create(threads, plan.capacity(), plan.norms() ? 1 : 0, step));
    try {
      CpuPlan builder = new CpuPlan(step);
      for (int i = 0; i < plan.tensors().size(); i++) {
        builder.tensor(i, plan.tensors().get(i));
      }
      for (Segment segment : plan.segments()) {
        CpuErrors.check(CpuLibrary.gs_step_segment(step, segment.block(), segment.recompute()));
        for (Operation operation : segment.operations()) {
          CpuErrors.check(builder.add(operation));
        }
      }
      return step;
    } catch (RuntimeException e) {
      CpuLibrary.gs_step_destroy(step);
      throw e;
    }
  }

  private void tensor(int index, PlanTensor tensor) {
    CpuErrors.check(
        CpuLibrary.gs_step_tensor(
            step,
            tensor.height(),
            tensor.width(),
            tensor.channels(),
            tensor.pitch(),
            storage(tensor.value()),
            tensor.value().offset(),
            storage(tensor.gradient()),
            tensor.gradient().offset(),
            number));
    if (number[0] != index) {
      throw new IllegalStateException("tensor " + index + " of the plan is number " + number[0]);
    }
  }

  /** The operation's native call; a kind of operation without a line here is a fault of ours. */
  private int add(Operation operation) {
    if (operation instanceof Operation.Input o) {
      return CpuLibrary.gs_step_input(
          step,
          o.out(),
          o.bytes() ? CpuLibrary.GS_UINT8 : CpuLibrary.GS_FLOAT32,
          o.bytes() ? o.scale() : null,
          o.bytes() ? o.shift() : null);
    }
    if (operation instanceof Operation.Conv2d o) {
      return CpuLibrary.gs_step_conv2d(
          step,
          o.in(),
          o.out(),
          o.kernelHeight(),
          o.kernelWidth(),
          o.stride(),
          o.padding(),
          o.weights(),
          o.bias(),
          code(o.activation()),
          o.pool(),
          o.saved(),
          code(o.gradient()));
    }
    if (operation instanceof Operation.Linear o) {
      return CpuLibrary.gs_step_linear(
          step,
          o.in(),
          o.out(),
          o.weights(),
          o.bias(),
          code(o.activation()),
          code(o.gradient()),
          o.shift().length == 0 ? null : o.shift());
    }
    if (operation instanceof Normalization.BatchNormStatistics o) {
      int status =
          CpuLibrary.gs_step_batchnorm_statistics(
              step,
              o.in(),
              o.runningMean(),
              o.runningVariance(),
              o.eps(),
              o.momentum(),
              code(o.gradient()),
              number);
      if (status == CpuLibrary.GS_OK) {
        normalizers.put(o.normalizer(), number[0]);
      }
      return status;
    }
    if (operation instanceof Normalization.BatchNormNormalize o) {
      return CpuLibrary.gs_step_batchnorm_normalize(
          step,
          normalizers.getOrDefault(o.normalizer(), -1),
          o.in(),
          o.skip(),
          o.out(),
          o.gamma(),
          o.beta(),
          code(o.activation()),
          code(o.skipGradient()));
    }
    return addMore(operation);
  }

  private int addMore(Operation operation) {
    if (operation instanceof Normalization.GroupNorm o) {
      return CpuLibrary.gs_step_groupnorm(
          step,
          o.in(),
          o.out(),
          o.groups(),
          o.gamma(),
          o.beta(),
          o.eps(),
          o.saved(),
          code(o.gradient()));
    }
    if (operation instanceof Normalization.LayerNorm o) {
      return CpuLibrary.gs_step_layernorm(
          step,
          o.in(),
          o.out(),
          o.spatial() ? 1 : 0,
          o.gamma(),
          o.beta(),
          o.eps(),
          o.saved(),
          code(o.gradient()));
    }
    if (operation instanceof Operation.Activate o) {
      return CpuLibrary.gs_step_activation(
          step, o.in(), o.out(), code(o.activation()), code(o.gradient()));
    }
    if (operation instanceof Operation.Pool2d o) {
      int pool =
          o.pool() == Operation.Pool.MAX ? CpuLibrary.GS_MAX_POOL : CpuLibrary.GS_AVERAGE_POOL;
      return CpuLibrary.gs_step_pool2d(
          step,
          o.in(),
          o.out(),
          pool,
          o.kernelHeight(),
          o.kernelWidth(),
          o.saved(),
          code(o.gradient()));
    }
    if (operation instanceof Operation.Dropout o) {
      return CpuLibrary.gs_step_dropout(
          step, o.in(), o.out(), o.p(), o.place(), code(o.gradient()));
    }
    if (operation instanceof Operation.Add o) {
      return CpuLibrary.gs_step_add(
          step, o.a(), o.b(), o.out(), code(o.gradientA()), code(o.gradientB()));
    }
    if (operation instanceof Operation.SoftmaxCrossEntropy o) {
      return CpuLibrary.gs_step_softmax_cross_entropy(
          step, o.logits(), o.labelSmoothing(), code(o.gradient()));
    }
    throw new IllegalStateException("no native call for " + operation);
  }

  private static int storage(PlanTensor.Place place) {
    return switch (place.storage()) {
      case NOWHERE -> CpuLibrary.GS_NOWHERE;
      case ARENA -> CpuLibrary.GS_ARENA;
      case SCRATCH -> CpuLibrary.GS_SCRATCH;
    };
  }

  private static int code(Gradient gradient) {
    return switch (gradient) {
      case NONE -> CpuLibrary.GS_GRADIENT_NONE;
      case STORE -> CpuLibrary.GS_GRADIENT_STORE;
      case ADD -> CpuLibrary.GS_GRADIENT_ADD;
    };
  }

  private static int code(Activation activation) {
    return switch (activation) {
      case IDENTITY -> CpuLibrary.GS_IDENTITY;
      case RELU -> CpuLibrary.GS_RELU;
      case GELU -> CpuLibrary.GS_GELU;
      case TANH -> CpuLibrary.GS_TANH;
      case SIGMOID -> CpuLibrary.GS_SIGMOID;
    };
  }
}
