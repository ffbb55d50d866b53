package io.gradsieve.dist.cluster;

import io.gradsieve.GradsieveException.Usage;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.zip.CRC32;

/**
 * Finds one's {@link Place} in the variables of a launcher. Launchers nest (mpirun or torchrun
 * inside Slurm is common): the first in {@link #ORDER} that is there wins, and the place has a
 * remark for each other that says otherwise. {@code GRADSIEVE_RENDEZVOUS} (host:port) and {@code
 * GRADSIEVE_JOB_ID} hold under every launcher.
 *
 * <p>To add one:
 *
 * <ol>
 *   <li>write a record beside the others that implements {@link Launcher}, and permit it there;
 *   <li>give it its place in {@link #ORDER}: before those it may run inside of;
 *   <li>if a process may have its world's size without its rank, add the pair to {@link #STRAYS};
 *   <li>add an environment as it really is, and one nested in Slurm, to {@code LaunchersTest};
 *   <li>add its row to docs/launchers.md.
 * </ol>
 */
public final class Launchers {
  private static final List<Launcher> ORDER =
      List.of(
          new GradsieveLaunch(),
          new Torchrun(),
          Mpi.OPEN_MPI,
          Mpi.MPICH,
          new SlurmStep(),
          new IndexedJob());

  /** A variable that means many workers, and the rank that is then missing. */
  private record Stray(String variable, String rank) {}

  private static final List<Stray> STRAYS =
      List.of(
          new Stray("GRADSIEVE_WORLD_SIZE", GradsieveLaunch.RANK),
          new Stray("GRADSIEVE_LOCAL_RANK", GradsieveLaunch.RANK),
          new Stray(Environment.RENDEZVOUS, GradsieveLaunch.RANK),
          new Stray("WORLD_SIZE", Torchrun.RANK),
          new Stray("OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_RANK"),
          new Stray("PMI_SIZE", "PMI_RANK"));

  private static final int FIRST_PORT = 20_000;
  private static final int PORTS = 10_000;

  private Launchers() {}

  /**
   * This process's place; empty where no launcher started it, so that it trains alone.
   *
   * @param environment the process's variables
   * @throws Usage if a variable is missing beside its siblings or has a wrong value
   */
  public static Optional<Place> find(Map<String, String> environment) {
    Environment variables = new Environment(environment);
    List<Launcher> here = ORDER.stream().filter(each -> each.isHere(variables)).toList();
    if (here.isEmpty()) {
      refuseStrays(variables);
      return Optional.empty();
    }
    Launcher first = here.get(0);
    Ranks ranks = first.ranks(variables);
    String jobId =
        variables
            .value(Environment.JOB_ID)
            .map(id -> Environment.jobId(Environment.JOB_ID, id))
            .orElseGet(() -> first.jobId(variables));
    Address master =
        variables
            .value(Environment.RENDEZVOUS)
            .map(text -> Address.parse(Environment.RENDEZVOUS, text))
            .orElseGet(() -> first.master(variables, ranks, jobId));
    List<String> remarks = new ArrayList<>();
    for (Launcher other : here.subList(1, here.size())) {
      difference(variables, first, ranks, other).ifPresent(remarks::add);
    }
    return Optional.of(
        new Place(
            ranks.rank(),
            ranks.localRank(),
            ranks.world(),
            ranks.localWorld(),
            master,
            jobId,
            first.title(),
            remarks));
  }

  private static Optional<String> difference(
      Environment variables, Launcher first, Ranks ranks, Launcher other) {
    String theirs;
    try {
      Ranks read = other.ranks(variables);
      if (read.rank() == ranks.rank()
          && read.localRank() == ranks.localRank()
          && read.world() == ranks.world()) {
        return Optional.empty();
      }
      theirs = read.toString();
    } catch (Usage e) {
      theirs = e.getMessage();
    }
    return Optional.of(
        "%s decides: %s; the variables of %s are ignored: %s"
            .formatted(first.title(), ranks, other.title(), theirs));
  }

  /** Training alone what was meant for many would waste a cluster without a word. */
  private static void refuseStrays(Environment variables) {
    for (Stray stray : STRAYS) {
      if (variables.has(stray.variable()) && !variables.has(stray.rank())) {
        variables.needed(stray.rank(), stray.variable());
      }
    }
  }

  /** {@code MASTER_PORT}, else one that only this job's id leads to. */
  static int port(Environment environment, String jobId) {
    CRC32 sum = new CRC32();
    sum.update(jobId.getBytes(StandardCharsets.UTF_8));
    return environment
        .port(Environment.MASTER_PORT)
        .orElse(FIRST_PORT + (int) (sum.getValue() % PORTS));
  }
}
