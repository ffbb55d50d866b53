package io.gradsieve.config;

import static io.gradsieve.config.Option.of;
import static io.gradsieve.config.ValueType.choice;
import static io.gradsieve.config.ValueType.names;
import static io.gradsieve.config.ValueType.number;
import static io.gradsieve.config.ValueType.path;
import static io.gradsieve.config.ValueType.positive;
import static io.gradsieve.config.ValueType.positiveOrOff;
import static io.gradsieve.config.ValueType.text;
import static io.gradsieve.config.ValueType.truth;
import static io.gradsieve.config.ValueType.whole;
import static io.gradsieve.config.ValueType.wholeOrAuto;

import io.gradsieve.backend.DeviceName;
import io.gradsieve.backend.Precision;
import io.gradsieve.config.Option.Section;
import io.gradsieve.config.ValueType.Use;
import io.gradsieve.data.PartName;
import io.gradsieve.data.augment.Augment;
import io.gradsieve.optim.OptimizerName;
import io.gradsieve.optim.schedule.ScheduleName;
import io.gradsieve.sieve.Score;
import io.gradsieve.sieve.ScoreColumns;
import io.gradsieve.sieve.ScoreTable;
import io.gradsieve.sieve.policy.Policies;
import java.util.List;

/**
 * Every option of every command, declared once; those of jobs of many workers are in {@link
 * JobOptions}. To add one: a constant here, its place in the list of each command that takes it,
 * and a reader in that command's configuration; help, completion, {@code --config}, {@code --set},
 * {@code init} and {@code config.yaml} follow by themselves. One of {@code train} that leaves the
 * weights as they are, or belongs to the machine or to one invocation, is in a list of {@link
 * CommandOptions} that says so; else a run that is resumed keeps its value. {@link ValueType.Use}
 * says of a path whether it is read or written. Defaults tuned for a data set are in {@link
 * DataSetDefaults}.
 */
public final class Options {
  /** The native library starts no more; its reductions keep a buffer for each. */
  public static final int MOST_THREADS = 256;

  /** Each point is a pass over the samples: 201 along both axes are 40,401 of them. */
  private static final int MOST_GRID_POINTS = 201;

  // Data
  public static final Option<String> DATA =
      of(
          Section.DATA,
          "data",
          path("DATA", Use.DATA),
          "digits",
          "digits, fashion-mnist, cifar10, or a path: a directory of IDX, CIFAR or image files, a zip of images, .npz, .csv");
  public static final Option<String> DATA_DIR =
      of(
          Section.DATA,
          "data-dir",
          path("DIR", Use.PLACE),
          "where known data sets lie (else $GRADSIEVE_DATA, then the usual places)");
  public static final Option<String> LABEL =
      of(
          Section.DATA,
          "label",
          text("COLUMN"),
          "the column to learn; none given: 'label', else the last");
  public static final Option<String> ID =
      of(
          Section.DATA,
          "id",
          text("COLUMN"),
          "a column that names the samples; it is not learned from");
  public static final Option<List<String>> IGNORE =
      of(
          Section.DATA,
          "ignore",
          names("COLUMNS"),
          "columns to leave out; given again, more of them");
  public static final Option<String> WEIGHT =
      of(
          Section.DATA,
          "weight",
          text("COLUMN"),
          "a column of sample weights above 0; scaled to mean 1");
  public static final Option<Double> VALIDATION =
      of(
          Section.DATA,
          "validation",
          number("in [0, 1)", 0, false, 1, true),
          "share of the training data set aside, stratified and seeded, to validate on; none given: 0, but 0.1 for a table without a test part");
  public static final Option<Augment> AUGMENT =
      of(
          Section.DATA,
          "augment",
          choice(Augment.class, Augment::key),
          "none",
          "random changes of training images");

  // Model
  public static final Option<String> MODEL =
      of(
          Section.MODEL,
          "model",
          path("FILE|NAME", Use.MODEL),
          "mlp",
          "mlp, cnn, resnet20, resnet20-gn, resnet18, a YAML file, or a run directory");
  public static final Option<String> WEIGHTS =
      of(
          Section.MODEL,
          "weights",
          path("FILE", Use.TRAINED),
          "a safetensors file or a run directory to start from");
  public static final Option<String> TRAINED_MODEL =
      of(
          Section.MODEL,
          "model",
          path("FILE|NAME", Use.MODEL),
          "a run directory, a YAML file, or the name of a built-in model");
  public static final Option<String> TRAINED_WEIGHTS =
      of(
          Section.MODEL,
          "weights",
          path("FILE", Use.TRAINED),
          "a safetensors file or a run directory; none given: the model's own");

  // Training
  public static final Option<Integer> EPOCHS =
      training("epochs", whole(1, ScoreTable.MOST_EPOCHS), "10", "passes over the training data");
  public static final Option<Integer> BATCH_SIZE =
      training(
          "batch-size",
          wholeOrAuto(),
          "128",
          "samples a step; the default is at most the data; auto: from 128 on, as the noise scale allows");
  public static final Option<Integer> MICRO_BATCH =
      of(
          Section.TRAINING,
          "micro-batch",
          whole(1),
          "samples a step takes at once, in several parts, to need less memory; none given: all");
  public static final Option<OptimizerName> OPTIMIZER =
      training(
          "optimizer", choice(OptimizerName.class, OptimizerName::key), "sgd", "the update rule");
  public static final Option<Double> LR =
      training("lr", positive(), "0.05", "learning rate at its peak");
  public static final Option<LrScaling> LR_SCALING =
      training(
          "lr-scaling",
          choice(LrScaling.class, LrScaling::key),
          "none",
          "multiplies lr by batch-size/128, or by its square root, so that one rate serves all batches");
  public static final Option<Double> MOMENTUM =
      training(
          "momentum",
          number("in [0, 1)", 0, false, 1, true),
          "0.9",
          "of sgd and lars; the first moment's decay of adamw and lamb");
  public static final Option<Boolean> NESTEROV =
      training("nesterov", truth(), "false", "Nesterov's momentum, sgd only");
  public static final Option<Double> WEIGHT_DECAY =
      training(
          "weight-decay",
          number("of at least 0", 0, false, Double.MAX_VALUE, false),
          "0.0005",
          "coupled in sgd and lars, decoupled in adamw, part of the direction in lamb");
  public static final Option<ScheduleName> SCHEDULE =
      training(
          "schedule",
          choice(ScheduleName.class, ScheduleName::key),
          "cosine",
          "of the learning rate; step multiplies it by 0.1 at 50 % and 75 %");
  public static final Option<Double> WARMUP =
      training(
          "warmup",
          number("in [0, 1)", 0, false, 1, true),
          "0.05",
          "share of the run in which the rate rises from 0");
  public static final Option<Double> LABEL_SMOOTHING =
      training(
          "label-smoothing",
          number("in [0, 1)", 0, false, 1, true),
          "0",
          "share of the label spread over all classes");
  public static final Option<Double> CLIP_NORM =
      training("clip-norm", positiveOrOff(), "off", "largest norm of a step's gradient");
  public static final Option<ClassWeights> CLASS_WEIGHTS =
      training(
          "class-weights",
          choice(ClassWeights.class, ClassWeights::key),
          "none",
          "balanced: every class weighs the same in the loss");

  // Sieve
  public static final Option<String> SIEVE =
      of(
          Section.SIEVE,
          "sieve",
          text("NAME[:key=value,…]"),
          "variance",
          "which samples each epoch keeps: " + String.join(", ", Policies.names()));
  public static final Option<String> SCORE =
      of(
          Section.SIEVE,
          "score",
          text("NAME[:average=A]"),
          "grad_norm",
          "what the sieve ranks by: "
              + String.join(", ", Score.keys())
              + "; averaged over epochs with average");
  public static final Option<Boolean> NORMS =
      of(Section.SIEVE, "norms", ValueType.onOff(), "on", "measure every sample's gradient norm");

  // Machine
  public static final Option<DeviceName> DEVICE =
      of(
          Section.MACHINE,
          "device",
          ValueType.device(),
          "auto",
          "what computes: cpu, cuda (a GPU) or cuda:N; auto takes a GPU where one works");
  public static final Option<Integer> THREADS =
      of(
          Section.MACHINE,
          "threads",
          whole(1, MOST_THREADS),
          "native threads; none given: one a core");
  public static final Option<Precision> PRECISION =
      of(
          Section.MACHINE,
          "precision",
          ValueType.precision(),
          "of products; none given: fp32 on a CPU, tf32 on a GPU");
  public static final Option<Long> SEED =
      of(Section.MACHINE, "seed", ValueType.seed(), "1", "of every random draw");

  // Run
  public static final Option<String> OUT =
      of(
          Section.RUN,
          "out",
          path("DIR", Use.OUTPUT_DIRECTORY),
          "the run directory; none given: runs/<data>-<model>-<time>");
  public static final Option<Boolean> RESUME =
      of(
          Section.RUN,
          "resume",
          truth(),
          "false",
          "go on with the run in --out from its newest good checkpoint");
  public static final Option<Boolean> OVERWRITE =
      of(
          Section.RUN,
          "overwrite",
          truth(),
          "false",
          "delete the files of the run in --out first, and only those");
  public static final Option<Integer> CHECKPOINT_EVERY =
      of(Section.RUN, "checkpoint-every", whole(1), "1", "epochs from one checkpoint to the next");
  public static final Option<Integer> KEEP_CHECKPOINTS =
      of(Section.RUN, "keep-checkpoints", whole(1), "3", "how many of the newest checkpoints stay");
  public static final Option<Integer> EVAL_EVERY =
      of(
          Section.RUN,
          "eval-every",
          whole(1),
          "1",
          "epochs from one evaluation to the next; the last is always evaluated");
  public static final Option<Boolean> DRY_RUN =
      of(Section.RUN, "dry-run", truth(), "false", "show what would be done, and do nothing");
  public static final Option<Boolean> PROFILE =
      of(
          Section.RUN,
          "profile",
          truth(),
          "false",
          "show where the steps' time went, and write a trace of some (profile.json)");

  // Other commands' own
  public static final Option<String> SCORES_OUT =
      own("out", path("FILE.csv", Use.OUTPUT), "scores.csv", "where the scores go");
  public static final Option<List<String>> SCORES =
      own(
          "score",
          names("LIST"),
          "all",
          "which scores, between commas: grad_norm, loss, el2n, margin; with --runs forgetting too");
  public static final Option<PartName> SCORE_SPLIT =
      own(
          "split",
          choice(PartName.OF_DATA, PartName::key),
          "train",
          "which part of the data; train is all of it but the test part");
  public static final Option<Integer> RUNS =
      own(
          "runs",
          whole(1),
          "trains --model so often without a sieve, with seeds from --seed on, and averages the scores");
  public static final Option<Integer> FOLDS =
      own(
          "folds",
          whole(2),
          "trains --model without each of so many stratified folds and scores the fold held out");
  public static final Option<Integer> SHORT_EPOCHS =
      own(
          "epochs",
          whole(1, ScoreTable.MOST_EPOCHS),
          "of each training; none given: 2 with --runs, with --folds what train takes for the data");
  public static final Option<String> SCORES_FILE =
      own("scores", path("FILE", Use.TRAINED), "a scores file, as score and train write them");
  public static final Option<String> FILTER =
      own(
          "filter",
          path("FILE", Use.TRAINED),
          "the filter.safetensors of a run with --sieve learned, which ranks --data unscored");
  public static final Option<ScoreColumns> BY =
      own(
          "by",
          choice(ScoreColumns.RANKABLE, ScoreColumns::key),
          "the column to rank by; none given: el2n with --policy trusted, else grad_norm");
  public static final Option<Double> KEEP =
      own("keep", number("in (0, 1]", 0, true, 1, false), "share of the samples to keep");
  public static final Option<PruningPolicyName> POLICY =
      own(
          "policy",
          choice(PruningPolicyName.class, PruningPolicyName::key),
          "trusted",
          "all strata of scores without the suspected labels and the hardest, all but the hardest, the largest scores, or a random choice");
  public static final Option<Boolean> BALANCED =
      own("balanced", truth(), "false", "keep the same share of every class");
  public static final Option<String> PRUNE_OUT =
      own(
          "out",
          path("FILE", Use.OUTPUT),
          "kept indices (.txt, .npy), or the kept part of --data (.csv, .npz)");
  public static final Option<PartName> EVAL_SPLIT =
      own(
          "split",
          choice(PartName.class, PartName::key),
          "test",
          "which part; validation is what the run held out of its own data; none given and no test part: that, else all rows");
  public static final Option<String> EVAL_OUT =
      own("out", path("FILE.json", Use.OUTPUT), "where the figures also go");
  public static final Option<PartName> PREDICT_SPLIT =
      own("split", choice(PartName.OF_DATA, PartName::key), "all", "which part of the data");
  public static final Option<String> PREDICTIONS_OUT =
      own("out", path("FILE.csv", Use.OUTPUT), "predictions.csv", "where the predictions go");
  public static final Option<String> FORMAT =
      own("format", choice("safetensors"), "safetensors", "the file's format");
  public static final Option<String> EXPORT_OUT =
      own("out", path("FILE", Use.OUTPUT), "where the model goes");
  public static final Option<String> INIT_OUT =
      own(
          "out",
          path("FILE", Use.OUTPUT),
          "where the configuration goes; none given: standard output");
  public static final Option<Integer> GRID =
      own("grid", whole(3, MOST_GRID_POINTS), "21", "points along each axis, from -1 to 1");
  public static final Option<String> LANDSCAPE_OUT =
      own("out", path("DIR", Use.OUTPUT_DIRECTORY), "landscape", "the directory of the files");
  public static final Option<String> UNPACK =
      own("unpack", path("DIR", Use.OUTPUT_DIRECTORY), "write the native libraries there");
  public static final Option<String> CHECKED_DATA =
      of(
          Section.DATA,
          "data",
          path("DATA", Use.DATA),
          "a data set to check: sizes, classes, duplicates");

  // Output
  public static final Option<Boolean> QUIET =
      of(Section.OUTPUT, "quiet", truth(), "false", "no progress; the result and errors stay");
  public static final Option<ProgressForm> PROGRESS =
      of(
          Section.OUTPUT,
          "progress",
          choice(ProgressForm.class, ProgressForm::key),
          "auto",
          "how progress is shown");
  public static final Option<Boolean> JSON =
      of(Section.OUTPUT, "json", truth(), "false", "exactly one JSON object on standard output");
  public static final Option<Boolean> STACKTRACE =
      of(Section.OUTPUT, "stacktrace", truth(), "false", "a trace below an error");

  private Options() {}

  private static <T> Option<T> own(String name, ValueType<T> type, String fallback, String words) {
    return of(Section.COMMAND, name, type, fallback, words);
  }

  private static <T> Option<T> own(String name, ValueType<T> type, String words) {
    return of(Section.COMMAND, name, type, words);
  }

  private static <T> Option<T> training(
      String name, ValueType<T> type, String fallback, String words) {
    return of(Section.TRAINING, name, type, fallback, words);
  }
}
