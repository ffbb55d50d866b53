package io.gradsieve.sieve;

import io.gradsieve.GradsieveException;
import io.gradsieve.Internal;
import io.gradsieve.RandomBits;
import java.util.Collections;
import java.util.EnumSet;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;

/**
 * What is known of every training sample: one row a sample, only the fields it was opened for. A
 * row costs 5 bytes and those of its fields: 9 bytes with one score, 35 with all that {@code train}
 * records, 39 where policies rank by an average. Not safe for use by several threads.
 *
 * <p>Training's is changed by the loop's {@code TrainingState} alone, those of {@code score} by
 * {@code ScoredSamples}, those of a loop that is not ours by {@code Sieve}; in this package {@link
 * MeanScores} and {@link ScoreTableCodec} fill new ones. {@code ArchitectureTest} holds them to it:
 * a method that changes a table is named there.
 */
@Internal
public final class ScoreTable {
  /** What can be recorded of a sample beside its bookkeeping. */
  public enum Field {
    LOSS,
    EL2N,
    GRAD_NORM,
    MARGIN,
    /** Plain: without weights and label smoothing. */
    CROSS_ENTROPY,
    /** Predicted class. */
    PREDICTED,
    /** What says how far the label can be trusted: see {@link LabelEvidence}. */
    QUALITY,
    /** How often it went from right to wrong. */
    FORGETTING,
    /** What policies rank by, where that is no field itself: see {@link Ranking#plain}. */
    RANKING;

    /** Bytes of a row. */
    int bytes() {
      return this == FORGETTING ? Character.BYTES : Float.BYTES;
    }
  }

  /** Epochs that a row can count: 16 bits. */
  public static final int MOST_EPOCHS = Character.MAX_VALUE;

  private final int samples;
  private final Set<Field> fields;
  private final long seed;
  private final RandomBits random;
  private final Optional<Ranking> ranking;
  private final Optional<RankingField> ranks;
  final SampleFlags flags;
  final LabelEvidence evidence;
  final char[] timesKept;
  final char[] scoredEpoch;

  /** By {@link Field}'s ordinal; empty where not opened, or not of floats. */
  private final float[][] values = new float[Field.values().length][];

  private final int[] predicted;
  private final Forgetting forgetting;

  /**
   * An empty table: nothing scored, everything kept.
   *
   * @param samples N, rows
   * @param fields what {@link #record} keeps
   * @param ranking that {@link Field#RANKING} holds, if there is that field
   * @param early epochs of the run that fills it
   * @param seed of the {@link Score#RANDOM} scores
   */
  ScoreTable(
      int samples, EnumSet<Field> fields, Optional<Ranking> ranking, EarlyEpochs early, long seed) {
    if (samples < 0) {
      throw new IllegalArgumentException("samples must not be negative, are " + samples);
    }
    if (fields.contains(Field.RANKING) != ranking.isPresent()) {
      throw new IllegalArgumentException("a column of the ranking needs a ranking");
    }
    this.samples = samples;
    this.fields = Collections.unmodifiableSet(fields.clone());
    this.seed = seed;
    this.random = RandomBits.of(seed, "score", 0);
    this.ranking = ranking;
    flags = new SampleFlags(samples);
    timesKept = new char[samples];
    scoredEpoch = new char[samples];
    for (Field field : Field.values()) {
      boolean floats = field != Field.PREDICTED && field != Field.FORGETTING;
      values[field.ordinal()] = new float[floats ? rows(field) : 0];
    }
    ranks = ranking.map(by -> new RankingField(by, values[Field.RANKING.ordinal()]));
    evidence = new LabelEvidence(early, flags, values[Field.QUALITY.ordinal()]);
    predicted = new int[rows(Field.PREDICTED)];
    forgetting = new Forgetting(rows(Field.FORGETTING));
  }

  /** The smallest table that serves policies on one ranking; {@code judged}: and on confidence. */
  public static ScoreTable forRanking(int samples, Ranking ranking, boolean judged, long seed) {
    EnumSet<Field> fields = TableFields.ofRanking(ranking, judged);
    return new ScoreTable(samples, fields, averaged(ranking), EarlyEpochs.none(), seed);
  }

  /** Every field a training run records; without norms there is no {@link Field#GRAD_NORM}. */
  public static ScoreTable forTraining(
      int samples, boolean norms, Ranking ranking, EarlyEpochs early, long seed) {
    EnumSet<Field> all = TableFields.ofTraining(norms, ranking);
    return new ScoreTable(samples, all, averaged(ranking), early, seed);
  }

  /**
   * What one look at a trained network measures; what one that never saw the samples says of their
   * labels ({@code heldOut}) is their quality.
   */
  public static ScoreTable forScoring(int samples, boolean norms, boolean heldOut, long seed) {
    EnumSet<Field> all = TableFields.ofScoring(norms, heldOut);
    return new ScoreTable(samples, all, Optional.empty(), EarlyEpochs.none(), seed);
  }

  private static Optional<Ranking> averaged(Ranking ranking) {
    return ranking.plain() ? Optional.empty() : Optional.of(ranking);
  }

  private int rows(Field field) {
    return fields.contains(field) ? samples : 0;
  }

  /** N, rows. */
  public int samples() {
    return samples;
  }

  public Set<Field> fields() {
    return fields;
  }

  /** What {@link Field#RANKING} holds. */
  Optional<Ranking> ranking() {
    return ranking;
  }

  long seed() {
    return seed;
  }

  /** Whether the table was opened for this score. */
  public boolean has(Score score) {
    return score == Score.RANDOM || fields.contains(TableFields.of(score));
  }

  /** Bytes a row takes, in memory as in a file. */
  public int bytesPerSample() {
    return Byte.BYTES + 2 * Character.BYTES + fields.stream().mapToInt(Field::bytes).sum();
  }

  /**
   * Records what one step, or one part of it, measured; fields the table was not opened for are
   * dropped. Between the parts of a step the table is not whole.
   *
   * @param epoch from 1
   * @param order positions in the training part, of which the step's begin at {@code from}
   * @param count samples of the step, or of the part
   * @param last whether the step ends with them; relative scores need its mean
   * @throws GradsieveException.Diverged if a value the table keeps is not finite; its row and those
   *     behind it are unchanged then, and no step may follow
   */
  public void record(int epoch, int[] order, int from, int count, StepScores scores, boolean last) {
    if (epoch < 1 || epoch > MOST_EPOCHS) {
      throw new IllegalArgumentException("epochs lie in 1.." + MOST_EPOCHS + ", is " + epoch);
    }
    for (int i = 0; i < count; i++) {
      record(epoch, order[from + i], i, scores);
    }
    if (last && ranks.isPresent()) {
      ranks.get().endStep(epoch);
    }
  }

  /**
   * Records samples that no step of the epoch trained on, scored afterwards: relative scores are
   * then relative to the mean over all samples.
   *
   * @param rows positions in the training part
   * @throws GradsieveException.Diverged as {@link #record}
   */
  public void recordLeftOut(int epoch, int[] rows, StepScores scores) {
    double mean = ranks.isPresent() ? ranks.get().meanWith(this, rows, scores) : 1;
    for (int i = 0; i < rows.length; i++) {
      record(epoch, rows[i], i, scores);
    }
    if (ranks.isPresent()) {
      ranks.get().end(mean, epoch);
    }
  }

  private void record(int epoch, int sample, int i, StepScores scores) {
    float loss = checked(Field.LOSS, scores.loss(i), sample, epoch);
    float el2n = checked(Field.EL2N, scores.el2n(i), sample, epoch);
    float gradNorm = checked(Field.GRAD_NORM, scores.gradNorm(i), sample, epoch);
    float margin = checked(Field.MARGIN, scores.margin(i), sample, epoch);
    float crossEntropy = checked(Field.CROSS_ENTROPY, scores.crossEntropy(i), sample, epoch);
    if (ranks.isPresent()) {
      float measured = ranking.get().measured(scores, i, random(sample, epoch));
      ranks.get().measure(sample, scored(sample), measured, scores.weight(i));
    }
    set(Field.LOSS, sample, loss);
    set(Field.EL2N, sample, el2n);
    set(Field.GRAD_NORM, sample, gradNorm);
    set(Field.MARGIN, sample, margin);
    if (fields.contains(Field.QUALITY) && epoch > scoredEpoch[sample]) {
      evidence.replace(sample, scoredEpoch[sample], crossEntropy(sample), epoch);
    }
    set(Field.CROSS_ENTROPY, sample, crossEntropy);
    if (predicted.length > 0) {
      predicted[sample] = scores.predicted(i);
    }
    forgetting.judge(sample, flags.right(sample), scores.right(i));
    flags.right(sample, scores.right(i));
    scoredEpoch[sample] = (char) epoch;
  }

  private float checked(Field field, float value, int sample, int epoch) {
    if (values[field.ordinal()].length > 0 && !Float.isFinite(value)) {
      throw new GradsieveException.Diverged(
          "the %s of row %d of the training part is %s in epoch %d"
              .formatted(field.name().toLowerCase(Locale.ROOT), sample, value, epoch));
    }
    return value;
  }

  void set(Field field, int sample, float value) {
    float[] rows = values[field.ordinal()];
    if (rows.length > 0) {
      rows[sample] = value;
    }
  }

  /**
   * Ends an epoch, all of it recorded.
   *
   * @param trainLoss mean ℓ_i, weighted by the plan
   */
  public void endEpoch(int epoch, double trainLoss) {
    evidence.endEpoch(epoch, trainLoss);
  }

  /**
   * Marks what an epoch trains on; called once, when the epoch begins. Counts in {@link
   * #timesKept}; where the plan filtered, {@link #kept} says from then on who was in it. Where its
   * steps choose, none is in it yet: see {@link #markKept}.
   */
  public void keep(EpochPlan plan) {
    boolean[] inIt = new boolean[samples];
    for (int sample : plan.order()) {
      inIt[sample] = !plan.choosesInStep();
    }
    for (int i = 0; i < samples; i++) {
      timesKept[i] += inIt[i] ? 1 : 0;
      if (plan.filtered()) {
        flags.kept(i, inIt[i]);
      }
    }
  }

  /** Marks a sample that its step chose to go backward with. */
  public void markKept(int sample) {
    timesKept[sample]++;
    flags.kept(sample, true);
  }

  /** The last measured value. Meaningless while {@link #scored} is false. */
  public float value(Score score, int sample) {
    return switch (score) {
      case RANDOM -> random(sample, scoredEpoch[sample]);
      case FORGETTING -> forgetting.score(sample, flags.everRight(sample));
      default -> values[TableFields.of(score).ordinal()][sample];
    };
  }

  private float random(int sample, int epoch) {
    return (float) random.at(sample).uniform(epoch);
  }

  /**
   * A copy of what samples are ranked by, [N], NaN where a sample was never scored.
   *
   * @throws IllegalArgumentException if the table was not opened for it
   */
  public float[] scores(Ranking by) {
    boolean there = by.plain() ? has(by.score()) : ranking.equals(Optional.of(by));
    if (!there) {
      throw new IllegalArgumentException("the table was not opened for " + by.spec());
    }
    float[] copy = new float[samples];
    float[] ranked = values[Field.RANKING.ordinal()];
    for (int i = 0; i < samples; i++) {
      copy[i] = !scored(i) ? Float.NaN : by.plain() ? value(by.score(), i) : ranked[i];
    }
    return copy;
  }

  /** The epoch the sample was last scored in, from 1; 0 if never. */
  public int scoredEpoch(int sample) {
    return scoredEpoch[sample];
  }

  public boolean scored(int sample) {
    return scoredEpoch[sample] > 0;
  }

  /** Whether the last epoch that filtered kept the sample; true before any did. */
  public boolean kept(int sample) {
    return flags.kept(sample);
  }

  /** Whether its prediction was the given label when last scored. */
  public boolean right(int sample) {
    return flags.right(sample);
  }

  /** Epochs that trained on the sample, full ones included. */
  public int timesKept(int sample) {
    return timesKept[sample];
  }

  /** Probability of the given label when last scored. */
  public float confidence(int sample) {
    if (!fields.contains(Field.CROSS_ENTROPY)) {
      throw new IllegalArgumentException("the table was not opened for confidence");
    }
    return (float) Math.exp(-crossEntropy(sample));
  }

  private float crossEntropy(int sample) {
    return values[Field.CROSS_ENTROPY.ordinal()][sample];
  }

  /** Predicted class when last scored. */
  public int predicted(int sample) {
    return predicted[sample];
  }

  /**
   * Mean plain cross-entropy over the early epochs or, of a table that training did not fill, as
   * recorded; NaN where there is none.
   */
  public float earlyCrossEntropy(int sample) {
    return fields.contains(Field.QUALITY) && scored(sample)
        ? evidence.mean(sample, scoredEpoch[sample], crossEntropy(sample))
        : Float.NaN;
  }

  /**
   * Whether the early epochs are over when this one ends: from then on the network learns single
   * labels by heart.
   */
  public boolean earlyEndedBy(int epoch) {
    return epoch >= evidence.early().last();
  }

  /** Whether its prediction was the given label when {@link #earlyCrossEntropy} last counted. */
  public boolean earlyRight(int sample) {
    return evidence.right(sample, scoredEpoch[sample]);
  }

  /** A cell's bits, for {@link ScoreTableCodec}. */
  int bits(Field field, int sample) {
    return switch (field) {
      case PREDICTED -> predicted[sample];
      case FORGETTING -> forgetting.times[sample];
      default -> Float.floatToRawIntBits(values[field.ordinal()][sample]);
    };
  }

  void bits(Field field, int sample, int bits) {
    switch (field) {
      case PREDICTED -> predicted[sample] = bits;
      case FORGETTING -> forgetting.set(sample, bits);
      default -> values[field.ordinal()][sample] = Float.intBitsToFloat(bits);
    }
  }
}
