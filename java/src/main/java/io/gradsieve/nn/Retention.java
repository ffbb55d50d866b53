package io.gradsieve.nn;

import io.gradsieve.nn.Lowering.Step;
import io.gradsieve.nn.Schedule.Chain;
import io.gradsieve.plan.Dataflow;
import io.gradsieve.plan.Operation;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Decides which values are kept for the whole batch and which are made again for backward. A value
 * goes to the arena if another segment reads it, forward or backward, or if a product over the
 * whole batch does; it is recomputed if only its own segment reads it in backward and cheap
 * operations can make it from kept values; all others live in scratch and are gone after use.
 */
final class Retention {
  private final Lowering lowering;
  private final List<Chain> chains;
  private final boolean backward;
  private final Map<Integer, Integer> home = new HashMap<>();
  private final Map<Integer, Step> producers = new HashMap<>();
  private final Set<Integer> trained = new HashSet<>();
  private final Set<Integer> kept = new HashSet<>();
  private final Set<Integer> readBackward = new HashSet<>();
  private final Set<Step> recomputed = new HashSet<>();

  Retention(Lowering lowering, List<Chain> chains, boolean backward) {
    this.lowering = lowering;
    this.chains = chains;
    this.backward = backward;
    for (int s = 0; s < chains.size(); s++) {
      for (Step step : chains.get(s).steps()) {
        enter(s, step);
      }
    }
    for (int s = 0; s < chains.size(); s++) {
      for (Step step : chains.get(s).steps()) {
        keepWhatOthersRead(s, step);
      }
    }
    for (int s = 0; s < chains.size(); s++) {
      recompute(s);
    }
  }

  private void enter(int segment, Step step) {
    Dataflow flow = step.operation().dataflow();
    int out = lowering.origin(flow.writes());
    if (out >= 0) {
      home.put(out, segment);
      producers.put(out, step);
      if (flow.trains()
          || flow.reads().stream().anyMatch(value -> trained.contains(lowering.origin(value)))) {
        trained.add(out);
      }
    }
    if (flow.saves() >= 0) {
      home.put(lowering.origin(flow.saves()), segment);
    }
  }

  private void keepWhatOthersRead(int segment, Step step) {
    Dataflow flow = step.operation().dataflow();
    for (int value : flow.reads()) {
      keepIf(home.get(lowering.origin(value)) != segment, value);
    }
    if (step.operation() instanceof Operation.SoftmaxCrossEntropy loss) {
      keepIf(true, loss.logits());
    }
    if (!runsBackward(step)) {
      return;
    }
    for (int value : flow.readsBackward()) {
      readBackward.add(lowering.origin(value));
      keepIf(home.get(lowering.origin(value)) != segment, value);
    }
    if (step.operation() instanceof Operation.Linear linear) {
      keepIf(true, linear.in());
    }
  }

  private void keepIf(boolean condition, int value) {
    if (condition) {
      kept.add(lowering.origin(value));
    }
  }

  /**
   * What backward reads in this segment and is not kept yet: made again if that can be, else kept.
   */
  private void recompute(int segment) {
    Set<Step> repeatable = new HashSet<>();
    for (Step step : chains.get(segment).steps()) {
      int out = lowering.origin(step.operation().dataflow().writes());
      if (out < 0) {
        continue;
      }
      if (!kept.contains(out)
          && isLight(step.operation())
          && fromOutside(segment, step, repeatable)) {
        repeatable.add(step);
      } else if (readBackward.contains(out)) {
        kept.add(out);
      }
    }
    for (Step step : repeatable) {
      if (readBackward.contains(lowering.origin(step.operation().dataflow().writes()))) {
        repeat(segment, step);
      }
    }
  }

  private static boolean isLight(Operation operation) {
    return !(operation instanceof Operation.Conv2d || operation instanceof Operation.Linear);
  }

  /**
   * Only repeated operations run before the others of a segment, so a repeated one must not read
   * what those make.
   */
  private boolean fromOutside(int segment, Step step, Set<Step> repeatable) {
    return step.operation().dataflow().reads().stream()
        .map(lowering::origin)
        .allMatch(value -> home.get(value) != segment || repeatable.contains(producers.get(value)));
  }

  private void repeat(int segment, Step step) {
    if (recomputed.add(step)) {
      for (int value : step.operation().dataflow().reads()) {
        if (home.get(lowering.origin(value)) == segment) {
          repeat(segment, producers.get(lowering.origin(value)));
        }
      }
    }
  }

  /** The operations of a segment, those that are recomputed first. */
  List<Step> ordered(int segment) {
    List<Step> ordered = new ArrayList<>();
    for (boolean first : new boolean[] {true, false}) {
      for (Step step : chains.get(segment).steps()) {
        if (recomputed.contains(step) == first) {
          ordered.add(step);
        }
      }
    }
    return ordered;
  }

  /** How many operations at a segment's beginning run again in backward. */
  int repeats(int segment) {
    return (int) chains.get(segment).steps().stream().filter(recomputed::contains).count();
  }

  /** Whether a value lies in the arena. */
  boolean isKept(int value) {
    return kept.contains(lowering.origin(value));
  }

  /** Whether a parameter before this value is trained, so that it has a gradient. */
  boolean isTrained(int value) {
    return backward && trained.contains(lowering.origin(value));
  }

  /** Whether an operation does anything in backward. */
  boolean runsBackward(Step step) {
    Dataflow flow = step.operation().dataflow();
    return backward && (flow.trains() || flow.targets().stream().anyMatch(this::isTrained));
  }
}
