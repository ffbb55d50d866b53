package io.gradsieve.config;

import static io.gradsieve.config.Option.of;
import static io.gradsieve.config.ValueType.choice;
import static io.gradsieve.config.ValueType.path;
import static io.gradsieve.config.ValueType.text;
import static io.gradsieve.config.ValueType.truth;
import static io.gradsieve.config.ValueType.whole;

import io.gradsieve.config.Option.Section;
import io.gradsieve.config.ValueType.Use;
import io.gradsieve.dist.CollectiveName;
import io.gradsieve.dist.Compression;
import java.time.Duration;

/** The options of jobs of many workers, declared once as {@link Options} declares the others. */
public final class JobOptions {
  /** What the rendezvous server holds. */
  private static final int MOST_WORKERS = 4_096;

  /** Longer waits are a queue's business. */
  private static final Duration MOST_JOIN = Duration.ofHours(168);

  public static final Option<Boolean> SYNC_BATCHNORM =
      job(
          "sync-batchnorm",
          truth(),
          "false",
          "batch norm's statistics over the samples of all workers, not of each");
  public static final Option<CollectiveName> COLLECTIVE =
      job(
          "collective",
          choice(CollectiveName.class, CollectiveName::key),
          "auto",
          "what adds the workers' gradients; auto: nccl where every worker has a GPU, else ring");
  public static final Option<Compression> COMPRESS =
      job(
          "compress",
          choice(Compression.class, Compression::key),
          "none",
          "gradients on their way between workers; bf16 halves the bytes and rounds");
  public static final Option<String> INTERFACE =
      of(
          Section.WORKERS,
          "interface",
          text("NAME|ADDRESS"),
          "the network between the workers: an interface, an address or a range such as 10.0.0.0/8; none given: all");
  public static final Option<Duration> JOIN_TIMEOUT =
      job(
          "join-timeout",
          ValueType.duration(Duration.ofSeconds(1), MOST_JOIN),
          "5m",
          "how long to wait for the server and for enough workers");
  public static final Option<Boolean> ALLOW_MINORITY =
      job(
          "allow-minority",
          truth(),
          "false",
          "go on with half of the workers or fewer: both halves of a parted network may");
  public static final Option<String> TOKEN_FILE =
      file("token-file", "the job's secret, in hex; none given: $GRADSIEVE_TOKEN_FILE");
  public static final Option<String> TLS_CERT =
      file("tls-cert", "this host's certificate (PEM), with --tls-key and --tls-ca");
  public static final Option<String> TLS_KEY = file("tls-key", "its private key (PEM)");
  public static final Option<String> TLS_CA =
      file("tls-ca", "the authority (PEM) whose certificates are trusted");

  // launch and rendezvous
  public static final Option<Integer> WORKERS =
      own("workers", whole(1, MOST_WORKERS), "how many on this host; needed");
  public static final Option<Integer> NODES =
      of(
          Section.COMMAND,
          "nodes",
          whole(1, MOST_WORKERS),
          "1",
          "how many hosts; launch runs on each, with the same options");
  public static final Option<String> RENDEZVOUS =
      own(
          "rendezvous",
          text("HOST:PORT"),
          "where all hosts meet: the launch on HOST serves there; none given: on this host only");
  public static final Option<Integer> MIN_WORKERS =
      of(
          Section.COMMAND,
          "min-workers",
          whole(1, MOST_WORKERS),
          "1",
          "go on with so many, where workers were lost");
  public static final Option<Integer> MAX_RESTARTS =
      of(
          Section.COMMAND,
          "max-restarts",
          whole(0),
          "3",
          "restarts of workers of this host, in all, before the job fails");
  public static final Option<Double> FAILURE_TIMEOUT =
      of(
          Section.COMMAND,
          "failure-timeout",
          ValueType.seconds(1.5, 3_600),
          "15",
          "seconds within which who fails is named; all other deadlines follow from it");
  public static final Option<String> BIND =
      own("bind", text("HOST:PORT"), "where to listen; needed");
  public static final Option<Integer> JOB_WORKERS =
      own(
          "workers",
          whole(1, MOST_WORKERS),
          "how many the job has; none given: $GRADSIEVE_WORLD_SIZE, else as many as come soon enough");

  private JobOptions() {}

  private static <T> Option<T> job(String name, ValueType<T> type, String fallback, String words) {
    return of(Section.WORKERS, name, type, fallback, words);
  }

  private static Option<String> file(String name, String words) {
    return of(Section.WORKERS, name, path("FILE", Use.INPUT), words);
  }

  private static <T> Option<T> own(String name, ValueType<T> type, String words) {
    return of(Section.COMMAND, name, type, words);
  }
}
