package io.gradsieve.dist;

import io.gradsieve.backend.MemorySource;
import io.gradsieve.backend.Participants;
import java.io.IOException;

/**
 * Where the gradients of a generation's workers lie, and who adds them.
 *
 * @param memory for gradients of a processor
 * @param adders of the steps of a device that is open
 */
public record GradientPath(MemorySource memory, Adders adders) {
  /** In each worker's own memory, added by its collective. */
  public static final GradientPath PLAIN =
      new GradientPath(MemorySource.OWN, participants -> participants);

  /** Puts something faster in front of what the collective does. */
  public interface Adders {
    /** All workers call it at the same place, once a session. */
    Participants over(Participants participants) throws IOException, InterruptedException;
  }
}
