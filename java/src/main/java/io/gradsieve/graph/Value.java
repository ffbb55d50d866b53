package io.gradsieve.graph;

/**
 * What a node makes: [T][C] numbers of every sample, or one [T][C] of the whole batch.
 *
 * @param positions T: pixels of an image, steps of a sequence, 1 of plain features
 * @param channels C, or D features
 * @param scope whose they are
 * @param element what one of them is
 */
public record Value(int positions, int channels, Scope scope, Element element) {
  /** Whose a value is. */
  public enum Scope {
    SAMPLE,
    /** Known only when all samples of a batch were seen. */
    BATCH
  }

  /** Kinds of numbers. */
  public enum Element {
    FLOAT,
    /** What an operation saves for its own backward pass, such as which of several was largest. */
    BYTE
  }

  public Value {
    if (positions < 1 || channels < 1) {
      throw new IllegalArgumentException("no value: " + positions + " positions of " + channels);
    }
  }

  /** Floats of every sample. */
  public static Value of(int positions, int channels) {
    return new Value(positions, channels, Scope.SAMPLE, Element.FLOAT);
  }

  /** Floats of the whole batch. */
  public static Value ofBatch(int positions, int channels) {
    return new Value(positions, channels, Scope.BATCH, Element.FLOAT);
  }

  /** Bytes of every sample. */
  public static Value bytes(int positions, int channels) {
    return new Value(positions, channels, Scope.SAMPLE, Element.BYTE);
  }

  /** Whether it is one of the whole batch. */
  public boolean ofBatch() {
    return scope == Scope.BATCH;
  }

  /** T·C. */
  public long elements() {
    return (long) positions * channels;
  }
}
