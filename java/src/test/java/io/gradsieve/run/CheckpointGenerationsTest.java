package io.gradsieve.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.gradsieve.GradsieveException.PeerLost;
import io.gradsieve.format.files.DurableFiles;
import io.gradsieve.format.files.Manifest;
import io.gradsieve.run.CheckpointStore.Moment;
import io.gradsieve.run.CheckpointStore.Origin;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Checkpoints of workers, of which the one that writes may be lost at any moment. */
class CheckpointGenerationsTest {
  private static final Origin ORIGIN = new Origin("configuration", "data");

  @TempDir Path run;

  /** Of a generation whose writer is lost right after its question was answered, or before. */
  private record Gate(int generation, boolean lost) implements CheckpointGate {
    @Override
    public Optional<String> job() {
      return Optional.of("job");
    }

    @Override
    public boolean goesOn() {
      return generation > 1;
    }

    @Override
    public int acceptedGeneration() {
      return 0;
    }

    @Override
    public long acceptedUpdates() {
      return 0;
    }

    @Override
    public void check() {}

    @Override
    public void commit(long updates) {
      if (lost) {
        throw new PeerLost("lost");
      }
    }
  }

  private CheckpointStore store(int generation, boolean lost) {
    DurableFiles files = new DurableFiles();
    return new CheckpointStore(run, files, Manifest.read(run, files), new Gate(generation, lost));
  }

  private static void save(CheckpointStore store, int epoch) {
    byte[] bytes = {1, 2, (byte) epoch};
    store.save(
        new Moment(epoch, 0),
        epoch,
        ORIGIN,
        Map.of("weights.bin", target -> target.write(ByteBuffer.wrap(bytes))),
        3);
  }

  private List<String> left() throws IOException {
    try (Stream<Path> entries = Files.list(run.resolve("checkpoints"))) {
      return entries.map(path -> path.getFileName().toString()).sorted().toList();
    }
  }

  /** Generation 2 has written epoch 3 beside, and its writer is gone. */
  private void leaveOne() throws IOException {
    save(store(1, false), 2);
    assertThatThrownBy(() -> save(store(2, true), 3)).isInstanceOf(PeerLost.class);
    assertThat(left()).containsExactly("epoch-0002", "epoch-0003.generation-2.partial");
  }

  @Test
  void oneThatWasAcceptedTakesItsPlaceThoughItsWriterIsGone() throws IOException {
    leaveOne();
    CheckpointStore next = store(3, false);
    next.adopt(2);
    assertThat(left()).containsExactly("epoch-0002", "epoch-0003");
    assertThat(next.newest(ORIGIN, warning -> {}).orElseThrow().moment())
        .isEqualTo(new Moment(3, 0));
    save(next, 4);
    assertThat(left()).containsExactly("epoch-0002", "epoch-0003", "epoch-0004");
  }

  @Test
  void oneThatWasNotAcceptedGoes() throws IOException {
    leaveOne();
    store(3, false).adopt(1);
    assertThat(left()).containsExactly("epoch-0002");
  }

  @Test
  void anotherServersGenerationsCountForNothing() throws IOException {
    leaveOne();
    store(1, false).adopt(0);
    assertThat(left()).containsExactly("epoch-0002");
  }

  @Test
  void whatALaterGenerationIsWritingStays() throws IOException {
    leaveOne();
    assertThatThrownBy(() -> save(store(5, true), 4)).isInstanceOf(PeerLost.class);
    store(4, false).adopt(2);
    assertThat(left())
        .containsExactly("epoch-0002", "epoch-0003", "epoch-0004.generation-5.partial");
  }

  @Test
  void oneThatIsDamagedIsNotTaken() throws IOException {
    leaveOne();
    Files.write(
        run.resolve("checkpoints/epoch-0003.generation-2.partial/weights.bin"), new byte[3]);
    store(3, false).adopt(2);
    assertThat(left()).containsExactly("epoch-0002");
  }

  @Test
  void aWriterWhoseCheckpointWasTakenOverIsTold() {
    CheckpointGate taken =
        new CheckpointGate() {
          private final Gate gate = new Gate(2, false);

          @Override
          public Optional<String> job() {
            return gate.job();
          }

          @Override
          public int generation() {
            return gate.generation();
          }

          @Override
          public boolean goesOn() {
            return true;
          }

          @Override
          public int acceptedGeneration() {
            return 0;
          }

          @Override
          public long acceptedUpdates() {
            return 0;
          }

          @Override
          public void check() {}

          @Override
          public void commit(long updates) {
            store(3, false).adopt(2);
          }
        };
    DurableFiles files = new DurableFiles();
    CheckpointStore slow = new CheckpointStore(run, files, Manifest.read(run, files), taken);
    assertThatThrownBy(() -> save(slow, 3))
        .isInstanceOf(PeerLost.class)
        .hasMessageContaining("taken this checkpoint over");
  }
}
