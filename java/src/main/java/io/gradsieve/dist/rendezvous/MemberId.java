package io.gradsieve.dist.rendezvous;

/**
 * The 128 bits that a worker's process draws once when it starts, so that joining twice is joining
 * once; a process started again draws others.
 */
public record MemberId(long high, long low) {
  /** 32 hexadecimal digits. */
  @Override
  public String toString() {
    return "%016x%016x".formatted(high, low);
  }
}
