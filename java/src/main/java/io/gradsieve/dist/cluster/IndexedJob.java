package io.gradsieve.dist.cluster;

import java.util.OptionalInt;

/**
 * A Kubernetes Indexed Job with a headless Service: one worker a pod, whose host name is {@code
 * <job>-<index>}. The manifest sets the world's size and the Service's name.
 */
record IndexedJob() implements Launcher {
  static final String SUBDOMAIN = "GRADSIEVE_SUBDOMAIN";

  private static final String INDEX = "JOB_COMPLETION_INDEX";
  private static final String WORLD = "GRADSIEVE_WORLD_SIZE";
  private static final String HOST_NAME = "HOSTNAME";

  /** Pods have addresses of their own, so that all jobs can use the same port. */
  private static final int PORT = 29_400;

  @Override
  public String title() {
    return "Kubernetes";
  }

  @Override
  public boolean isHere(Environment environment) {
    return environment.has(INDEX);
  }

  /** {@code WORLD_SIZE} is taken too: manifests written for PyTorch have it. */
  @Override
  public Ranks ranks(Environment environment) {
    String world = !environment.has(WORLD) && environment.has("WORLD_SIZE") ? "WORLD_SIZE" : WORLD;
    Ranks.Names names =
        new Ranks.Names(INDEX, "GRADSIEVE_LOCAL_RANK", world, "GRADSIEVE_LOCAL_WORLD_SIZE");
    return names.checked(environment, OptionalInt.of(1));
  }

  @Override
  public String jobId(Environment environment) {
    return Environment.jobId(HOST_NAME, job(environment));
  }

  private static String job(Environment environment) {
    String host = environment.needed(HOST_NAME, INDEX);
    // with setHostnameAsFQDN it goes on behind a dot
    String pod = host.split("\\.", 2)[0];
    String end = "-" + environment.value(INDEX).orElseThrow();
    if (!pod.endsWith(end) || !Address.isHost(pod)) {
      throw environment.wrong(
          HOST_NAME,
          "an Indexed Job's pod is named <job>%s, leave it so or set %s and %s"
              .formatted(end, Environment.RENDEZVOUS, Environment.JOB_ID));
    }
    return pod.substring(0, pod.length() - end.length());
  }

  @Override
  public Address master(Environment environment, Ranks ranks, String jobId) {
    int port = environment.port(Environment.MASTER_PORT).orElse(PORT);
    if (ranks.world() == 1) {
      return new Address("127.0.0.1", port);
    }
    String subdomain = environment.needed(SUBDOMAIN, INDEX);
    String host = job(environment) + "-0." + subdomain;
    if (!Address.isHost(host)) {
      throw environment.wrong(SUBDOMAIN, "no Service's name, set the pods' subdomain");
    }
    return new Address(host, port);
  }
}
