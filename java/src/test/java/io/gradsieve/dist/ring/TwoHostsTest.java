package io.gradsieve.dist.ring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Workers in two network namespaces, as on two hosts: {@code v0} leads from one to the other,
 * {@code w0} nowhere. Needs root and {@code ip}.
 */
@Timeout(180)
class TwoHostsTest {
  private final String base = "gsring" + ProcessHandle.current().pid();
  private final List<Process> workers = new ArrayList<>();
  private final ExecutorService threads = Executors.newCachedThreadPool();

  @BeforeEach
  void makeHosts() throws Exception {
    assumeTrue(ip("netns add " + host(0)), "needs root and network namespaces");
    assertThat(ip("netns add " + host(1))).isTrue();
    make("link add v0 netns " + host(0) + " type veth peer name v0 netns " + host(1));
    for (int i = 0; i < 2; i++) {
      String in = "-n " + host(i) + " ";
      make(in + "link add w0 type veth peer name w1");
      make(in + "addr add 10.212." + i + ".1/24 dev w0");
      make(in + "addr add 10.211.0." + (i + 1) + "/24 dev v0");
      for (String device : List.of("lo", "v0", "w0", "w1")) {
        make(in + "link set " + device + " up");
      }
    }
    for (int i = 0; i < 2; i++) {
      waitForCarrier(i, "v0");
      waitForCarrier(i, "w0");
    }
  }

  private static void make(String arguments) throws Exception {
    assertThat(ip(arguments)).as("ip " + arguments).isTrue();
  }

  /** The kernel says up to a second late that both ends of a link are up. */
  private void waitForCarrier(int host, String device) throws Exception {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
    String route = "-n " + host(host) + " link show dev " + device + " up";
    while (!output(route).contains("state UP")) {
      assertThat(System.nanoTime()).as(device).isLessThan(end);
    }
  }

  @AfterEach
  void removeHosts() throws Exception {
    workers.forEach(Process::destroyForcibly);
    threads.shutdownNow();
    ip("netns del " + host(0));
    ip("netns del " + host(1));
  }

  private String host(int i) {
    return base + "-" + i;
  }

  private static boolean ip(String arguments) throws Exception {
    try {
      Process process = start(arguments);
      process.getInputStream().readAllBytes();
      return process.waitFor(10, TimeUnit.SECONDS) && process.exitValue() == 0;
    } catch (IOException e) {
      return false; // there is no such program
    }
  }

  private static String output(String arguments) throws IOException {
    return new String(start(arguments).getInputStream().readAllBytes(), StandardCharsets.US_ASCII);
  }

  private static Process start(String arguments) throws IOException {
    List<String> command = new ArrayList<>(List.of("ip"));
    command.addAll(List.of(arguments.split(" ")));
    return new ProcessBuilder(command).redirectErrorStream(true).start();
  }

  private Process worker(int rank, String... interfaces) throws IOException {
    List<String> command = new ArrayList<>(List.of("ip", "netns", "exec", host(rank)));
    command.add(System.getProperty("java.home") + "/bin/java");
    command.addAll(List.of("-Xmx64m", "-XX:TieredStopAtLevel=1", "-cp"));
    command.add(System.getProperty("java.class.path"));
    command.addAll(List.of(DoorProcess.class.getName(), String.valueOf(rank)));
    command.addAll(List.of(interfaces));
    Process process =
        new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
    workers.add(process);
    return process;
  }

  /** What each of the two says next. */
  private List<String> lines(List<BufferedReader> readers) throws Exception {
    List<Future<String>> coming = readers.stream().map(r -> threads.submit(r::readLine)).toList();
    List<String> lines = new ArrayList<>();
    for (Future<String> line : coming) {
      lines.add(line.get(60, TimeUnit.SECONDS));
    }
    return lines;
  }

  @Test
  void aRingFormsOverTheInterfaceThatLeadsToTheOther() throws Exception {
    String[] wanted = {"v0", "10.211.0.0/16", "-", "w0", "eth9"};
    List<BufferedReader> out = new ArrayList<>();
    List<PrintStream> in = new ArrayList<>();
    for (int rank = 0; rank < 2; rank++) {
      Process process = worker(rank, wanted);
      out.add(process.inputReader(StandardCharsets.US_ASCII));
      in.add(new PrintStream(process.getOutputStream(), true, StandardCharsets.US_ASCII));
    }
    for (String each : wanted) {
      List<String> addresses = lines(out);
      if (each.equals("eth9")) {
        assertThat(addresses.get(0))
            .startsWith("--interface eth9 is none of this machine; there are: ")
            .contains("v0 10.211.0.1", "w0 10.212.0.1");
        return;
      }
      in.forEach(to -> addresses.forEach(to::println));
      List<String> results = lines(out);
      if (each.equals("w0")) {
        assertThat(results.get(0))
            .startsWith("no ring within 2.0 s: rank 1 can't be reached: " + addresses.get(1))
            .contains("unreachable", "rank 1, " + addresses.get(1) + ", has not come to")
            .endsWith("check that it runs, firewalls between, and --interface on both");
      } else {
        assertThat(results).as(each).containsOnly("sum 3.0");
      }
    }
  }
}
