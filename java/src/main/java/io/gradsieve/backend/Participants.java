package io.gradsieve.backend;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.DoubleBuffer;
import java.util.List;

/**
 * The other participants of a step, as one of them sees them. A step that is a share of a larger
 * one ({@link CompiledStep#share}) calls these on a thread of its own, one after the other and in
 * the same order on every participant: {@link #sums} of each batch norm in forward, of each again
 * and {@link #gradients} of each segment from the last to the first in backward, then {@link
 * #agree}. Every participant runs the same plan, begins the same steps and cuts them into as many
 * parts, some of which may have no sample.
 *
 * <p>What they get are views of the step's memory, valid until the call returns unless said
 * otherwise. All participants must be left with the same bits. Whatever is thrown aborts the step;
 * an abort from elsewhere interrupts the thread, upon which a call has to return.
 */
public interface Participants {
  /**
   * At a batch norm, in place: [1 + 2C], how many values a channel has, then Σ x and Σ x² of each
   * channel in forward, Σ δ and Σ δ x̂ in backward; to be added up over all shares. The device
   * waits.
   *
   * @param statistics the value of the graph that they are of, the same on every participant
   */
  void sums(int statistics, DoubleBuffer sums) throws IOException, InterruptedException;

  /**
   * The gradients of a segment's parameters are final, in place: to be added up over all shares by
   * the time {@link #agree} of this step returns. So a call may return at once and collect several
   * segments into one message; the ranges stay valid until then. Meanwhile the device runs the
   * backward pass of earlier segments.
   *
   * @param ranges float32 in the byte order of the machine, laid out as the weights; the same list
   *     and buffers at every step
   */
  void gradients(int segment, List<ByteBuffer> ranges) throws IOException, InterruptedException;

  /**
   * The last call of a step, or of its part: the update waits for it.
   *
   * @param own what this participant's share says
   * @return the same on every participant: {@link Verdict#FINE} if all are, else one that is not
   */
  Verdict agree(Verdict own) throws IOException, InterruptedException;
}
