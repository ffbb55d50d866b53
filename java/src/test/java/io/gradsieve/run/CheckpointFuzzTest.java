package io.gradsieve.run;

import static org.assertj.core.api.Assertions.assertThat;

import io.gradsieve.Fuzz;
import io.gradsieve.GradsieveException.BadData;
import io.gradsieve.Mutations;
import io.gradsieve.format.files.DurableFiles;
import io.gradsieve.format.files.Manifest;
import io.gradsieve.run.CheckpointStore.Moment;
import io.gradsieve.run.CheckpointStore.Origin;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CheckpointFuzzTest {
  private static final Origin ORIGIN = new Origin("the configuration", "the data");
  private static final int CHECKPOINTS = 3;

  @TempDir Path run;

  /**
   * Whatever happens to the files of the newest two of three checkpoints: the store gives the
   * newest whose bytes are all as they were, and a line for each one it passed over.
   */
  @Test
  void theNewestCheckpointWithAllItsBytesIsFound() throws IOException {
    DurableFiles files = new DurableFiles();
    CheckpointStore store = new CheckpointStore(run, files, Manifest.empty(run, files));
    List<Path> checkpoints = new ArrayList<>();
    for (int epoch = 1; epoch <= CHECKPOINTS; epoch++) {
      checkpoints.add(store.save(new Moment(epoch, 0), epoch, ORIGIN, content(epoch), CHECKPOINTS));
    }
    Map<Path, byte[]> good = new HashMap<>();
    for (Path checkpoint : checkpoints) {
      for (String name : List.of("weights.bin", "scores.bin", CheckpointContents.FILE)) {
        good.put(checkpoint.resolve(name), Files.readAllBytes(checkpoint.resolve(name)));
      }
    }
    new Fuzz("epoch-", BadData.class)
        .run(
            500,
            mutations -> {
              Map<Path, byte[]> bad = new HashMap<>(good);
              damage(bad, checkpoints, mutations);
              write(bad, good);
              int newest = CHECKPOINTS - 1;
              while (!isWhole(checkpoints.get(newest), bad, good)) {
                newest--;
              }
              List<String> warnings = new ArrayList<>();
              assertThat(store.newest(ORIGIN, warnings::add).orElseThrow().path())
                  .isEqualTo(checkpoints.get(newest));
              assertThat(warnings).hasSize(CHECKPOINTS - 1 - newest);
              for (String warning : warnings) {
                // a checkpoint passed over is what elsewhere is a refusal
                throw new BadData(warning);
              }
            });
  }

  private static Map<String, DurableFiles.Body> content(int epoch) {
    Map<String, DurableFiles.Body> bodies = new LinkedHashMap<>();
    for (String name : List.of("weights.bin", "scores.bin")) {
      byte[] bytes = new byte[name.startsWith("w") ? 1_000 : 3];
      new Random(epoch).nextBytes(bytes);
      bodies.put(name, target -> target.write(ByteBuffer.wrap(bytes)));
    }
    return bodies;
  }

  private static boolean isWhole(Path checkpoint, Map<Path, byte[]> bad, Map<Path, byte[]> good) {
    return good.keySet().stream()
        .filter(file -> file.startsWith(checkpoint))
        .allMatch(file -> java.util.Arrays.equals(good.get(file), bad.get(file)));
  }

  private static void write(Map<Path, byte[]> files, Map<Path, byte[]> all) throws IOException {
    for (Path file : all.keySet()) {
      if (files.containsKey(file)) {
        Files.write(file, files.get(file));
      } else {
        Files.deleteIfExists(file);
      }
    }
  }

  /** Damages one to three files, never of the oldest checkpoint. */
  private static void damage(Map<Path, byte[]> files, List<Path> checkpoints, Mutations mutations) {
    for (int i = mutations.choose(3); i >= 0; i--) {
      Path checkpoint = checkpoints.get(1 + mutations.choose(CHECKPOINTS - 1));
      Path other = mutations.choose(checkpoints);
      List<Path> members =
          files.keySet().stream().filter(file -> file.startsWith(checkpoint)).sorted().toList();
      if (members.isEmpty()) {
        continue;
      }
      Path file = mutations.choose(members);
      switch (mutations.choose(6)) {
        case 0 -> files.remove(file);
        case 1 -> replace(files, file, other.resolve(file.getFileName()));
        case 2 -> replace(files, file, mutations.choose(members));
        case 3 -> members.forEach(m -> replace(files, m, other.resolve(m.getFileName())));
        default -> files.computeIfPresent(file, (path, bytes) -> mutations.damaged(bytes));
      }
    }
  }

  private static void replace(Map<Path, byte[]> files, Path file, Path by) {
    if (files.containsKey(by)) {
      files.put(file, files.get(by));
    }
  }

  @Test
  void aDamagedManifestDeletesNothingOutsideItsRun() throws IOException {
    Path outside = Files.writeString(run.resolve("outside.txt"), "x");
    Path inside = Files.createDirectory(run.resolve("run"));
    DurableFiles files = new DurableFiles();
    Manifest written = Manifest.empty(inside, files);
    written.add(List.of("é.txt", "\u0001", "config.yaml", "checkpoints/epoch-0001/weights.bin"));
    Path manifest = inside.resolve(Manifest.FILE);
    String good = Files.readString(manifest);
    new Fuzz(Manifest.FILE, BadData.class)
        .run(
            1_000,
            mutations -> {
              Files.createDirectories(inside);
              Files.write(manifest, mutations.damaged(good));
              Manifest.read(inside, files).deleteAll();
              assertThat(outside).exists();
            });
  }
}
