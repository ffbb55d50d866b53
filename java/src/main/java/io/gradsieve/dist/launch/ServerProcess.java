package io.gradsieve.dist.launch;

import io.gradsieve.GradsieveException.Output;
import io.gradsieve.GradsieveException.PeerLost;
import io.gradsieve.dist.cluster.Place;
import io.gradsieve.dist.control.Protection;
import java.io.File;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.stream.Stream;

/**
 * The rendezvous server where no launch hosts one: a process of its own, so that the job outlives
 * the worker that started it. It ends with the job, or when too few workers came in time.
 */
public final class ServerProcess {
  /** What the server's command says as soon as it listens. */
  public static final String LISTENS = "listens on";

  private static final Duration START = Duration.ofSeconds(60); // a JVM's, on a busy machine
  private static final Duration LOOK = Duration.ofMillis(50);

  private ServerProcess() {}

  /**
   * How the server is to be.
   *
   * @param minWorkers the job goes on with so many
   * @param joinTimeout for enough workers to come
   * @param allowMinority whether half of the workers or fewer may go on
   * @param tokenFile the job's secret
   * @param tls certificates
   */
  public record Request(
      int minWorkers,
      Duration joinTimeout,
      boolean allowMinority,
      Optional<Path> tokenFile,
      Optional<Protection.Tls> tls) {}

  /**
   * Starts it at the place's address, if this is rank 0, no launch of ours has done so and nobody
   * listens there yet; returns once it listens. Whether who listens there is this job's server is
   * for whoever joins to see: the handshake tells another job.
   *
   * @param log for a line that says where it is and where its output goes
   * @throws PeerLost if it can't listen there, with its reason
   * @throws Output if it can't be started
   */
  public static void ensure(Place place, Request request, Consumer<String> log) {
    if (place.rank() != 0 || System.getenv(ParentWatch.VARIABLE) != null) {
      return;
    }
    if (!Meeting.canServe(place.master(), several(place))) {
      log.accept("joins the rendezvous server at " + place.master());
      return;
    }
    start(place, ProgramCommand.of(arguments(place, request)), log);
  }

  private static boolean several(Place place) {
    return place.localWorld().orElse(0) != place.world();
  }

  static List<String> arguments(Place place, Request request) {
    InetSocketAddress bind = Meeting.bindAddress(place.master(), several(place));
    boolean everywhere = !bind.isUnresolved() && bind.getAddress().isAnyLocalAddress();
    List<String> arguments = new ArrayList<>(List.of("rendezvous", "--bind"));
    arguments.add(everywhere ? "0.0.0.0:" + place.master().port() : place.master().toString());
    arguments.addAll(List.of("--workers", Integer.toString(place.world())));
    arguments.addAll(List.of("--min-workers", Integer.toString(request.minWorkers())));
    arguments.addAll(List.of("--join-timeout", request.joinTimeout().toSeconds() + "s"));
    if (request.allowMinority()) {
      arguments.add("--allow-minority");
    }
    request
        .tokenFile()
        .ifPresent(file -> arguments.addAll(List.of("--token-file", file.toString())));
    request
        .tls()
        .ifPresent(
            tls -> {
              arguments.addAll(List.of("--tls-cert", tls.certificate().toString()));
              arguments.addAll(List.of("--tls-key", tls.key().toString()));
              arguments.addAll(List.of("--tls-ca", tls.authority().toString()));
            });
    return arguments;
  }

  /** The process, which listens. */
  static Process start(Place place, List<String> command, Consumer<String> log) {
    try {
      Path output = Files.createTempFile("gradsieve-rendezvous-", ".log"); // its owner's only
      ProcessBuilder builder =
          new ProcessBuilder(detached(command))
              .redirectInput(new File("/dev/null"))
              .redirectOutput(ProcessBuilder.Redirect.appendTo(output.toFile()))
              .redirectError(ProcessBuilder.Redirect.appendTo(output.toFile()));
      builder.environment().put("GRADSIEVE_JOB_ID", place.jobId());
      builder.environment().remove(ParentWatch.VARIABLE);
      Process process = builder.start();
      await(process, output, place);
      log.accept(
          "rendezvous server at %s (process %d, output %s)"
              .formatted(place.master(), process.pid(), output));
      return process;
    } catch (IOException e) {
      throw new Output(
          "the rendezvous server can't be started: %s; start it by hand: rendezvous --bind %s"
              .formatted(e.getMessage(), place.master()),
          e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new PeerLost("interrupted while the rendezvous server started", e);
    }
  }

  private static void await(Process process, Path output, Place place)
      throws IOException, InterruptedException {
    long until = System.nanoTime() + START.toNanos();
    while (!said(output, LISTENS)) {
      boolean ended = process.waitFor(LOOK.toMillis(), TimeUnit.MILLISECONDS);
      if (ended && !said(output, LISTENS)) {
        String reason = last(output);
        Files.deleteIfExists(output);
        throw new PeerLost(
            "the rendezvous server of job %s did not start at %s: %s"
                .formatted(place.jobId(), place.master(), reason));
      }
      if (System.nanoTime() > until) {
        process.destroyForcibly();
        throw new PeerLost(
            "the rendezvous server did not listen at %s within %d s; see %s"
                .formatted(place.master(), START.toSeconds(), output));
      }
    }
  }

  private static boolean said(Path output, String words) throws IOException {
    return Files.readString(output).contains(words);
  }

  private static String last(Path output) throws IOException {
    List<String> lines = Files.readString(output).lines().filter(l -> !l.isBlank()).toList();
    return lines.isEmpty()
        ? "it said nothing"
        : lines.get(lines.size() - 1).replaceFirst("^error: ", "");
  }

  /** In a session of its own, where the system can: who ends the worker's group spares it. */
  private static List<String> detached(List<String> command) {
    List<String> all = ProgramCommand.shielded(command);
    return Stream.of("/usr/bin/setsid", "/bin/setsid")
        .filter(program -> Files.isExecutable(Path.of(program)))
        .findFirst()
        .map(program -> Stream.concat(Stream.of(program), all.stream()).toList())
        .orElse(all);
  }
}
