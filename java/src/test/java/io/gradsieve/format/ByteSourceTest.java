package io.gradsieve.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.gradsieve.GradsieveException.BadData;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.zip.GZIPInputStream;
import java.util.zip.GZIPOutputStream;
import java.util.zip.ZipException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ByteSourceTest {
  private static final byte[] CONTENT = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10};

  private static byte[] gzip(byte[] content) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (GZIPOutputStream gzip = new GZIPOutputStream(out)) {
      gzip.write(content);
    }
    return out.toByteArray();
  }

  private static ByteSource source(byte[] file) {
    return ByteSource.of("f", new ByteArrayInputStream(file), file.length);
  }

  @Test
  void gzipIsKnownByItsFirstBytes() throws IOException {
    for (byte[] file : new byte[][] {CONTENT, gzip(CONTENT)}) {
      byte[] found = new byte[10];
      ByteSource source = source(file);
      assertThat(source.readByte()).isEqualTo(1);
      source.read(found, 1, 9);
      source.expectEnd();
      assertThat(found).startsWith(0, 2, 3).endsWith(10);
      assertThat(source.position()).isEqualTo(10);
      assertThat(source.mostBytes()).isGreaterThanOrEqualTo(10);
    }
  }

  @Test
  void whatIsMissingLeftOverOrDamagedIsOneLine() throws IOException {
    byte[] packed = gzip(CONTENT);
    byte[] flipped = packed.clone();
    flipped[packed.length - 6] ^= 1; // in the checksum
    for (byte[] file :
        new byte[][] {
          Arrays.copyOf(CONTENT, 9),
          Arrays.copyOf(CONTENT, 11),
          {},
          Arrays.copyOf(packed, packed.length - 9),
          Arrays.copyOf(packed, 5),
          flipped
        }) {
      assertThatThrownBy(
              () -> {
                ByteSource source = source(file);
                source.read(new byte[10], 0, 10);
                source.expectEnd();
              })
          .isInstanceOf(BadData.class)
          .hasMessageStartingWith("f: ");
    }
  }

  @Test
  void filesThatAreNotThereOrDirectoriesAreBadData(@TempDir Path temp) {
    assertThatThrownBy(() -> ByteSource.open(temp))
        .isInstanceOf(BadData.class)
        .hasMessageContaining("directory");
    assertThatThrownBy(() -> ByteSource.open(temp.resolve("x")))
        .isInstanceOf(BadData.class)
        .hasMessageContaining("does not exist");
  }

  @Test
  void contentThatGrowsBeyondMeasureIsStopped() throws IOException {
    byte[] packed = gzip(new byte[100_000]);
    assertThat(packed.length).isLessThan(400);
    BoundedGunzip bomb =
        new BoundedGunzip(
            new GZIPInputStream(new ByteArrayInputStream(packed)), packed.length, 1_000);
    assertThatThrownBy(bomb::readAllBytes)
        .isInstanceOf(ZipException.class)
        .hasMessageContaining("zip bomb");
    BoundedGunzip fine =
        new BoundedGunzip(
            new GZIPInputStream(new ByteArrayInputStream(packed)), packed.length, 100_000);
    assertThat(fine.readAllBytes()).hasSize(100_000);
  }
}
