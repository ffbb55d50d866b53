package io.gradsieve.train;

import io.gradsieve.GradsieveException;
import io.gradsieve.backend.DeviceBuffer;
import io.gradsieve.optim.BatchGrowth;
import io.gradsieve.sieve.EpochPlan;
import io.gradsieve.sieve.ScoreTable;
import io.gradsieve.sieve.ScoreTableCodec;
import io.gradsieve.train.checkpoint.CheckpointStore;
import io.gradsieve.train.checkpoint.CheckpointStore.Good;
import io.gradsieve.train.checkpoint.CheckpointStore.Moment;
import io.gradsieve.train.checkpoint.DurableFiles;
import io.gradsieve.train.learned.LearnedFilter;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Saves and restores the state of a run, bit for bit. A checkpoint's files, all little-endian:
 *
 * <pre>
 * weights.safetensors   parameters and running statistics
 * model.yaml            the network, so that a checkpoint can be scored like a run
 * optimizer.bin         magic "GSOP", version, states (4 bytes each); trainable floats of each state
 * scores.bin            the score table, see ScoreTable
 * filter.safetensors    what a filter has learned, see LearnedFilter; only if it has
 * progress.bin          magic "GSPR", version, epoch, step, samples done, plan length M, steps (4 bytes each); updates,
 *                       length of metrics.jsonl (8 each); running sums, see EpochTotals and RunTotals; w̄, lr scale (8 each);
 *                       filtered, nothing chosen (1 each); order, weights (4·M each), batch sizes (4·steps); seconds of
 *                       learning (8; none in files from before there was any)
 * </pre>
 */
final class Checkpoints implements TrainingListener {
  static final String WEIGHTS = "weights.safetensors";
  static final String MODEL = "model.yaml";
  private static final String OPTIMIZER = "optimizer.bin";
  private static final String SCORES = "scores.bin";
  private static final String PROGRESS = "progress.bin";
  private static final int OPTIMIZER_MAGIC = 'G' | 'S' << 8 | 'O' << 16 | 'P' << 24;
  private static final int PROGRESS_MAGIC = 'G' | 'S' << 8 | 'P' << 16 | 'R' << 24;
  private static final int VERSION = 2;
  private static final int PROGRESS_FIXED =
      7 * 4 + 2 * 8 + EpochTotals.BYTES + RunTotals.BYTES + 3 * 8 + 2 + 4 + 8;

  /** Bytes copied at a time. */
  private static final int CHUNK = 1 << 22;

  private final CheckpointStore store;
  private final MetricsFile metrics;
  private final String configuration;
  private final int every;
  private final int keep;
  private Optional<Path> last;

  /** {@code last} is the checkpoint the run was resumed from. */
  Checkpoints(
      CheckpointStore store, MetricsFile metrics, TrainingConfig config, Optional<Path> last) {
    this.last = last;
    this.store = store;
    this.metrics = metrics;
    configuration = config.hash();
    every = config.checkpointEvery();
    keep = config.keepCheckpoints();
  }

  /** The newest one known to be good. */
  Optional<Path> last() {
    return last;
  }

  @Override
  public void epochFinished(TrainingState state, EpochMetrics epoch) {
    if (state.epoch() % every == 0 || state.epoch() == state.config().epochs()) {
      save(state, new Moment(state.epoch(), 0));
    }
  }

  @Override
  public void interrupted(TrainingState state) {
    Moment moment = new Moment(state.epoch(), state.step());
    boolean saved = last.map(path -> path.endsWith(moment.name())).orElse(false);
    if (state.epoch() > 0 && !saved) {
      save(state, moment);
    }
  }

  private void save(TrainingState state, Moment moment) {
    Map<String, DurableFiles.Body> bodies = new LinkedHashMap<>();
    bodies.put(WEIGHTS, target -> writeWeights(state, target));
    bodies.put(
        MODEL,
        target ->
            target.write(
                ByteBuffer.wrap(state.network().spec().toYaml().getBytes(StandardCharsets.UTF_8))));
    bodies.put(OPTIMIZER, target -> writeOptimizer(state, target));
    bodies.put(SCORES, target -> writeScores(state.table, target));
    state.learned.filter().ifPresent(f -> bodies.put(LearnedFilter.FILE, stream(f::write)));
    bodies.put(PROGRESS, target -> target.write(progress(state, moment)));
    last = Optional.of(store.save(moment, configuration, bodies, keep));
  }

  /**
   * Weights and counters as safetensors; PyTorch's count of batches is brought up to date first.
   */
  static void writeWeights(TrainingState state, WritableByteChannel target) throws IOException {
    state.network.parameters().countBatches(state.updates - state.counted);
    state.counted = state.updates;
    stream(state.network::save).write(target);
  }

  /** What writes itself to a stream. */
  interface Streamed {
    void write(OutputStream out) throws IOException;
  }

  static DurableFiles.Body stream(Streamed content) {
    return target -> {
      OutputStream out = new BufferedOutputStream(Channels.newOutputStream(target), 1 << 16);
      content.write(out);
      out.flush();
    };
  }

  private static void writeOptimizer(TrainingState state, WritableByteChannel target)
      throws IOException {
    List<DeviceBuffer> buffers = state.compiled.optimizerState();
    ByteBuffer header = ByteBuffer.allocate(12).order(ByteOrder.LITTLE_ENDIAN);
    target.write(header.putInt(OPTIMIZER_MAGIC).putInt(VERSION).putInt(buffers.size()).flip());
    for (DeviceBuffer buffer : buffers) {
      for (long at = 0; at < buffer.bytes(); at += CHUNK) {
        target.write(buffer.view(at, (int) Math.min(CHUNK, buffer.bytes() - at)));
      }
    }
  }

  private static void writeScores(ScoreTable table, WritableByteChannel target) throws IOException {
    ByteBuffer header = ByteBuffer.allocate(ScoreTableCodec.HEADER_BYTES);
    ScoreTableCodec.writeHeader(table, header);
    target.write(header.flip());
    int rows = CHUNK / table.bytesPerSample();
    ByteBuffer chunk = ByteBuffer.allocate(rows * table.bytesPerSample());
    for (int from = 0; from < table.samples(); from += rows) {
      chunk.clear();
      ScoreTableCodec.writeRows(table, from, Math.min(from + rows, table.samples()), chunk);
      target.write(chunk.flip());
    }
  }

  private ByteBuffer progress(TrainingState state, Moment moment) {
    EpochPlan plan = state.plan;
    int kept = moment.step() == 0 ? 0 : plan.kept();
    int steps = moment.step() == 0 ? 0 : plan.steps();
    ByteBuffer target =
        ByteBuffer.allocate(PROGRESS_FIXED + 8 * kept + 4 * steps + 8)
            .order(ByteOrder.LITTLE_ENDIAN);
    target.putInt(PROGRESS_MAGIC).putInt(VERSION).putInt(state.epoch).putInt(moment.step());
    target.putInt(moment.step() == 0 ? 0 : state.done).putInt(kept).putInt(steps);
    target.putLong(state.updates).putLong(metrics.bytes());
    state.epochTotals.write(target);
    state.runTotals.write(target);
    target.putDouble(plan.meanWeight()).putDouble(plan.lrScale());
    target.putDouble(plan.chosen());
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
    target.putDouble(state.epochTotals.learningSeconds);
    return target.flip();
  }

  /** Length of metrics.jsonl when the checkpoint was made. */
  static long metricsBytes(Good checkpoint) {
    return read(checkpoint.file(PROGRESS), PROGRESS_MAGIC).getLong(7 * 4 + 8);
  }

  /**
   * Restores the state from a checkpoint that was found whole; throws {@code BadData} if it is not
   * this run's.
   */
  static void restore(TrainingState state, Good checkpoint) {
    state.network.load(checkpoint.file(WEIGHTS));
    readOptimizer(state, checkpoint.file(OPTIMIZER));
    state.table = readScores(checkpoint.file(SCORES), state.data.train().length);
    state.learned.restore(checkpoint.file(LearnedFilter.FILE), state.data, state.backend);
    ByteBuffer source = read(checkpoint.file(PROGRESS), PROGRESS_MAGIC);
    source.position(8);
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
    state.epochTotals.learningSeconds = source.hasRemaining() ? source.getDouble() : 0;
    state.plan = new EpochPlan(order, weights, meanWeight, sizes, lrScale, chosen, filtered, empty);
  }

  private static ByteBuffer read(Path file, int magic) {
    try {
      ByteBuffer source = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
      check(file, source.remaining() >= PROGRESS_FIXED, "is too short");
      check(file, source.getInt() == magic && source.getInt() == VERSION, "is of another version");
      return source;
    } catch (IOException e) {
      throw new GradsieveException.BadData(file + ": can't be read: " + e.getMessage(), e);
    }
  }

  private static void readOptimizer(TrainingState state, Path file) {
    List<DeviceBuffer> buffers = state.compiled.optimizerState();
    try (FileChannel source = FileChannel.open(file)) {
      ByteBuffer header = ByteBuffer.allocate(12).order(ByteOrder.LITTLE_ENDIAN);
      fill(source, header);
      header.flip();
      check(
          file,
          header.getInt() == OPTIMIZER_MAGIC
              && header.getInt() == VERSION
              && header.getInt() == buffers.size(),
          "is of another optimizer or version");
      for (DeviceBuffer buffer : buffers) {
        for (long at = 0; at < buffer.bytes(); at += CHUNK) {
          fill(source, buffer.view(at, (int) Math.min(CHUNK, buffer.bytes() - at)));
        }
      }
    } catch (IOException e) {
      throw new GradsieveException.BadData(file + ": can't be read: " + e.getMessage(), e);
    }
  }

  private static ScoreTable readScores(Path file, int samples) {
    try (FileChannel source = FileChannel.open(file)) {
      ByteBuffer header = ByteBuffer.allocate(ScoreTableCodec.HEADER_BYTES);
      fill(source, header);
      ScoreTable table = ScoreTableCodec.readHeader(header.flip());
      check(
          file,
          table.samples() == samples,
          "has %,d samples, the data %,d: the data changed".formatted(table.samples(), samples));
      int rows = CHUNK / table.bytesPerSample();
      for (int from = 0; from < samples; from += rows) {
        int to = Math.min(from + rows, samples);
        ByteBuffer chunk = ByteBuffer.allocate((to - from) * table.bytesPerSample());
        fill(source, chunk);
        ScoreTableCodec.readRows(table, from, to, chunk.flip());
      }
      return table;
    } catch (IOException e) {
      throw new GradsieveException.BadData(file + ": can't be read: " + e.getMessage(), e);
    }
  }

  private static void fill(FileChannel source, ByteBuffer target) throws IOException {
    while (target.hasRemaining()) {
      if (source.read(target) < 0) {
        throw new IOException("it is too short");
      }
    }
  }

  private static void check(Path file, boolean condition, String otherwise) {
    if (!condition) {
      throw new GradsieveException.BadData(file + ": " + otherwise);
    }
  }
}
