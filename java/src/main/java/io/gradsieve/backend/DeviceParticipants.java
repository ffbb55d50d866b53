package io.gradsieve.backend;

import java.io.IOException;
import java.util.function.BooleanSupplier;

/**
 * Participants that add up gradients where they lie on a GPU. A step on a GPU calls {@link #reduce}
 * in place of {@link #gradients}, and {@link #await} as often before {@link #agree}; on a processor
 * they are like any others. Sums of batch norm and the verdict always go over the host.
 */
public interface DeviceParticipants extends Participants {
  /**
   * Gradients are final once all that a stream waits for is done: queues there that they are added
   * up over all shares, in place. Returns when that is queued, so that an event recorded next comes
   * after it. Meanwhile another stream runs the backward pass of earlier segments.
   *
   * @param stream of CUDA's, on the calling thread's device
   * @param addresses of float32 on the device, valid until {@link #await} returns; the same arrays
   *     and ranges at every step, in the same order and as long on every participant
   * @param floats how many lie there
   */
  void reduce(long stream, long[] addresses, long[] floats)
      throws IOException, InterruptedException;

  /**
   * Waits for what a call of {@link #reduce} queued, in the order of the calls. Where it throws,
   * what the step's calls left is no gradient.
   *
   * @param done whether the stream has come to the end of it; throws what the device reports
   */
  void await(BooleanSupplier done) throws IOException, InterruptedException;
}
