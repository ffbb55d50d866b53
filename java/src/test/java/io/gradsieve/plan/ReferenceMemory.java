package io.gradsieve.plan;

import io.gradsieve.plan.PlanTensor.Place;
import io.gradsieve.plan.PlanTensor.Storage;
import java.util.Arrays;
import java.util.List;

/**
 * Arena and one thread's scratch in double precision, where every element knows which tensor wrote
 * it last: reading what was never written, or what another tensor has written since, is an error.
 * So a plan that runs here has no two live tensors in one place.
 */
final class ReferenceMemory {
  private static final class Store {
    private final double[] values;
    private final int[] owner;

    Store(long floats) {
      values = new double[Math.toIntExact(floats)];
      owner = new int[values.length];
      forget();
    }

    void forget() {
      Arrays.fill(values, Double.NaN);
      Arrays.fill(owner, -1);
    }
  }

  private final List<PlanTensor> tensors;
  private final Store arena;
  private final Store scratch;

  /** First sample of the block that is in scratch. */
  private int blockStart;

  private int blockSize;

  ReferenceMemory(StepPlan plan) {
    tensors = plan.tensors();
    arena = new Store(plan.arenaFloats());
    scratch = new Store(plan.scratchFloats());
  }

  /** Begins a block of samples; whatever scratch held is gone. */
  void block(int start, int size) {
    blockStart = start;
    blockSize = size;
    scratch.forget();
  }

  /** A sample's values or gradients, copied. */
  double[] read(int tensor, boolean gradient, int sample) {
    PlanTensor t = tensors.get(tensor);
    Store store = store(tensor, gradient);
    int from = offset(t, place(t, gradient), sample);
    int count = (int) t.floats();
    for (int i = from; i < from + count; i++) {
      if (!owns(tensor, gradient, store.owner[i])) {
        throw new AssertionError(
            "tensor "
                + tensor
                + (gradient ? "'s gradient" : "")
                + " is read at "
                + place(t, gradient)
                + ", sample "
                + sample
                + ", but holds "
                + describe(store.owner[i]));
      }
    }
    return Arrays.copyOfRange(store.values, from, from + count);
  }

  /** Sets a sample's values or gradients. */
  void write(int tensor, boolean gradient, int sample, double[] values) {
    PlanTensor t = tensors.get(tensor);
    Store store = store(tensor, gradient);
    int from = offset(t, place(t, gradient), sample);
    System.arraycopy(values, 0, store.values, from, (int) t.floats());
    Arrays.fill(store.owner, from, from + (int) t.floats(), code(tensor, gradient));
  }

  private Store store(int tensor, boolean gradient) {
    Storage storage = place(tensors.get(tensor), gradient).storage();
    if (storage == Storage.NOWHERE) {
      throw new AssertionError(
          "tensor " + tensor + (gradient ? "'s gradient" : "") + " lies nowhere but is used");
    }
    return storage == Storage.ARENA ? arena : scratch;
  }

  private int offset(PlanTensor t, Place place, int sample) {
    int row = place.storage() == Storage.ARENA ? sample : sample - blockStart;
    if (row < 0 || (place.storage() == Storage.SCRATCH && row >= blockSize)) {
      throw new AssertionError("sample " + sample + " is not in the block");
    }
    return Math.toIntExact(place.offset() + row * t.floats());
  }

  private static Place place(PlanTensor t, boolean gradient) {
    return gradient ? t.gradient() : t.value();
  }

  private static int code(int tensor, boolean gradient) {
    return 2 * tensor + (gradient ? 1 : 0);
  }

  private boolean owns(int tensor, boolean gradient, int owner) {
    if (owner < 0 || (owner & 1) != (gradient ? 1 : 0)) {
      return false;
    }
    PlanTensor a = tensors.get(tensor);
    PlanTensor b = tensors.get(owner / 2);
    boolean view = a.channels() == a.floats() || b.channels() == b.floats();
    return owner / 2 == tensor
        || (view
            && a.floats() == b.floats()
            && a.value().equals(b.value())
            && a.gradient().equals(b.gradient()));
  }

  private static String describe(int owner) {
    return owner < 0 ? "nothing" : "tensor " + owner / 2 + ((owner & 1) == 1 ? "'s gradient" : "");
  }
}
