package io.gradsieve.data.reader;

import io.gradsieve.GradsieveException.BadData;
import io.gradsieve.format.ByteSource;
import io.gradsieve.format.FileNames;
import io.gradsieve.format.image.ImageDecoder;
import io.gradsieve.format.zip.ZipArchive;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.FileSystemException;
import java.nio.file.FileVisitOption;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;

/**
 * The images of a directory or zip archive, sorted by relative path; reading one is thread-safe.
 */
final class ImageListing implements AutoCloseable {
  /** Deepest directory followed below the given one. */
  private static final int MAX_DEPTH = 16;

  /** Images in one listing; each costs some hundred bytes of names. */
  private static final int MAX_IMAGES = 1 << 25;

  /**
   * One image.
   *
   * @param path relative, with slashes
   * @param bytes encoded
   * @param stamp CRC-32 in an archive, time of change in a directory: with the size, what tells
   *     that it changed
   */
  record Entry(String path, long bytes, long stamp, Object source) {}

  private interface Reader {
    byte[] read(Entry entry);
  }

  private final String name;
  private final List<Entry> entries;
  private final Reader reader;
  private final Runnable closer;

  private ImageListing(String name, List<Entry> entries, Reader reader, Runnable closer) {
    this.name = name;
    this.entries = entries;
    this.reader = reader;
    this.closer = closer;
    entries.sort(Comparator.comparing(Entry::path));
    if (entries.size() > MAX_IMAGES) {
      throw new BadData(
          name + ": holds " + entries.size() + " images, at most " + MAX_IMAGES + " are read");
    }
  }

  /** Of some directories in {@code root}; links are followed. */
  static ImageListing ofDirectory(Path root, List<Path> directories) {
    List<Entry> entries = new ArrayList<>();
    directories.forEach(d -> addImages(root, d, entries));
    return new ImageListing(root.toString(), entries, e -> readFile((Path) e.source()), () -> {});
  }

  private static void addImages(Path root, Path directory, List<Entry> entries) {
    try (Stream<Path> files = Files.walk(directory, MAX_DEPTH, FileVisitOption.FOLLOW_LINKS)) {
      for (Path file : (Iterable<Path>) files::iterator) {
        String path = root.relativize(file).toString();
        if (isImage(path) && Files.isRegularFile(file)) {
          long changed = Files.getLastModifiedTime(file).toMillis();
          entries.add(new Entry(FileNames.below(root, file), Files.size(file), changed, file));
        }
      }
    } catch (IOException e) {
      throw unreadable(directory, e);
    } catch (UncheckedIOException e) {
      throw unreadable(directory, e.getCause());
    }
  }

  /** Names the very directory below that cannot be read, where the system says which. */
  private static BadData unreadable(Path directory, IOException e) {
    boolean known = e instanceof FileSystemException f && f.getFile() != null;
    String place = known ? ((FileSystemException) e).getFile() : directory.toString();
    return ByteSource.unreadable(place, e);
  }

  private static byte[] readFile(Path file) {
    try (InputStream in = Files.newInputStream(file)) {
      byte[] bytes = in.readNBytes(ImageDecoder.MAX_FILE_BYTES + 1);
      if (bytes.length > ImageDecoder.MAX_FILE_BYTES) {
        throw new BadData(
            file + ": has over " + ImageDecoder.MAX_FILE_BYTES + " bytes, too many for an image");
      }
      return bytes;
    } catch (IOException e) {
      throw ByteSource.unreadable(file.toString(), e);
    }
  }

  /** Of an archive; a single directory around everything is left out of the paths. */
  static ImageListing ofZip(Path file) {
    ZipArchive zip = ZipArchive.open(file);
    List<Entry> entries = new ArrayList<>();
    for (ZipEntry entry : zip.entries()) {
      if (isImage(entry.getName())) {
        entries.add(new Entry(entry.getName(), entry.getSize(), entry.getCrc(), entry));
      }
    }
    return new ImageListing(
        file.toString(),
        withoutCommonDirectory(entries),
        e -> zip.read((ZipEntry) e.source(), ImageDecoder.MAX_FILE_BYTES),
        zip::close);
  }

  private static List<Entry> withoutCommonDirectory(List<Entry> entries) {
    if (entries.isEmpty()) {
      return entries;
    }
    String first = entries.get(0).path();
    String top = first.substring(0, first.indexOf('/') + 1);
    boolean common = !top.isEmpty() && !top.equals("train/") && !top.equals("test/");
    if (!common || !entries.stream().allMatch(e -> e.path().startsWith(top))) {
      return entries;
    }
    List<Entry> inner = new ArrayList<>();
    for (Entry e : entries) {
      inner.add(new Entry(e.path().substring(top.length()), e.bytes(), e.stamp(), e.source()));
    }
    return inner;
  }

  private static boolean isImage(String path) {
    String lower = path.toLowerCase(java.util.Locale.ROOT);
    boolean hidden = path.startsWith(".") || path.contains("/.") || path.startsWith("__MACOSX/");
    return !hidden && (lower.endsWith(".png") || lower.endsWith(".jpg") || lower.endsWith(".jpeg"));
  }

  List<Entry> entries() {
    return entries;
  }

  /** The directory or archive. */
  String name() {
    return name;
  }

  /** An entry's name for messages. */
  String nameOf(Entry entry) {
    return name
        + (entry.source() instanceof ZipEntry ? "!" : "/")
        + ByteSource.oneLine(entry.path());
  }

  /** An entry's encoded bytes. */
  byte[] read(Entry entry) {
    return reader.read(entry);
  }

  @Override
  public void close() {
    closer.run();
  }
}
