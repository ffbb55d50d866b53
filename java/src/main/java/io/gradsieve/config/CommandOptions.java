package io.gradsieve.config;

import java.util.List;
import java.util.Set;
import java.util.stream.Stream;

/** Which command takes which options, in the order of help and of configuration files. */
public final class CommandOptions {
  private static final List<Option<?>> OUTPUT =
      List.of(Options.QUIET, Options.PROGRESS, Options.JSON, Options.STACKTRACE);
  private static final List<Option<?>> SOURCE =
      List.of(
          Options.DATA,
          Options.DATA_DIR,
          Options.LABEL,
          Options.ID,
          Options.IGNORE,
          Options.WEIGHT);
  private static final List<Option<?>> JOINING =
      List.of(
          JobOptions.JOIN_TIMEOUT,
          JobOptions.ALLOW_MINORITY,
          JobOptions.TOKEN_FILE,
          JobOptions.TLS_CERT,
          JobOptions.TLS_KEY,
          JobOptions.TLS_CA);
  private static final List<Option<?>> TRAINED =
      List.of(Options.TRAINED_MODEL, Options.TRAINED_WEIGHTS);

  public static final List<Option<?>> TRAIN =
      join(
          SOURCE,
          List.of(Options.VALIDATION, Options.AUGMENT, Options.MODEL, Options.WEIGHTS),
          List.of(
              Options.EPOCHS,
              Options.BATCH_SIZE,
              Options.MICRO_BATCH,
              Options.OPTIMIZER,
              Options.LR,
              Options.LR_SCALING,
              Options.MOMENTUM,
              Options.NESTEROV,
              Options.WEIGHT_DECAY,
              Options.SCHEDULE,
              Options.WARMUP),
          List.of(
              Options.LABEL_SMOOTHING,
              Options.CLIP_NORM,
              Options.CLASS_WEIGHTS,
              Options.SIEVE,
              Options.SCORE,
              Options.NORMS,
              Options.DEVICE,
              Options.THREADS,
              Options.PRECISION,
              Options.SEED),
          List.of(
              Options.OUT,
              Options.RESUME,
              Options.OVERWRITE,
              Options.CHECKPOINT_EVERY,
              Options.KEEP_CHECKPOINTS,
              Options.EVAL_EVERY,
              Options.DRY_RUN,
              Options.PROFILE),
          List.of(
              JobOptions.SYNC_BATCHNORM,
              JobOptions.COLLECTIVE,
              JobOptions.COMPRESS,
              JobOptions.INTERFACE),
          JOINING,
          OUTPUT);
  public static final List<Option<?>> SCORE_COMMAND =
      join(
          List.of(
              Options.SCORES_OUT,
              Options.SCORES,
              Options.SCORE_SPLIT,
              Options.RUNS,
              Options.FOLDS,
              Options.SHORT_EPOCHS),
          SOURCE,
          TRAINED,
          List.of(Options.DEVICE, Options.THREADS, Options.PRECISION, Options.SEED),
          OUTPUT);
  public static final List<Option<?>> PRUNE =
      join(
          List.of(
              Options.SCORES_FILE,
              Options.FILTER,
              Options.BY,
              Options.KEEP,
              Options.POLICY,
              Options.BALANCED,
              Options.PRUNE_OUT),
          SOURCE,
          List.of(Options.DEVICE, Options.THREADS, Options.PRECISION, Options.SEED),
          OUTPUT);
  public static final List<Option<?>> ISSUES =
      join(
          List.of(IssueOptions.FOLDS, IssueOptions.OUT),
          SOURCE,
          TRAINED,
          List.of(Options.DEVICE, Options.THREADS, Options.PRECISION, Options.SEED),
          OUTPUT);
  public static final List<Option<?>> EVAL =
      join(
          List.of(Options.EVAL_SPLIT, Options.EVAL_OUT),
          SOURCE,
          TRAINED,
          List.of(Options.DEVICE, Options.THREADS, Options.PRECISION),
          OUTPUT);
  public static final List<Option<?>> PREDICT =
      join(
          List.of(Options.PREDICT_SPLIT, Options.PREDICTIONS_OUT),
          SOURCE,
          TRAINED,
          List.of(Options.DEVICE, Options.THREADS, Options.PRECISION),
          OUTPUT);
  public static final List<Option<?>> EXPORT =
      join(List.of(Options.FORMAT, Options.EXPORT_OUT), TRAINED, OUTPUT);
  public static final List<Option<?>> LANDSCAPE =
      join(
          List.of(Options.GRID, Options.LANDSCAPE_OUT),
          SOURCE,
          List.of(Options.DEVICE, Options.THREADS, Options.PRECISION, Options.SEED),
          OUTPUT);
  public static final List<Option<?>> LAUNCH =
      join(
          List.of(
              JobOptions.WORKERS,
              JobOptions.NODES,
              JobOptions.RENDEZVOUS,
              JobOptions.MIN_WORKERS,
              JobOptions.MAX_RESTARTS,
              JobOptions.FAILURE_TIMEOUT),
          JOINING,
          OUTPUT);
  public static final List<Option<?>> RENDEZVOUS =
      join(
          List.of(
              JobOptions.BIND,
              JobOptions.JOB_WORKERS,
              JobOptions.MIN_WORKERS,
              JobOptions.FAILURE_TIMEOUT),
          JOINING,
          OUTPUT);
  public static final List<Option<?>> INIT = join(List.of(Options.INIT_OUT), OUTPUT);
  public static final List<Option<?>> DOCTOR =
      join(List.of(Options.UNPACK, Options.CHECKED_DATA), SOURCE.subList(1, SOURCE.size()), OUTPUT);
  public static final List<Option<?>> COMPLETION = OUTPUT;

  /** What most people need of any command, beside the options that it alone has. */
  private static final Set<Option<?>> COMMON =
      Set.of(
          Options.DATA,
          Options.CHECKED_DATA,
          Options.LABEL,
          Options.ID,
          Options.MODEL,
          Options.TRAINED_MODEL,
          Options.EPOCHS,
          Options.BATCH_SIZE,
          Options.LR,
          Options.SIEVE,
          Options.DEVICE,
          Options.SEED,
          Options.OUT,
          Options.RESUME,
          Options.OVERWRITE,
          Options.DRY_RUN,
          Options.QUIET,
          Options.JSON);

  /** Options that leave the weights as they are: {@code --resume} takes a new value for them. */
  public static final List<Option<?>> FREE_ON_RESUME =
      join(
          List.of(
              Options.OUT,
              Options.RESUME,
              Options.OVERWRITE,
              Options.DRY_RUN,
              Options.PROFILE,
              Options.KEEP_CHECKPOINTS,
              Options.CHECKPOINT_EVERY,
              JobOptions.INTERFACE),
          JOINING,
          OUTPUT);

  /** Options of the machine: {@code --resume} takes a new value for them, with a warning. */
  public static final List<Option<?>> MACHINE_ON_RESUME =
      List.of(Options.DEVICE, Options.THREADS, Options.PRECISION, JobOptions.COLLECTIVE);

  /**
   * Options of how one invocation shows itself and joins its job: {@code --resume} does not take
   * them from the run, whose network and secret were others.
   */
  public static final List<Option<?>> ANEW_ON_RESUME =
      join(List.of(JobOptions.INTERFACE), JOINING, OUTPUT);

  /** Options of one invocation: they are not written to {@code config.yaml}. */
  public static final List<Option<?>> OF_ONE_INVOCATION =
      List.of(Options.OUT, Options.RESUME, Options.OVERWRITE, Options.PROFILE);

  private CommandOptions() {}

  /** Whether {@code --help} shows the option; the others are shown by {@code --help-all}. */
  public static boolean common(Option<?> option) {
    return option.section() == Option.Section.COMMAND || COMMON.contains(option);
  }

  @SafeVarargs
  private static List<Option<?>> join(List<Option<?>>... parts) {
    return Stream.of(parts).<Option<?>>flatMap(List::stream).toList();
  }
}
