package io.gradsieve.dist.cluster;

import java.util.List;
import java.util.OptionalInt;

/**
 * A process's place among all workers.
 *
 * @param rank 0 to world-1
 * @param localRank the same among the workers of this host
 * @param world number of workers
 * @param localWorld number of workers on this host, where the launcher says so
 * @param master where the rendezvous server is, or where rank 0 starts it
 * @param jobId the same on all workers of a job; printable ASCII without spaces
 * @param launcher which one said so
 * @param remarks one line each about another launcher whose variables are there and say otherwise
 */
public record Place(
    int rank,
    int localRank,
    int world,
    OptionalInt localWorld,
    Address master,
    String jobId,
    String launcher,
    List<String> remarks) {

  public Place {
    remarks = List.copyOf(remarks);
  }
}
