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

    Span span() {
      return new Span(first, last);
    }
  }

  /** Of values, in the order in which they come up. */
  private static final class Lives {
    private final Map<Integer, Life> lives = new LinkedHashMap<>();

    void use(Iterable<Integer> values, int moment) {
      for (int value : values) {
        use(value, moment);
      }
    }

    void use(int value, int moment) {
      Life life = lives.get(value);
      if (life == null) {
        life = new Life();
        lives.put(value, life);
      }
      life.first = Math.min(life.first, moment);
      life.last = Math.max(life.last, moment);
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
    for (Segment segment : segments) {
      for (Operation operation : segment.operations()) {
        findWholeBatch(operation);
      }
    }
    placeArena();
    for (Segment segment : segments) {
      placeScratch(segment);
    }
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
    Lives keptValues = new Lives();
    Lives keptGradients = new Lives();
    for (int s = 0; s < segments.size(); s++) {
      Segment segment = segments.get(s);
      int forward = s;
      int back = 2 * segments.size() - 1 - s;
      for (int i = 0; i < segment.operations().size(); i++) {
        Operation operation = segment.operations().get(i);
        boolean runsBackward = retention.runsBackward(operation);
        boolean repeated = i < segment.recompute();
        keptValues.use(kept(made(operation)), forward);
        if (runsBackward && !repeated) {
          keptValues.use(operation.saved(), forward);
          keptValues.use(operation.saved(), back);
        }
        if (repeated) {
          keptValues.use(kept(operation.inputs()), back);
        }
        if (runsBackward) {
          keptValues.use(kept(operation.readsBackward()), back);
          keptGradients.use(gradientsOf(operation), back);
        }
      }
    }
    // A gradient that lives and dies in one segment is scratch, but where the whole batch's is read
    // at the segment's end.
    keptGradients
        .lives
        .entrySet()
        .removeIf(e -> e.getValue().first == e.getValue().last && !wholeBatch.contains(e.getKey()));
    arenaFloats = place(Storage.ARENA, capacity, keptValues, new Lives(), keptGradients);
  }

  /**
   * Finds places in one stretch of memory; returns its length.
   *
   * @param again when values are made once more; in between they may be lost
   */
  private long place(Storage storage, int samples, Lives made, Lives again, Lives slopes) {
    List<Demand> demands = new ArrayList<>();
    for (Map.Entry<Integer, Life> entry : made.lives.entrySet()) {
      List<Span> spans = new ArrayList<>(List.of(entry.getValue().span()));
      Life second = again.lives.get(entry.getKey());
      if (second != null) {
        spans.add(second.span());
      }
      demands.add(new Demand(floats(entry.getKey(), samples), spans));
    }
    for (Map.Entry<Integer, Life> entry : slopes.lives.entrySet()) {
      List<Span> spans = List.of(entry.getValue().span());
      demands.add(new Demand(floats(entry.getKey(), samples), spans));
    }
    MemoryPlan plan = MemoryPlan.of(demands, target.alignment());
    int next = 0;
    for (int value : made.lives.keySet()) {
      values.put(value, new Place(storage, plan.offsets().get(next++)));
    }
    for (int value : slopes.lives.keySet()) {
      gradients.put(value, new Place(storage, plan.offsets().get(next++)));
    }
    return plan.floats();
  }

  /** What it reads and writes in forward, origins. */
  private List<Integer> made(Operation operation) {
    List<Integer> made = operation.inputs();
    if (operation.output() >= 0) {
      made.add(operation.output());
    }
    for (int i = 0; i < made.size(); i++) {
      made.set(i, origins[made.get(i)]);
    }
    return made;
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
    touched.removeIf(value -> !retention.isTrained(value));
    return touched;
  }

  private long floats(int value, int samples) {
    return target.floats(value) * (graph.value(value).ofBatch() ? 1 : samples);
  }

  private void placeScratch(Segment segment) {
    Lives made = new Lives();
    Lives remade = new Lives();
    Lives slopes = new Lives();
    int count = segment.operations().size();
    for (int i = 0; i < count; i++) {
      Operation operation = segment.operations().get(i);
      int repeat = count + i;
      int back = 3 * count - i;
      List<Integer> touched = made(operation);
      touched.addAll(operation.saved());
      for (int value : touched) {
        if (!values.containsKey(value)) {
          made.use(value, i);
          if (i < segment.recompute()) {
            remade.use(value, repeat);
          }
        }
      }
      if (retention.runsBackward(operation)) {
        List<Integer> read = new ArrayList<>(operation.readsBackward());
        read.addAll(operation.saved());
        for (int value : read) {
          if (!values.containsKey(origins[value])) {
            remade.use(origins[value], back);
          }
        }
        for (int value : gradientsOf(operation)) {
          if (!gradients.containsKey(value)) {
            slopes.use(value, back);
          }
        }
      }
    }
    long floats = place(Storage.SCRATCH, segment.block(), made, remade, slopes);
    scratchFloats = Math.max(scratchFloats, floats);
  }
}
