package io.gradsieve.plan;

/**
 * A value of the graph and its gradient in the device's memory.
 *
 * @param floats of one sample, or of the whole batch for a value of it; 0 where the device keeps it
 *     by itself
 * @param value where the values lie
 * @param gradient where the gradients lie
 */
public record PlanValue(long floats, Place value, Place gradient) {
  /** Storage of a value: see {@link Place}. */
  public enum Storage {
    NOWHERE,
    ARENA,
    SCRATCH
  }

  /**
   * Where a value lies.
   *
   * @param offset floats from the start of the arena (all samples, one after another) or of a
   *     thread's scratch (one block)
   */
  public record Place(Storage storage, long offset) {
    public static final Place NOWHERE = new Place(Storage.NOWHERE, 0);
  }
}
