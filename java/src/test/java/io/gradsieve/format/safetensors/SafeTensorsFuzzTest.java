package io.gradsieve.format.safetensors;

import io.gradsieve.Fuzz;
import io.gradsieve.GradsieveException.BadData;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SafeTensorsFuzzTest {
  @TempDir Path directory;

  @Test
  void aDamagedFileIsReadOrRefused() throws Exception {
    byte[] good = SafeTensorsTest.good();
    Path file = directory.resolve("t.safetensors");
    new Fuzz("t.safetensors", BadData.class)
        .run(
            3_000,
            mutations -> {
              Files.write(file, mutations.damaged(good));
              try (SafeTensors tensors = SafeTensors.open(file)) {
                for (String name : tensors.entries().keySet()) {
                  switch (tensors.entries().get(name).type()) {
                    case F32 -> tensors.floats(name);
                    case F64 -> tensors.doubles(name);
                    case I64 -> tensors.longs(name);
                  }
                }
              }
            });
  }
}
