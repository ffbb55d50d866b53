package io.gradsieve.run;

import io.gradsieve.GradsieveException;
import io.gradsieve.filter.LearnedFilter;
import io.gradsieve.run.CheckpointStore.Good;
import io.gradsieve.run.CheckpointStore.Moment;
import io.gradsieve.train.Position;
import io.gradsieve.train.TrainingSession;
import io.gradsieve.train.Workers;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * How all workers of a generation, old and new, begin at the same place: the first one's checkpoint
 * goes to the others, who need not see its directory, and what all then have is compared.
 */
final class Beginning {
  private static final List<String> FILES =
      List.of(
          Checkpoints.WEIGHTS,
          Checkpoints.OPTIMIZER,
          Checkpoints.SCORES,
          LearnedFilter.FILE,
          PositionFile.NAME);

  private Beginning() {}

  /**
   * Where the run goes on.
   *
   * @param files of the first worker, which has loaded its checkpoint; empty for the others
   * @throws GradsieveException.PeerLost if a worker is lost, or has not the same as the others
   */
  static Position of(Workers workers, TrainingSession session, Optional<RunFiles> files) {
    Position start =
        files
            .map(RunFiles::position)
            .orElseGet(() -> Position.start(session.config(), session.data()));
    if (workers.alone()) {
      return start;
    }
    byte[] own = files.flatMap(RunFiles::lastCheckpoint).map(Beginning::pack).orElse(new byte[0]);
    ByteBuffer given = workers.gather(ByteBuffer.wrap(own)).get(0);
    boolean first = workers.share().rank() == 0;
    Position position = first || !given.hasRemaining() ? start : restore(session, given);
    workers.same("beginnings", hash(session, position));
    return position;
  }

  /** Name, length and content of each file that is there. */
  private static byte[] pack(Path checkpoint) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (DataOutputStream out = new DataOutputStream(bytes)) {
      for (String name : FILES) {
        Path file = checkpoint.resolve(name);
        if (Files.exists(file)) {
          byte[] content = Files.readAllBytes(file);
          out.writeUTF(name);
          out.writeInt(content.length);
          out.write(content);
        }
      }
    } catch (IOException e) {
      throw new GradsieveException.BadData(
          "%s: can't be read: %s".formatted(checkpoint, e.getMessage()), e);
    }
    return bytes.toByteArray();
  }

  private static Position restore(TrainingSession session, ByteBuffer given) {
    byte[] bytes = new byte[given.remaining()];
    given.get(bytes);
    try {
      Path directory = Files.createTempDirectory("gradsieve-");
      List<Path> written = new ArrayList<>();
      try (DataInputStream in = new DataInputStream(new ByteArrayInputStream(bytes))) {
        while (in.available() > 0) {
          String name = in.readUTF();
          if (!FILES.contains(name)) {
            throw new IOException("the first worker sent a file of another name");
          }
          Path file = directory.resolve(name);
          written.add(file);
          Files.write(file, in.readNBytes(in.readInt()));
        }
        return Checkpoints.restore(session, new Good(directory, new Moment(1, 0)));
      } finally {
        for (Path file : written) {
          Files.deleteIfExists(file);
        }
        Files.delete(directory);
      }
    } catch (IOException e) {
      throw new GradsieveException.Output(
          "the first worker's checkpoint can't be kept: %s; make room in %s"
              .formatted(e.getMessage(), System.getProperty("java.io.tmpdir")),
          e);
    }
  }

  /** Of step, order, sieve state and weights. */
  private static byte[] hash(TrainingSession session, Position position) {
    byte[] weights = session.network().parameters().hash();
    byte[] plan = position.step() > 0 ? position.plan().hash() : new byte[0];
    ByteBuffer all = ByteBuffer.allocate(weights.length + plan.length + 5 * Long.BYTES);
    all.put(weights).put(plan).putLong(position.epoch()).putLong(position.step());
    all.putLong(position.done()).putLong(position.updates());
    return all.putLong(Checkpoints.hash(position.scores())).array();
  }
}
