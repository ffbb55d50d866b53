package io.gradsieve.dist.job;

import io.gradsieve.GradsieveException.Missing;
import io.gradsieve.GradsieveException.PeerLost;
import io.gradsieve.GradsieveException.Usage;
import io.gradsieve.backend.MemorySource;
import io.gradsieve.dist.Activity;
import io.gradsieve.dist.Collective;
import io.gradsieve.dist.Compression;
import io.gradsieve.dist.GradientPath;
import io.gradsieve.dist.memory.HostMemory;
import io.gradsieve.dist.memory.SharedRegions;
import io.gradsieve.dist.mpi.MpiCollective;
import io.gradsieve.dist.nccl.NcclCommunicator;
import io.gradsieve.dist.nccl.NcclLimits;
import io.gradsieve.dist.nccl.NcclMeeting;
import io.gradsieve.dist.nccl.NcclParticipants;
import io.gradsieve.dist.rendezvous.MemberEvent.Ranked;
import io.gradsieve.dist.rendezvous.Message.Peer;
import io.gradsieve.dist.ring.Ring;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * The connections of a generation: a ring, and what is faster than it where that is to be had. All
 * workers decide alike, of what all of them know.
 *
 * @param collective owns the ring
 * @param path of the gradients
 * @param communicator of NCCL, once a session has asked for it
 */
record Gathering(Collective collective, GradientPath path, Optional<NcclCommunicator> communicator)
    implements AutoCloseable {

  /**
   * Over a ring that was formed.
   *
   * @param ring is the result's
   * @param regions where gradients lie that others of this host can map
   * @param activity is told when it waits for others
   * @throws Usage if what was asked for does not fit these workers
   * @throws Missing if it is not there
   * @throws PeerLost if it can't go on after a worker was lost
   */
  static Gathering of(
      Ring ring,
      Ranked place,
      Means means,
      SharedRegions regions,
      Activity activity,
      Duration patience)
      throws IOException, InterruptedException {
    if (place.world() == 1) {
      return new Gathering(ring, GradientPath.PLAIN, Optional.empty());
    }
    boolean gpus = place.peers().stream().allMatch(peer -> peer.instructionSet().isEmpty());
    return switch (means.collective()) {
      case MPI -> mpi(ring, place, patience);
      case NCCL -> nccl(ring, gpus, means, activity, patience);
      case RING -> local(ring, gpus, place, means, regions);
      case AUTO ->
          gpus
                  && means.compression() == Compression.NONE
                  && everyone(ring, ncclIsThere(ring, means, patience))
              ? nccl(ring, true, means, activity, patience)
              : local(ring, gpus, place, means, regions);
    };
  }

  private static boolean everyone(Ring ring, boolean own) throws IOException, InterruptedException {
    ByteBuffer said = ByteBuffer.wrap(new byte[] {(byte) (own ? 1 : 0)});
    return ring.allGather(said).stream().allMatch(bytes -> bytes.get(0) == 1);
  }

  private static boolean ncclIsThere(Ring ring, Means means, Duration patience) {
    try (NcclCommunicator probe = communicator(ring, means, patience)) {
      return true;
    } catch (Missing e) {
      return false;
    }
  }

  private static NcclCommunicator communicator(Ring ring, Means means, Duration patience) {
    return new NcclCommunicator(
        means.gpu().orElse(0),
        ring.rank(),
        ring.world(),
        new NcclLimits(patience, patience),
        means.halt());
  }

  /** The ring stays for all but gradients. */
  private static Gathering nccl(
      Ring ring, boolean gpus, Means means, Activity activity, Duration patience) {
    if (!gpus) {
      throw new Usage(
          "--collective nccl: adds gradients of GPUs, and not every worker computes on one; leave it out");
    }
    if (means.compression() != Compression.NONE) {
      throw new Usage("--compress bf16: not with NCCL; leave it out, or take --collective ring");
    }
    NcclCommunicator communicator = communicator(ring, means, patience);
    GradientPath path =
        new GradientPath(
            MemorySource.OWN,
            participants -> {
              communicator.start(NcclMeeting.over(ring));
              return new NcclParticipants(communicator, participants, activity);
            });
    return new Gathering(ring, path, Optional.of(communicator));
  }

  private static Gathering mpi(Ring ring, Ranked place, Duration patience) {
    if (place.generation() > 1) {
      throw new PeerLost(
          "--collective mpi: MPI can't go on after a worker was lost or joined; start the job again with --resume");
    }
    MpiCollective mpi = MpiCollective.open(patience);
    if (mpi.rank() != place.rank() || mpi.world() != place.world()) {
      throw new Usage(
          "--collective mpi: this worker is rank %d of %d of MPI and %d of %d of the job; start all workers by one mpirun"
              .formatted(mpi.rank(), mpi.world(), place.rank(), place.world()));
    }
    ring.close();
    return new Gathering(mpi, GradientPath.PLAIN, Optional.empty());
  }

  /** In each other's memory where all are on one host. */
  private static Gathering local(
      Ring ring, boolean gpus, Ranked place, Means means, SharedRegions regions)
      throws IOException, InterruptedException {
    boolean fits = !gpus && means.compression() == Compression.NONE && isOneHost(place.peers());
    return fits
        ? new Gathering(
            HostMemory.open(ring, regions),
            new GradientPath(regions, participants -> participants),
            Optional.empty())
        : new Gathering(ring, GradientPath.PLAIN, Optional.empty());
  }

  /** Whether all can be reached at the address of one host. */
  private static boolean isOneHost(List<Peer> peers) {
    Set<String> common = hosts(peers.get(0));
    peers.forEach(peer -> common.retainAll(hosts(peer)));
    return !common.isEmpty();
  }

  private static Set<String> hosts(Peer peer) {
    Set<String> hosts = new HashSet<>();
    peer.addresses().forEach(at -> hosts.add(at.substring(0, at.lastIndexOf(':'))));
    return hosts;
  }

  /** From any thread: ends what waits in the libraries. */
  void abort(String reason) {
    communicator.ifPresent(nccl -> nccl.abort(reason));
    collective.abort();
  }

  @Override
  public void close() {
    communicator.ifPresent(NcclCommunicator::close);
    collective.close();
  }
}
