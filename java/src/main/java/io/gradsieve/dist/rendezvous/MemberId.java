package io.gradsieve.dist.rendezvous;

/**
 * The 128 bits that a worker's process draws once when it starts, so that joining twice is joining
 * once; a process started again draws others. The first 16 are no draw but the rank its launcher
 * gave it: newcomers are ranked by them.
 */
public record MemberId(long high, long low) {
  private static final int DRAWN = 48;

  /** The id of a process with this rank of its launcher and these random bits. */
  public static MemberId of(int rank, long high, long low) {
    return new MemberId((long) rank << DRAWN | high >>> (Long.SIZE - DRAWN), low);
  }

  /** The rank of the launcher. */
  int wish() {
    return (int) (high >>> DRAWN);
  }

  /** 32 hexadecimal digits. */
  @Override
  public String toString() {
    return "%016x%016x".formatted(high, low);
  }
}
