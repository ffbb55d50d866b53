package io.gradsieve.format.safetensors;

/** Element types that we read and write, under the format's names. */
public enum ElementType {
  F64(8),
  I64(8),
  F32(4);

  private final int bytes;

  ElementType(int bytes) {
    this.bytes = bytes;
  }

  /** Bytes of one element. */
  public int bytes() {
    return bytes;
  }
}
