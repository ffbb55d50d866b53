package io.gradsieve.run;

import io.gradsieve.GradsieveException;
import io.gradsieve.config.TrainingConfig;
import io.gradsieve.filter.LearnedFilter;
import io.gradsieve.format.files.DurableFiles;
import io.gradsieve.nn.OptimizerState;
import io.gradsieve.run.CheckpointStore.Good;
import io.gradsieve.run.CheckpointStore.Moment;
import io.gradsieve.run.CheckpointStore.Origin;
import io.gradsieve.sieve.ScoreTable;
import io.gradsieve.sieve.ScoreTableCodec;
import io.gradsieve.train.Position;
import io.gradsieve.train.RankModel;
import io.gradsieve.train.Snapshot;
import io.gradsieve.train.TrainingSession;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.zip.CRC32C;

/**
 * Saves and restores the state of a run, bit for bit. A checkpoint's files, each specified where it
 * is written; the bytes of all that end in safetensors are {@link
 * io.gradsieve.format.safetensors.SafeTensors}':
 *
 * <pre>
 * weights.safetensors     parameters, running statistics and counters, see StateFile
 * model.yaml              the network, so that a checkpoint can be scored like a run, see NetworkSpec
 * optimizer.safetensors   what the optimizer keeps of every parameter, see OptimizerState
 * scores.bin              the score table, see ScoreTableCodec
 * filter.safetensors      what a filter has learned, see LearnedFilter; only if it has
 * progress.bin            where the run stands, see PositionFile
 * contents.json           version, lengths, checksums, see CheckpointContents
 * </pre>
 */
final class Checkpoints {
  static final String WEIGHTS = "weights.safetensors";
  static final String MODEL = "model.yaml";
  static final String OPTIMIZER = "optimizer.safetensors";
  static final String SCORES = "scores.bin";

  /** Bytes copied at a time. */
  private static final int CHUNK = 1 << 22;

  private final CheckpointStore store;
  private final MetricsFile metrics;
  private final Origin origin;
  private final int every;
  private final int epochs;
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
    epochs = config.epochs();
    keep = config.keepCheckpoints();
  }

  /** The newest one known to be good. */
  Optional<Path> last() {
    return last;
  }

  /** Saves what a run stands at after an epoch, if that is due; returns the checkpoint. */
  Optional<Path> epochFinished(Snapshot snapshot) {
    int epoch = snapshot.position().epoch();
    return epoch % every == 0 || epoch == epochs ? Optional.of(save(snapshot)) : Optional.empty();
  }

  /** Saves where a run was stopped, unless that is there already; returns the checkpoint. */
  Optional<Path> interrupted(Snapshot snapshot) {
    boolean saved = last.map(path -> path.endsWith(moment(snapshot).name())).orElse(false);
    return snapshot.position().epoch() > 0 && !saved
        ? Optional.of(save(snapshot))
        : Optional.empty();
  }

  private static Moment moment(Snapshot snapshot) {
    return new Moment(snapshot.position().epoch(), snapshot.position().step());
  }

  private Path save(Snapshot snapshot) {
    Position position = snapshot.position();
    Map<String, DurableFiles.Body> bodies = new LinkedHashMap<>();
    bodies.put(WEIGHTS, stream(snapshot::writeWeights));
    bodies.put(MODEL, RunDirectory.text(snapshot.network().toYaml()));
    bodies.put(OPTIMIZER, stream(snapshot::writeOptimizer));
    bodies.put(SCORES, target -> writeScores(position.scores(), target));
    position.filter().ifPresent(f -> bodies.put(LearnedFilter.FILE, stream(f::write)));
    bodies.put(
        PositionFile.NAME, target -> target.write(PositionFile.of(position, metrics.bytes())));
    Path saved = store.save(moment(snapshot), position.updates(), origin, bodies, keep);
    last = Optional.of(saved);
    return saved;
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

  /** CRC-32C of a score table. */
  static long hash(ScoreTable table) {
    CRC32C sum = new CRC32C();
    int rows = CHUNK / table.bytesPerSample();
    ByteBuffer chunk = ByteBuffer.allocate(rows * table.bytesPerSample());
    for (int from = 0; from < table.samples(); from += rows) {
      chunk.clear();
      ScoreTableCodec.writeRows(table, from, Math.min(from + rows, table.samples()), chunk);
      sum.update(chunk.flip());
    }
    return sum.getValue();
  }

  /** Length of metrics.jsonl when the checkpoint was made. */
  static long metricsBytes(Good checkpoint) {
    return PositionFile.metricsBytes(checkpoint.file(PositionFile.NAME));
  }

  /**
   * Loads weights and optimizer of a checkpoint that was found whole.
   *
   * @param session takes them, and what a filter has learned
   * @return where the run stood
   * @throws GradsieveException.BadData if it is not this run's
   */
  static Position restore(TrainingSession session, Good checkpoint) {
    session.network().load(checkpoint.file(WEIGHTS));
    OptimizerState.load(checkpoint.file(OPTIMIZER), session.step().optimizerState());
    ScoreTable scores = readScores(checkpoint.file(SCORES), session.data().train().length);
    Path file = checkpoint.file(LearnedFilter.FILE);
    Optional<RankModel> filter =
        Files.exists(file)
            ? Optional.of(session.own(LearnedFilter.read(file, session.backend())))
            : Optional.empty();
    return PositionFile.read(checkpoint.file(PositionFile.NAME), scores, filter);
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
