package io.gradsieve.sieve;

import io.gradsieve.GradsieveException;
import io.gradsieve.RandomBits;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Collections;
import java.util.EnumSet;
import java.util.Locale;
import java.util.Set;

/**
 * What is known of every training sample: one row a sample, only the columns it was opened for. A
 * row costs 9 bytes and 4 for each column: 13 bytes with one score, 37 with all that {@code train}
 * records. Not safe for use by several threads.
 *
 * <p>Serialised, little-endian: magic {@code "GSST"}, version, samples, columns as bits (4 bytes
 * each), seed (8 bytes); then one row a sample: flags (1 byte; bit 0 kept, bits 1 to 3 the count of
 * recorded cross-entropies), times kept, scored epoch, then the opened columns in the order of
 * {@link Column} (4 bytes each).
 */
public final class ScoreTable {
  /** What can be recorded of a sample beside its bookkeeping. */
  public enum Column {
    LOSS,
    EL2N,
    GRAD_NORM,
    MARGIN,
    /** Probability of the given label. */
    CONFIDENCE,
    /** Predicted class. */
    PREDICTED,
    /** Sum of the plain cross-entropy over epochs 1 to {@link #QUALITY_EPOCHS}. */
    QUALITY
  }

  /** Label quality averages the cross-entropy of these first epochs. */
  public static final int QUALITY_EPOCHS = 5;

  /** Bytes before the first row. */
  public static final int HEADER_BYTES = 24;

  private static final int MAGIC = 'G' | 'S' << 8 | 'S' << 16 | 'T' << 24;
  private static final int VERSION = 1;
  private static final int KEPT = 1;
  private static final int QUALITY_COUNT = 2;

  private final int samples;
  private final Set<Column> columns;
  private final long seed;
  private final byte[] flags;
  private final int[] timesKept;
  private final int[] scoredEpoch;

  /**
   * By {@link Column}'s ordinal, empty where not opened; {@link Column#PREDICTED} is {@link
   * #predicted}.
   */
  private final float[][] values = new float[Column.values().length][];

  private final int[] predicted;

  /**
   * An empty table: nothing scored, everything kept.
   *
   * @param samples N, rows
   * @param columns what {@link #record} keeps
   * @param seed of the {@link Score#RANDOM} scores
   */
  public ScoreTable(int samples, Set<Column> columns, long seed) {
    if (samples < 0) {
      throw new IllegalArgumentException("samples must not be negative, are " + samples);
    }
    this.samples = samples;
    this.columns = Collections.unmodifiableSet(copy(columns));
    this.seed = seed;
    flags = new byte[samples];
    Arrays.fill(flags, (byte) KEPT);
    timesKept = new int[samples];
    scoredEpoch = new int[samples];
    for (Column column : Column.values()) {
      values[column.ordinal()] = new float[column == Column.PREDICTED ? 0 : rows(column)];
    }
    predicted = new int[rows(Column.PREDICTED)];
  }

  /** The smallest table that serves policies on one score. */
  public static ScoreTable forScore(int samples, Score score, long seed) {
    return new ScoreTable(samples, score == Score.RANDOM ? Set.of() : Set.of(column(score)), seed);
  }

  /** Every column a training run records; without norms there is no {@link Column#GRAD_NORM}. */
  public static ScoreTable forTraining(int samples, boolean norms, long seed) {
    EnumSet<Column> all = EnumSet.allOf(Column.class);
    if (!norms) {
      all.remove(Column.GRAD_NORM);
    }
    return new ScoreTable(samples, all, seed);
  }

  private static EnumSet<Column> copy(Set<Column> columns) {
    EnumSet<Column> copy = EnumSet.noneOf(Column.class);
    copy.addAll(columns);
    return copy;
  }

  /** Where a score is kept; the random one is nowhere. */
  private static Column column(Score score) {
    return Column.valueOf(score.name());
  }

  private int rows(Column column) {
    return columns.contains(column) ? samples : 0;
  }

  /** N, rows. */
  public int samples() {
    return samples;
  }

  public Set<Column> columns() {
    return columns;
  }

  /** Whether the table was opened for this score. */
  public boolean has(Score score) {
    return score == Score.RANDOM || columns.contains(column(score));
  }

  /** Bytes a row takes, in memory as in {@link #writeRows}. */
  public int bytesPerSample() {
    return 9 + 4 * columns.size();
  }

  /**
   * Records what one step measured of a sample; columns the table was not opened for are dropped.
   *
   * @param sample position in the training part, 0..N-1
   * @param epoch from 1
   * @param loss ℓ_i, user weight and label smoothing included
   * @param crossEntropy the plain one, for label quality
   * @param gradNorm ‖term_i‖ / w_i
   * @throws GradsieveException.Diverged if a value the table keeps is not finite; the row is
   *     unchanged then
   */
  public void record(
      int sample,
      int epoch,
      float loss,
      float crossEntropy,
      float el2n,
      float margin,
      float gradNorm,
      float confidence,
      int predicted) {
    if (epoch < 1) {
      throw new IllegalArgumentException("epochs count from 1, is " + epoch);
    }
    check(sample, epoch, Column.LOSS, loss);
    check(sample, epoch, Column.EL2N, el2n);
    check(sample, epoch, Column.GRAD_NORM, gradNorm);
    check(sample, epoch, Column.MARGIN, margin);
    check(sample, epoch, Column.CONFIDENCE, confidence);
    check(sample, epoch, Column.QUALITY, crossEntropy);
    set(Column.LOSS, sample, loss);
    set(Column.EL2N, sample, el2n);
    set(Column.GRAD_NORM, sample, gradNorm);
    set(Column.MARGIN, sample, margin);
    set(Column.CONFIDENCE, sample, confidence);
    if (this.predicted.length > 0) {
      this.predicted[sample] = predicted;
    }
    if (columns.contains(Column.QUALITY)
        && epoch <= QUALITY_EPOCHS
        && qualityCount(sample) < QUALITY_EPOCHS) {
      values[Column.QUALITY.ordinal()][sample] += crossEntropy;
      flags[sample] = (byte) (flags[sample] + QUALITY_COUNT);
    }
    scoredEpoch[sample] = epoch;
  }

  private void check(int sample, int epoch, Column column, float value) {
    if (values[column.ordinal()].length > 0 && !Float.isFinite(value)) {
      throw new GradsieveException.Diverged(
          "the %s of training sample %d is %s in epoch %d: lower --lr or set --clip-norm"
              .formatted(column.name().toLowerCase(Locale.ROOT), sample, value, epoch));
    }
  }

  private void set(Column column, int sample, float value) {
    float[] rows = values[column.ordinal()];
    if (rows.length > 0) {
      rows[sample] = value;
    }
  }

  /**
   * Marks what an epoch trains on; called once, when the epoch begins. Counts in {@link
   * #timesKept}; where the plan filtered, {@link #kept} says from then on who was in it.
   */
  public void keep(EpochPlan plan) {
    if (plan.filtered()) {
      for (int i = 0; i < samples; i++) {
        flags[i] = (byte) (flags[i] & ~KEPT);
      }
    }
    for (int sample : plan.order()) {
      timesKept[sample]++;
      if (plan.filtered()) {
        flags[sample] = (byte) (flags[sample] | KEPT);
      }
    }
  }

  /** The last measured value. Meaningless while {@link #scored} is false. */
  public float value(Score score, int sample) {
    return score == Score.RANDOM
        ? (float) random().at(sample).uniform(scoredEpoch[sample])
        : values[column(score).ordinal()][sample];
  }

  private RandomBits random() {
    return RandomBits.of(seed, "score", 0);
  }

  /**
   * A copy of one score for all samples, [N], NaN where a sample was never scored.
   *
   * @throws IllegalArgumentException if the table was not opened for it
   */
  public float[] scores(Score score) {
    if (!has(score)) {
      throw new IllegalArgumentException("the table was not opened for " + score.key());
    }
    float[] copy = score == Score.RANDOM ? randomScores() : values[column(score).ordinal()].clone();
    for (int i = 0; i < samples; i++) {
      if (scoredEpoch[i] == 0) {
        copy[i] = Float.NaN;
      }
    }
    return copy;
  }

  private float[] randomScores() {
    float[] scores = new float[samples];
    RandomBits random = random();
    for (int i = 0; i < samples; i++) {
      scores[i] = (float) random.at(i).uniform(scoredEpoch[i]);
    }
    return scores;
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
    return (flags[sample] & KEPT) != 0;
  }

  /** Epochs that trained on the sample, full ones included. */
  public int timesKept(int sample) {
    return timesKept[sample];
  }

  /** Probability of the given label when last scored. */
  public float confidence(int sample) {
    return values[Column.CONFIDENCE.ordinal()][sample];
  }

  /** Predicted class when last scored. */
  public int predicted(int sample) {
    return predicted[sample];
  }

  /** Sum of the plain cross-entropies recorded in epochs 1 to {@link #QUALITY_EPOCHS}. */
  public float qualitySum(int sample) {
    return values[Column.QUALITY.ordinal()][sample];
  }

  /** How many terms {@link #qualitySum} has. */
  public int qualityCount(int sample) {
    return flags[sample] >> 1 & 7;
  }

  /** Writes magic, version, size, columns and seed, {@link #HEADER_BYTES} bytes. */
  public void writeHeader(ByteBuffer target) {
    ByteOrder order = target.order();
    target.order(ByteOrder.LITTLE_ENDIAN);
    target.putInt(MAGIC).putInt(VERSION).putInt(samples).putInt(columnBits()).putLong(seed);
    target.order(order);
  }

  private int columnBits() {
    int bits = 0;
    for (Column column : columns) {
      bits |= 1 << column.ordinal();
    }
    return bits;
  }

  /**
   * Writes rows {@code from} to {@code to - 1}, {@link #bytesPerSample} bytes each, bit for bit.
   */
  public void writeRows(int from, int to, ByteBuffer target) {
    ByteOrder order = target.order();
    target.order(ByteOrder.LITTLE_ENDIAN);
    for (int i = from; i < to; i++) {
      target.put(flags[i]).putInt(timesKept[i]).putInt(scoredEpoch[i]);
      for (Column column : Column.values()) {
        if (columns.contains(column)) {
          target.putInt(bits(column, i));
        }
      }
    }
    target.order(order);
  }

  private int bits(Column column, int sample) {
    return column == Column.PREDICTED
        ? predicted[sample]
        : Float.floatToRawIntBits(values[column.ordinal()][sample]);
  }

  /**
   * An empty table as the header describes it; {@link #readRows} fills it.
   *
   * @throws GradsieveException.BadData if these are not the bytes of a table of this version
   */
  public static ScoreTable readHeader(ByteBuffer source) {
    if (source.remaining() < HEADER_BYTES) {
      throw new GradsieveException.BadData("the score table is cut short");
    }
    ByteOrder order = source.order();
    source.order(ByteOrder.LITTLE_ENDIAN);
    int magic = source.getInt();
    int version = source.getInt();
    int samples = source.getInt();
    int bits = source.getInt();
    long seed = source.getLong();
    source.order(order);
    if (magic != MAGIC || samples < 0 || bits >>> Column.values().length != 0) {
      throw new GradsieveException.BadData("this is not a score table");
    }
    if (version != VERSION) {
      throw new GradsieveException.BadData(
          "the score table has version %d, this program reads %d".formatted(version, VERSION));
    }
    EnumSet<Column> columns = EnumSet.noneOf(Column.class);
    for (Column column : Column.values()) {
      if ((bits >> column.ordinal() & 1) != 0) {
        columns.add(column);
      }
    }
    return new ScoreTable(samples, columns, seed);
  }

  /** Reads rows {@code from} to {@code to - 1} as {@link #writeRows} wrote them. */
  public void readRows(int from, int to, ByteBuffer source) {
    if (source.remaining() < (long) (to - from) * bytesPerSample()) {
      throw new GradsieveException.BadData("the score table is cut short");
    }
    ByteOrder order = source.order();
    source.order(ByteOrder.LITTLE_ENDIAN);
    for (int i = from; i < to; i++) {
      flags[i] = source.get();
      timesKept[i] = source.getInt();
      scoredEpoch[i] = source.getInt();
      for (Column column : Column.values()) {
        if (!columns.contains(column)) {
          continue;
        }
        if (column == Column.PREDICTED) {
          predicted[i] = source.getInt();
        } else {
          values[column.ordinal()][i] = Float.intBitsToFloat(source.getInt());
        }
      }
    }
    source.order(order);
  }
}
