package io.gradsieve.dist.cluster;

import java.util.Optional;
import java.util.OptionalInt;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A step of several tasks that {@code srun} started. In a batch shell there is no step, and in
 * {@code srun --pty bash} it has one task; both have rank 0, and what is started there trains
 * alone.
 */
record SlurmStep() implements Launcher {
  static final String STEP = "SLURM_STEP_ID";

  private static final String RANK = "SLURM_PROCID";
  private static final String TASKS = "SLURM_STEP_NUM_TASKS";
  private static final String HOSTS = "SLURM_STEP_NODELIST";
  private static final String JOB = "SLURM_JOB_ID";
  private static final String HOST_INDEX = "SLURM_NODEID";
  private static final String TASKS_OF_HOSTS = "SLURM_STEP_TASKS_PER_NODE";

  /** {@code 4} or {@code 4(x2)}: the tasks of one host, or of each of the next two. */
  private static final Pattern TASKS_OF_HOST =
      Pattern.compile("([0-9]{1,9})(?:\\(x([0-9]{1,9})\\))?");

  private static final Ranks.Names NAMES =
      new Ranks.Names(RANK, "SLURM_LOCALID", TASKS, TASKS_OF_HOSTS);

  @Override
  public String title() {
    return "Slurm";
  }

  @Override
  public boolean isHere(Environment environment) {
    return environment.has(STEP) && !environment.value(TASKS).equals(Optional.of("1"));
  }

  @Override
  public Ranks ranks(Environment environment) {
    environment.needed(RANK, STEP);
    environment.needed("SLURM_LOCALID", STEP);
    return NAMES.checked(environment, tasksHere(environment));
  }

  private static OptionalInt tasksHere(Environment environment) {
    OptionalInt index = environment.number(HOST_INDEX);
    if (index.isEmpty() || !environment.has(TASKS_OF_HOSTS)) {
      return OptionalInt.empty();
    }
    // long: each count has up to nine digits
    long left = index.getAsInt();
    for (String part : environment.value(TASKS_OF_HOSTS).orElseThrow().split(",", -1)) {
      Matcher matcher = TASKS_OF_HOST.matcher(part);
      if (!matcher.matches()) {
        throw environment.wrong(TASKS_OF_HOSTS, "not of the form 4(x2),3, start by srun again");
      }
      int hosts = matcher.group(2) == null ? 1 : Integer.parseInt(matcher.group(2));
      if (left < hosts) {
        return OptionalInt.of(Integer.parseInt(matcher.group(1)));
      }
      left -= hosts;
    }
    throw environment.wrong(
        HOST_INDEX, "not a host of " + TASKS_OF_HOSTS + ", start by srun again");
  }

  @Override
  public String jobId(Environment environment) {
    String job = environment.needed(JOB, STEP) + "." + environment.value(STEP).orElseThrow();
    return Environment.jobId(JOB, job);
  }

  @Override
  public Address master(Environment environment, Ranks ranks, String jobId) {
    String hosts = environment.needed(HOSTS, STEP);
    return new Address(HostList.expand(HOSTS, hosts).get(0), Launchers.port(environment, jobId));
  }
}
