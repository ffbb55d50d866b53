package io.gradsieve.dist.nccl;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.gradsieve.GradsieveException.PeerLost;
import io.gradsieve.dist.ring.Ring;
import io.gradsieve.natives.CudaLibraries;
import io.gradsieve.natives.NcclLibrary;
import java.io.BufferedReader;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Ranks in processes of their own, on the library that stands in for NCCL. */
@Tag("cuda")
@Timeout(120)
class NcclProcessesTest {
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  private static final NcclLimits HURRIED =
      new NcclLimits(PATIENCE, Duration.ofMillis(500), NcclRanks.PATIENT.end());

  @TempDir Path directory;

  /** Rank 1 of 2; or, without a port, both ranks of which one does not come. */
  static final class Program {
    public static void main(String[] arguments) throws Exception {
      if (arguments.length == 0) {
        alone();
        return;
      }
      InetSocketAddress door =
          new InetSocketAddress(InetAddress.getLoopbackAddress(), Integer.parseInt(arguments[0]));
      SocketChannel from = SocketChannel.open(door);
      SocketChannel to = SocketChannel.open(door);
      try (Ring ring = new Ring(1, 2, from, to, PATIENCE);
          NcclCommunicator mine =
              new NcclCommunicator(0, 1, 2, NcclRanks.PATIENT, NcclProcessesTest::say);
          DeviceFloats floats = new DeviceFloats(3, 4, 5)) {
        mine.start(NcclMeeting.over(ring));
        floats.sum(mine);
        System.out.println("has " + List.of(floats.get()[0], floats.get()[1], floats.get()[2]));
        if (arguments.length > 1) {
          floats.await(mine); // and is killed in the meantime
          System.in.read();
        }
      }
    }

    private static void alone() throws Exception {
      try (NcclRanks ranks = NcclRanks.started(2, HURRIED);
          DeviceFloats floats = new DeviceFloats(1, 2)) {
        String said = "nothing";
        try {
          floats.sum(ranks.get(0));
        } catch (PeerLost e) {
          said = e.getMessage();
        }
        ranks.get(1).abort("the other says so");
        ranks.get(0).close();
        System.out.println(NcclLibrary.load() instanceof NcclLibrary.Loaded l && l.revokes());
        System.out.println(said + " " + ranks.halts());
      }
    }
  }

  private static Process start(Map<String, String> environment, String... arguments)
      throws IOException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.add("--enable-native-access=ALL-UNNAMED");
    command.addAll(List.of("-cp", System.getProperty("java.class.path"), Program.class.getName()));
    command.addAll(List.of(arguments));
    ProcessBuilder builder =
        new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT);
    builder.environment().remove("GRADSIEVE_CUDA_FAIL");
    builder.environment().putAll(environment);
    return builder.start();
  }

  private static void say(String halt) {
    System.err.println(halt);
  }

  private interface Meeting {
    void run(Ring ring, BufferedReader other, Process process) throws Exception;
  }

  /** Rank 0, with rank 1 in another process. */
  private static void meet(Meeting meeting, String... mode) throws Exception {
    try (ServerSocketChannel door =
        ServerSocketChannel.open()
            .bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))) {
      int port = ((InetSocketAddress) door.getLocalAddress()).getPort();
      String[] arguments =
          Stream.concat(Stream.of(String.valueOf(port)), Stream.of(mode)).toArray(String[]::new);
      Process process = start(Map.of(), arguments);
      try (SocketChannel to = door.accept();
          SocketChannel from = door.accept();
          Ring ring = new Ring(0, 2, from, to, PATIENCE);
          BufferedReader other = process.inputReader()) {
        meeting.run(ring, other, process);
      } finally {
        process.destroyForcibly();
        assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
      }
    }
  }

  @Test
  void twoProcessesHaveTheSameSums() throws Exception {
    meet(
        (ring, other, process) -> {
          try (NcclCommunicator mine =
                  new NcclCommunicator(0, 0, 2, NcclRanks.PATIENT, NcclProcessesTest::say);
              DeviceFloats floats = new DeviceFloats(10, 20, 30)) {
            mine.start(NcclMeeting.over(ring));
            floats.sum(mine);
            assertThat(floats.get()).containsExactly(13, 24, 35);
            assertThat(other.readLine()).isEqualTo("has [13.0, 24.0, 35.0]");
          }
          assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
          assertThat(process.exitValue()).isZero();
        });
  }

  @Test
  void aProcessThatIsKilledEndsTheOthersSumByTheDeadline() throws Exception {
    meet(
        (ring, other, process) -> {
          List<String> halts = new ArrayList<>();
          try (NcclCommunicator mine = new NcclCommunicator(0, 0, 2, HURRIED, halts::add);
              DeviceFloats floats = new DeviceFloats(10, 20, 30)) {
            mine.start(NcclMeeting.over(ring));
            floats.queue(mine);
            assertThat(other.readLine()).startsWith("has");
            floats.await(mine);
            process.destroyForcibly();
            assertThatThrownBy(() -> floats.sum(mine))
                .isInstanceOf(PeerLost.class)
                .hasMessage(
                    "NCCL, rank 0 of 2: all-reduce 2 (3 numbers): not done after 0.5 s: a peer is gone or hangs");
            mine.close();
            assertThat(floats.done()).isTrue();
          }
          assertThat(halts).isEmpty();
        },
        "killed");
  }

  /** It would end the process to call what is not there. */
  @Test
  void aLibraryThatCannotRevokeIsAborted() throws Exception {
    Path named = Path.of(System.getenv(CudaLibraries.VARIABLE));
    try (Stream<Path> files = Files.list(named)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        boolean nccl = file.getFileName().toString().startsWith("libnccl");
        Path from = nccl ? named.resolve("older").resolve(file.getFileName()) : file;
        Files.copy(from, directory.resolve(file.getFileName()));
      }
    }
    Process process = start(Map.of(CudaLibraries.VARIABLE, directory.toString()));
    try (BufferedReader said = process.inputReader()) {
      assertThat(said.readLine()).isEqualTo("false");
      assertThat(said.readLine())
          .isEqualTo(
              "NCCL, rank 0 of 2: all-reduce 1 (2 numbers): not done after 0.5 s: a peer is gone or hangs []");
      assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
      assertThat(process.exitValue()).isZero();
    } finally {
      process.destroyForcibly();
    }
  }
}
