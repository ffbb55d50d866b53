package io.gradsieve.dist.nccl;

import io.gradsieve.backend.DeviceParticipants;
import io.gradsieve.backend.Participants;
import io.gradsieve.backend.Verdict;
import io.gradsieve.dist.Activity;
import io.gradsieve.dist.rendezvous.Message.Phase;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.DoubleBuffer;
import java.util.List;
import java.util.function.BooleanSupplier;

/**
 * A step's participants whose gradients NCCL adds up on the GPUs. What is small and what the host
 * has to know goes over others: the verdict, which decides whether an update is queued at all, and
 * sums of batch norm, some KiB that the host waits for as long as they are not part of the stream.
 */
public final class NcclParticipants implements DeviceParticipants {
  private final NcclCommunicator communicator;
  private final Participants others;
  private final Activity activity;

  /**
   * Of a worker.
   *
   * @param communicator stays the caller's
   * @param others the same ranks; stays the caller's too
   * @param activity is told when it waits for them
   */
  public NcclParticipants(NcclCommunicator communicator, Participants others, Activity activity) {
    this.communicator = communicator;
    this.others = others;
    this.activity = activity;
  }

  @Override
  public void reduce(long stream, long[] addresses, long[] floats)
      throws IOException, InterruptedException {
    activity.phase(Phase.REDUCING);
    communicator.allReduce(stream, addresses, floats);
    activity.phase(Phase.COMPUTING);
  }

  @Override
  public void await(BooleanSupplier done) throws IOException, InterruptedException {
    activity.phase(Phase.REDUCING);
    communicator.await(done);
    activity.worked();
    activity.phase(Phase.COMPUTING);
  }

  @Override
  public void sums(int statistics, DoubleBuffer sums) throws IOException, InterruptedException {
    others.sums(statistics, sums);
  }

  @Override
  public void gradients(int segment, List<ByteBuffer> ranges)
      throws IOException, InterruptedException {
    others.gradients(segment, ranges);
  }

  @Override
  public Verdict agree(Verdict own) throws IOException, InterruptedException {
    return others.agree(own);
  }
}
