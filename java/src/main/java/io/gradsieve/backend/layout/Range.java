package io.gradsieve.backend.layout;

/**
 * A stretch of the weights, or of what lies as they do.
 *
 * @param from its first float
 * @param to the float after its last
 */
public record Range(long from, long to) {
  /** How many floats. */
  public long floats() {
    return to - from;
  }
}
