package io.gradsieve.dist.ring;

import io.gradsieve.dist.Collective;
import io.gradsieve.dist.CollectiveContract;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.io.TempDir;

class UnixRingTest extends CollectiveContract {
  @TempDir Path directory;

  @Override
  protected List<? extends Collective> connect(int world, Duration patience) throws IOException {
    return Rings.unix(world, patience, directory);
  }
}
