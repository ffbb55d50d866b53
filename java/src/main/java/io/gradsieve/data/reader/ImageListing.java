package io.gradsieve.data.reader;

import io.gradsieve.GradsieveException.BadData;
import io.gradsieve.format.ByteSource;
import io.gradsieve.format.image.ImageDecoder;
import io.gradsieve.format.zip.ZipArchive;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.FileSystemException;
import java.nio.file.FileSystemLoopException;
import java.nio.file.FileVisitOption;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;

/**
 * The images of a directory or zip archive, sorted by relative path, with what was left out;
 * reading one is thread-safe.
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
  private final FolderFiles files;
  private final Reader reader;
  private final Runnable closer;

  private ImageListing(String name, FolderFiles files, Reader reader, Runnable closer) {
    this.name = name;
    this.files = files;
    this.reader = reader;
    this.closer = closer;
    files.images().sort(Comparator.comparing(Entry::path));
    if (entries().size() > MAX_IMAGES) {
      throw new BadData(
          name + ": holds " + entries().size() + " images, at most " + MAX_IMAGES + " are read");
    }
  }

  /**
   * Of a directory; links are followed. Only train and test are searched where they are or labels
   * are needed, so that a wrong path is not searched to its depths.
   */
  static ImageListing ofDirectory(Path root, boolean labelled) {
    List<Path> tops = list(root);
    Set<String> names = new TreeSet<>();
    tops.stream().filter(Files::isDirectory).forEach(d -> names.add(d.getFileName().toString()));
    FolderFiles files = new FolderFiles(labelled, names);
    for (Path top : tops) {
      String name = top.getFileName().toString();
      boolean searched = files.anywhere() || FolderFiles.isPart(name);
      walk(root, top, searched ? MAX_DEPTH : 0, files);
    }
    return new ImageListing(root.toString(), files, e -> readFile((Path) e.source()), () -> {});
  }

  private static List<Path> list(Path directory) {
    try (Stream<Path> files = Files.list(directory)) {
      return files.sorted().toList();
    } catch (IOException e) {
      throw unreadable(directory, e);
    } catch (UncheckedIOException e) {
      throw unreadable(directory, e.getCause());
    }
  }

  private static void walk(Path root, Path top, int depth, FolderFiles files) {
    try {
      Files.walkFileTree(
          top, EnumSet.of(FileVisitOption.FOLLOW_LINKS), depth, new Walk(root, depth, files));
    } catch (IOException e) {
      throw unreadable(top, e);
    }
  }

  /** Tells {@link FolderFiles} what is there. */
  private static final class Walk extends SimpleFileVisitor<Path> {
    private final Path root;
    private final int depth;
    private final FolderFiles files;

    Walk(Path root, int depth, FolderFiles files) {
      this.root = root;
      this.depth = depth;
      this.files = files;
    }

    @Override
    public FileVisitResult preVisitDirectory(Path directory, BasicFileAttributes attributes) {
      String path = root.relativize(directory).toString();
      files.addDirectory(path);
      return FolderFiles.isSilent(path) ? FileVisitResult.SKIP_SUBTREE : FileVisitResult.CONTINUE;
    }

    @Override
    public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
      String path = root.relativize(file).toString();
      if (attributes.isRegularFile()) {
        long changed = attributes.lastModifiedTime().toMillis();
        files.add(new Entry(path, attributes.size(), changed, file));
      } else if (!attributes.isDirectory()) {
        files.addBroken(path);
      } else if (depth == 0) {
        files.addDirectory(path);
      } else {
        files.addDeep(path);
      }
      return FileVisitResult.CONTINUE;
    }

    @Override
    public FileVisitResult visitFileFailed(Path file, IOException e) throws IOException {
      if (!(e instanceof FileSystemLoopException)) {
        throw e;
      }
      files.addBroken(root.relativize(file).toString());
      return FileVisitResult.CONTINUE;
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

  /** Of an archive; a single directory around all images is left out of the paths. */
  static ImageListing ofZip(Path file, boolean labelled) {
    ZipArchive zip = ZipArchive.open(file);
    List<String> images =
        zip.entries().stream()
            .map(ZipEntry::getName)
            .filter(n -> FolderFiles.isImage(n) && !FolderFiles.isSilent(n))
            .toList();
    String around = commonDirectory(images);
    Set<String> tops = new TreeSet<>();
    images.forEach(n -> tops.add(FolderFiles.top(n.substring(around.length()))));
    FolderFiles files = new FolderFiles(labelled, tops);
    for (ZipEntry entry : zip.entries()) {
      String path = within(around, entry.getName());
      files.add(new Entry(path, entry.getSize(), entry.getCrc(), entry));
    }
    for (String directory : zip.directories()) {
      String path = within(around, directory);
      if (!path.isEmpty() && !path.equals(around)) {
        files.addDirectory(path.substring(0, path.length() - 1));
      }
    }
    return new ImageListing(
        file.toString(),
        files,
        e -> zip.read((ZipEntry) e.source(), ImageDecoder.MAX_FILE_BYTES),
        zip::close);
  }

  private static String within(String directory, String path) {
    return path.startsWith(directory) ? path.substring(directory.length()) : path;
  }

  /** The one directory that is around all paths and no part, with a slash; or nothing. */
  private static String commonDirectory(List<String> paths) {
    String top = paths.isEmpty() ? "" : FolderFiles.top(paths.get(0));
    String common = top + "/";
    return !top.isEmpty()
            && !FolderFiles.isPart(top)
            && paths.stream().allMatch(p -> p.startsWith(common))
        ? common
        : "";
  }

  /** The images, sorted. */
  List<Entry> entries() {
    return files.images();
  }

  /** What was left out, a line for each kind. */
  List<String> remarks() {
    return files.remarks();
  }

  /** What is there where no images are, and what to do. */
  String instead() {
    return files.instead();
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
