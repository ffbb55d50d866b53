package io.gradsieve.dist.nccl;

import io.gradsieve.dist.Collective;
import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * How the ranks of a generation come together to make a communicator, each calling these in this
 * order. All have a deadline of their own.
 */
public interface NcclMeeting {
  /** Returns when all ranks are ready to begin: what has to be loaded is, and a GPU is there. */
  void ready() throws IOException, InterruptedException;

  /**
   * Hands what rank 0 has to all.
   *
   * @param id of 128 bytes, at rank 0 that of this generation, whose process has to live until
   *     {@link #made}; zeros at others
   * @return rank 0's
   */
  byte[] share(byte[] id) throws IOException, InterruptedException;

  /** Returns when all ranks have the communicator: what follows concerns sums alone. */
  void made() throws IOException, InterruptedException;

  /** Over the workers of a collective that are the communicator's ranks. */
  static NcclMeeting over(Collective collective) {
    return new NcclMeeting() {
      @Override
      public void ready() throws IOException, InterruptedException {
        collective.barrier();
      }

      @Override
      public byte[] share(byte[] id) throws IOException, InterruptedException {
        ByteBuffer bytes = ByteBuffer.allocateDirect(id.length).put(id).flip();
        collective.broadcast(bytes, 0);
        byte[] shared = new byte[id.length];
        bytes.get(0, shared);
        return shared;
      }

      @Override
      public void made() throws IOException, InterruptedException {
        collective.barrier();
      }
    };
  }
}
