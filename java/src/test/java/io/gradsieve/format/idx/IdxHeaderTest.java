package io.gradsieve.format.idx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.gradsieve.GradsieveException.BadData;
import io.gradsieve.format.ByteSource;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.zip.GZIPOutputStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

class IdxHeaderTest {
  private static byte[] idx(int type, int... sizes) {
    ByteBuffer header = ByteBuffer.allocate(4 + 4 * sizes.length);
    header.put((byte) 0).put((byte) 0).put((byte) type).put((byte) sizes.length);
    for (int size : sizes) {
      header.putInt(size);
    }
    return header.array();
  }

  private static ByteSource source(byte[] file, int data) {
    byte[] all = java.util.Arrays.copyOf(file, file.length + data);
    return ByteSource.of("f", new ByteArrayInputStream(all), all.length);
  }

  @Property
  void aHeaderWrittenIsTheHeaderRead(
      @ForAll @Size(min = 1, max = 4) List<@IntRange(max = 12) Integer> shape) {
    int[] sizes = shape.stream().mapToInt(i -> i).toArray();
    long count = shape.stream().mapToLong(i -> i).reduce(1, (a, b) -> a * b);
    IdxHeader header = IdxHeader.read(source(idx(8, sizes), (int) count), sizes.length);
    assertThat(header.sizes()).isEqualTo(sizes);
    assertThat(header.count()).isEqualTo(count);
  }

  @Test
  void wrongMagicTypeDimensionsAndSizesAreBadDataThatNamesTheFile() {
    byte[] good = idx(8, 2, 3, 3);
    byte[] magic = good.clone();
    magic[0] = 1;
    for (byte[] bad :
        List.of(
            magic,
            idx(13, 2, 3, 3),
            idx(8, 18),
            idx(8, -1, 3, 3),
            idx(8, 2, 3, 4),
            idx(8, Integer.MAX_VALUE, Integer.MAX_VALUE, Integer.MAX_VALUE),
            new byte[0],
            new byte[] {0, 0, 8})) {
      assertThatThrownBy(() -> IdxHeader.read(source(bad, bad == good ? 0 : 18), 3))
          .isInstanceOf(BadData.class)
          .hasMessageStartingWith("f: ");
    }
    assertThat(IdxHeader.read(source(good, 18), 3).count()).isEqualTo(18);
  }

  @Test
  void aGzipFileCannotDeclareMoreThanDeflateCanHold() throws IOException {
    ByteArrayOutputStream packed = new ByteArrayOutputStream();
    try (GZIPOutputStream gzip = new GZIPOutputStream(packed)) {
      gzip.write(idx(8, 2_000_000_000, 1, 1));
    }
    byte[] file = packed.toByteArray();
    ByteSource source = ByteSource.of("f", new ByteArrayInputStream(file), file.length);
    assertThatThrownBy(() -> IdxHeader.read(source, 3))
        .isInstanceOf(BadData.class)
        .hasMessageContaining("declares");
  }
}
