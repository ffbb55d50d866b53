package io.gradsieve.faults;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.gradsieve.dist.control.Certificates;
import io.gradsieve.dist.control.Protection.Tls;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Two hosts, each a network namespace, train together with certificates and no token. */
@Timeout(240)
class CertificatesAloneTest {
  private static final String MEETING = Hosts.address(0) + ":29472";
  private static final Duration LONG = Duration.ofSeconds(120);

  @TempDir Path directory;

  private final List<Node> nodes = new ArrayList<>();
  private Hosts hosts;
  private Tls tls;

  @BeforeEach
  void makeHosts() throws Exception {
    assumeTrue(Hosts.canBe(), "needs root and network namespaces");
    hosts = Hosts.of(2);
    tls = Certificates.make(directory, "ours");
  }

  @AfterEach
  void removeHosts() {
    nodes.forEach(Node::destroy);
    if (hosts != null) {
      hosts.close();
    }
  }

  private void start(List<String> on, String arguments) throws IOException {
    String files = "--tls-cert %s --tls-key %s --tls-ca %s";
    String train = "train --epochs 2 --threads 1 --out run " + files;
    String all = arguments + train.formatted(tls.certificate(), tls.key(), tls.authority());
    nodes.add(Node.start(on, directory, List.of(all.split(" "))));
  }

  private void allTrained() throws Exception {
    for (Node node : nodes) {
      assertThat(node.ended(LONG)).as(node.text()).isZero();
    }
    assertThat(Files.readAllLines(directory.resolve("run/metrics.jsonl"))).hasSize(2);
    assertThat(directory.resolve("run/logs/rank-1.log")).content().contains("rank 1 of 2");
    Node.noneLeft(directory, LONG);
  }

  @Test
  void underLaunch() throws Exception {
    for (int host = 0; host < 2; host++) {
      start(hosts.on(host), "launch --workers 1 --nodes 2 --rendezvous " + MEETING + " -- ");
    }
    allTrained();
  }

  @Test
  void whereTheFirstWorkerStartsTheServer() throws Exception {
    for (int host = 0; host < 2; host++) {
      List<String> on = new ArrayList<>(hosts.on(host));
      on.addAll(List.of("env", "GRADSIEVE_RANK=" + host, "GRADSIEVE_LOCAL_RANK=0"));
      on.addAll(List.of("GRADSIEVE_WORLD_SIZE=2", "GRADSIEVE_RENDEZVOUS=" + MEETING));
      start(on, "");
    }
    allTrained();
  }
}
