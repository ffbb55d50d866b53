package io.gradsieve.plan;

/**
 * A value of the step and its gradient, per sample [H][W][P] floats, channels last; lanes C..P-1
 * are zero.
 *
 * @param height H; 1 for a vector of features
 * @param width W; 1 for a vector of features
 * @param channels C, or D features
 * @param pitch P, floats from one position to the next; at least {@code channels}
 * @param value where the values lie
 * @param gradient where the gradients lie
 */
public record PlanTensor(
    int height, int width, int channels, int pitch, Place value, Place gradient) {
  /** Storage of a tensor: see {@link Place}. */
  public enum Storage {
    NOWHERE,
    ARENA,
    SCRATCH
  }

  /**
   * Where a tensor lies.
   *
   * @param offset floats from the start of the arena (all samples, one after another) or of a
   *     thread's scratch (one block)
   */
  public record Place(Storage storage, long offset) {
    public static final Place NOWHERE = new Place(Storage.NOWHERE, 0);
  }

  /** Floats of one sample. */
  public long floats() {
    return (long) height * width * pitch;
  }
}
