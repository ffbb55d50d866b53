package io.gradsieve.nn;

import io.gradsieve.nn.Lowering.Step;
import io.gradsieve.nn.layer.Shape;
import io.gradsieve.plan.Normalization.BatchNormNormalize;
import io.gradsieve.plan.Operation;
import io.gradsieve.plan.Operation.Activate;
import io.gradsieve.plan.Operation.Activation;
import io.gradsieve.plan.Operation.Add;
import io.gradsieve.plan.Operation.Conv2d;
import io.gradsieve.plan.Operation.Input;
import io.gradsieve.plan.Operation.Linear;
import io.gradsieve.plan.Operation.Pool;
import io.gradsieve.plan.Operation.Pool2d;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Lets an operation swallow the cheap one that follows it, so that a value is not written only to
 * be read once: convolution + relu + max-pool, linear + activation, batch norm + sum + relu. Gelu
 * is never swallowed, since its backward pass reads its input. One pass: each operation tries to
 * join the one that makes its input. A linear layer takes the shift of the bytes that it reads.
 */
final class Fusion {
  private final Lowering lowering;
  private final Map<Integer, Integer> readers = new HashMap<>();
  private final Map<Integer, Step> producers = new HashMap<>();
  private final List<Step> fused = new ArrayList<>();

  private Fusion(Lowering lowering) {
    this.lowering = lowering;
    for (Step step : lowering.steps()) {
      for (int value : step.operation().dataflow().reads()) {
        readers.merge(lowering.origin(value), 1, Integer::sum);
      }
    }
  }

  /** The operations after fusion, still every one after what it reads. */
  static List<Step> of(Lowering lowering) {
    Fusion fusion = new Fusion(lowering);
    for (Step step : lowering.steps()) {
      fusion.take(step);
    }
    return fusion.fused;
  }

  private void take(Step step) {
    Step next =
        step.operation() instanceof Linear linear
            ? shifted(linear, step)
            : joined(step).orElse(step);
    fused.add(next);
    int out = next.operation().dataflow().writes();
    if (out >= 0) {
      producers.put(lowering.origin(out), next);
    }
  }

  private Optional<Step> joined(Step step) {
    Operation operation = step.operation();
    if (operation instanceof Activate activate) {
      return alone(activate.in()).flatMap(before -> activated(before, activate, step));
    }
    if (operation instanceof Pool2d pool) {
      return alone(pool.in()).flatMap(before -> pooled(before, pool, step));
    }
    return operation instanceof Add add ? summed(add, step) : Optional.empty();
  }

  /**
   * The shift of standardised bytes moves from the input into the linear layer that reads it, so
   * that blank pixels are zeros, which the layer's products skip.
   */
  private Step shifted(Linear linear, Step step) {
    Optional<Step> before = alone(linear.in());
    if (before.isEmpty() || !(before.get().operation() instanceof Input input) || !input.shifts()) {
      return step;
    }
    Shape shape = lowering.shape(input.out());
    float[] shift = new float[shape.floats()];
    for (int i = 0; i < shift.length; i++) {
      int channel = i % shape.pitch();
      shift[i] = channel < shape.channels() ? input.shift()[channel] : 0;
    }
    fused.set(fused.indexOf(before.get()), new Step(input.unshifted(), before.get().layers()));
    return new Step(linear.shifted(shift), step.layers());
  }

  /** What makes this value, if nothing but the asking operation reads it. */
  private Optional<Step> alone(int value) {
    int origin = lowering.origin(value);
    return readers.getOrDefault(origin, 0) == 1
        ? Optional.ofNullable(producers.get(origin))
        : Optional.empty();
  }

  private Optional<Step> activated(Step before, Activate activate, Step step) {
    Activation function = activate.activation();
    Operation operation = before.operation();
    if (operation instanceof Conv2d conv
        && conv.activation() == Activation.IDENTITY
        && conv.pool() == 1
        && function == Activation.RELU) {
      return Optional.of(join(before, step, conv.fused(activate.out(), function, 1, -1)));
    }
    if (operation instanceof Linear linear
        && linear.activation() == Activation.IDENTITY
        && function != Activation.GELU) {
      return Optional.of(join(before, step, linear.fused(activate.out(), function)));
    }
    if (operation instanceof BatchNormNormalize normalize
        && normalize.activation() == Activation.IDENTITY
        && function == Activation.RELU) {
      return Optional.of(
          join(before, step, like(normalize, normalize.skip(), activate.out(), function)));
    }
    return Optional.empty();
  }

  private Optional<Step> pooled(Step before, Pool2d pool, Step step) {
    boolean square = pool.kernelHeight() == pool.kernelWidth() && pool.kernelHeight() > 1;
    if (before.operation() instanceof Conv2d conv
        && conv.pool() == 1
        && pool.pool() == Pool.MAX
        && square) {
      return Optional.of(
          join(
              before,
              step,
              conv.fused(pool.out(), conv.activation(), pool.kernelHeight(), pool.saved())));
    }
    return Optional.empty();
  }

  private Optional<Step> summed(Add add, Step step) {
    for (boolean first : new boolean[] {true, false}) {
      int normalized = first ? add.a() : add.b();
      int skip = first ? add.b() : add.a();
      Optional<Step> before = alone(normalized);
      if (before.isPresent()
          && before.get().operation() instanceof BatchNormNormalize normalize
          && normalize.skip() < 0
          && normalize.activation() == Activation.IDENTITY) {
        return Optional.of(
            join(before.get(), step, like(normalize, skip, add.out(), Activation.IDENTITY)));
      }
    }
    return Optional.empty();
  }

  /**
   * Features of a flattened image are normalised through a view of other shape: then the new values
   * are too.
   */
  private Operation like(BatchNormNormalize normalize, int skip, int out, Activation activation) {
    boolean viewed = lowering.origin(normalize.out()) != normalize.out();
    return viewed
        ? normalize.fused(
            skip < 0 || isView(skip) ? skip : lowering.view(skip), lowering.view(out), activation)
        : normalize.fused(skip, out, activation);
  }

  private boolean isView(int value) {
    return lowering.origin(value) != value;
  }

  private Step join(Step before, Step step, Operation operation) {
    fused.remove(before);
    List<String> layers = new ArrayList<>(before.layers());
    layers.addAll(step.layers());
    return new Step(operation, layers);
  }
}
