package io.gradsieve.nn;

import io.gradsieve.nn.Lowering.Step;
import io.gradsieve.nn.layer.Shape;
import io.gradsieve.plan.Normalization;
import io.gradsieve.plan.Operation;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Cuts the operations into segments. Convolutions, linear layers and statistics run as early as
 * what they read allows, so that a projection's convolution runs beside the body's first; cheap
 * operations run as late as they can, in the segment of their first reader, where their result is
 * in cache and can be recomputed instead of kept.
 *
 * <p>A segment ends at batch norm statistics, before a cheap operation on a convolution's result
 * (so that it leads the next segment and can be recomputed), and around every linear layer: those
 * run on blocks of many samples, images one by one.
 */
final class Schedule {
  /** Most samples that go through a segment of images together. */
  static final int LARGEST_IMAGE_BLOCK = 8;

  /**
   * Bytes of a block's values and gradients: half a common second-level cache. Chosen, not tuned:
   * on a busy machine blocks of 1, 2, 4 and 8 samples could not be told apart on cnn or resnet20.
   */
  static final long BLOCK_BYTES = 256 << 10;

  /** Samples that go through a segment of features together: enough rows for a matrix product. */
  static final int FEATURE_BLOCK = 256;

  /** What a value comes from within its segment. */
  private enum After {
    /** Nothing heavy: the value can be made at the segment's beginning. */
    NOTHING,
    CONVOLUTION,
    LINEAR
  }

  private record Ready(int level, After after) {
    Ready with(Ready other) {
      if (level != other.level) {
        return level > other.level ? this : other;
      }
      return after.compareTo(other.after) >= 0 ? this : other;
    }
  }

  /** Operations that run together. */
  record Chain(boolean features, List<Step> steps) {
    /** Samples of one block: as many as fit in the cache with their values and gradients. */
    int block(Lowering lowering) {
      if (features) {
        return FEATURE_BLOCK;
      }
      long floats =
          steps.stream()
              .flatMap(step -> PlanBuilder.touched(lowering, step.operation().dataflow()).stream())
              .distinct()
              .mapToLong(value -> lowering.shape(value).floats())
              .sum();
      long samples = BLOCK_BYTES / (2 * Float.BYTES * floats);
      return (int) Math.max(1, Math.min(LARGEST_IMAGE_BLOCK, samples));
    }
  }

  private final Lowering lowering;
  private final List<Step> steps;
  private final int[] level;
  private final boolean[] features;
  private final boolean[] pinned;
  private final Map<Integer, Ready> ready = new HashMap<>();
  private final Map<Integer, Integer> statistics = new HashMap<>();

  private Schedule(Lowering lowering, List<Step> steps) {
    this.lowering = lowering;
    this.steps = steps;
    this.level = new int[steps.size()];
    this.features = new boolean[steps.size()];
    this.pinned = new boolean[steps.size()];
  }

  /** The chains in the order they run. */
  static List<Chain> of(Lowering lowering, List<Step> steps) {
    Schedule schedule = new Schedule(lowering, steps);
    for (int i = 0; i < steps.size(); i++) {
      schedule.asEarlyAsPossible(i);
    }
    schedule.asLateAsPossible();
    return schedule.chains();
  }

  private void asEarlyAsPossible(int i) {
    Operation operation = steps.get(i).operation();
    Ready inputs = new Ready(0, After.NOTHING);
    for (int value : operation.dataflow().reads()) {
      inputs = inputs.with(ready.get(lowering.origin(value)));
    }
    Ready result;
    if (operation instanceof Operation.Conv2d) {
      pinned[i] = true;
      result = new Ready(inputs.level, After.CONVOLUTION);
    } else if (operation instanceof Operation.Linear) {
      pinned[i] = true;
      features[i] = true;
      result = new Ready(inputs.level + (inputs.after == After.LINEAR ? 1 : 0), After.LINEAR);
    } else if (operation instanceof Normalization.BatchNormStatistics s) {
      pinned[i] = true;
      features[i] = isFeatures(s.in()) && inputs.after != After.CONVOLUTION;
      statistics.put(s.normalizer(), inputs.level);
      result = inputs;
    } else if (operation instanceof Operation.SoftmaxCrossEntropy) {
      pinned[i] = true;
      features[i] = true;
      result = inputs;
    } else {
      result = light(i, operation, inputs);
    }
    level[i] = result.level;
    if (operation.dataflow().writes() >= 0) {
      ready.put(lowering.origin(operation.dataflow().writes()), result);
    }
  }

  private Ready light(int i, Operation operation, Ready inputs) {
    Ready least = inputs;
    if (operation instanceof Normalization.BatchNormNormalize n) {
      least = inputs.with(new Ready(statistics.get(n.normalizer()) + 1, After.NOTHING));
    }
    features[i] = isFeatures(operation.dataflow().writes());
    if (least.after == After.LINEAR
        || (least.after == After.CONVOLUTION && operation instanceof Operation.Pool2d)) {
      // Directly behind what makes its input: an activation or loss behind a product, a pool that
      // shrinks a convolution's result.
      pinned[i] = true;
      return least;
    }
    int next = least.after == After.CONVOLUTION && !features[i] ? 1 : 0;
    return new Ready(least.level + next, After.NOTHING);
  }

  /** Whether a value is a vector in PyTorch and inside. */
  private boolean isFeatures(int value) {
    Shape shape = lowering.shape(value);
    return shape.flat() && lowering.shape(lowering.origin(value)).positions() == 1;
  }

  private void asLateAsPossible() {
    Map<Integer, Integer> first = new HashMap<>();
    for (int i = steps.size() - 1; i >= 0; i--) {
      Operation operation = steps.get(i).operation();
      Integer reader = first.get(lowering.origin(operation.dataflow().writes()));
      if (!pinned[i] && reader != null) {
        level[i] = level[reader];
        if (operation instanceof Operation.Input) {
          features[i] = features[reader];
        }
      }
      for (int value : operation.dataflow().reads()) {
        int now = i;
        first.merge(lowering.origin(value), now, (a, b) -> order(a) <= order(b) ? a : b);
      }
    }
  }

  /** Images before features of the same level: a feature never becomes an image again. */
  private int order(int step) {
    return 2 * level[step] + (features[step] ? 1 : 0);
  }

  private List<Chain> chains() {
    Map<Integer, Chain> chains = new TreeMap<>();
    for (int i = 0; i < steps.size(); i++) {
      boolean vector = features[i];
      chains
          .computeIfAbsent(order(i), key -> new Chain(vector, new ArrayList<>()))
          .steps()
          .add(steps.get(i));
    }
    return List.copyOf(chains.values());
  }
}
