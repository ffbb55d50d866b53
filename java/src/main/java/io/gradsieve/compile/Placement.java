package io.gradsieve.compile;

import io.gradsieve.compile.MemoryPlan.Demand;
import io.gradsieve.compile.MemoryPlan.Span;
import io.gradsieve.graph.Graph;
import io.gradsieve.plan.Operation;
import io.gradsieve.plan.PlanValue.Place;
import io.gradsieve.plan.PlanValue.Storage;
import io.gradsieve.plan.Segment;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * When every value and gradient is needed, and from that where it lies. Moments of the arena are
 * the segments' passes, forward 0 to S-1, then backward S-1 to 0, since threads run through a
 * segment at their own pace. Moments of a thread's scratch are the operations of one segment:
 * forward, then repeated, then backward.
 */
final class Placement {
  /** First and last moment of use. */
  private static final class Life {
    private int first = Integer.MAX_VALUE;
    private int last = -1;

    void at(int moment) {
      first = Math.min(first, moment);
      last = Math.max(last, moment);
    }
  }

  private final Graph graph;
  private final Target target;
  private final int[] origins;
  private final List<Segment> segments;
  private final Retention retention;
  private final int capacity;
  private final Map<Integer, Place> values = new LinkedHashMap<>();
  private final Map<Integer, Place> gradients = new LinkedHashMap<>();

  /**
   * Values whose gradients are read when the whole batch's are there: of a product's output, for
   * the gradient of its matrix; of what was made with a value of the batch, for that value's.
   */
  private final Set<Integer> wholeBatch = new HashSet<>();

  /** What is made with each value of the batch. */
  private final Map<Integer, List<Integer>> madeWith = new LinkedHashMap<>();

  private long arenaFloats;
  private long scratchFloats;

  /** Finds all places. */
  Placement(Graph graph, Target target, List<Segment> segments, Retention retention, int capacity) {
    this.graph = graph;
    this.target = target;
    this.origins = graph.origins();
    this.segments = segments;
    this.retention = retention;
    this.capacity = capacity;
    segments.forEach(segment -> segment.operations().forEach(this::findWholeBatch));
    placeArena();
    segments.forEach(this::placeScratch);
  }

  private void findWholeBatch(Operation operation) {
    if (operation.output() < 0) {
      return;
    }
    int out = origins[operation.output()];
    if (operation.product()) {
      wholeBatch.add(out);
    }
    for (int value : operation.inputs()) {
      if (graph.value(value).ofBatch()) {
        wholeBatch.add(out);
        madeWith.computeIfAbsent(origins[value], v -> new ArrayList<>()).add(out);
      }
    }
  }

  /** Where the value lies that has no other origin. */
  Place value(int origin) {
    return values.getOrDefault(origin, Place.NOWHERE);
  }

  /** Where its gradient lies. */
  Place gradient(int origin) {
    return gradients.getOrDefault(origin, Place.NOWHERE);
  }

  long arenaFloats() {
    return arenaFloats;
  }

  long scratchFloats() {
    return scratchFloats;
  }

  private void placeArena() {
    Map<Integer, Life> keptValues = new LinkedHashMap<>();
    Map<Integer, Life> keptGradients = new LinkedHashMap<>();
    for (int s = 0; s < segments.size(); s++) {
      Segment segment = segments.get(s);
      int forward = s;
      int back = 2 * segments.size() - 1 - s;
      for (int i = 0; i < segment.operations().size(); i++) {
        Operation operation = segment.operations().get(i);
        boolean runsBackward = retention.runsBackward(operation);
        boolean repeated = i < segment.recompute();
        kept(made(operation)).forEach(value -> life(keptValues, value).at(forward));
        if (runsBackward && !repeated) {
          for (int value : operation.saved()) {
            life(keptValues, value).at(forward);
            life(keptValues, value).at(back);
          }
        }
        if (repeated) {
          kept(operation.inputs()).forEach(value -> life(keptValues, value).at(back));
        }
        if (runsBackward) {
          kept(operation.readsBackward()).forEach(value -> life(keptValues, value).at(back));
          gradientsOf(operation).forEach(value -> life(keptGradients, value).at(back));
        }
      }
    }
    // A gradient that lives and dies in one segment is scratch, but where the whole batch's is read
    // at the segment's end.
    keptGradients
        .entrySet()
        .removeIf(e -> e.getValue().first == e.getValue().last && !wholeBatch.contains(e.getKey()));
    List<Demand> demands = new ArrayList<>();
    keptValues.forEach((value, life) -> demands.add(demand(value, capacity, life)));
    keptGradients.forEach((value, life) -> demands.add(demand(value, capacity, life)));
    MemoryPlan plan = MemoryPlan.of(demands, target.alignment());
    int next = 0;
    for (int value : keptValues.keySet()) {
      values.put(value, new Place(Storage.ARENA, plan.offsets().get(next++)));
    }
    for (int value : keptGradients.keySet()) {
      gradients.put(value, new Place(Storage.ARENA, plan.offsets().get(next++)));
    }
    arenaFloats = plan.floats();
  }

  /** What it reads and writes in forward, origins. */
  private List<Integer> made(Operation operation) {
    List<Integer> made = new ArrayList<>(operation.inputs());
    if (operation.output() >= 0) {
      made.add(operation.output());
    }
    return made.stream().map(value -> origins[value]).distinct().toList();
  }

  private List<Integer> kept(Iterable<Integer> some) {
    List<Integer> kept = new ArrayList<>();
    for (int value : some) {
      if (retention.isKept(value)) {
        kept.add(origins[value]);
      }
    }
    return kept;
  }

  /** Values whose gradients an operation's backward pass reads or writes. */
  private List<Integer> gradientsOf(Operation operation) {
    List<Integer> touched = new ArrayList<>();
    List<Boolean> differentiable = operation.differentiable();
    for (int i = 0; i < differentiable.size(); i++) {
      if (differentiable.get(i)) {
        touched.add(origins[operation.inputs().get(i)]);
      }
    }
    if (operation.output() >= 0) {
      int out = origins[operation.output()];
      touched.add(out);
      touched.addAll(madeWith.getOrDefault(out, List.of()));
    }
    return touched.stream().filter(retention::isTrained).toList();
  }

  private static Life life(Map<Integer, Life> lives, int value) {
    return lives.computeIfAbsent(value, v -> new Life());
  }

  private Demand demand(int value, int samples, Life life) {
    return new Demand(floats(value, samples), List.of(new Span(life.first, life.last)));
  }

  private long floats(int value, int samples) {
    return target.floats(value) * (graph.value(value).ofBatch() ? 1 : samples);
  }

  private void placeScratch(Segment segment) {
    Map<Integer, Life> made = new LinkedHashMap<>();
    Map<Integer, Life> remade = new LinkedHashMap<>();
    Map<Integer, Life> slopes = new LinkedHashMap<>();
    int count = segment.operations().size();
    for (int i = 0; i < count; i++) {
      Operation operation = segment.operations().get(i);
      int repeat = count + i;
      int back = 3 * count - i;
      List<Integer> touched = new ArrayList<>(made(operation));
      touched.addAll(operation.saved());
      for (int value : touched) {
        if (!values.containsKey(value)) {
          life(made, value).at(i);
          if (i < segment.recompute()) {
            life(remade, value).at(repeat);
          }
        }
      }
      if (retention.runsBackward(operation)) {
        List<Integer> read = new ArrayList<>(operation.readsBackward());
        read.addAll(operation.saved());
        read.stream()
            .map(value -> origins[value])
            .filter(value -> !values.containsKey(value))
            .forEach(value -> life(remade, value).at(back));
        gradientsOf(operation).stream()
            .filter(value -> !gradients.containsKey(value))
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
          demands.add(new Demand(floats(value, block), spans));
        });
    slopes.forEach((value, life) -> demands.add(demand(value, block, life)));
    MemoryPlan plan = MemoryPlan.of(demands, target.alignment());
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
