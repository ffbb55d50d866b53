package io.gradsieve.faults;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;

/**
 * Four hosts train together, each a network namespace with a {@code launch} of one worker, and
 * something goes wrong. Every job ends, in recovery or with the culprit's name, leaves no process
 * behind and no checkpoint that is not whole. Those that take long run with {@code
 * -Dgradsieve.faults=all}.
 */
@Timeout(1200)
class FaultsTest {
  private static final int HOSTS = 4;
  private static final int PORT = 29_471;
  private static final String ALL = "gradsieve.faults";

  /** Seconds in which who fails is named; 15 unless told otherwise. */
  private static final int FAILURE_TIMEOUT = Integer.getInteger("gradsieve.faults.timeout", 2);

  private static final int EPOCHS = 15 * FAILURE_TIMEOUT;

  /** Of a job that outlasts {@link #STOPPED}, and three workers that are refused. */
  private static final int MANY_EPOCHS = 4 * EPOCHS;

  /** Far longer than it takes to be found dead: 60 s where that takes 15. */
  private static final Duration STOPPED = Duration.ofSeconds(4L * FAILURE_TIMEOUT);

  private static final Duration SOON = Duration.ofSeconds(40);
  private static final Duration LONG = Duration.ofSeconds(60L * FAILURE_TIMEOUT);

  @TempDir Path directory;

  private final List<Node> nodes = new ArrayList<>();
  private Hosts hosts;

  @BeforeEach
  void makeHosts() throws IOException {
    assumeTrue(Hosts.canBe(), "needs root and network namespaces");
    hosts = Hosts.of(HOSTS);
    Files.writeString(directory.resolve("token"), "0123456789abcdef".repeat(4));
    Files.setPosixFilePermissions(
        directory.resolve("token"), PosixFilePermissions.fromString("rw-------"));
  }

  @AfterEach
  void removeHosts() {
    nodes.forEach(Node::destroy);
    if (hosts != null) {
      hosts.close();
    }
  }

  private List<String> command(String... more) {
    List<String> command =
        new ArrayList<>(
            List.of(
                "launch",
                "--workers",
                "1",
                "--nodes",
                Integer.toString(HOSTS),
                "--rendezvous",
                Hosts.address(0) + ":" + PORT,
                "--failure-timeout",
                Integer.toString(FAILURE_TIMEOUT),
                "--join-timeout",
                "20s",
                "--token-file",
                directory.resolve("token").toString(),
                "--",
                "train",
                "--epochs",
                Integer.toString(EPOCHS),
                "--batch-size",
                "64",
                "--lr",
                "0.02",
                "--out",
                "run",
                "--threads",
                "1"));
    command.addAll(List.of(more));
    return command;
  }

  private Node start(int host, String... more) throws IOException {
    Node node = Node.start(hosts.on(host), directory, command(more));
    nodes.add(node);
    return node;
  }

  /** All four, well under way. */
  private void begin(String... more) throws IOException, InterruptedException {
    for (int host = 0; host < HOSTS; host++) {
      start(host, more);
    }
    nodes.get(0).awaitText("epoch 2/", SOON);
  }

  private void allEnd(int exitCode) throws InterruptedException {
    for (Node node : nodes) {
      assertThat(node.ended(LONG)).as(node.text()).isEqualTo(exitCode);
    }
    Node.noneLeft(directory, SOON);
  }

  /** Whoever is the first worker then. */
  private void anyoneSays(String words) throws InterruptedException {
    Node.await(words, SOON, () -> nodes.stream().anyMatch(node -> node.text().contains(words)));
  }

  /** Each epoch is there once, and all checkpoints are whole. */
  private void runIsWhole() throws IOException {
    runIsWhole(EPOCHS);
  }

  private void runIsWhole(int last) throws IOException {
    List<Integer> epochs = new ArrayList<>();
    for (String line : Files.readAllLines(directory.resolve("run/metrics.jsonl"))) {
      JsonNode epoch = new ObjectMapper().readTree(line);
      epochs.add(epoch.get("epoch").asInt());
      assertThat(epoch.get("samples_kept").asInt() + epoch.get("forward_only").asInt())
          .isLessThanOrEqualTo(epoch.get("samples_seen").asInt());
    }
    assertThat(epochs).isEqualTo(Stream.iterate(1, i -> i + 1).limit(last).toList());
    try (Stream<Path> checkpoints = Files.list(directory.resolve("run/checkpoints"))) {
      assertThat(checkpoints.map(path -> path.getFileName().toString()).toList())
          .allMatch(name -> name.matches("epoch-[0-9]{4}"));
    }
  }

  // ---- always

  @Test
  void aWorkerThatIsKilledIsNamedAndComesBack() throws Exception {
    begin();
    Node.signal(nodes.get(2).worker(), "KILL");
    nodes.get(0).awaitText("generation 2", SOON);
    assertThat(nodes.get(0).text()).contains(" at " + Hosts.address(2));
    assertThat(nodes.get(2).text()).contains("SIGKILL");
    allEnd(0);
    runIsWhole();
  }

  @Test
  void ofALaunchThatIsKilledNoWorkerStays() throws Exception {
    begin();
    Node gone = nodes.remove(3);
    ProcessHandle worker = gone.worker();
    Node.signal(gone.launch(), "KILL");
    Node.await("the worker has ended", SOON, () -> !worker.isAlive());
    nodes.get(0).awaitText(": 3 of 4 workers", SOON);
    allEnd(0);
    runIsWhole();
  }

  @Test
  void theWorkerThatWritesIsStoppedInTheMiddleOfACheckpoint() throws Exception {
    begin("--epochs", Integer.toString(MANY_EPOCHS));
    ProcessHandle writer = nodes.get(0).worker();
    Node.await("a checkpoint is being written", SOON, this::isWriting);
    Node.signal(writer, "STOP");
    long stopped = System.nanoTime();
    anyoneSays("run: run goes on from");
    nodes.get(1).goesOn(STOPPED.minusNanos(System.nanoTime() - stopped));
    Node.signal(writer, "CONT");
    allEnd(0);
    runIsWhole(MANY_EPOCHS);
  }

  private boolean isWriting() {
    Path checkpoints = directory.resolve("run/checkpoints");
    try (Stream<Path> files = Files.list(checkpoints)) {
      return files.anyMatch(path -> path.toString().endsWith(".partial"));
    } catch (IOException | UncheckedIOException e) {
      return false;
    }
  }

  @Test
  void aHostThatIsCutOffForAWhileComesBack() throws Exception {
    begin();
    hosts.plug(3, false);
    nodes.get(0).awaitText(": 3 of 4 workers", SOON);
    assertThat(nodes.get(0).text()).contains(" at " + Hosts.address(3));
    hosts.plug(3, true);
    allEnd(0);
    runIsWhole();
  }

  @Test
  void aSignalToOneLaunchSavesOnceAndEndsAll() throws Exception {
    begin();
    Node.signal(nodes.get(1).launch(), "TERM");
    allEnd(143);
    try (Stream<Path> checkpoints = Files.list(directory.resolve("run/checkpoints"))) {
      assertThat(checkpoints.filter(path -> path.toString().contains("-step-")).count())
          .isLessThanOrEqualTo(1);
    }
    for (int world : new int[] {1, 3}) {
      Path copy = directory.resolve("with-" + world);
      copy(directory.resolve("run"), copy);
      List<String> resume =
          List.of(
              "launch",
              "--workers",
              Integer.toString(world),
              "--",
              "train",
              "--resume",
              "--out",
              copy.toString());
      Node node = Node.start(hosts.on(0), directory, resume);
      nodes.add(node);
      assertThat(node.ended(LONG)).as(node.text()).isZero();
      assertThat(Files.readAllLines(copy.resolve("metrics.jsonl"))).hasSize(EPOCHS);
    }
  }

  private static void copy(Path from, Path to) throws IOException {
    try (Stream<Path> all = Files.walk(from)) {
      for (Path path : all.toList()) {
        Files.copy(path, to.resolve(from.relativize(path)));
      }
    }
  }

  @Test
  void whoIsNotLikeTheOthersIsRefusedByName() throws Exception {
    String epochs = Integer.toString(MANY_EPOCHS);
    begin("--epochs", epochs);
    Node.signal(nodes.remove(3).launch(), "KILL");
    nodes.get(0).awaitText(": 3 of 4 workers", SOON);
    isRefused(
        start(3, "--epochs", epochs, "--lr", "0.04"),
        "the worker has --lr 0.04: give all the same --lr");
    nodes.get(0).awaitText("refused the worker at " + Hosts.address(3), SOON);
    Path data = directory.resolve("other.csv");
    Files.writeString(data, "a,y\n" + "1,no\n2,yes\n".repeat(100));
    isRefused(start(3, "--data", data.toString(), "--label", "y"), "data: the job has");
    Path program = Node.jar(directory.resolve("other.jar"));
    Node build = Node.start(hosts.on(3), directory, program, command());
    nodes.add(build);
    isRefused(build, "code: the job has");
    allEnd(0);
    runIsWhole(MANY_EPOCHS);
  }

  private void isRefused(Node other, String why) throws InterruptedException {
    assertThat(other.ended(SOON)).as(other.text()).isEqualTo(2);
    assertThat(other.text()).contains(why);
    nodes.remove(other);
  }

  // ---- with -Dgradsieve.faults=all

  @Test
  @EnabledIfSystemProperty(named = ALL, matches = "all")
  void theWorkerThatWritesIsKilled() throws Exception {
    begin();
    Node.signal(nodes.get(0).worker(), "KILL");
    anyoneSays("run: run goes on from");
    allEnd(0);
    runIsWhole();
  }

  @Test
  @EnabledIfSystemProperty(named = ALL, matches = "all")
  void theHostOfTheServerIsLost() throws Exception {
    begin();
    Node server = nodes.remove(0);
    Node.signal(server.launch(), "KILL");
    for (Node node : nodes) {
      assertThat(node.ended(LONG)).as(node.text()).isEqualTo(6);
      assertThat(node.text()).contains(Hosts.address(0) + ":" + PORT);
    }
    Node.noneLeft(directory, SOON);
  }

  @Test
  @EnabledIfSystemProperty(named = ALL, matches = "all")
  void aWorkerIsStoppedForLong() throws Exception {
    begin("--epochs", Integer.toString(MANY_EPOCHS));
    ProcessHandle stopped = nodes.get(2).worker();
    Node.signal(stopped, "STOP");
    nodes.get(0).awaitText(": 3 of 4 workers", SOON);
    nodes.get(2).awaitText("is stopped (SIGSTOP)", SOON);
    nodes.get(0).goesOn(STOPPED);
    Node.signal(stopped, "CONT");
    allEnd(0);
    runIsWhole(MANY_EPOCHS);
  }

  @Test
  @EnabledIfSystemProperty(named = ALL, matches = "all")
  void aHostIsCutOffForGood() throws Exception {
    begin();
    hosts.plug(3, false);
    Node cut = nodes.remove(3);
    assertThat(cut.ended(LONG)).as(cut.text()).isEqualTo(6);
    assertThat(cut.text()).contains(Hosts.address(0) + ":" + PORT);
    allEnd(0);
    runIsWhole();
  }

  @Test
  @EnabledIfSystemProperty(named = ALL, matches = "all")
  void twoAreKilledAtOnceAndAThirdIsCutOff() throws Exception {
    begin();
    Node.signal(nodes.get(0).worker(), "KILL");
    Node.signal(nodes.get(1).worker(), "KILL");
    hosts.plug(3, false);
    nodes.get(2).goesOn(Duration.ofSeconds(5));
    hosts.plug(3, true);
    allEnd(0);
    runIsWhole();
  }

  @Test
  @EnabledIfSystemProperty(named = ALL, matches = "all")
  void aSlowAndLossyNetworkIsNoFailure() throws Exception {
    Process wire = hosts.slowWire(directory);
    try {
      for (int host = 0; host < HOSTS; host++) {
        List<String> command = command("--epochs", "1", "--batch-size", "720");
        command.set(command.indexOf("--rendezvous") + 1, Hosts.slowAddress(0) + ":" + PORT);
        command.set(command.indexOf("--failure-timeout") + 1, "15");
        command.set(command.indexOf("--join-timeout") + 1, "60s");
        command.addAll(List.of("--interface", "tun0"));
        nodes.add(Node.start(hosts.on(host), directory, command));
      }
      for (Node node : nodes) {
        assertThat(node.ended(LONG)).as(node.text()).isZero();
      }
      assertThat(nodes.get(0).text()).contains("generation 1").doesNotContain("generation 2");
    } finally {
      wire.getOutputStream().close();
      assertThat(wire.waitFor(SOON.toSeconds(), TimeUnit.SECONDS)).isTrue();
    }
    Node.noneLeft(directory, SOON);
  }

  @Test
  @EnabledIfSystemProperty(named = ALL, matches = "all")
  void aSecondJobOnThePortIsToldSo() throws Exception {
    begin();
    List<String> command = command("--out", "other");
    Node second = Node.start(hosts.on(0), directory, command);
    nodes.add(second);
    second.awaitText("launch", SOON);
    assertThat(second.ended(LONG)).as(second.text()).isIn(2, 6);
    nodes.remove(second);
    allEnd(0);
    runIsWhole();
  }
}
