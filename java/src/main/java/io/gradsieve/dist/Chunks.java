package io.gradsieve.dist;

/**
 * How values are cut among workers, whatever carries them: chunk r begins as worker r's own values,
 * to which those of r + 1, r + 2 and so on are added. So all collectives make the same bits.
 */
public final class Chunks {
  private Chunks() {}

  /**
   * The byte at which a chunk begins; chunks are of whole values, and their sizes differ by at most
   * one.
   *
   * @param bytes of all values
   * @param value bytes of one
   * @param chunk from 0 to {@code world}, which is the end
   */
  public static long start(long bytes, int value, int chunk, int world) {
    return bytes / value * chunk / world * value;
  }
}
