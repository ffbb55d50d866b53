package io.gradsieve.data;

/** A filled slot on loan: valid from {@link BatchLoader#next} to {@link BatchLoader#release}. */
public final class Batch {
  private final Slot slot;
  private final int number;
  private final int[] samples;
  private int first;
  private int size;

  Batch(Slot slot, int number) {
    this.slot = slot;
    this.number = number;
    this.samples = new int[slot.capacity()];
  }

  public Slot slot() {
    return slot;
  }

  /** Samples in this batch. */
  public int size() {
    return size;
  }

  /** Positions in the data set; the first {@link #size} are valid. */
  public int[] samples() {
    return samples;
  }

  int number() {
    return number;
  }

  /** How many samples of the epoch come before this one's. */
  int first() {
    return first;
  }

  void begin(int first, int size) {
    this.first = first;
    this.size = size;
  }
}
