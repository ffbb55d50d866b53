package io.gradsieve.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.gradsieve.GradsieveException;
import io.gradsieve.format.files.DurableFiles;
import io.gradsieve.format.files.Manifest;
import io.gradsieve.run.CheckpointStore.Moment;
import io.gradsieve.run.CheckpointStore.Origin;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CheckpointStoreTest {
  private static final Origin ORIGIN = new Origin("the configuration", "the data");

  @TempDir Path run;
  private final List<String> warnings = new ArrayList<>();
  private int operations;
  private int failing = Integer.MAX_VALUE;
  private boolean forEver;
  private CheckpointStore store;
  private Manifest manifest;

  @BeforeEach
  void open() {
    DurableFiles files =
        new DurableFiles(
            (operation, path) -> {
              operations++;
              if (operations == failing || (forEver && operations > failing)) {
                throw new IOException("No space left on device");
              }
            });
    manifest = Manifest.empty(run, files);
    store = new CheckpointStore(run, files, manifest);
  }

  private static Map<String, DurableFiles.Body> content(int seed) {
    byte[] weights = new byte[10_000];
    byte[] scores = new byte[3];
    new Random(seed).nextBytes(weights);
    new Random(seed + 1).nextBytes(scores);
    Map<String, DurableFiles.Body> bodies = new LinkedHashMap<>();
    bodies.put("weights.bin", target -> target.write(ByteBuffer.wrap(weights)));
    bodies.put("scores.bin", target -> target.write(ByteBuffer.wrap(scores)));
    return bodies;
  }

  private Path save(int epoch, int step) {
    return store.save(new Moment(epoch, step), epoch, ORIGIN, content(epoch), 3);
  }

  private Path newest() {
    return store.newest(ORIGIN, warnings::add).orElseThrow().path();
  }

  private List<String> left() throws IOException {
    try (Stream<Path> entries = Files.list(run.resolve("checkpoints"))) {
      return entries.map(path -> path.getFileName().toString()).sorted().toList();
    }
  }

  @Test
  void theNewestThreeStayAndTheManifestListsExactlyTheirFiles() throws IOException {
    for (int epoch = 1; epoch <= 5; epoch++) {
      save(epoch, 0);
    }
    assertThat(left()).containsExactly("epoch-0003", "epoch-0004", "epoch-0005");
    assertThat(newest()).endsWith(Path.of("epoch-0005"));
    try (Stream<Path> files = Files.walk(run)) {
      List<String> there =
          files
              .filter(Files::isRegularFile)
              .map(path -> run.relativize(path).toString())
              .filter(name -> !name.equals("manifest.json"))
              .toList();
      assertThat(there).hasSize(9).allMatch(manifest::contains);
    }
    assertThat(manifest.contains("checkpoints/epoch-0002/weights.bin")).isFalse();
  }

  @Test
  void aCheckpointInsideAnEpochIsOlderThanTheEpochsEnd() {
    save(2, 120);
    save(2, 7);
    assertThat(newest()).endsWith(Path.of("epoch-0002-step-000120"));
    save(2, 0);
    assertThat(newest()).endsWith(Path.of("epoch-0002"));
    save(3, 1);
    assertThat(newest()).endsWith(Path.of("epoch-0003-step-000001"));
  }

  @Test
  void aDamagedCheckpointIsSkippedWithAWarningForEveryByteAndEveryLength() throws IOException {
    save(1, 0);
    Path damaged = save(2, 0);
    for (String name : List.of("weights.bin", "scores.bin", "contents.json")) {
      Path file = damaged.resolve(name);
      byte[] good = Files.readAllBytes(file);
      for (int position = 0; position < good.length; position += Math.max(1, good.length / 50)) {
        byte[] flipped = good.clone();
        flipped[position] ^= 1;
        expectSkipped(file, flipped);
        expectSkipped(file, java.util.Arrays.copyOf(good, position));
      }
      Files.delete(file);
      assertThat(newest()).endsWith(Path.of("epoch-0001"));
      Files.write(file, good);
      assertThat(newest()).endsWith(Path.of("epoch-0002"));
    }
  }

  private void expectSkipped(Path file, byte[] content) throws IOException {
    Files.write(file, content);
    warnings.clear();
    assertThat(newest()).endsWith(Path.of("epoch-0001"));
    assertThat(warnings).hasSize(1).first().asString().contains("epoch-0002").contains("skipped");
  }

  @Test
  void aCheckpointUnderAnothersNameIsSkipped() throws IOException {
    Path first = save(1, 0);
    Path second = save(2, 0);
    for (String name : List.of("weights.bin", "scores.bin", "contents.json")) {
      Files.copy(first.resolve(name), second.resolve(name), StandardCopyOption.REPLACE_EXISTING);
    }
    assertThat(newest()).isEqualTo(first);
    assertThat(warnings).hasSize(1).first().asString().contains("epoch-0002", "is that of");
  }

  @Test
  void aCheckpointOfAnotherConfigurationIsSkipped() {
    save(1, 0);
    assertThat(store.newest(new Origin("another", "the data"), warnings::add)).isEmpty();
    assertThat(warnings).hasSize(1);
  }

  @Test
  void aCheckpointOfOtherDataIsRefusedAndNotPassedOver() {
    save(1, 0);
    save(2, 0);
    assertThatThrownBy(
            () -> store.newest(new Origin("the configuration", "other data"), warnings::add))
        .isInstanceOf(GradsieveException.BadData.class)
        .hasMessageContaining("epoch-0002: made on other data");
    assertThat(warnings).isEmpty();
  }

  @Test
  void aCheckpointOfAnotherVersionIsRefusedInOneLineThatSaysWhatToDo() throws IOException {
    Path made = save(1, 0);
    Map<Integer, String> versions = Map.of(1, "an earlier", 3, "a later");
    for (Map.Entry<Integer, String> version : versions.entrySet()) {
      String text =
          new CheckpointContents(version.getKey(), new Moment(1, 0), ORIGIN, Map.of()).text();
      Files.writeString(made.resolve("contents.json"), text);
      assertThatThrownBy(() -> store.newest(ORIGIN, warnings::add))
          .isInstanceOf(GradsieveException.BadData.class)
          .hasMessageContaining("epoch-0001: made by " + version.getValue() + " version")
          .hasMessageContaining("--overwrite")
          .hasMessageNotContaining("\n");
    }
  }

  @Test
  void whateverWriteFailsThePreviousCheckpointStaysGoodAndTheNextOneWorks() {
    save(1, 0);
    for (boolean ever : new boolean[] {false, true}) {
      forEver = ever;
      int before = operations;
      boolean failed = true;
      for (int n = 1; failed; n++) {
        failing = before + n;
        try {
          save(2, 0);
          failed = operations >= failing;
        } catch (GradsieveException.Output e) {
          assertThat(e.exitCode()).isEqualTo(7);
          assertThat(e.getMessage()).contains("No space left on device");
        }
        failing = Integer.MAX_VALUE;
        assertThat(store.newest(ORIGIN, warnings::add)).isPresent();
        assertThat(warnings).isEmpty();
        save(1, 0);
        before = operations;
      }
    }
    save(3, 0);
    assertThat(newest()).endsWith(Path.of("epoch-0003"));
  }

  @Test
  void aFileOfSomebodyElseInACheckpointIsNeverDeleted() throws IOException {
    Path mine = save(1, 0).resolve("notes.txt");
    Files.writeString(mine, "mine");
    save(2, 0);
    save(3, 0);
    assertThatThrownBy(() -> save(4, 0)).isInstanceOf(GradsieveException.Output.class);
    assertThat(mine).hasContent("mine");
  }

  @Test
  void overwriteDeletesWhatTheManifestListsAndNothingElse() throws IOException {
    save(1, 0);
    Path mine = Files.writeString(run.resolve("notes.txt"), "mine");
    Manifest.read(run, new DurableFiles()).deleteAll();
    try (Stream<Path> entries = Files.list(run)) {
      assertThat(entries).containsExactly(mine);
    }
  }

  @Test
  void aManifestThatNamesFilesElsewhereIsRefused() throws IOException {
    Path outside = Files.writeString(run.resolve("outside.txt"), "x");
    Path inside = Files.createDirectory(run.resolve("run"));
    for (String name :
        List.of("../outside.txt", outside.toString(), "a/../../outside.txt", "", "\\u0000")) {
      Files.writeString(
          inside.resolve("manifest.json"), "{\"schema\":1,\"files\":[\"%s\"]}".formatted(name));
      assertThatThrownBy(() -> Manifest.read(inside, new DurableFiles()))
          .isInstanceOf(GradsieveException.BadData.class);
    }
    assertThat(outside).exists();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"", "{", "[]", "{\"schema\":1}", "{\"schema\":2,\"files\":[]}", "{\"files\":[]}"})
  void aManifestThatIsNoneIsRefused(String text) throws IOException {
    Files.writeString(run.resolve("manifest.json"), text);
    assertThatThrownBy(() -> Manifest.read(run, new DurableFiles()))
        .isInstanceOf(GradsieveException.BadData.class)
        .hasMessageContaining("manifest.json: damaged");
  }

  @Test
  void aLinkOutOfTheRunIsNotFollowed() throws IOException {
    Path elsewhere = Files.createDirectory(run.resolve("elsewhere"));
    Path precious = Files.writeString(elsewhere.resolve("a.txt"), "x");
    Path inside = Files.createDirectory(run.resolve("run"));
    Files.createSymbolicLink(inside.resolve("checkpoints"), elsewhere);
    Files.writeString(
        inside.resolve("manifest.json"), "{\"schema\":1,\"files\":[\"checkpoints/a.txt\"]}");
    Manifest.read(inside, new DurableFiles()).deleteAll();
    assertThat(precious).exists();
  }
}
