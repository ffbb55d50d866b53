package io.gradsieve.dist.launch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.gradsieve.GradsieveException.PeerLost;
import io.gradsieve.dist.cluster.Address;
import io.gradsieve.dist.cluster.Place;
import io.gradsieve.dist.control.Membership;
import io.gradsieve.dist.control.Protection;
import io.gradsieve.dist.rendezvous.Bytes;
import io.gradsieve.dist.rendezvous.MemberId;
import io.gradsieve.dist.rendezvous.Message.Barrier;
import io.gradsieve.dist.rendezvous.Message.Done;
import io.gradsieve.dist.rendezvous.Message.Join;
import io.gradsieve.dist.rendezvous.Message.Peer;
import java.io.BufferedReader;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The server that the first worker starts, in real processes. */
@Timeout(180)
class ServerProcessTest {
  private static final String JOB = "slurm:7.0";
  private static final Duration SOON = Duration.ofSeconds(60); // a loaded machine's soon
  private static final Pattern STARTED =
      Pattern.compile("rendezvous server at \\S+ \\(process (\\d+), output (\\S+)\\)");

  private final List<String> log = new ArrayList<>();
  private int port;

  @BeforeEach
  void choosePort() throws IOException {
    try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      port = free.getLocalPort();
    }
  }

  @AfterEach
  void leaveNothing() throws IOException {
    for (String line : log) {
      Matcher started = STARTED.matcher(line);
      if (started.matches()) {
        process(started).ifPresent(ProcessHandle::destroyForcibly);
        Files.delete(output(started));
      }
    }
  }

  /** A worker that starts the server and then does nothing; {@code PORT} is its argument. */
  static final class Starter {
    public static void main(String[] arguments) throws IOException {
      int port = Integer.parseInt(arguments[0]);
      ServerProcess.start(place(0, port), command(port), System.out::println);
      System.in.read();
    }
  }

  private static Place place(int rank, int port) {
    return new Place(
        rank, rank, 1, OptionalInt.of(1), new Address("127.0.0.1", port), JOB, "a test", List.of());
  }

  private static ServerProcess.Request request() {
    return new ServerProcess.Request(1, SOON, false, Optional.empty(), Optional.empty());
  }

  private static List<String> command(int port) {
    return ProgramCommand.of(ServerProcess.arguments(place(0, port), request()));
  }

  private Matcher started() {
    Matcher started = STARTED.matcher(log.get(0));
    assertThat(started.matches()).as(log.get(0)).isTrue();
    return started;
  }

  private static Optional<ProcessHandle> process(Matcher started) {
    return ProcessHandle.of(Long.parseLong(started.group(1)));
  }

  private static Path output(Matcher started) {
    return Path.of(started.group(2));
  }

  /** The job's only worker comes, trains nothing and leaves. */
  private void train() {
    Peer self = new Peer(new MemberId(0, 1), 1, "avx2", List.of());
    Join join = new Join(JOB, self, "1", Bytes.of(new byte[32]), List.of(), false);
    try (Membership member =
        Membership.join(
            "127.0.0.1", port, JOB, join, Protection.none(), token -> {}, SOON, line -> {})) {
      assertThat(member.ranked().world()).isEqualTo(1);
      int millis = (int) SOON.toMillis();
      assertThat(member.ask(new Barrier(Barrier.EXIT, millis), SOON)).isEqualTo(new Done());
      member.leave();
    }
  }

  @Test
  void itServesItsJobIsFoundByOthersAndEndsWithTheJob() throws Exception {
    Process server = ServerProcess.start(place(0, port), command(port), log::add);
    Path output = output(started());
    assertThat(process(started())).contains(server.toHandle());
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(output)))
        .isEqualTo("rw-------");
    ServerProcess.ensure(place(0, port), request(), log::add);
    assertThat(log.get(1)).isEqualTo("joins the rendezvous server at 127.0.0.1:" + port);
    train();
    assertThat(server.waitFor(SOON.toSeconds(), TimeUnit.SECONDS)).isTrue();
    assertThat(server.exitValue()).isZero();
    assertThat(Files.readString(output))
        .contains("listens on 127.0.0.1:" + port + " for job " + JOB, "generation 1: 1 worker");
  }

  /** Its worker is killed with all processes of its group, as launchers do. */
  @Test
  void itOutlivesWhoStartedIt() throws Exception {
    ProcessBuilder builder =
        new ProcessBuilder(
            "setsid",
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-cp",
            System.getProperty("java.class.path"),
            Starter.class.getName(),
            Integer.toString(port));
    builder.environment().put(ParentWatch.VARIABLE, "1"); // whose server would end with its input
    Process worker = builder.redirectError(ProcessBuilder.Redirect.INHERIT).start();
    try (BufferedReader said = worker.inputReader()) {
      String line = said.readLine();
      assertThat(line).isNotNull();
      log.add(line);
    }
    ProcessHandle server = process(started()).orElseThrow();
    new ProcessBuilder("/bin/sh", "-c", "kill -9 -" + worker.pid()).start();
    assertThat(worker.waitFor(SOON.toSeconds(), TimeUnit.SECONDS)).isTrue();
    train();
    server.onExit().get(SOON.toSeconds(), TimeUnit.SECONDS);
    assertThat(server.isAlive()).isFalse();
  }

  @Test
  void aPortThatAnotherTookMeanwhileIsNamed() throws Exception {
    try (ServerSocket other = new ServerSocket(port, 1, InetAddress.getLoopbackAddress())) {
      assertThatThrownBy(() -> ServerProcess.start(place(0, port), command(port), log::add))
          .isInstanceOf(PeerLost.class)
          .hasMessageContaining("job " + JOB + " did not start at 127.0.0.1:" + port)
          .hasMessageContaining("another process listens there");
      assertThat(other.isBound()).isTrue();
    }
    assertThat(log).isEmpty();
  }

  @Test
  void onlyTheFirstWorkerStartsIt() throws Exception {
    ServerProcess.ensure(place(1, port), request(), log::add);
    assertThat(log).isEmpty();
    assertThat(Meeting.canServe(new Address("127.0.0.1", port), false)).isTrue();
  }
}
