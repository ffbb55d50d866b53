package io.gradsieve.dist.ring;

import io.gradsieve.dist.Collective;
import io.gradsieve.dist.CollectiveContract;
import java.io.IOException;
import java.time.Duration;
import java.util.List;

class RingTest extends CollectiveContract {
  @Override
  protected List<? extends Collective> connect(int world, Duration patience) throws IOException {
    return Rings.tcp(world, patience);
  }
}
