package io.gradsieve.train;

import io.gradsieve.GradsieveException;
import io.gradsieve.config.TrainingConfig;
import io.gradsieve.format.files.DurableFiles;
import io.gradsieve.nn.OptimizerState;
import io.gradsieve.sieve.ScoreTable;
import io.gradsieve.sieve.ScoreTableCodec;
import io.gradsieve.train.checkpoint.CheckpointStore;
import io.gradsieve.train.checkpoint.CheckpointStore.Good;
import io.gradsieve.train.checkpoint.CheckpointStore.Moment;
import io.gradsieve.train.checkpoint.CheckpointStore.Origin;
import io.gradsieve.train.learned.LearnedFilter;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * Saves and restores the state of a run, bit for bit. A checkpoint's files:
 *
 * <pre>
 * weights.safetensors     parameters and running statistics
 * model.yaml              the network, so that a checkpoint can be scored like a run
 * optimizer.safetensors   what the optimizer keeps of every parameter, see OptimizerState
 * scores.bin              the score table, see ScoreTableCodec
 * filter.safetensors      what a filter has learned, see LearnedFilter; only if it has
 * progress.bin            where the run stands, see Progress
 * contents.json           version, lengths, checksums, see CheckpointContents
 * </pre>
 */
final class Checkpoints implements TrainingListener {
  static final String WEIGHTS = "weights.safetensors";
  static final String MODEL = "model.yaml";
  private static final String OPTIMIZER = "optimizer.safetensors";
  private static final String SCORES = "scores.bin";

  /** Bytes copied at a time. */
  private static final int CHUNK = 1 << 22;

  private final CheckpointStore store;
  private final MetricsFile metrics;
  private final Origin origin;
  private final int every;
  private final int keep;
  private Optional<Path> last;

  /** {@code last} is the checkpoint the run was resumed from. */
  Checkpoints(
      CheckpointStore store,
      MetricsFile metrics,
      TrainingConfig config,
      Origin origin,
      Optional<Path> last) {
    this.last = last;
    this.store = store;
    this.metrics = metrics;
    this.origin = origin;
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
    bodies.put(OPTIMIZER, stream(out -> OptimizerState.save(out, state.compiled.optimizerState())));
    bodies.put(SCORES, target -> writeScores(state.table, target));
    state.learned.filter().ifPresent(f -> bodies.put(LearnedFilter.FILE, stream(f::write)));
    bodies.put(
        Progress.FILE,
        target -> target.write(Progress.of(state, moment.step() > 0, metrics.bytes())));
    last = Optional.of(store.save(moment, origin, bodies, keep));
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

  /** Length of metrics.jsonl when the checkpoint was made. */
  static long metricsBytes(Good checkpoint) {
    return Progress.metricsBytes(checkpoint.file(Progress.FILE));
  }

  /**
   * Restores the state from a checkpoint that was found whole; throws {@code BadData} if it is not
   * this run's.
   */
  static void restore(TrainingState state, Good checkpoint) {
    state.network.load(checkpoint.file(WEIGHTS));
    OptimizerState.load(checkpoint.file(OPTIMIZER), state.compiled.optimizerState());
    state.table = readScores(checkpoint.file(SCORES), state.data.train().length);
    Path filter = checkpoint.file(LearnedFilter.FILE);
    if (Files.exists(filter)) {
      state.learned.use(LearnedFilter.read(filter, state.backend), state.data, new StopRequest());
    }
    Progress.restore(state, checkpoint.file(Progress.FILE));
  }

  private static ScoreTable readScores(Path file, int samples) {
    try (FileChannel source = FileChannel.open(file)) {
      ByteBuffer header = ByteBuffer.allocate(ScoreTableCodec.HEADER_BYTES);
      fill(source, header);
      ScoreTable table = ScoreTableCodec.readHeader(header.flip());
      if (table.samples() != samples) {
        throw new GradsieveException.BadData(
            "%s: has %,d samples, the training part %,d; train anew with --overwrite"
                .formatted(file, table.samples(), samples));
      }
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
}
