package io.gradsieve.natives;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BundleTest {
  private static final String LIBRARY = "libgradsieve.so";

  @TempDir Path base;

  private final Bundle bundle = Bundle.of("gradsieve");

  @Test
  void aBundleIsUnpackedOncePerContent() throws IOException {
    Path directory = bundle.unpack(base);
    FileTime written = Files.getLastModifiedTime(directory.resolve(LIBRARY));
    assertThat(directory.getFileName().toString()).matches("[0-9a-f]{64}");
    assertThat(bundle.unpack(base)).isEqualTo(directory);
    assertThat(Files.getLastModifiedTime(directory.resolve(LIBRARY))).isEqualTo(written);
    assertThat(children()).containsExactly(directory);
  }

  @Test
  void aTruncatedLibraryIsReplaced() throws IOException {
    Path library = bundle.unpack(base).resolve(LIBRARY);
    byte[] good = Files.readAllBytes(library);
    Files.write(library, new byte[] {1, 2, 3});
    assertThat(bundle.unpack(base).resolve(LIBRARY)).hasBinaryContent(good);
    assertThat(children()).hasSize(1);
  }

  @Test
  void aLibraryWithOneFlippedBitIsReplaced() throws IOException {
    Path library = bundle.unpack(base).resolve(LIBRARY);
    byte[] good = Files.readAllBytes(library);
    byte[] bad = good.clone();
    bad[good.length / 2] ^= 1;
    Files.write(library, bad);
    assertThat(bundle.unpack(base).resolve(LIBRARY)).hasBinaryContent(good);
  }

  @Test
  void aMissingFileIsReplaced() throws IOException {
    Path library = bundle.unpack(base).resolve(LIBRARY);
    Files.delete(library);
    assertThat(bundle.unpack(base).resolve(LIBRARY)).exists();
  }

  @Test
  void whatAKilledProcessLeftIsSweptAfterAnHour() throws IOException {
    Path old = Files.createDirectory(base.resolve(".unpacking-1"));
    Files.write(old.resolve(LIBRARY), new byte[10]);
    Files.setLastModifiedTime(old, FileTime.fromMillis(System.currentTimeMillis() - 2 * 3_600_000));
    Path young = Files.createDirectory(base.resolve(".unpacking-2"));
    Path directory = bundle.unpack(base);
    assertThat(children()).containsExactlyInAnyOrder(directory, young);
  }

  @Test
  void aJarWithoutTheBundleIsAFaultOfOurs() {
    assertThatThrownBy(() -> Bundle.of("cuda"))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("cuda");
  }

  private List<Path> children() throws IOException {
    try (Stream<Path> list = Files.list(base)) {
      return list.toList();
    }
  }
}
