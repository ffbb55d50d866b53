package io.gradsieve.format.zip;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.gradsieve.GradsieveException.BadData;
import io.gradsieve.format.ByteSource;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ZipArchiveTest {
  private static final byte[] CONTENT =
      "the content of an entry, the content of an entry".getBytes();
  @TempDir Path temp;

  private byte[] zip(boolean stored) throws Exception {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (ZipOutputStream out = new ZipOutputStream(bytes)) {
      for (String name : new String[] {"a", "b"}) {
        ZipEntry entry = new ZipEntry(name);
        if (stored) {
          CRC32 crc = new CRC32();
          crc.update(CONTENT);
          entry.setMethod(ZipEntry.STORED);
          entry.setSize(CONTENT.length);
          entry.setCrc(crc.getValue());
        }
        out.putNextEntry(entry);
        out.write(CONTENT);
      }
    }
    return bytes.toByteArray();
  }

  private ZipArchive open(byte[] bytes) throws Exception {
    Path file = Files.createTempFile(temp, "t", ".zip");
    Files.write(file, bytes);
    return ZipArchive.open(file);
  }

  @Test
  void entriesAreReadWhole() throws Exception {
    for (boolean stored : new boolean[] {false, true}) {
      try (ZipArchive archive = open(zip(stored))) {
        assertThat(archive.entries()).hasSize(2);
        assertThat(archive.read(archive.entries().get(1), 1000)).isEqualTo(CONTENT);
        try (ByteSource source = archive.open(archive.entries().get(0))) {
          byte[] content = new byte[CONTENT.length];
          source.read(content, 0, content.length);
          source.expectEnd();
          assertThat(content).isEqualTo(CONTENT);
        }
      }
    }
  }

  @Test
  void aFlippedBitInAStoredEntryIsFoundByItsChecksum() throws Exception {
    byte[] bytes = zip(true);
    bytes[35] ^= 1; // in the first entry's content, which begins at 31
    try (ZipArchive archive = open(bytes)) {
      assertThatThrownBy(() -> archive.read(archive.entries().get(0), 1000))
          .isInstanceOf(BadData.class)
          .hasMessageContaining("!a: ")
          .hasMessageContaining("checksum");
      assertThat(archive.read(archive.entries().get(1), 1000)).isEqualTo(CONTENT);
    }
  }

  @Test
  void entriesOverTheLimitAreRefusedUnread() throws Exception {
    try (ZipArchive archive = open(zip(false))) {
      assertThatThrownBy(() -> archive.read(archive.entries().get(0), 10))
          .isInstanceOf(BadData.class);
    }
  }

  @Test
  void entriesThatShareTheirBytesAreRefusedAsABomb() throws Exception {
    byte[] bytes = zip(true);
    ByteBuffer file = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    for (int i = 0; i < bytes.length - 4; i++) {
      if (file.getInt(i) == 0x02014b50) { // directory record: compressed and real size
        file.putInt(i + 20, bytes.length - 60);
        file.putInt(i + 24, bytes.length - 60);
      }
    }
    assertThatThrownBy(() -> open(bytes))
        .isInstanceOf(BadData.class)
        .hasMessageContaining("overlap");
  }

  @Test
  void whatIsNoZipFileIsBadData() {
    for (byte[] bytes : new byte[][] {{}, {'P', 'K', 3, 4}, new byte[1000]}) {
      assertThatThrownBy(() -> open(bytes)).isInstanceOf(BadData.class);
    }
  }
}
