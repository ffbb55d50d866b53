package io.gradsieve.bench.dist;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * Two hosts on a wire of their own, as network namespaces of this machine: one with a job, one with
 * strangers, who have as many addresses as they like. Needs root and {@code ip}.
 */
final class TwoNamespaces implements AutoCloseable {
  /** Where the job is. */
  static final String JOB = "10.221.0.1";

  private static final long LONGEST_SECONDS = 20;

  private final String base = "gsb" + ProcessHandle.current().pid() % 100_000;
  private final String job = base + "-job";
  private final String strangers = base + "-out";

  /** With so many strangers' addresses. */
  TwoNamespaces(int addresses) throws IOException, InterruptedException {
    ip("netns add " + job);
    ip("netns add " + strangers);
    ip("link add eth0 netns " + job + " type veth peer name eth0 netns " + strangers);
    ip("-n " + job + " addr add " + JOB + "/24 dev eth0");
    for (int i = 0; i < addresses; i++) {
      ip("-n " + strangers + " addr add " + stranger(i) + "/24 dev eth0");
    }
    for (String each : List.of(job, strangers)) {
      ip("-n " + each + " link set lo up");
      ip("-n " + each + " link set eth0 up");
    }
  }

  static String stranger(int which) {
    return "10.221.0." + (10 + which);
  }

  /** The beginning of a command line beside the job, on a core of its own. */
  List<String> inside(int core) {
    return on(job, core);
  }

  /** The same among the strangers. */
  List<String> outside(int core) {
    return on(strangers, core);
  }

  private static List<String> on(String namespace, int core) {
    return List.of("ip", "netns", "exec", namespace, "taskset", "-c", Integer.toString(core));
  }

  private static void ip(String arguments) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of("ip"));
    command.addAll(List.of(arguments.split(" ")));
    Process process = new ProcessBuilder(command).inheritIO().start();
    if (!process.waitFor(LONGEST_SECONDS, TimeUnit.SECONDS) || process.exitValue() != 0) {
      throw new IOException("ip " + arguments + " failed: are you root?");
    }
  }

  @Override
  public void close() throws IOException, InterruptedException {
    ip("netns del " + job);
    ip("netns del " + strangers);
  }
}
