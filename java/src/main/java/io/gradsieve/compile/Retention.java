package io.gradsieve.compile;

import io.gradsieve.compile.Segmentation.Chain;
import io.gradsieve.graph.Graph;
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
 * whole batch does; it is recomputed if only its own segment reads it in backward and light
 * operations can make it from kept values; all others live in scratch and are gone after use.
 */
final class Retention {
  private final Graph graph;
  private final int[] origins;
  private final List<Chain> chains;
  private final boolean backward;
  private final Map<Integer, Integer> home = new HashMap<>();
  private final Map<Integer, Operation> producers = new HashMap<>();
  private final Set<Integer> trained = new HashSet<>();
  private final Set<Integer> kept = new HashSet<>();
  private final Set<Integer> readBackward = new HashSet<>();
  private final Set<Operation> recomputed = new HashSet<>();

  Retention(Graph graph, List<Chain> chains, boolean backward) {
    this.graph = graph;
    this.origins = graph.origins();
    this.chains = chains;
    this.backward = backward;
    for (int s = 0; s < chains.size(); s++) {
      for (Operation operation : chains.get(s).operations()) {
        enter(s, operation);
      }
    }
    for (int s = 0; s < chains.size(); s++) {
      for (Operation operation : chains.get(s).operations()) {
        keepWhatOthersRead(s, operation);
      }
    }
    for (int s = 0; s < chains.size(); s++) {
      recompute(s);
    }
  }

  private void enter(int segment, Operation operation) {
    if (operation.output() >= 0) {
      int out = origins[operation.output()];
      home.put(out, segment);
      producers.put(out, operation);
      boolean isTrained = operation.trains(graph);
      for (int value : operation.inputs()) {
        isTrained |= trained.contains(origins[value]);
      }
      if (isTrained) {
        trained.add(out);
      }
    }
    for (int value : operation.saved()) {
      home.put(value, segment);
    }
  }

  private void keepWhatOthersRead(int segment, Operation operation) {
    for (int value : operation.inputs()) {
      // What an operation without output reads is a result of the step.
      keepIf(home.get(origins[value]) != segment || operation.output() < 0, value);
    }
    if (!runsBackward(operation)) {
      return;
    }
    for (int value : operation.readsBackward()) {
      readBackward.add(origins[value]);
      keepIf(home.get(origins[value]) != segment, value);
    }
    for (int value : operation.inputs()) {
      keepIf(operation.product(), value);
    }
  }

  private void keepIf(boolean condition, int value) {
    if (condition) {
      kept.add(origins[value]);
    }
  }

  /**
   * What backward reads in this segment and is not kept yet: made again if that can be, else kept.
   */
  private void recompute(int segment) {
    Set<Operation> repeatable = new HashSet<>();
    for (Operation operation : chains.get(segment).operations()) {
      if (operation.output() < 0) {
        continue;
      }
      int out = origins[operation.output()];
      if (!kept.contains(out)
          && operation.recomputable()
          && fromOutside(segment, operation, repeatable)) {
        repeatable.add(operation);
      } else if (readBackward.contains(out)) {
        kept.add(out);
      }
    }
    for (Operation operation : repeatable) {
      if (readBackward.contains(origins[operation.output()])) {
        repeat(segment, operation);
      }
    }
  }

  /**
   * Only repeated operations run before the others of a segment, so a repeated one must not read
   * what those make.
   */
  private boolean fromOutside(int segment, Operation operation, Set<Operation> repeatable) {
    for (int value : operation.inputs()) {
      boolean outside = home.get(origins[value]) != segment;
      if (!outside && !repeatable.contains(producers.get(origins[value]))) {
        return false;
      }
    }
    return true;
  }

  private void repeat(int segment, Operation operation) {
    if (recomputed.add(operation)) {
      for (int value : operation.inputs()) {
        if (home.get(origins[value]) == segment) {
          repeat(segment, producers.get(origins[value]));
        }
      }
    }
  }

  /** The operations of a segment, those that are recomputed first. */
  List<Operation> ordered(int segment) {
    List<Operation> ordered = new ArrayList<>();
    for (boolean first : new boolean[] {true, false}) {
      for (Operation operation : chains.get(segment).operations()) {
        if (recomputed.contains(operation) == first) {
          ordered.add(operation);
        }
      }
    }
    return ordered;
  }

  /** How many operations at a segment's beginning run again in backward. */
  int repeats(int segment) {
    int repeats = 0;
    for (Operation operation : chains.get(segment).operations()) {
      repeats += recomputed.contains(operation) ? 1 : 0;
    }
    return repeats;
  }

  /** Whether a value lies in the arena. */
  boolean isKept(int value) {
    return kept.contains(origins[value]);
  }

  /** Whether a parameter before this value is trained, so that it has a gradient. */
  boolean isTrained(int value) {
    return backward && trained.contains(origins[value]);
  }

  /** Whether an operation does anything in backward. */
  boolean runsBackward(Operation operation) {
    if (!backward) {
      return false;
    }
    List<Integer> inputs = operation.inputs();
    List<Boolean> differentiable = operation.differentiable();
    boolean gives = false;
    for (int i = 0; i < inputs.size(); i++) {
      gives |= differentiable.get(i) && isTrained(inputs.get(i));
    }
    return gives || operation.trains(graph);
  }
}
