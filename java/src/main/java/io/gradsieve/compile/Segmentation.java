package io.gradsieve.compile;

import io.gradsieve.graph.Graph;
import io.gradsieve.graph.Value;
import io.gradsieve.plan.Operation;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * Cuts the operations into segments. Heavy operations and those that read the whole batch run as
 * early as what they read allows, so that a projection's convolution runs beside the body's first;
 * light operations run as late as they can, in the segment of their first reader, where their
 * result is in cache and can be recomputed instead of kept.
 *
 * <p>A segment ends where a value of the whole batch is made, before a light operation on a heavy
 * one's result (so that it leads the next segment and can be recomputed), and around every product
 * of rows: those run on blocks of many samples, others on few.
 */
final class Segmentation {
  /** What a value comes from within its segment. */
  private enum After {
    /** Nothing heavy: the value can be made at the segment's beginning. */
    NOTHING,
    HEAVY,
    PRODUCT
  }

  private record Ready(int level, After after) {
    Ready with(Ready other) {
      if (level != other.level) {
        return level > other.level ? this : other;
      }
      return after.compareTo(other.after) >= 0 ? this : other;
    }
  }

  /** Operations that run together, on rows or on larger samples. */
  record Chain(boolean rows, List<Operation> operations) {
    /** Samples of one block, as the target has it. */
    int block(int[] origins, Target target) {
      Set<Integer> touched = new HashSet<>();
      long floats = 0;
      for (Operation operation : operations) {
        for (int value : operation.touched()) {
          floats += touched.add(origins[value]) ? target.floats(origins[value]) : 0;
        }
      }
      return target.block(rows, floats);
    }
  }

  private final Graph graph;
  private final int[] origins;
  private final List<Operation> operations;
  private final int[] level;
  private final boolean[] rows;
  private final boolean[] pinned;
  private final Map<Integer, Ready> ready = new HashMap<>();

  private Segmentation(Graph graph, List<Operation> operations) {
    this.graph = graph;
    this.origins = graph.origins();
    this.operations = operations;
    this.level = new int[operations.size()];
    this.rows = new boolean[operations.size()];
    this.pinned = new boolean[operations.size()];
  }

  /** The chains in the order they run. */
  static List<Chain> of(Graph graph, List<Operation> operations, Target target) {
    if (!target.segmented()) {
      return operations.stream().map(operation -> new Chain(false, List.of(operation))).toList();
    }
    Segmentation segmentation = new Segmentation(graph, operations);
    segmentation.findRows();
    for (int i = 0; i < operations.size(); i++) {
      segmentation.asEarlyAsPossible(i);
    }
    segmentation.asLateAsPossible();
    return segmentation.chains();
  }

  /**
   * An operation works on rows if all of a sample that it touches is one position, and so for
   * everything that reads what it makes: a row never becomes an image again.
   */
  private void findRows() {
    Set<Integer> readByOthers = new HashSet<>();
    for (int i = operations.size() - 1; i >= 0; i--) {
      Operation operation = operations.get(i);
      rows[i] =
          (operation.product()
                  ? graph.value(operation.output()).positions() == 1
                  : isOnePosition(operation))
              && (operation.output() < 0 || !readByOthers.contains(origins[operation.output()]));
      if (!rows[i]) {
        for (int value : operation.inputs()) {
          readByOthers.add(origins[value]);
        }
      }
    }
  }

  /** As it lies in memory: a flattened image is none. */
  private boolean isOnePosition(Operation operation) {
    for (int touched : operation.touched()) {
      Value value = graph.value(origins[touched]);
      if (!value.ofBatch() && value.positions() > 1) {
        return false;
      }
    }
    return true;
  }

  private void asEarlyAsPossible(int i) {
    Operation operation = operations.get(i);
    Ready inputs = new Ready(0, After.NOTHING);
    for (int value : operation.inputs()) {
      inputs = inputs.with(ready.get(origins[value]));
    }
    Ready result;
    if (operation.heavy()) {
      pinned[i] = true;
      result =
          rows[i]
              ? new Ready(inputs.level + (inputs.after == After.PRODUCT ? 1 : 0), After.PRODUCT)
              : new Ready(inputs.level, After.HEAVY);
    } else if (operation.output() < 0) {
      pinned[i] = true;
      result = inputs;
    } else if (graph.value(operation.output()).ofBatch()) {
      pinned[i] = true;
      rows[i] &= inputs.after != After.HEAVY;
      result = inputs;
    } else {
      result = light(i, operation, inputs);
    }
    level[i] = result.level;
    if (operation.output() >= 0) {
      boolean ofBatch = graph.value(operation.output()).ofBatch();
      // What reads a value of the whole batch is in a later segment.
      ready.put(
          origins[operation.output()],
          ofBatch ? new Ready(result.level + 1, After.NOTHING) : result);
    }
  }

  private Ready light(int i, Operation operation, Ready inputs) {
    if (inputs.after == After.PRODUCT || (inputs.after == After.HEAVY && shrinks(operation))) {
      // Directly behind what makes its input: an activation or loss behind a product, a pool that
      // shrinks a convolution's result.
      pinned[i] = true;
      return inputs;
    }
    int next = inputs.after == After.HEAVY && !rows[i] ? 1 : 0;
    return new Ready(inputs.level + next, After.NOTHING);
  }

  private boolean shrinks(Operation operation) {
    boolean shrinks = true;
    for (int input : operation.inputs()) {
      shrinks &= graph.value(input).elements() > graph.value(operation.output()).elements();
    }
    return shrinks;
  }

  private void asLateAsPossible() {
    Map<Integer, Integer> first = new HashMap<>();
    for (int i = operations.size() - 1; i >= 0; i--) {
      Operation operation = operations.get(i);
      Integer reader = operation.output() < 0 ? null : first.get(origins[operation.output()]);
      if (!pinned[i] && reader != null) {
        level[i] = level[reader];
        if (operation.inputs().isEmpty()) {
          rows[i] = rows[reader];
        }
      }
      for (int value : operation.inputs()) {
        int now = i;
        first.merge(origins[value], now, (a, b) -> order(a) <= order(b) ? a : b);
      }
    }
  }

  /** Larger samples before rows of the same level: a row never becomes an image again. */
  private int order(int operation) {
    return 2 * level[operation] + (rows[operation] ? 1 : 0);
  }

  private List<Chain> chains() {
    Map<Integer, Chain> chains = new TreeMap<>();
    for (int i = 0; i < operations.size(); i++) {
      boolean together = rows[i];
      chains
          .computeIfAbsent(order(i), key -> new Chain(together, new ArrayList<>()))
          .operations()
          .add(operations.get(i));
    }
    return List.copyOf(chains.values());
  }
}
