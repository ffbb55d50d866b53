package io.gradsieve.train;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.gradsieve.GradsieveException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ChangedDataTest {
  @TempDir Path directory;

  @Test
  void fewerSamplesThanTheRunsBatchAreBadDataAndNotAWrongOption() throws IOException {
    Path data = directory.resolve("t.csv");
    Path out = directory.resolve("run");
    Files.writeString(data, "a,label\n1,x\n2,y\n3,x\n4,y\n");
    Trainer.of(TrainingConfig.of("data=" + data, "epochs=1", "threads=1", "out=" + out)).run();
    Files.writeString(data, "a,label\n1,x\n2,y\n");
    TrainingConfig resumed = TrainingConfig.of("out=" + out, "resume=true");
    assertThatThrownBy(() -> Trainer.of(resumed).run())
        .isInstanceOf(GradsieveException.BadData.class)
        .hasMessageContaining("t.csv: has 2 training samples")
        .hasMessageContaining("the data changed");
  }
}
