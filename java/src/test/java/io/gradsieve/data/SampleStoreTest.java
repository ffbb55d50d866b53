package io.gradsieve.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.gradsieve.GradsieveException.BadData;
import org.junit.jupiter.api.Test;

class SampleStoreTest {
  @Test
  void samplesDoNotOverlapAcrossChunks() {
    int bytes = (1 << 20) + 3; // 63 would fit a chunk, 32 are put in one
    SampleStore store = new SampleStore("t", 70, bytes);
    for (int i = 0; i < 70; i++) {
      store.setByte(i, 0, (byte) i);
      store.setByte(i, bytes - 1, (byte) -i);
    }
    byte[] sample = new byte[bytes];
    for (int i = 0; i < 70; i++) {
      store.get(i, sample);
      assertThat(sample[0]).isEqualTo((byte) i);
      assertThat(sample[bytes - 1]).isEqualTo((byte) -i);
    }
    assertThat(store.chunk(69).capacity()).isEqualTo(6 * bytes);
  }

  @Test
  void sizesBeyondMemoryAreBadDataBeforeAnythingIsAllocated() {
    assertThatThrownBy(() -> new SampleStore("big.npz", Integer.MAX_VALUE / 2, 1 << 20))
        .isInstanceOf(BadData.class)
        .hasMessageStartingWith("big.npz: needs ")
        .hasMessageContaining("-Xmx");
    assertThatThrownBy(() -> new SampleStore("t", 1L << 40, 1)).isInstanceOf(BadData.class);
    assertThatThrownBy(() -> new SampleStore("t", 1, 1L << 40)).isInstanceOf(BadData.class);
  }

  @Test
  void floatsComeBack() {
    SampleStore store = new SampleStore("t", 2, 12);
    store.setFloat(1, 2, 1.25f);
    assertThat(store.getFloat(1, 2)).isEqualTo(1.25f);
    assertThat(store.getFloat(0, 2)).isZero();
  }
}
