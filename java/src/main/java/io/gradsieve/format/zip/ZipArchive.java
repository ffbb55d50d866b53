package io.gradsieve.format.zip;

import io.gradsieve.GradsieveException.BadData;
import io.gradsieve.format.ByteSource;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipException;
import java.util.zip.ZipFile;

/**
 * A zip file's entries, each read at most to its declared length and checked against its CRC-32,
 * which {@link ZipFile} does not do. Entries that overlap (the trick of zip bombs) are refused.
 * Reading is thread-safe.
 */
public final class ZipArchive implements AutoCloseable {
  private static final int MAX_ENTRIES = 1 << 25;

  private final Path file;
  private final ZipFile zip;
  private final List<ZipEntry> entries = new ArrayList<>();
  private final List<String> directories = new ArrayList<>();

  private ZipArchive(Path file, ZipFile zip) {
    this.file = file;
    this.zip = zip;
  }

  /** Opens an archive and checks its directory. */
  public static ZipArchive open(Path file) {
    ZipFile zip;
    try {
      zip = new ZipFile(file.toFile());
    } catch (IOException e) {
      throw ByteSource.unreadable(file.toString(), e);
    } catch (IllegalArgumentException e) {
      throw new BadData(
          file + ": is a damaged zip file (names that are not UTF-8), get it again", e);
    }
    ZipArchive archive = new ZipArchive(file, zip);
    try {
      archive.list();
    } catch (BadData e) {
      archive.close();
      throw e;
    }
    return archive;
  }

  private void list() {
    if (zip.size() > MAX_ENTRIES) {
      throw new BadData(
          file + ": holds " + zip.size() + " entries, at most " + MAX_ENTRIES + " are read");
    }
    long packed = 0;
    try {
      for (var all = zip.entries(); all.hasMoreElements(); ) {
        ZipEntry entry = all.nextElement();
        if (entry.isDirectory()) {
          directories.add(entry.getName());
        } else {
          entries.add(entry);
          packed += Math.max(0, entry.getCompressedSize());
        }
      }
      if (packed < 0 || packed > Files.size(file)) {
        throw new BadData(
            file + ": its entries overlap (a zip bomb or a damaged file); it is not read");
      }
    } catch (IOException e) {
      throw ByteSource.unreadable(file.toString(), e);
    } catch (RuntimeException e) {
      throw e instanceof BadData bad ? bad : damaged(e);
    }
  }

  private BadData damaged(Exception e) {
    return new BadData(
        file + ": is a damaged zip file (" + ByteSource.oneLine(e.getMessage()) + "), get it again",
        e);
  }

  /** All files inside, in the archive's order. */
  public List<ZipEntry> entries() {
    return entries;
  }

  /** The directories that have entries of their own, each with a slash at its end. */
  public List<String> directories() {
    return directories;
  }

  /** An entry's name with the archive's, for messages. */
  public String nameOf(ZipEntry entry) {
    return file + "!" + ByteSource.oneLine(entry.getName());
  }

  /** Opens an entry; its length and checksum are checked when its end is read. */
  public ByteSource open(ZipEntry entry) {
    try {
      InputStream in = zip.getInputStream(entry);
      if (in == null) {
        throw new BadData(nameOf(entry) + ": is missing from the archive, get it again");
      }
      return ByteSource.of(nameOf(entry), new Checked(in, entry), Math.max(0, entry.getSize()));
    } catch (IOException e) {
      throw ByteSource.unreadable(nameOf(entry), e);
    } catch (IllegalArgumentException | IllegalStateException e) {
      throw damaged(e);
    }
  }

  /** Reads a whole entry of at most {@code limit} bytes. */
  public byte[] read(ZipEntry entry, int limit) {
    if (entry.getSize() < 0 || entry.getSize() > limit) {
      throw new BadData(
          nameOf(entry) + ": has " + entry.getSize() + " bytes, at most " + limit + " are read");
    }
    try (InputStream in = new Checked(zip.getInputStream(entry), entry)) {
      byte[] bytes = in.readNBytes((int) entry.getSize());
      if (bytes.length < entry.getSize() || in.read() >= 0) {
        throw new ZipException("length differs from the directory's");
      }
      return bytes;
    } catch (IOException e) {
      throw ByteSource.unreadable(nameOf(entry), e);
    } catch (IllegalArgumentException | IllegalStateException e) {
      throw damaged(e);
    }
  }

  @Override
  public void close() {
    try {
      zip.close();
    } catch (IOException ignored) {
      // nothing was written
    }
  }

  /** Counts, limits and checks what passes. */
  private static final class Checked extends FilterInputStream {
    private final CRC32 crc = new CRC32();
    private final ZipEntry entry;
    private long left;

    Checked(InputStream in, ZipEntry entry) {
      super(in);
      this.entry = entry;
      this.left = entry.getSize();
    }

    @Override
    public int read() throws IOException {
      byte[] one = new byte[1];
      return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] target, int offset, int length) throws IOException {
      int n = super.read(target, offset, length);
      if (n > 0) {
        left -= n;
        crc.update(target, offset, n);
      }
      if (left < 0 || (n < 0 && left > 0)) {
        throw new ZipException("length differs from the directory's");
      }
      if (n < 0 && length > 0 && crc.getValue() != entry.getCrc()) {
        throw new ZipException("checksum differs");
      }
      return n;
    }

    @Override
    public boolean markSupported() {
      return false;
    }
  }
}
