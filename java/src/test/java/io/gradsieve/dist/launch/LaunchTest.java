package io.gradsieve.dist.launch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.gradsieve.GradsieveException;
import io.gradsieve.dist.cluster.Address;
import io.gradsieve.dist.control.Protection.Tls;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.IntFunction;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Real processes; what they do is a line of shell. */
@Timeout(60)
class LaunchTest {
  private final ByteArrayOutputStream err = new ByteArrayOutputStream();

  @TempDir Path directory;

  private static Launch.Plan plan(int workers, int restarts) {
    return new Launch.Plan(
        workers,
        1,
        Optional.empty(),
        1,
        restarts,
        Duration.ofSeconds(2),
        Duration.ofMinutes(1),
        false,
        Optional.empty(),
        Optional.empty());
  }

  private Launch launch(Launch.Plan plan, IntFunction<String> script) {
    return new Launch(
        plan,
        number -> List.of("/bin/sh", "-c", script.apply(number)),
        Map.of("MORE", "more"),
        new PrintStream(err, true, StandardCharsets.UTF_8),
        false);
  }

  private String lines() {
    return err.toString(StandardCharsets.UTF_8);
  }

  @Test
  void workersLearnTheirPlaceAndTheFirstsResultIsTheResult() {
    String script =
        """
        echo "$GRADSIEVE_RANK/$GRADSIEVE_WORLD_SIZE $GRADSIEVE_LOCAL_RANK/$GRADSIEVE_LOCAL_WORLD_SIZE $MORE $GRADSIEVE_LAUNCH_PIPE" >&2
        echo "$GRADSIEVE_RENDEZVOUS $GRADSIEVE_JOB_ID" >&2
        stat -c 'token %a' "$GRADSIEVE_TOKEN_FILE" >&2
        test "$GRADSIEVE_RANK" = 0 && echo result || true
        """;
    Launch.End end = launch(plan(2, 0), number -> script).run();
    assertThat(end).isEqualTo(new Launch.End(0, "result"));
    assertThat(lines())
        .contains("[rank 0] 0/2 0/2 more 1\n", "[rank 1] 1/2 1/2 more 1\n")
        .contains("[rank 1] token 600\n")
        .containsPattern("\\[rank 0\\] 127\\.0\\.0\\.1:\\d+ launch:[0-9a-f]+\n");
  }

  @Test
  void theTokenGoesWithTheJob() {
    launch(plan(1, 0), number -> "echo \"at $GRADSIEVE_TOKEN_FILE\" >&2").run();
    String file = lines().lines().filter(l -> l.contains("] at ")).findFirst().orElseThrow();
    assertThat(Path.of(file.substring(file.indexOf("] at ") + 5))).doesNotExist();
  }

  @Test
  void whoIsKilledIsStartedAgain() throws IOException {
    Path once = directory.resolve("once");
    String script = "if test ! -e %s; then touch %s; kill -9 $$; fi".formatted(once, once);
    assertThat(launch(plan(1, 1), number -> script).run().exitCode()).isZero();
    assertThat(lines())
        .containsPattern(
            "\\[launch\\] rank 0 on .* \\(process \\d+\\) was ended by signal 9 \\(SIGKILL\\); started again, restarts left: 0");
  }

  @Test
  void whenRestartsAreUsedUpTheJobFailsInOneLine() {
    assertThatThrownBy(
            () -> launch(plan(2, 2), n -> n == 0 ? "exec sleep 50" : "kill -11 $$").run())
        .isInstanceOf(GradsieveException.PeerLost.class)
        .hasMessageMatching(
            "rank 1 on .* \\(process \\d+\\) was ended by signal 11 \\(SIGSEGV\\); no restart is left of --max-restarts 2; rank 1 .*");
  }

  @Test
  void aFinalFailureEndsTheJobWithItsCodeAndItsLastError() {
    assertThatThrownBy(
            () ->
                launch(
                        plan(2, 3),
                        n ->
                            n == 0
                                ? "exec sleep 50"
                                : "echo 'error: rows.csv, row 3: no number' >&2; echo later >&2; exit 3")
                    .run())
        .isInstanceOf(GradsieveException.BadData.class)
        .hasMessageMatching(
            "rank 1 on .* \\(process \\d+\\) ended with exit code 3: rows.csv, row 3: no number; rank 0 on .* was asked to stop \\(SIGTERM\\)");
  }

  @Test
  void aSignalIsPassedOnAndWaitedFor() throws Exception {
    Launch launch =
        launch(
            plan(2, 3),
            n ->
                "trap 'echo saved; exit 143' TERM; touch %s/$GRADSIEVE_RANK; while :; do sleep 0.05; done"
                    .formatted(directory));
    CompletableFuture<Launch.End> end = CompletableFuture.supplyAsync(launch::run);
    while (!Files.exists(directory.resolve("0")) || !Files.exists(directory.resolve("1"))) {
      LockSupport.parkNanos(20_000_000);
    }
    launch.signal(2);
    assertThat(end.get(50, TimeUnit.SECONDS)).isEqualTo(new Launch.End(130, "saved"));
    assertThat(lines().lines().filter(line -> line.startsWith("[launch]")))
        .containsExactly(
            "[launch] asked to stop: all workers of the job finish their step, and save");
  }

  @Test
  void aStoppedWorkerIsToldToBeStopped() throws Exception {
    Launch launch = launch(plan(1, 0), n -> "kill -STOP $$; exit 0");
    CompletableFuture<Launch.End> end = CompletableFuture.supplyAsync(launch::run);
    while (!lines().contains("is stopped (SIGSTOP)")) {
      assertThat(end).isNotDone();
      LockSupport.parkNanos(20_000_000);
    }
    String pid = lines().replaceAll("(?s).*kill -CONT (\\d+).*", "$1");
    new ProcessBuilder("kill", "-CONT", pid).start();
    assertThat(end.get(50, TimeUnit.SECONDS).exitCode()).isZero();
  }

  @Test
  void aJobThatFailedAsAWholeIsTheServersToExplain() {
    Meeting failed =
        new Meeting(
            new Address("127.0.0.1", 1),
            true,
            () -> Supervisor.Job.FAILED,
            () -> Optional.of("0 of at least 2 workers came"),
            why -> {});
    assertThatThrownBy(() -> launch(plan(1, 3), n -> "exit 6").run(failed, "job", Optional.empty()))
        .isInstanceOf(GradsieveException.PeerLost.class)
        .hasMessageContaining("ended with exit code 6; the job: 0 of at least 2 workers came");
  }

  @Test
  void severalHostsNeedAPlaceAndASecretOrCertificates() {
    Optional<Address> place = Optional.of(new Address("localhost", 29_400));
    Optional<Tls> tls = Optional.of(new Tls(directory, directory, directory));
    assertThatThrownBy(() -> several(Optional.empty(), Optional.of(directory), tls))
        .isInstanceOf(GradsieveException.Usage.class)
        .hasMessage("--nodes 2: needs --rendezvous HOST:PORT, the same on all");
    assertThatThrownBy(() -> several(place, Optional.empty(), Optional.empty()))
        .isInstanceOf(GradsieveException.Usage.class)
        .hasMessageStartingWith("--nodes 2: the workers of several hosts need a secret")
        .hasMessageContaining("--tls-cert");
    assertThat(several(place, Optional.empty(), tls).world()).isEqualTo(4);
    Optional<Address> all = Optional.of(new Address("0.0.0.0", 29_400));
    assertThatThrownBy(() -> several(all, Optional.empty(), tls))
        .isInstanceOf(GradsieveException.Usage.class)
        .hasMessage(
            "--rendezvous 0.0.0.0:29400: no host connects there, give the name or address of one of the hosts");
  }

  private static Launch.Plan several(
      Optional<Address> rendezvous, Optional<Path> token, Optional<Tls> tls) {
    return new Launch.Plan(
        2, 2, rendezvous, 1, 3, Duration.ofSeconds(15), Duration.ofMinutes(5), false, token, tls);
  }
}
