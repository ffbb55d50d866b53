package io.gradsieve.run;

import io.gradsieve.GradsieveException.BadData;
import io.gradsieve.optim.BatchGrowth;
import io.gradsieve.optim.GradientNoiseScale.Sums;
import io.gradsieve.sieve.EpochPlan;
import io.gradsieve.sieve.ScoreTable;
import io.gradsieve.train.EpochFigures;
import io.gradsieve.train.Position;
import io.gradsieve.train.RankModel;
import io.gradsieve.train.RunFigures;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/**
 * {@value #NAME} of a checkpoint: a {@link Position}, little-endian. M samples and S steps of the
 * epoch's plan are 0 after an epoch's end:
 *
 * <pre>
 * magic "GSPR", epoch, step, samples done, M, S                               int32
 * updates, length of metrics.jsonl                                            int64
 * of the epoch ({@link EpochFigures}):
 *   weight, loss, correct                                                     float64
 *   kept                                                                      int64
 *   seconds, warmSeconds                                                      float64
 *   warmKept                                                                  int64
 *   learningRate                                                              float64
 *   forwardOnly                                                               int64
 *   learningSeconds, noise: trace, gradient2                                  float64
 * of the run ({@link RunFigures}):
 *   seen, kept                                                                int64
 *   seconds, wholeSeconds                                                     float64
 *   fullSamples                                                               int64
 *   fullSeconds                                                               float64
 *   epochs, filteredEpochs                                                    int64
 * of the plan: w̄, lr_scale, share of each batch that goes backward            float64
 * batch size                                                                  int32
 * what its growth multiplies the rate by                                      float64
 * of the plan: filtered, the policy chose nothing                             int8
 *   order [M], weights [M] as float32, batch sizes [S]                        int32
 * </pre>
 *
 * <p>{@code contents.json} of the checkpoint has its version and checksum.
 */
final class PositionFile {
  static final String NAME = "progress.bin";
  private static final int MAGIC = 'G' | 'S' << 8 | 'P' << 16 | 'R' << 24;
  private static final int METRICS_AT = 6 * 4 + 8;
  private static final int FIXED = METRICS_AT + 8 + 12 * 8 + 8 * 8 + 3 * 8 + 4 + 8 + 2;
  private static final int OF_SAMPLE = 8;
  private static final int OF_STEP = 4;

  private PositionFile() {}

  /**
   * The file's content.
   *
   * @param metricsBytes length of metrics.jsonl
   */
  static ByteBuffer of(Position position, long metricsBytes) {
    EpochPlan plan = position.plan();
    boolean inside = position.step() > 0;
    int kept = inside ? plan.kept() : 0;
    int steps = inside ? plan.steps() : 0;
    ByteBuffer target =
        ByteBuffer.allocate(FIXED + OF_SAMPLE * kept + OF_STEP * steps)
            .order(ByteOrder.LITTLE_ENDIAN);
    target.putInt(MAGIC).putInt(position.epoch()).putInt(position.step());
    target.putInt(inside ? position.done() : 0).putInt(kept).putInt(steps);
    target.putLong(position.updates()).putLong(metricsBytes);
    write(position.epochFigures(), target);
    write(position.runFigures(), target);
    target.putDouble(plan.meanWeight()).putDouble(plan.lrScale()).putDouble(plan.backwardShare());
    target.putInt(position.growth().batchSize()).putDouble(position.growth().rateScale());
    target.put((byte) (plan.filtered() ? 1 : 0)).put((byte) (plan.emptySelection() ? 1 : 0));
    for (int i = 0; i < kept; i++) {
      target.putInt(plan.order()[i]);
    }
    for (int i = 0; i < kept; i++) {
      target.putFloat(plan.weights()[i]);
    }
    for (int i = 0; i < steps; i++) {
      target.putInt(plan.batchSizes()[i]);
    }
    return target.flip();
  }

  private static void write(EpochFigures epoch, ByteBuffer target) {
    target.putDouble(epoch.weight()).putDouble(epoch.loss()).putDouble(epoch.correct());
    target.putLong(epoch.kept()).putDouble(epoch.seconds()).putDouble(epoch.warmSeconds());
    target.putLong(epoch.warmKept()).putDouble(epoch.learningRate()).putLong(epoch.forwardOnly());
    target.putDouble(epoch.learningSeconds());
    target.putDouble(epoch.noise().trace()).putDouble(epoch.noise().gradient2());
  }

  private static void write(RunFigures run, ByteBuffer target) {
    target.putLong(run.seen()).putLong(run.kept());
    target.putDouble(run.seconds()).putDouble(run.wholeSeconds());
    target.putLong(run.fullSamples()).putDouble(run.fullSeconds());
    target.putLong(run.epochs()).putLong(run.filteredEpochs());
  }

  /** Length of metrics.jsonl when the file was made. */
  static long metricsBytes(Path file) {
    return content(file).getLong(METRICS_AT);
  }

  /**
   * Where the run stood.
   *
   * @param scores read from beside it
   * @param filter the same, if there is one
   * @throws BadData if the file is none of these
   */
  static Position read(Path file, ScoreTable scores, Optional<RankModel> filter) {
    ByteBuffer source = content(file);
    int epoch = source.getInt();
    int step = source.getInt();
    int done = source.getInt();
    int[] order = new int[source.getInt()];
    int[] sizes = new int[source.getInt()];
    long updates = source.getLong();
    source.getLong(); // metricsBytes
    EpochFigures epochFigures = epochFigures(source);
    RunFigures runFigures = runFigures(source);
    double meanWeight = source.getDouble();
    double lrScale = source.getDouble();
    double backwardShare = source.getDouble();
    BatchGrowth growth = new BatchGrowth(source.getInt(), source.getDouble());
    boolean filtered = source.get() != 0;
    boolean empty = source.get() != 0;
    float[] weights = new float[order.length];
    for (int i = 0; i < order.length; i++) {
      order[i] = source.getInt();
    }
    for (int i = 0; i < order.length; i++) {
      weights[i] = source.getFloat();
    }
    for (int i = 0; i < sizes.length; i++) {
      sizes[i] = source.getInt();
    }
    EpochPlan plan =
        new EpochPlan(order, weights, meanWeight, sizes, lrScale, backwardShare, filtered, empty);
    return new Position(
        epoch, step, done, updates, plan, growth, epochFigures, runFigures, scores, filter);
  }

  private static EpochFigures epochFigures(ByteBuffer source) {
    double weight = source.getDouble();
    double loss = source.getDouble();
    double correct = source.getDouble();
    long kept = source.getLong();
    double seconds = source.getDouble();
    double warmSeconds = source.getDouble();
    long warmKept = source.getLong();
    double learningRate = source.getDouble();
    long forwardOnly = source.getLong();
    double learningSeconds = source.getDouble();
    return new EpochFigures(
        weight,
        loss,
        correct,
        kept,
        forwardOnly,
        seconds,
        learningSeconds,
        warmSeconds,
        warmKept,
        learningRate,
        new Sums(source.getDouble(), source.getDouble()));
  }

  private static RunFigures runFigures(ByteBuffer source) {
    return new RunFigures(
        source.getLong(),
        source.getLong(),
        source.getDouble(),
        source.getDouble(),
        source.getLong(),
        source.getDouble(),
        source.getLong(),
        source.getLong());
  }

  /** The content behind the magic; its length is what its counts say. */
  private static ByteBuffer content(Path file) {
    try {
      ByteBuffer source = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
      long length = source.remaining();
      if (length < FIXED
          || source.getInt() != MAGIC
          || length != FIXED + (long) OF_SAMPLE * source.getInt(16) + OF_STEP * source.getInt(20)) {
        throw new BadData(
            file + ": is not what a checkpoint has there; train anew with --overwrite");
      }
      return source;
    } catch (IOException e) {
      throw new BadData(file + ": can't be read: " + e.getMessage(), e);
    }
  }
}
