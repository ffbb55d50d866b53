package io.gradsieve.plan;

import io.gradsieve.graph.Value;
import io.gradsieve.plan.PlanValue.Place;
import io.gradsieve.plan.PlanValue.Storage;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;

/**
 * Arena and one thread's scratch, where every float knows which value wrote it last: reading what
 * was never written, or what another value has written since, is an error. So a plan that runs here
 * has no two live values in one place. The numbers themselves are kept beside, in double precision.
 */
final class ReferenceMemory {
  private static final class Store {
    private final int[] owner;

    Store(long floats) {
      owner = new int[Math.toIntExact(floats)];
      forget();
    }

    void forget() {
      Arrays.fill(owner, -1);
    }
  }

  private record Key(int value, boolean gradient, int sample) {}

  private final StepPlan plan;
  private final Store arena;
  private final Store scratch;
  private final Map<Key, double[]> numbers = new HashMap<>();

  /** First sample of the block that is in scratch. */
  private int blockStart;

  private int blockSize;

  ReferenceMemory(StepPlan plan) {
    this.plan = plan;
    arena = new Store(plan.arenaFloats());
    scratch = new Store(plan.scratchFloats());
  }

  /** Begins a block of samples; whatever scratch held is gone. */
  void block(int start, int size) {
    blockStart = start;
    blockSize = size;
    scratch.forget();
  }

  /** A sample's values or gradients, copied; a value of the batch has only sample 0. */
  double[] read(int value, boolean gradient, int sample) {
    PlanValue v = plan.value(value);
    Store store = store(value, gradient);
    int from = offset(value, gradient, sample);
    for (int i = from; i < from + v.floats(); i++) {
      if (store.owner[i] != code(value, gradient)) {
        throw new AssertionError(
            describe(code(value, gradient))
                + " is read at "
                + place(v, gradient)
                + ", sample "
                + sample
                + ", but there lies "
                + describe(store.owner[i]));
      }
    }
    double[] kept = numbers.get(new Key(value, gradient, sample));
    if (kept == null) {
      throw new AssertionError(describe(code(value, gradient)) + " was never written");
    }
    return kept.clone();
  }

  /** Sets a sample's values or gradients. */
  void write(int value, boolean gradient, int sample, double[] values) {
    PlanValue v = plan.value(value);
    Value shape = plan.graph().value(value);
    long floats =
        shape.element() == Value.Element.BYTE ? (values.length + 3) / 4 : (long) values.length;
    boolean hasRoom = v.floats() == 0 || v.floats() >= floats;
    if (values.length != shape.elements() || !hasRoom) {
      throw new AssertionError(values.length + " numbers for " + shape + " in " + v);
    }
    Store store = store(value, gradient);
    int from = offset(value, gradient, sample);
    Arrays.fill(store.owner, from, from + (int) v.floats(), code(value, gradient));
    numbers.put(new Key(value, gradient, sample), values.clone());
  }

  private Store store(int value, boolean gradient) {
    PlanValue v = plan.value(value);
    Storage storage = place(v, gradient).storage();
    if (storage == Storage.NOWHERE && v.floats() > 0) {
      throw new AssertionError(describe(code(value, gradient)) + " lies nowhere but is used");
    }
    return storage == Storage.SCRATCH ? scratch : arena;
  }

  private int offset(int value, boolean gradient, int sample) {
    PlanValue v = plan.value(value);
    Place place = place(v, gradient);
    if (v.floats() == 0 || plan.graph().value(value).ofBatch()) {
      return Math.toIntExact(place.offset());
    }
    int row = place.storage() == Storage.ARENA ? sample : sample - blockStart;
    if (row < 0 || (place.storage() == Storage.SCRATCH && row >= blockSize)) {
      throw new AssertionError("sample " + sample + " is not in the block");
    }
    return Math.toIntExact(place.offset() + row * v.floats());
  }

  private static Place place(PlanValue value, boolean gradient) {
    return gradient ? value.gradient() : value.value();
  }

  private static int code(int value, boolean gradient) {
    return 2 * value + (gradient ? 1 : 0);
  }

  private static String describe(int owner) {
    return owner < 0 ? "nothing" : "value " + owner / 2 + ((owner & 1) == 1 ? "'s gradient" : "");
  }
}
