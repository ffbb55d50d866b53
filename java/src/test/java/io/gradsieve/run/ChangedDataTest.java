package io.gradsieve.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.gradsieve.GradsieveException;
import io.gradsieve.config.TrainingConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ChangedDataTest {
  @TempDir Path directory;

  @Test
  void fewerSamplesThanTheRunsBatchAreBadDataAndNotAWrongOption() throws IOException {
    Path data = directory.resolve("t.csv");
    Path out = directory.resolve("run");
    Files.writeString(data, "a,label\n1,x\n2,y\n3,x\n4,y\n");
    TrainingRun.of(TrainingConfig.of("data=" + data, "epochs=1", "threads=1", "out=" + out)).run();
    Files.writeString(data, "a,label\n1,x\n2,y\n");
    TrainingConfig resumed = TrainingConfig.of("out=" + out, "resume=true");
    assertThatThrownBy(() -> TrainingRun.of(resumed).run())
        .isInstanceOf(GradsieveException.BadData.class)
        .hasMessageContaining("t.csv: has 2 training samples")
        .hasMessageContaining("the data changed");
  }

  @Test
  void aRunDoesNotGoOnWithDataThatWasSortedRelabelledWeightedOrNamedAnew() throws IOException {
    List<String> rows = new ArrayList<>();
    for (int i = 0; i < 24; i++) {
      rows.add("r%d,%d,%d.5,%d,%s".formatted(i, i % 7, i % 5, 1 + i % 2, i % 7 < 3 ? "x" : "y"));
    }
    Path data = directory.resolve("t.csv");
    Path out = directory.resolve("run");
    write(data, rows);
    String[] options = {
      "data=" + data, "id=id", "weight=w", "validation=0", "epochs=2", "batch-size=8", "out=" + out
    };
    Runs.stopped(TrainingConfig.of(options), 4);
    TrainingConfig resumed = TrainingConfig.of("out=" + out, "resume=true");
    List<String> sorted = new ArrayList<>(rows);
    Collections.sort(sorted);
    Map<String, List<String>> changed = new LinkedHashMap<>();
    changed.put("sorted", sorted);
    changed.put("relabelled", replaced(rows, "r5,5,0.5,2,y", "r5,5,0.5,2,x"));
    changed.put("another weight", replaced(rows, "r5,5,0.5,2,y", "r5,5,0.5,3,y"));
    changed.put("another id", replaced(rows, "r5,5,0.5,2,y", "s5,5,0.5,2,y"));
    changed.put("another cell", replaced(rows, "r5,5,0.5,2,y", "r5,5,0.25,2,y"));
    changed.put("a row less", rows.subList(0, 23));
    for (Map.Entry<String, List<String>> change : changed.entrySet()) {
      write(data, change.getValue());
      assertThatThrownBy(() -> TrainingRun.of(resumed).run())
          .as(change.getKey())
          .isInstanceOf(GradsieveException.BadData.class)
          .hasMessageContaining("made on other data");
    }
    write(data, rows);
    assertThat(TrainingRun.of(resumed).run().signal()).isZero();
  }

  private static void write(Path data, List<String> rows) throws IOException {
    Files.writeString(data, "id,a,b,w,label\n" + String.join("\n", rows) + "\n");
  }

  private static List<String> replaced(List<String> rows, String row, String other) {
    assertThat(rows).contains(row);
    return rows.stream().map(r -> r.equals(row) ? other : r).toList();
  }
}
