package io.gradsieve.filter;

import io.gradsieve.Fuzz;
import io.gradsieve.GradsieveException.BadData;
import io.gradsieve.backend.Backend;
import io.gradsieve.backend.Backends;
import io.gradsieve.backend.DeviceName;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LearnedFilterFuzzTest {
  @TempDir Path directory;

  @Test
  void aDamagedFileIsReadOrRefused() throws Exception {
    Path file = directory.resolve("filter.safetensors");
    try (Backend backend = Backends.open(DeviceName.CPU, 1);
        LearnedFilter filter =
            LearnedFilterTest.learned(backend, FilterTrainingTest.features(300), 300)) {
      byte[] good = LearnedFilterTest.bytes(filter);
      new Fuzz("filter.safetensors", BadData.class)
          .run(
              500,
              mutations -> {
                Files.write(file, mutations.damaged(good));
                LearnedFilter.read(file, backend).close();
              });
    }
  }
}
