package io.gradsieve.dist;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.DoubleBuffer;
import java.util.List;

/**
 * What the workers of a generation do together. All of them call the same operations in the same
 * order, each from one thread at a time; an operation returns when this worker's part of it is
 * done. Sums are made in a fixed order, so every worker has the same bits, at every repetition.
 *
 * <p>An operation that fails leaves its buffers and the connections as they may be: nothing can
 * follow it but {@link #close}.
 */
public interface Collective extends AutoCloseable {
  /** From so many bytes on a round of messages costs less than its bytes. */
  long BUCKET = 1 << 20;

  /** This worker's number, from 0. */
  int rank();

  /** How many workers there are. */
  int world();

  /**
   * From how many bytes on gradients are best summed while a device still computes others. The same
   * on all workers between two operations; an operation may change it.
   */
  default long bucketBytes() {
    return BUCKET;
  }

  /**
   * Replaces numbers by their sums over all workers, who have as many of them in as many buffers.
   *
   * @param floats float32 from position to limit of each, whole ones, little-endian and outside the
   *     Java heap
   * @throws IOException naming the neighbour that is gone, or that nothing came from for too long;
   *     or if aborted
   * @throws InterruptedException if this thread is interrupted
   */
  void allReduce(List<ByteBuffer> floats) throws IOException, InterruptedException;

  /** The same of the numbers between position and limit, in double precision. */
  void allReduce(DoubleBuffer doubles) throws IOException, InterruptedException;

  /**
   * The bytes of all workers, of any size each, by rank; this one's are those between position and
   * limit.
   *
   * @throws IOException as {@link #allReduce(List)}, and if all of them pass 1 GiB
   */
  List<ByteBuffer> allGather(ByteBuffer own) throws IOException, InterruptedException;

  /** Replaces the bytes between position and limit by those of one worker; all have as many. */
  void broadcast(ByteBuffer bytes, int root) throws IOException, InterruptedException;

  /** Returns when all workers have called it. */
  void barrier() throws IOException, InterruptedException;

  /** From any thread: ends the operation under way, here and, by and by, at all others. */
  void abort();

  @Override
  void close();
}
