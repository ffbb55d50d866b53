package io.gradsieve.nn;

import io.gradsieve.nn.Lowering.Step;
import io.gradsieve.plan.Dataflow;
import io.gradsieve.plan.MemoryPlan;
import io.gradsieve.plan.MemoryPlan.Demand;
import io.gradsieve.plan.MemoryPlan.Span;
import io.gradsieve.plan.Normalization;
import io.gradsieve.plan.Operation;
import io.gradsieve.plan.PlanTensor.Place;
import io.gradsieve.plan.PlanTensor.Storage;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * When every value and gradient is needed, and from that where it lies. Moments of the arena are
 * the segments' passes, forward 0 to S-1, then backward S-1 to 0, since threads run through a
 * segment at their own pace. Moments of a thread's scratch are the operations of one segment:
 * forward, then repeated, then backward.
 */
final class Placement {
  private record SegmentSteps(List<Step> steps, int repeats, int block) {}

  /** First and last moment of use. */
  private static final class Life {
    private int first = Integer.MAX_VALUE;
    private int last = -1;

    void at(int moment) {
      first = Math.min(first, moment);
      last = Math.max(last, moment);
    }
  }

  private final Lowering lowering;
  private final boolean backward;
  private final int capacity;
  private final List<SegmentSteps> segments = new ArrayList<>();
  private final Map<Integer, Place> values = new LinkedHashMap<>();
  private final Map<Integer, Place> gradients = new LinkedHashMap<>();

  /** The output of each batch norm by number: statistics' backward pass reads its gradient. */
  private final Map<Integer, Integer> normalized = new LinkedHashMap<>();

  private long arenaFloats;
  private long scratchFloats;

  Placement(Lowering lowering, boolean backward, int capacity) {
    this.lowering = lowering;
    this.backward = backward;
    this.capacity = capacity;
  }

  /** Adds the next segment. */
  void segment(List<Step> steps, int repeats, int block) {
    segments.add(new SegmentSteps(steps, repeats, block));
    for (Step step : steps) {
      if (step.operation() instanceof Normalization.BatchNormNormalize n) {
        normalized.put(n.normalizer(), lowering.origin(n.out()));
      }
    }
  }

  Place value(int value) {
    return values.getOrDefault(value, Place.NOWHERE);
  }

  Place gradient(int value) {
    return gradients.getOrDefault(value, Place.NOWHERE);
  }

  long arenaFloats() {
    return arenaFloats;
  }

  long scratchFloats() {
    return scratchFloats;
  }

  /** Finds all places. */
  void place(Retention retention) {
    Map<Integer, Life> keptValues = new LinkedHashMap<>();
    Map<Integer, Life> keptGradients = new LinkedHashMap<>();
    for (int s = 0; s < segments.size(); s++) {
      int forward = s;
      int back = 2 * segments.size() - 1 - s;
      for (int i = 0; i < segments.get(s).steps().size(); i++) {
        Step step = segments.get(s).steps().get(i);
        boolean repeated = backward && i < segments.get(s).repeats();
        Dataflow flow = step.operation().dataflow();
        boolean runsBackward = retention.runsBackward(step);
        boolean savedIsKept = runsBackward && !repeated;
        for (int value : PlanBuilder.touched(lowering, flow)) {
          boolean saved = flow.saves() >= 0 && value == lowering.origin(flow.saves());
          if (saved ? savedIsKept : retention.isKept(value)) {
            life(keptValues, value).at(forward);
            if (saved) {
              life(keptValues, value).at(back);
            }
          }
        }
        if (repeated) {
          flow.reads().stream()
              .map(lowering::origin)
              .filter(retention::isKept)
              .forEach(value -> life(keptValues, value).at(back));
        }
        if (runsBackward) {
          flow.readsBackward().stream()
              .map(lowering::origin)
              .filter(retention::isKept)
              .forEach(value -> life(keptValues, value).at(back));
          gradientsOf(step).stream()
              .filter(retention::isTrained)
              .forEach(value -> life(keptGradients, value).at(back));
        }
      }
    }
    // A gradient that lives and dies in one segment is scratch, but where the whole batch's is read
    // at the segment's end.
    keptGradients
        .entrySet()
        .removeIf(e -> e.getValue().first == e.getValue().last && !isWholeBatch(e.getKey()));
    placeArena(keptValues, keptGradients);
    segments.forEach(segment -> placeScratch(segment, retention));
  }

  /** Values whose gradients an operation's backward pass reads or writes. */
  private List<Integer> gradientsOf(Step step) {
    Operation operation = step.operation();
    List<Integer> touched = new ArrayList<>();
    operation.dataflow().targets().forEach(target -> touched.add(lowering.origin(target)));
    if (operation.dataflow().writes() >= 0) {
      touched.add(lowering.origin(operation.dataflow().writes()));
    }
    if (operation instanceof Normalization.BatchNormStatistics statistics) {
      touched.add(normalized.get(statistics.normalizer()));
    }
    return touched;
  }

  /**
   * A product's weight gradient needs its output's gradient, batch norm's sums need that of what it
   * normalised.
   */
  private boolean isWholeBatch(int value) {
    return normalized.containsValue(value)
        || segments.stream()
            .flatMap(segment -> segment.steps().stream())
            .anyMatch(
                step ->
                    step.operation() instanceof Operation.Linear linear
                        && lowering.origin(linear.out()) == value);
  }

  private static Life life(Map<Integer, Life> lives, int value) {
    return lives.computeIfAbsent(value, v -> new Life());
  }

  private void placeArena(Map<Integer, Life> keptValues, Map<Integer, Life> keptGradients) {
    List<Demand> demands = new ArrayList<>();
    keptValues.forEach((value, life) -> demands.add(demand(value, capacity, life)));
    keptGradients.forEach((value, life) -> demands.add(demand(value, capacity, life)));
    MemoryPlan plan = MemoryPlan.of(demands);
    int next = 0;
    for (int value : keptValues.keySet()) {
      values.put(value, new Place(Storage.ARENA, plan.offsets().get(next++)));
    }
    for (int value : keptGradients.keySet()) {
      gradients.put(value, new Place(Storage.ARENA, plan.offsets().get(next++)));
    }
    arenaFloats = plan.floats();
  }

  private Demand demand(int value, int samples, Life life) {
    return new Demand(
        (long) lowering.shape(value).floats() * samples, List.of(new Span(life.first, life.last)));
  }

  private void placeScratch(SegmentSteps segment, Retention retention) {
    Map<Integer, Life> made = new LinkedHashMap<>();
    Map<Integer, Life> remade = new LinkedHashMap<>();
    Map<Integer, Life> slopes = new LinkedHashMap<>();
    int count = segment.steps().size();
    for (int i = 0; i < count; i++) {
      Step step = segment.steps().get(i);
      Dataflow flow = step.operation().dataflow();
      int repeat = count + i;
      int back = 3 * count - i;
      for (int value : PlanBuilder.touched(lowering, flow)) {
        if (!values.containsKey(value)) {
          life(made, value).at(i);
          if (backward && i < segment.repeats()) {
            life(remade, value).at(repeat);
          }
        }
      }
      if (retention.runsBackward(step)) {
        List<Integer> read = new ArrayList<>(flow.readsBackward());
        if (flow.saves() >= 0) {
          read.add(flow.saves());
        }
        read.stream()
            .map(lowering::origin)
            .filter(value -> !values.containsKey(value))
            .forEach(value -> life(remade, value).at(back));
        gradientsOf(step).stream()
            .filter(value -> retention.isTrained(value) && !gradients.containsKey(value))
            .forEach(value -> life(slopes, value).at(back));
      }
    }
    placeScratch(segment.block(), made, remade, slopes);
  }

  private void placeScratch(
      int block, Map<Integer, Life> made, Map<Integer, Life> remade, Map<Integer, Life> slopes) {
    List<Demand> demands = new ArrayList<>();
    made.forEach(
        (value, life) -> {
          List<Span> spans = new ArrayList<>(List.of(new Span(life.first, life.last)));
          Life again = remade.get(value);
          if (again != null) {
            spans.add(new Span(again.first, again.last));
          }
          demands.add(new Demand((long) lowering.shape(value).floats() * block, spans));
        });
    slopes.forEach((value, life) -> demands.add(demand(value, block, life)));
    MemoryPlan plan = MemoryPlan.of(demands);
    int next = 0;
    for (int value : made.keySet()) {
      values.put(value, new Place(Storage.SCRATCH, plan.offsets().get(next++)));
    }
    for (int value : slopes.keySet()) {
      gradients.put(value, new Place(Storage.SCRATCH, plan.offsets().get(next++)));
    }
    scratchFloats = Math.max(scratchFloats, plan.floats());
  }
}
