package io.gradsieve.dist.memory;

import static org.assertj.core.api.Assertions.assertThat;

import io.gradsieve.dist.Collective;
import io.gradsieve.dist.CollectiveContract;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Of gradients that lie where nobody else sees them. */
class CopiedMemoryTest extends CollectiveContract {
  @Override
  protected List<? extends Collective> connect(int world, Duration patience) throws Exception {
    return HostMemories.open(Stream.generate(SharedRegions::new).limit(world).toList(), patience);
  }

  @Test
  void itCopiesThem() throws Exception {
    open(2, PATIENCE);
    List<Long> copied =
        all(
            worker -> {
              worker.allReduce(List.of(ByteBuffer.allocateDirect(400)));
              return ((HostMemory) worker).copied();
            });
    assertThat(copied).containsExactly(400L, 400L);
  }
}
