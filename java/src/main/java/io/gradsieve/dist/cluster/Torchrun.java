package io.gradsieve.dist.cluster;

/**
 * torchrun, or who sets the same variables: Kubeflow's PyTorchJob starts one worker a pod and sets
 * no local rank.
 */
record Torchrun() implements Launcher {
  static final String RANK = "RANK";

  /** Set by torchrun's agent only; its own store then holds {@code MASTER_PORT}. */
  private static final String RUN_ID = "TORCHELASTIC_RUN_ID";

  private static final String HOST = "MASTER_ADDR";
  private static final Ranks.Names NAMES =
      new Ranks.Names(RANK, "LOCAL_RANK", "WORLD_SIZE", "LOCAL_WORLD_SIZE");

  @Override
  public String title() {
    return "torchrun";
  }

  @Override
  public boolean isHere(Environment environment) {
    return environment.has(RANK);
  }

  @Override
  public Ranks ranks(Environment environment) {
    return environment.has(RUN_ID) ? NAMES.in(environment) : NAMES.withLocalRank(environment);
  }

  /** The run's id is "none" unless the user gave one: the port tells such runs apart. */
  @Override
  public String jobId(Environment environment) {
    String port = environment.value(Environment.MASTER_PORT).orElse("");
    return Environment.jobId(RUN_ID, environment.value(RUN_ID).orElse("none") + ":" + port);
  }

  @Override
  public Address master(Environment environment, Ranks ranks, String jobId) {
    String host = environment.needed(HOST, RANK);
    if (!Address.isHost(host)) {
      throw environment.wrong(HOST, "no host name or address, set it right");
    }
    environment.needed(Environment.MASTER_PORT, RANK);
    int port =
        environment.port(Environment.MASTER_PORT).orElseThrow() + (environment.has(RUN_ID) ? 1 : 0);
    if (port > Address.LARGEST_PORT) {
      throw environment.wrong(
          Environment.MASTER_PORT, "torchrun holds it and the next is none, choose a smaller one");
    }
    return new Address(host, port);
  }
}
