package io.gradsieve.dist.handshake;

import java.util.regex.Pattern;

/**
 * What a client says of itself and of whom it means. All of it is part of what both sides prove.
 *
 * @param jobId 1 to 255 printable ASCII characters without spaces
 * @param purpose of the connection
 * @param role of the client
 * @param rank of the client, {@link #NONE} while it has none
 * @param target rank of the server, {@link #NONE} for the rendezvous server
 * @param generation the client's last one, 0 before its first
 */
public record Introduction(
    String jobId, Purpose purpose, Role role, int rank, int target, long generation) {
  /** In place of a rank: not a rank yet, or never. */
  public static final int NONE = -1;

  private static final Pattern ID = Pattern.compile("[!-~]{1,255}");

  /**
   * Checked.
   *
   * @throws IllegalArgumentException if it can't be sent
   */
  public Introduction {
    if (!isJobId(jobId) || rank < NONE || target < NONE || generation < 0) {
      throw new IllegalArgumentException(
          "no introduction: rank %d, target %d, generation %d, id of %d characters"
              .formatted(rank, target, generation, jobId.length()));
    }
  }

  /** What the rendezvous server tries whether an address leads to a worker of the job. */
  public static Introduction probe(String jobId) {
    return new Introduction(jobId, Purpose.RING, Role.LAUNCH, NONE, NONE, 0);
  }

  /** Whether it asks a ring's listener only which job it belongs to, whatever its rank. */
  public boolean isProbe() {
    return purpose == Purpose.RING && role == Role.LAUNCH && rank == NONE && target == NONE;
  }

  static boolean isJobId(String text) {
    return ID.matcher(text).matches();
  }
}
