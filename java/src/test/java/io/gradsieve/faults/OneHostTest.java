package io.gradsieve.faults;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Workers of this host under {@code launch}, as a user starts them. */
@Timeout(180)
class OneHostTest {
  private static final Duration SOON = Duration.ofSeconds(60);

  @TempDir Path directory;

  private final List<Node> nodes = new ArrayList<>();

  @AfterEach
  void end() {
    nodes.forEach(Node::destroy);
  }

  private Node launch(String arguments) throws IOException {
    return launch(List.of(), arguments);
  }

  private Node launch(List<String> by, String arguments) throws IOException {
    Node node = Node.start(by, directory, Arrays.asList(arguments.split(" ")));
    nodes.add(node);
    return node;
  }

  @Test
  void twoWorkersTrainWhatOneDoes() throws Exception {
    Node two = launch("launch --workers 2 -- train --epochs 2 --sieve none --out two --json");
    Node one = launch("train --epochs 2 --sieve none --out one --json");
    assertThat(two.ended(SOON)).as(two.text()).isZero();
    assertThat(one.ended(SOON)).as(one.text()).isZero();
    assertThat(two.text().lines().filter(line -> line.startsWith("{"))).hasSize(1);
    assertThat(directory.resolve("two/logs/rank-1.log")).isNotEmptyFile();
    List<JsonNode> figures = new ArrayList<>();
    for (String run : List.of("one", "two")) {
      List<String> lines = Files.readAllLines(directory.resolve(run).resolve("metrics.jsonl"));
      assertThat(lines).hasSize(2);
      figures.add(new ObjectMapper().readTree(lines.get(1)));
    }
    for (String same : List.of("samples_seen", "samples_kept", "batch_size", "learning_rate")) {
      assertThat(figures.get(1).get(same)).as(same).isEqualTo(figures.get(0).get(same));
    }
  }

  @Test
  void whoeverIsKilledIsStartedAgainAndTheJobGoesOn() throws Exception {
    Node launch =
        launch(
            "launch --workers 2 --failure-timeout 3 -- train --epochs 60 --batch-size 32 --lr 0.02 --out run");
    launch.awaitText("epoch 3/", SOON);
    Node.signal(launch.worker(), "KILL");
    assertThat(launch.ended(SOON)).as(launch.text()).isZero();
    assertThat(launch.text()).contains("SIGKILL", "generation 2", "goes on from epoch-");
    assertThat(Files.readAllLines(directory.resolve("run/metrics.jsonl"))).hasSize(60);
  }

  @Test
  void aWorkersOwnFaultEndsTheJobWithItsCode() throws Exception {
    Node launch = launch("launch --workers 2 -- train --data nowhere.csv --out run");
    assertThat(launch.ended(SOON)).as(launch.text()).isEqualTo(3);
    assertThat(launch.text()).contains("nowhere.csv");
  }

  @Test
  void anotherRunsDirectoryStaysAsItIs() throws Exception {
    assertThat(launch("train --epochs 1 --out old").ended(SOON)).isZero();
    byte[] before = Files.readAllBytes(directory.resolve("old/metrics.jsonl"));
    Node launch =
        launch("launch --workers 2 --failure-timeout 2 -- train --epochs 3 --lr 0.01 --out old");
    assertThat(launch.ended(SOON)).as(launch.text()).isEqualTo(2);
    assertThat(launch.text()).contains("old: is not empty");
    assertThat(directory.resolve("old/metrics.jsonl")).hasBinaryContent(before);
  }

  @Test
  void aPortThatIsTakenIsNamed() throws Exception {
    try (ServerSocket taken = new ServerSocket()) {
      taken.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
      String address = "127.0.0.1:" + taken.getLocalPort();
      Node launch = launch("launch --workers 1 --rendezvous " + address + " -- train");
      assertThat(launch.ended(SOON)).as(launch.text()).isEqualTo(2);
      assertThat(launch.text()).contains(address);
    }
  }

  /** A terminal sends the signal to all processes at once. */
  @Test
  void anInterruptOfTheWholeGroupIsOneStop() throws Exception {
    Node launch =
        launch(
            List.of("env", "--default-signal=INT", "setsid"), // CI may ignore it
            "launch --workers 2 -- train --epochs 40 --batch-size 32 --lr 0.02 --threads 1 --out run");
    launch.awaitText("epoch 3/", SOON);
    Node.signalGroup(launch.launch(), "INT");
    assertThat(launch.ended(SOON)).as(launch.text()).isEqualTo(130);
    assertThat(launch.text()).doesNotContain("started again").doesNotContain("generation 2");
    Node.noneLeft(directory, SOON);
    for (int rank = 0; rank < 2; rank++) { // a second signal would have ended it unsaved
      assertThat(directory.resolve("run/logs/rank-%d.log".formatted(rank)))
          .content()
          .contains("asked to stop");
    }
    Node resumed = launch("launch --workers 2 -- train --resume --out run");
    assertThat(resumed.ended(SOON)).as(resumed.text()).isZero();
    assertThat(Files.readAllLines(directory.resolve("run/metrics.jsonl"))).hasSize(40);
  }

  @Test
  @Tag("cuda")
  void aSumOfNcclThatNeverArrivesEndsTheGenerationAndTheJobGoesOn() throws Exception {
    Node launch =
        launch(
            List.of("env", "GRADSIEVE_CUDA_FAIL=ncclAllReduce.lost:5"),
            "launch --workers 2 --failure-timeout 3 -- train --device cuda --collective nccl --epochs 4 --batch-size 720 --out run");
    assertThat(launch.ended(SOON)).as(launch.text()).isZero();
    assertThat(launch.text()).contains("generation 1 ends", "nothing has moved for 3.", "goes on");
    assertThat(Files.readAllLines(directory.resolve("run/metrics.jsonl"))).hasSize(4);
  }
}
