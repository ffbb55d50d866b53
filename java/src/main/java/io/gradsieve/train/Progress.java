package io.gradsieve.train;

import io.gradsieve.GradsieveException.BadData;
import io.gradsieve.optim.BatchGrowth;
import io.gradsieve.sieve.EpochPlan;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Where a run stands, as a checkpoint's {@code progress.bin}, little-endian. M samples and S steps
 * of the epoch's plan are 0 after an epoch's end:
 *
 * <pre>
 * magic "GSPR", epoch, step, samples done, M, S            4 bytes each
 * updates, length of metrics.jsonl                         8 each
 * {@link EpochTotals}, {@link RunTotals}                    as they write themselves
 * w̄, lr_scale, share of each batch that is chosen           8 each, float64
 * batch size                                               4
 * what its growth multiplies the rate by                   8, float64
 * filtered, nothing was chosen                             1 each
 * order [M], weights [M] float32, batch sizes [S]          4 each
 * </pre>
 *
 * <p>{@code contents.json} of the checkpoint has its version and checksum.
 */
final class Progress {
  static final String FILE = "progress.bin";
  private static final int MAGIC = 'G' | 'S' << 8 | 'P' << 16 | 'R' << 24;
  private static final int METRICS_AT = 6 * 4 + 8;
  private static final int FIXED =
      METRICS_AT + 8 + EpochTotals.BYTES + RunTotals.BYTES + 3 * 8 + 4 + 8 + 2;
  private static final int OF_SAMPLE = 8;
  private static final int OF_STEP = 4;

  private Progress() {}

  /**
   * The file's content.
   *
   * @param inside whether the epoch goes on
   * @param metricsBytes length of metrics.jsonl
   */
  static ByteBuffer of(TrainingState state, boolean inside, long metricsBytes) {
    EpochPlan plan = state.plan;
    int kept = inside ? plan.kept() : 0;
    int steps = inside ? plan.steps() : 0;
    ByteBuffer target =
        ByteBuffer.allocate(FIXED + OF_SAMPLE * kept + OF_STEP * steps)
            .order(ByteOrder.LITTLE_ENDIAN);
    target.putInt(MAGIC).putInt(state.epoch).putInt(inside ? state.step : 0);
    target.putInt(inside ? state.done : 0).putInt(kept).putInt(steps);
    target.putLong(state.updates).putLong(metricsBytes);
    state.epochTotals.write(target);
    state.runTotals.write(target);
    target.putDouble(plan.meanWeight()).putDouble(plan.lrScale()).putDouble(plan.chosen());
    target.putInt(state.growth.batchSize()).putDouble(state.growth.rateScale());
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

  /** Length of metrics.jsonl when the file was made. */
  static long metricsBytes(Path file) {
    return read(file).getLong(METRICS_AT);
  }

  /** Sets the state to where the run stood. */
  static void restore(TrainingState state, Path file) {
    ByteBuffer source = read(file);
    state.epoch = source.getInt();
    state.step = source.getInt();
    state.done = source.getInt();
    int[] order = new int[source.getInt()];
    int[] sizes = new int[source.getInt()];
    state.updates = source.getLong();
    state.counted = state.updates;
    source.getLong();
    state.epochTotals.read(source);
    state.runTotals.read(source);
    double meanWeight = source.getDouble();
    double lrScale = source.getDouble();
    double chosen = source.getDouble();
    state.growth = new BatchGrowth(source.getInt(), source.getDouble());
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
    state.plan = new EpochPlan(order, weights, meanWeight, sizes, lrScale, chosen, filtered, empty);
  }

  /** The content behind the magic; its length is what its counts say. */
  private static ByteBuffer read(Path file) {
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
