package io.gradsieve.config;

import io.gradsieve.GradsieveException;
import io.gradsieve.backend.DeviceName;
import io.gradsieve.backend.Precision;
import io.gradsieve.data.DataRequest;
import io.gradsieve.data.Schema;
import io.gradsieve.data.augment.Augment;
import io.gradsieve.dist.rendezvous.Limits;
import io.gradsieve.format.Checksum;
import io.gradsieve.optim.OptimizerConfig;
import io.gradsieve.optim.schedule.Schedule;
import io.gradsieve.plan.UpdateRule;
import io.gradsieve.sieve.Ranking;
import io.gradsieve.sieve.Score;
import io.gradsieve.sieve.policy.Policies;
import io.gradsieve.sieve.policy.SievePolicy;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;

/**
 * Every effective value of a training run, checked against each other. The options themselves are
 * declared in {@link Options}.
 */
public record TrainingConfig(Settings settings) {
  /** Where {@code --batch-size auto} begins: the default. */
  private static final int FIRST_BATCH = 128;

  /** Throws {@code Usage} if values contradict each other or name something that does not exist. */
  public TrainingConfig {
    SievePolicy policy = Policies.parse(settings.get(Options.SIEVE));
    settings = settings.rephrased(Options.SIEVE, policy.options().spec());
    if (policy.choosesInStep() && !settings.given(Options.SCORE)) {
      settings = settings.rephrased(Options.SCORE, Score.EL2N.key());
    }
    Ranking ranking = ranking(settings, policy);
    checkChoice(policy, ranking);
    settings = settings.rephrased(Options.SCORE, ranking.spec());
    Score score = ranking.score();
    if (!settings.get(Options.NORMS) && policy.needsScores() && score.needsNorms()) {
      throw new GradsieveException.Usage(
          "--norms off: --sieve %s ranks by %s, which needs them; choose --score loss or --norms on"
              .formatted(policy.name(), score.key()));
    }
    if (settings.get(Options.BATCH_SIZE) == 0) {
      checkNoiseScale(settings, policy);
      if (settings.get(Options.LR_SCALING) != LrScaling.NONE) {
        throw new GradsieveException.Usage(
            "--lr-scaling: --batch-size auto scales the rate as the batch grows; leave one out");
      }
    }
    optimizer(settings);
    schedule(settings);
    WorkersConfig.of(settings);
    if (settings.get(Options.RESUME) && settings.get(Options.OVERWRITE)) {
      throw new GradsieveException.Usage("--resume and --overwrite contradict each other");
    }
    if (settings.get(Options.RESUME) && settings.find(Options.OUT).isEmpty()) {
      throw new GradsieveException.Usage("--resume: needs --out DIR, the run to go on with");
    }
  }

  /** A step chooses by what its forward pass tells. */
  private static void checkChoice(SievePolicy policy, Ranking ranking) {
    boolean fresh = EnumSet.of(Score.LOSS, Score.EL2N, Score.MARGIN).contains(ranking.score());
    if (policy.choosesInStep() && !(fresh && ranking.plain())) {
      throw new GradsieveException.Usage(
          "--score %s: --sieve %s ranks a batch after its forward pass; choose el2n, loss or margin"
              .formatted(ranking.spec(), policy.name()));
    }
  }

  private static void checkNoiseScale(Settings settings, SievePolicy policy) {
    if (!settings.get(Options.NORMS)) {
      throw new GradsieveException.Usage(
          "--batch-size auto: follows the noise scale, which --norms off does not measure; give a number");
    }
    if (!policy.unbiased()) {
      throw new GradsieveException.Usage(
          "--batch-size auto: follows the noise scale, which a biased policy such as --sieve %s has not; give a number"
              .formatted(policy.name()));
    }
  }

  /**
   * For library users: {@code TrainingConfig.of("data=digits", "epochs=3")}; everything else has
   * its default.
   *
   * @param assignments {@code key=value}, spelled as on the command line without the dashes
   * @throws GradsieveException.Usage on an unknown key or a wrong value
   */
  public static TrainingConfig of(String... assignments) {
    return new TrainingConfig(
        new SettingsReader("train", CommandOptions.TRAIN).sets(List.of(assignments)).resolve());
  }

  /** The same with its files in this directory. */
  public TrainingConfig withOut(Path directory) {
    return with(Options.OUT, directory.toString(), "default");
  }

  /** The same but for one value that the machine or the data decided. */
  public <T> TrainingConfig with(Option<T> option, T value, String origin) {
    return new TrainingConfig(settings.with(option, value, origin));
  }

  /** {@code --data} as given. */
  public String data() {
    return settings.get(Options.DATA);
  }

  /** What to open for {@code --data}, with the rules of a model file if it states any. */
  public DataRequest dataRequest(Optional<Schema> rules) {
    return DataOptions.request(settings, DataRequest.Purpose.TRAIN, rules);
  }

  /** Share of the training data that validates, but for a table where none was asked for. */
  public double validation() {
    return settings.find(Options.VALIDATION).orElse(0.0);
  }

  public Augment augment() {
    return settings.get(Options.AUGMENT);
  }

  public String model() {
    return settings.get(Options.MODEL);
  }

  /** Weights to start from. */
  public Optional<String> weights() {
    return settings.find(Options.WEIGHTS);
  }

  public int epochs() {
    return settings.get(Options.EPOCHS);
  }

  /** B, at first if it is to grow. */
  public int batchSize() {
    return batchSize(settings);
  }

  private static int batchSize(Settings settings) {
    int given = settings.get(Options.BATCH_SIZE);
    return given == 0 ? FIRST_BATCH : given;
  }

  /** Whether B follows the noise scale. */
  public boolean growsBatch() {
    return settings.get(Options.BATCH_SIZE) == 0;
  }

  /** Samples that a step takes at once: B, or less if its parts are smaller. */
  public int partSize() {
    return Math.min(batchSize(), settings.find(Options.MICRO_BATCH).orElse(Integer.MAX_VALUE));
  }

  /** At the schedule's peak: as given, or scaled from batches of 128 to these. */
  public double learningRate() {
    return learningRate(settings);
  }

  private static double learningRate(Settings settings) {
    double batches = (double) batchSize(settings) / FIRST_BATCH;
    return settings.get(Options.LR_SCALING).factor(batches) * settings.get(Options.LR);
  }

  /** Of the learning rate, without {@code lr_scale}. */
  public Schedule schedule() {
    return schedule(settings);
  }

  private static Schedule schedule(Settings settings) {
    return settings.get(Options.SCHEDULE).of(learningRate(settings), settings.get(Options.WARMUP));
  }

  public double labelSmoothing() {
    return settings.get(Options.LABEL_SMOOTHING);
  }

  /** Largest norm of a step's gradient; 0: no limit. */
  public double clipNorm() {
    return settings.get(Options.CLIP_NORM);
  }

  public boolean balancedClasses() {
    return settings.get(Options.CLASS_WEIGHTS) == ClassWeights.BALANCED;
  }

  /** The update rule that the options describe. */
  public UpdateRule optimizer() {
    return optimizer(settings).rule();
  }

  private static OptimizerConfig optimizer(Settings settings) {
    return new OptimizerConfig(
        settings.get(Options.OPTIMIZER),
        settings.get(Options.MOMENTUM),
        settings.get(Options.NESTEROV),
        settings.get(Options.WEIGHT_DECAY));
  }

  public SievePolicy policy() {
    return Policies.parse(settings.get(Options.SIEVE));
  }

  /** What the policy ranks by. */
  public Ranking ranking() {
    return ranking(settings, policy());
  }

  private static Ranking ranking(Settings settings, SievePolicy policy) {
    // a step that chooses does so within itself, where relative scores rank as absolute ones
    boolean relative = policy.filtering().relative() && !policy.choosesInStep();
    return Ranking.parse(settings.get(Options.SCORE)).relative(relative);
  }

  public boolean norms() {
    return settings.get(Options.NORMS);
  }

  public DeviceName device() {
    return settings.get(Options.DEVICE);
  }

  /** Native threads; one a core unless given. */
  public int threads() {
    return Threads.of(settings);
  }

  /** Of products; empty: the device's usual one. */
  public Optional<Precision> precision() {
    return settings.find(Options.PRECISION);
  }

  public long seed() {
    return settings.get(Options.SEED);
  }

  public Optional<Path> out() {
    return settings.find(Options.OUT).map(Path::of);
  }

  public boolean resume() {
    return settings.get(Options.RESUME);
  }

  public boolean overwrite() {
    return settings.get(Options.OVERWRITE);
  }

  /** Whether to measure where the time goes. */
  public boolean profile() {
    return settings.get(Options.PROFILE);
  }

  /** In epochs. */
  public int checkpointEvery() {
    return settings.get(Options.CHECKPOINT_EVERY);
  }

  public int keepCheckpoints() {
    return settings.get(Options.KEEP_CHECKPOINTS);
  }

  /** In epochs. */
  public int evalEvery() {
    return settings.get(Options.EVAL_EVERY);
  }

  /** How the workers of a job train together. */
  public WorkersConfig workers() {
    return WorkersConfig.of(settings);
  }

  /**
   * Hash of all that touches the weights: a checkpoint belongs to one. What has its default does
   * not count, so that checkpoints outlive options that come later.
   */
  public String hash() {
    StringBuilder text = new StringBuilder();
    for (Option<?> option : CommandOptions.TRAIN) {
      String value = settings.setting(option).map(Settings.Setting::text).orElse("");
      if (!CommandOptions.FREE_ON_RESUME.contains(option)
          && !value.equals(option.fallback().orElse(""))) {
        text.append(option.name()).append('=').append(value).append('\n');
      }
    }
    return hash(text.toString());
  }

  /**
   * What all workers of a job must have alike, each {@code name=value}: every option that has a
   * value, but those of a machine, and those that name the data, of which there is a hash of its
   * own; last the network, by its hash. So stands, too, what {@link Limits#SETTING} does not hold
   * or is not printable ASCII.
   *
   * @param network what is trained
   */
  public List<String> jobSettings(String network) {
    List<Option<?>> own = new ArrayList<>(CommandOptions.FREE_ON_RESUME);
    own.addAll(List.of(Options.DEVICE, Options.THREADS, Options.PRECISION));
    own.addAll(List.of(Options.DATA, Options.DATA_DIR, Options.MODEL, Options.WEIGHTS));
    List<String> all = new ArrayList<>();
    for (Option<?> option : CommandOptions.TRAIN) {
      if (!own.contains(option)) {
        settings.setting(option).ifPresent(s -> all.add(jobSetting(option, s.text())));
      }
    }
    all.add(jobSetting(Options.MODEL, shortHash(network)));
    return all;
  }

  private static String jobSetting(Option<?> option, String value) {
    String text = option.name() + "=" + value;
    boolean fits = text.length() <= Limits.SETTING && text.matches("[ -~]*");
    return fits ? text : option.name() + "=" + shortHash(value);
  }

  /** Enough to tell two apart. */
  private static String shortHash(String text) {
    return hash(text).substring(0, 16);
  }

  private static String hash(String text) {
    return Checksum.of(text.getBytes(StandardCharsets.UTF_8));
  }
}
