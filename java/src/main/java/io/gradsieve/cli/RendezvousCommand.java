package io.gradsieve.cli;

import io.gradsieve.GradsieveException;
import io.gradsieve.config.JobOptions;
import io.gradsieve.config.JoiningConfig;
import io.gradsieve.config.Settings;
import io.gradsieve.dist.cluster.Address;
import io.gradsieve.dist.control.Protection;
import io.gradsieve.dist.control.RendezvousServer;
import io.gradsieve.dist.launch.ServerProcess;
import io.gradsieve.dist.rendezvous.Deadlines;
import io.gradsieve.dist.rendezvous.Limits;
import io.gradsieve.dist.rendezvous.Rules;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;

/** {@code rendezvous}. */
final class RendezvousCommand {
  private static final String WORLD = "GRADSIEVE_WORLD_SIZE";
  private static final Duration LOOK = Duration.ofSeconds(1);

  private RendezvousCommand() {}

  static Outcome run(Invocation invocation) {
    Settings settings = invocation.settings();
    String bind =
        settings
            .find(JobOptions.BIND)
            .orElseThrow(
                () ->
                    new GradsieveException.Usage(
                        "rendezvous: --bind HOST:PORT is needed: where to listen"));
    Address address = Address.parse(JobOptions.BIND.dashed(), bind);
    JoiningConfig joining = joining(settings, invocation.environment());
    Rules rules = rules(settings, joining, address, invocation.environment());
    try (RendezvousServer server =
        RendezvousServer.start(
            new InetSocketAddress(address.host(), address.port()),
            rules,
            protection(joining),
            line -> invocation.note("rendezvous: " + line))) {
      invocation.note(
          "rendezvous: %s %s for job %s".formatted(ServerProcess.LISTENS, address, rules.job()));
      while (!server.awaitEnd(LOOK)) {
        // the job goes on
      }
      Optional<String> failure = server.failure();
      if (failure.isPresent()) {
        throw new GradsieveException.PeerLost("the job failed: " + failure.get());
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new GradsieveException.PeerLost("the rendezvous server was interrupted", e);
    }
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put("job", rules.job());
    return Outcome.of("", fields);
  }

  private static Rules rules(
      Settings settings, JoiningConfig joining, Address address, Map<String, String> environment) {
    int least = settings.get(JobOptions.MIN_WORKERS);
    OptionalInt workers =
        settings.find(JobOptions.JOB_WORKERS).or(() -> world(environment)).stream()
            .mapToInt(Integer::intValue)
            .findFirst();
    if (least > workers.orElse(Limits.WORKERS)) {
      throw new GradsieveException.Usage(
          "--min-workers %d: the job has only %d".formatted(least, workers.orElse(Limits.WORKERS)));
    }
    String job =
        Optional.ofNullable(environment.get("GRADSIEVE_JOB_ID"))
            .filter(id -> !id.isBlank())
            .orElse("launch:" + address.port());
    try {
      return new Rules(
          job,
          workers,
          least,
          joining.allowMinority(),
          new Deadlines((int) failureTimeout(settings).toMillis()),
          joining.joinTimeout().toMillis());
    } catch (IllegalArgumentException e) {
      throw new GradsieveException.Usage("rendezvous: " + e.getMessage());
    }
  }

  private static Optional<Integer> world(Map<String, String> environment) {
    String text = environment.getOrDefault(WORLD, "").strip();
    if (text.isEmpty()) {
      return Optional.empty();
    }
    if (!text.matches("[1-9][0-9]{0,3}") || Integer.parseInt(text) > Limits.WORKERS) {
      throw new GradsieveException.Usage(
          "%s is '%s': no number of workers, set it from 1 to %d or give --workers"
              .formatted(WORLD, text, Limits.WORKERS));
    }
    return Optional.of(Integer.valueOf(text));
  }

  /** How processes of the job find and trust each other, by options and variables. */
  static JoiningConfig joining(Settings settings, Map<String, String> environment) {
    return JoiningConfig.of(settings)
        .orTokenFile(Optional.ofNullable(environment.get(JoiningConfig.TOKEN_VARIABLE)));
  }

  static Protection protection(JoiningConfig joining) {
    return Protection.of(joining.tokenFile(), tls(joining));
  }

  static Optional<Protection.Tls> tls(JoiningConfig joining) {
    return joining
        .tls()
        .map(files -> new Protection.Tls(files.certificate(), files.key(), files.authority()));
  }

  static Duration failureTimeout(Settings settings) {
    return Duration.ofMillis(Math.round(1_000 * settings.get(JobOptions.FAILURE_TIMEOUT)));
  }
}
