package io.gradsieve.backend.layout;

/**
 * How a value of one sample lies: [T][P] floats, lanes C..P-1 zero.
 *
 * @param positions T
 * @param channels C
 * @param pitch P, floats from one position to the next; at least {@code channels}
 */
public record Tensor(int positions, int channels, int pitch) {
  /** T·P. */
  public long floats() {
    return (long) positions * pitch;
  }
}
