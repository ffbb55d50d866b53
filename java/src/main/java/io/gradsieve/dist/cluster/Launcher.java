package io.gradsieve.dist.cluster;

/**
 * What one launcher tells the processes it starts. {@code ranks}, {@code jobId} and {@code master}
 * are asked only where {@code isHere}; each throws {@link io.gradsieve.GradsieveException.Usage}
 * naming the variable that is missing or wrong.
 */
sealed interface Launcher permits GradsieveLaunch, Torchrun, Mpi, SlurmStep, IndexedJob {
  /** Its name for people. */
  String title();

  /** Whether it started this process. Reads no value that may be wrong. */
  boolean isHere(Environment environment);

  Ranks ranks(Environment environment);

  /** An id that all workers of this job have, and another job of the same user has not. */
  String jobId(Environment environment);

  /** Where the server is looked for when {@code GRADSIEVE_RENDEZVOUS} doesn't say it. */
  Address master(Environment environment, Ranks ranks, String jobId);
}
