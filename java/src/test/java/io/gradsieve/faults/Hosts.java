package io.gradsieve.faults;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * Hosts that are network namespaces of this machine, on one wire: a bridge, on which host i has the
 * address 10.219.0.(i + 1). Needs root and {@code ip}.
 */
final class Hosts implements AutoCloseable {
  private static final long LONGEST_SECONDS = 20;

  private final String base = "gsf" + ProcessHandle.current().pid() % 100_000;
  private final int count;

  private Hosts(int count) {
    this.count = count;
  }

  /** Whether this machine lets us make any. */
  static boolean canBe() {
    try (Hosts probe = new Hosts(0)) {
      return probe.ip("netns add " + probe.name(0)) && probe.ip("netns del " + probe.name(0));
    }
  }

  static Hosts of(int count) {
    Hosts hosts = new Hosts(count);
    hosts.must("netns add " + hosts.wire());
    hosts.must("-n " + hosts.wire() + " link add br0 type bridge");
    hosts.must("-n " + hosts.wire() + " link set br0 up");
    for (int i = 0; i < count; i++) {
      String host = hosts.name(i);
      hosts.must("netns add " + host);
      hosts.must(
          "link add eth0 netns " + host + " type veth peer name p" + i + " netns " + hosts.wire());
      hosts.must("-n " + hosts.wire() + " link set p" + i + " master br0 up");
      hosts.must("-n " + host + " addr add " + address(i) + "/24 dev eth0");
      hosts.must("-n " + host + " link set lo up");
      hosts.must("-n " + host + " link set eth0 up");
    }
    return hosts;
  }

  static String address(int host) {
    return "10.219.0." + (host + 1);
  }

  /** On the other wire, which delays and loses packets. */
  static String slowAddress(int host) {
    return "10.220.0." + (host + 1);
  }

  /**
   * Lays a second wire, on which a packet takes 50 ms and one in twenty is lost; close its input to
   * end it.
   */
  Process slowWire(Path directory) throws IOException {
    Path program = directory.resolve("slow_wire.py");
    try (InputStream resource = Hosts.class.getResourceAsStream("slow_wire.py")) {
      Files.copy(resource, program);
    }
    List<String> command = new ArrayList<>(List.of("python3", program.toString(), "0.05", "0.05"));
    for (int i = 0; i < count; i++) {
      command.add(name(i) + "=" + slowAddress(i));
    }
    Process wire =
        new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
    wire.inputReader().readLine();
    return wire;
  }

  private String wire() {
    return base + "-wire";
  }

  private String name(int host) {
    return base + "-" + host;
  }

  /** The beginning of a command line that runs on a host. */
  List<String> on(int host) {
    return List.of("ip", "netns", "exec", name(host));
  }

  /** Cuts a host off behind its switch, where it can't see it, or lets it in again. */
  void plug(int host, boolean in) {
    must("-n " + wire() + " link set p" + host + (in ? " master br0" : " nomaster"));
  }

  private void must(String arguments) {
    if (!ip(arguments)) {
      throw new IllegalStateException("ip " + arguments + " failed");
    }
  }

  private boolean ip(String arguments) {
    List<String> command = new ArrayList<>(List.of("ip"));
    command.addAll(Arrays.asList(arguments.split(" ")));
    try {
      Process process =
          new ProcessBuilder(command)
              .redirectErrorStream(true)
              .redirectOutput(ProcessBuilder.Redirect.DISCARD)
              .start();
      return process.waitFor(LONGEST_SECONDS, TimeUnit.SECONDS) && process.exitValue() == 0;
    } catch (IOException e) {
      return false; // there is no such program
    } catch (InterruptedException e) {
      throw new UncheckedIOException(new IOException(e));
    }
  }

  @Override
  public void close() {
    for (int i = 0; i < count; i++) {
      ip("netns del " + name(i));
    }
    if (count > 0) {
      ip("netns del " + wire());
    }
  }
}
