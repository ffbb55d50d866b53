package io.gradsieve.dist.cluster;

import io.gradsieve.GradsieveException.Usage;
import java.util.List;

/**
 * An mpirun. It says who one is, but not where rank 0 is: that would be broadcast over MPI, which
 * we don't link. So workers of one host meet on loopback and others need {@code
 * GRADSIEVE_RENDEZVOUS}.
 *
 * @param jobIds variables that tell jobs apart, the first that is set counts
 */
record Mpi(String title, Ranks.Names names, List<String> jobIds) implements Launcher {
  static final Mpi OPEN_MPI =
      new Mpi(
          "Open MPI",
          new Ranks.Names(
              "OMPI_COMM_WORLD_RANK",
              "OMPI_COMM_WORLD_LOCAL_RANK",
              "OMPI_COMM_WORLD_SIZE",
              "OMPI_COMM_WORLD_LOCAL_SIZE"),
          List.of("PMIX_NAMESPACE"));

  /** MPICH and Intel MPI, whose Hydra exports no id of its own: the batch system's is used. */
  static final Mpi MPICH =
      new Mpi(
          "MPICH",
          new Ranks.Names("PMI_RANK", "MPI_LOCALRANKID", "PMI_SIZE", "MPI_LOCALNRANKS"),
          List.of("SLURM_JOB_ID", "PBS_JOBID", "LSB_JOBID"));

  private static final String LOOPBACK = "127.0.0.1";

  /** {@code srun --mpi=pmi2} sets {@code PMI_RANK} too, but no local rank: that is Slurm's step. */
  @Override
  public boolean isHere(Environment environment) {
    return environment.has(names.rank())
        && (environment.has(names.localRank()) || !environment.has(SlurmStep.STEP));
  }

  @Override
  public Ranks ranks(Environment environment) {
    return names.in(environment);
  }

  @Override
  public String jobId(Environment environment) {
    for (String name : jobIds) {
      if (environment.has(name)) {
        return Environment.jobId(name, environment.value(name).orElseThrow());
      }
    }
    return "mpi";
  }

  @Override
  public Address master(Environment environment, Ranks ranks, String jobId) {
    int here = ranks.localWorld().orElse(0);
    if (here != ranks.world()) {
      throw new Usage(
          "%s started %d workers, %s of them on this host, but doesn't say where rank 0 is: set %s"
                  .formatted(
                      title, ranks.world(), here == 0 ? "some" : here, Environment.RENDEZVOUS)
              + " to host:port of rank 0's host, with a free port, for all workers");
    }
    return new Address(LOOPBACK, Launchers.port(environment, jobId));
  }
}
