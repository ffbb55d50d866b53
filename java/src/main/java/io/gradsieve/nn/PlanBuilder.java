package io.gradsieve.nn;

import io.gradsieve.nn.Lowering.Step;
import io.gradsieve.nn.Schedule.Chain;
import io.gradsieve.nn.layer.Shape;
import io.gradsieve.plan.Dataflow;
import io.gradsieve.plan.Normalization;
import io.gradsieve.plan.Operation;
import io.gradsieve.plan.Operation.Gradient;
import io.gradsieve.plan.PlanTensor;
import io.gradsieve.plan.PlanTensor.Place;
import io.gradsieve.plan.Segment;
import io.gradsieve.plan.StepPlan;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * From operations to a plan: fusion, segments, what is kept, gradients, and places in memory. The
 * stages are {@link Fusion}, {@link Schedule}, {@link Retention}, then here the gradients in
 * backward order, then {@link Placement}.
 */
final class PlanBuilder {
  private final Lowering lowering;
  private final boolean backward;
  private final Retention retention;
  private final List<Chain> chains;
  private final List<List<Step>> segments = new ArrayList<>();

  PlanBuilder(Lowering lowering, boolean backward) {
    this.lowering = lowering;
    this.backward = backward;
    this.chains = Schedule.of(lowering, Fusion.of(lowering));
    this.retention = new Retention(lowering, chains, backward);
    for (int s = 0; s < chains.size(); s++) {
      segments.add(new ArrayList<>(retention.ordered(s)));
    }
    numberNormalizers();
    flowGradients();
  }

  /** Batch norms are numbered in the order in which their statistics run. */
  private void numberNormalizers() {
    Map<Integer, Integer> numbers = new HashMap<>();
    for (List<Step> steps : segments) {
      for (int i = 0; i < steps.size(); i++) {
        if (steps.get(i).operation() instanceof Normalization.BatchNormStatistics s) {
          numbers.put(s.normalizer(), numbers.size());
        }
        steps.set(i, new Step(numbered(steps.get(i).operation(), numbers), steps.get(i).layers()));
      }
    }
  }

  private static Operation numbered(Operation operation, Map<Integer, Integer> numbers) {
    if (operation instanceof Normalization.BatchNormStatistics s) {
      return new Normalization.BatchNormStatistics(
          numbers.get(s.normalizer()),
          s.in(),
          s.runningMean(),
          s.runningVariance(),
          s.eps(),
          s.momentum(),
          s.gradient());
    }
    if (operation instanceof Normalization.BatchNormNormalize n) {
      return new Normalization.BatchNormNormalize(
          numbers.get(n.normalizer()),
          n.in(),
          n.skip(),
          n.out(),
          n.gamma(),
          n.beta(),
          n.activation(),
          n.skipGradient());
    }
    return operation;
  }

  /** The first in backward order to reach a value stores its gradient, those after it add. */
  private void flowGradients() {
    Set<Integer> stored = new HashSet<>();
    for (int s = segments.size() - 1; s >= 0; s--) {
      List<Step> steps = segments.get(s);
      for (int i = steps.size() - 1; i >= 0; i--) {
        Operation operation = steps.get(i).operation();
        List<Gradient> gradients = new ArrayList<>();
        for (int target : operation.dataflow().targets()) {
          int value = lowering.origin(target);
          gradients.add(
              !retention.isTrained(value)
                  ? Gradient.NONE
                  : stored.add(value) ? Gradient.STORE : Gradient.ADD);
        }
        steps.set(i, new Step(operation.withGradients(gradients), steps.get(i).layers()));
      }
    }
  }

  /** The segment that runs each layer's last operation; layers without one (flatten) are absent. */
  Map<String, Integer> segmentOfLayers() {
    Map<String, Integer> segmentOf = new LinkedHashMap<>();
    for (int s = 0; s < segments.size(); s++) {
      for (Step step : segments.get(s)) {
        for (String layer : step.layers()) {
          segmentOf.put(layer, s);
        }
      }
    }
    return segmentOf;
  }

  /** The plan for batches of up to {@code capacity} samples. */
  StepPlan build(int capacity, boolean norms, ParameterLayout layout) {
    Placement placement = new Placement(lowering, backward, capacity);
    for (int s = 0; s < segments.size(); s++) {
      placement.segment(segments.get(s), retention.repeats(s), chains.get(s).block(lowering));
    }
    placement.place(retention);
    Numbering numbering = new Numbering(placement);
    List<Segment> result = new ArrayList<>();
    int logits = -1;
    for (int s = 0; s < segments.size(); s++) {
      List<Operation> operations = new ArrayList<>();
      for (Step step : segments.get(s)) {
        operations.add(step.operation().renumber(numbering::of));
        if (step.operation() instanceof Operation.SoftmaxCrossEntropy loss) {
          logits = numbering.of(loss.logits());
        }
      }
      result.add(new Segment(chains.get(s).block(lowering), retention.repeats(s), operations));
    }
    return new StepPlan(
        capacity,
        norms,
        backward,
        numbering.tensors,
        result,
        placement.arenaFloats(),
        placement.scratchFloats(),
        layout.trainable(),
        layout.floats(),
        logits);
  }

  /** Gives the values that are left after fusion numbers in the order of their first use. */
  private final class Numbering {
    private final Placement placement;
    private final Map<Integer, Integer> numbers = new LinkedHashMap<>();
    private final List<PlanTensor> tensors = new ArrayList<>();

    Numbering(Placement placement) {
      this.placement = placement;
    }

    int of(int value) {
      if (value < 0) {
        return value;
      }
      return numbers.computeIfAbsent(
          value,
          v -> {
            Shape shape = lowering.shape(v);
            Place where = placement.value(lowering.origin(v));
            Place gradient = placement.gradient(lowering.origin(v));
            tensors.add(
                new PlanTensor(
                    shape.height(),
                    shape.width(),
                    shape.channels(),
                    shape.pitch(),
                    where,
                    gradient));
            return tensors.size() - 1;
          });
    }
  }

  /** Values an operation reads, writes or saves, aliases resolved. */
  static List<Integer> touched(Lowering lowering, Dataflow flow) {
    return flow.touches().stream().map(lowering::origin).distinct().toList();
  }
}
