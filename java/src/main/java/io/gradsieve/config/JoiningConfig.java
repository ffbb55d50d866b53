package io.gradsieve.config;

import io.gradsieve.GradsieveException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * How the processes of a job find and trust each other: what {@code train}, {@code launch} and
 * {@code rendezvous} have in common.
 *
 * @param joinTimeout how long to wait for the server and for enough workers
 * @param allowMinority whether half of the workers, or fewer, may go on
 * @param tokenFile the job's secret, if it was given as an option
 * @param tls certificates, if they were given
 */
public record JoiningConfig(
    Duration joinTimeout, boolean allowMinority, Optional<Path> tokenFile, Optional<TlsFiles> tls) {
  /** Names the file of the job's secret where no option does. */
  public static final String TOKEN_VARIABLE = "GRADSIEVE_TOKEN_FILE";

  /**
   * Files for TLS in which both sides show a certificate, PEM.
   *
   * @param authority whose certificates are trusted
   */
  public record TlsFiles(Path certificate, Path key, Path authority) {}

  /**
   * As the options say.
   *
   * @throws GradsieveException.Usage if only a part of the TLS files is given
   */
  public static JoiningConfig of(Settings settings) {
    return new JoiningConfig(
        settings.get(JobOptions.JOIN_TIMEOUT),
        settings.get(JobOptions.ALLOW_MINORITY),
        settings.find(JobOptions.TOKEN_FILE).map(Path::of),
        tls(settings));
  }

  /** The same with the secret's file that {@code variable} names, unless an option names one. */
  public JoiningConfig orTokenFile(Optional<String> variable) {
    Optional<Path> file = variable.map(String::strip).filter(s -> !s.isEmpty()).map(Path::of);
    return new JoiningConfig(joinTimeout, allowMinority, tokenFile.or(() -> file), tls);
  }

  private static Optional<TlsFiles> tls(Settings settings) {
    List<Option<String>> options =
        List.of(JobOptions.TLS_CERT, JobOptions.TLS_KEY, JobOptions.TLS_CA);
    List<Path> files =
        options.stream().flatMap(option -> settings.find(option).stream()).map(Path::of).toList();
    if (files.isEmpty()) {
      return Optional.empty();
    }
    Stream<Option<String>> missing =
        options.stream().filter(option -> settings.find(option).isEmpty());
    missing
        .findFirst()
        .ifPresent(
            option -> {
              throw new GradsieveException.Usage(
                  option.dashed() + ": is missing; TLS needs --tls-cert, --tls-key and --tls-ca");
            });
    return Optional.of(new TlsFiles(files.get(0), files.get(1), files.get(2)));
  }
}
