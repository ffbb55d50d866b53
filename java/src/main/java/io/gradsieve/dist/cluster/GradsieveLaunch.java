package io.gradsieve.dist.cluster;

/** Our own {@code launch}, which hosts the rendezvous server, or a person who sets the same. */
record GradsieveLaunch() implements Launcher {
  static final String RANK = "GRADSIEVE_RANK";

  private static final Ranks.Names NAMES =
      new Ranks.Names(
          RANK, "GRADSIEVE_LOCAL_RANK", "GRADSIEVE_WORLD_SIZE", "GRADSIEVE_LOCAL_WORLD_SIZE");

  @Override
  public String title() {
    return "launch";
  }

  @Override
  public boolean isHere(Environment environment) {
    return environment.has(RANK);
  }

  @Override
  public Ranks ranks(Environment environment) {
    return NAMES.in(environment);
  }

  /** The port: on one host it is the job's own, and hosts have several names. */
  @Override
  public String jobId(Environment environment) {
    String address = environment.needed(Environment.RENDEZVOUS, RANK);
    return "launch:" + Address.parse(Environment.RENDEZVOUS, address).port();
  }

  @Override
  public Address master(Environment environment, Ranks ranks, String jobId) {
    return Address.parse(Environment.RENDEZVOUS, environment.needed(Environment.RENDEZVOUS, RANK));
  }
}
