package io.gradsieve.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.gradsieve.format.Checksum;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** No command writes over what it reads, however either is spelled. */
class ProtectedInputsTest {
  @TempDir static Path directory;

  private static ProgramRun runLine(String line) {
    return ProgramRun.of(line.replace("@", directory.toString()).split(" "));
  }

  @BeforeAll
  static void aRunAndItsData() throws IOException {
    StringBuilder rows = new StringBuilder("a,label\n");
    for (int i = 0; i < 30; i++) {
      rows.append(i).append(i < 15 ? ",low\n" : ",high\n");
    }
    Path data = Files.writeString(directory.resolve("t.csv"), rows);
    Files.createLink(directory.resolve("hard.csv"), data);
    Files.createSymbolicLink(directory.resolve("soft.csv"), data);
    Files.createSymbolicLink(directory.resolve("here"), directory);
    Files.writeString(directory.resolve("c.json"), "threads: 1\n");
    assertThat(
            runLine(
                    "train --data @/t.csv --validation 0 --epochs 1 --threads 1 --quiet --out @/run")
                .exitCode())
        .isZero();
    // a model that no manifest lists
    Path copied = Files.createDirectory(directory.resolve("copied"));
    Files.copy(directory.resolve("run/model.yaml"), copied.resolve("model.yaml"));
    Files.copy(directory.resolve("run/model.safetensors"), copied.resolve("model.safetensors"));
    // a data directory, and a file elsewhere that is in it by a link
    Path folder = Files.createDirectories(directory.resolve("folder/train/a"));
    Files.writeString(folder.resolve("inside.csv"), "x\n");
    Files.writeString(directory.resolve("shared.csv"), "x\n");
    Files.createSymbolicLink(folder.resolve("1.png"), directory.resolve("shared.csv"));
  }

  private static Map<String, String> files() throws IOException {
    Map<String, String> sums = new TreeMap<>();
    try (Stream<Path> paths = Files.walk(directory)) {
      for (Path file : (Iterable<Path>) paths.filter(Files::isRegularFile)::iterator) {
        sums.put(file.toString(), Checksum.of(Files.readAllBytes(file)));
      }
    } catch (UncheckedIOException e) {
      throw e.getCause();
    }
    return sums;
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "score --model @/run --data @/t.csv --out @/t.csv",
        "score --model @/run --out @/t.csv",
        "score --model @/run --out @/run/scores.csv",
        "score --model @/run/checkpoints/epoch-0001 --out @/run/scores.csv",
        "score --data @/t.csv --folds 2 --epochs 1 --out @/hard.csv",
        "score --data @/t.csv --runs 1 --epochs 1 --out @/soft.csv",
        "predict --model @/run --data @/t.csv --out @/run/../t.csv",
        "predict --model @/run --data @/t.csv --out @/hard.csv",
        "predict --model @/run --data @/hard.csv --out @/soft.csv",
        "predict --model @/run --data @/soft.csv --out @/here/t.csv",
        "predict --model @/run --out @/t.csv",
        "predict --set data=@/t.csv --set out=@/hard.csv --model @/run",
        "predict --model @/run --data @/folder --out @/folder/train/a/inside.csv",
        "predict --model @/run --data @/folder --out @/shared.csv",
        "eval --model @/run --config @/c.json --out @/c.json",
        "export --model @/run --out @/run/model.yaml",
        "export --model @/run --out @/run/model.safetensors",
        "export --model @/run/model.yaml --weights @/run --out @/here/run/config.yaml",
        "export --weights @/run/model.safetensors --out @/run/model.yaml",
        "export --weights @/run/checkpoints/epoch-0001 --out @/run/manifest.json",
        "export --model @/copied --out @/copied/model.yaml",
        "export --weights @/copied --out @/copied/model.safetensors",
        "export --weights @/copied/model.safetensors --out @/copied/model.yaml",
        "prune --scores @/run/scores.csv --keep 0.5 --out @/run/scores.csv",
        "prune --scores @/run/scores.csv --keep 0.5 --data @/t.csv --out @/t.csv",
        "prune --scores @/run/scores.csv --keep 0.5 --data @/t.csv --out @/hard.csv",
        "prune --scores @/t.csv --keep 0.5 --out @/hard.csv",
        "prune --filter @/t.csv --data @/run/scores.csv --keep 0.5 --out @/hard.csv",
        "landscape @/run --out @/run",
        "landscape @/run --out @/here/run",
        "landscape @/run/checkpoints/epoch-0001 --out @/run",
        "train --data @/folder --out @/folder --overwrite",
        "train --data @/t.csv --out @/hard.csv",
        "train --data @/run/scores.csv --out @/run --overwrite",
        "train --data @/t.csv --weights @/run --out @/run --overwrite",
        "train --data @/t.csv --weights @/run/model.safetensors --out @/run --overwrite",
        "train --data @/t.csv --model @/run/model.yaml --out @/here/run --overwrite",
        "train --config @/run/config.yaml --out @/run --overwrite",
        "doctor --data @/folder --unpack @/folder"
      })
  void anOutputThatIsAnInputIsRefusedAndNothingIsTouched(String line) throws IOException {
    Map<String, String> before = files();
    ProgramRun run = runLine(line);
    assertThat(run.exitCode()).describedAs(run.err()).isEqualTo(2);
    assertThat(run.err().lines()).hasSize(1);
    assertThat(run.err()).contains("would write over what").doesNotContain("nothing");
    assertThat(files()).isEqualTo(before);
  }

  @Test
  void anOutputThatIsNoInputIsReplacedAsBefore() throws IOException {
    String predict = "predict --model @/run --data @/t.csv --quiet --out @/p.csv";
    assertThat(runLine(predict).exitCode()).isZero();
    Files.writeString(directory.resolve("p.csv"), "old\n");
    assertThat(runLine(predict).exitCode()).isZero();
    assertThat(directory.resolve("p.csv")).content().startsWith("id,index,predicted");
    for (int i = 0; i < 2; i++) {
      // beside the run's own files, none of which it is
      assertThat(runLine("eval --model @/run --out @/run/eval.json").exitCode()).isZero();
      assertThat(runLine("landscape @/run --grid 3 --threads 1 --quiet --out @/run/map").exitCode())
          .isZero();
    }
  }

  @Test
  void aRunGoesOnInTheFilesThatItReads() {
    assertThat(runLine("train --resume --out @/run --config @/run/config.yaml --quiet").exitCode())
        .isZero();
  }

  @Test
  void aFileBesideTheOutputKeepsItsContent() throws IOException {
    Path partial = Files.writeString(directory.resolve("kept.txt.partial"), "mine\n");
    Path part = Files.writeString(directory.resolve("kept.csv.part"), "mine\n");
    String prune = "prune --scores @/run/scores.csv --by loss --keep 0.5 --data @/t.csv --out @/";
    assertThat(runLine(prune + "kept.txt").exitCode()).isZero();
    assertThat(runLine(prune + "kept.csv").exitCode()).isZero();
    assertThat(partial).hasContent("mine\n");
    assertThat(part).hasContent("mine\n");
    assertThat(directory.resolve("kept.csv")).content().hasLineCount(16);
  }
}
