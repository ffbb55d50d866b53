package io.gradsieve.natives;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.CRC32C;

/**
 * Native libraries that travel in a jar and are unpacked once per content into {@code
 * <directory>/<SHA-256>/}.
 *
 * <p>Which jar is not asked: with Maven that of the classifier {@code linux-x86_64}, or {@code
 * linux-x86_64-gpu} for CUDA's, else engine.jar. So the class loader finds them, not the class,
 * which in a named module sees its own jar only.
 *
 * <p>Beside the files in the jar lies {@code index}, written by the build: the SHA-256 of the
 * bundle on the first line, then a line {@code SIZE CRC32C NAME} for each file. Nothing is hashed
 * at start: the digest only names the directory. An unpacked bundle is used if every file has its
 * size and CRC32C (5 ms for 40 MB), so that one that was truncated or damaged is replaced instead
 * of crashing the process. It is written beside and renamed: processes that start at once each
 * write their own and the first to rename wins.
 */
final class Bundle {
  /** Directories of writers that were killed are swept after this time, in milliseconds. */
  private static final long LEFTOVER_AGE = 3_600_000;

  private static final String LEFTOVER = ".unpacking-";
  private static final String PLACE = "io/gradsieve/natives/linux-x86_64/";
  private static final int ATTEMPTS = 3;

  private record Entry(String name, long size, int checksum) {}

  private final String resources;
  private final String digest;
  private final List<Entry> entries;

  private Bundle(String resources, String digest, List<Entry> entries) {
    this.resources = resources;
    this.digest = digest;
    this.entries = entries;
  }

  /**
   * Whether a jar has a bundle of this name: one of optional parts, which the build or the program
   * may lack.
   */
  static boolean exists(String name) {
    return Bundle.class.getClassLoader().getResource(PLACE + name + "/index") != null;
  }

  /**
   * The bundle of this name; throws if no jar has it, which is the fault of who put the jars
   * together, not the machine's.
   */
  static Bundle of(String name) {
    String resources = PLACE + name + "/";
    try (BufferedReader index =
        new BufferedReader(
            new InputStreamReader(resource(resources + "index"), StandardCharsets.UTF_8))) {
      String digest = index.readLine();
      List<Entry> entries = new ArrayList<>();
      for (String line = index.readLine(); line != null; line = index.readLine()) {
        int first = line.indexOf(' ');
        int second = line.indexOf(' ', first + 1);
        entries.add(
            new Entry(
                line.substring(second + 1),
                Long.parseLong(line.substring(0, first)),
                Integer.parseUnsignedInt(line.substring(first + 1, second), 16)));
      }
      return new Bundle(resources, digest, entries);
    } catch (IOException e) {
      throw new IllegalStateException(
          "%sindex cannot be read: the jar io.gradsieve:gradsieve-native:linux-x86_64 must be there too"
              .formatted(resources),
          e);
    }
  }

  /**
   * The directory with the bundle's files under {@code base}, unpacked if it is not there or
   * damaged.
   */
  Path unpack(Path base) throws IOException {
    Path target = base.resolve(digest);
    if (intact(target)) {
      return target;
    }
    sweep(base);
    Path fresh = Files.createTempDirectory(base, LEFTOVER);
    try {
      for (Entry entry : entries) {
        write(entry, fresh.resolve(entry.name));
      }
      for (int attempt = 1; ; attempt++) {
        try {
          Files.move(fresh, target, StandardCopyOption.ATOMIC_MOVE);
          return target;
        } catch (FileSystemException e) {
          if (intact(target)) {
            return target; // another process was faster
          }
          if (attempt == ATTEMPTS) {
            throw e;
          }
          moveAside(base, target);
        }
      }
    } finally {
      delete(fresh);
    }
  }

  /** Whether every file is there with its size and checksum. */
  private boolean intact(Path directory) {
    for (Entry entry : entries) {
      try (FileChannel file =
          FileChannel.open(directory.resolve(entry.name), StandardOpenOption.READ)) {
        if (file.size() != entry.size) {
          return false;
        }
        CRC32C checksum = new CRC32C();
        checksum.update(file.map(FileChannel.MapMode.READ_ONLY, 0, entry.size));
        if ((int) checksum.getValue() != entry.checksum) {
          return false;
        }
      } catch (IOException e) {
        return false;
      }
    }
    return true;
  }

  private void write(Entry entry, Path file) throws IOException {
    CRC32C checksum = new CRC32C();
    byte[] buffer = new byte[1 << 16];
    try (InputStream in = resource(resources + entry.name);
        OutputStream out = Files.newOutputStream(file, StandardOpenOption.CREATE_NEW)) {
      for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
        out.write(buffer, 0, n);
        checksum.update(buffer, 0, n);
      }
    }
    if ((int) checksum.getValue() != entry.checksum) {
      throw new IOException(entry.name + " is damaged in the jar: fetch or build it again");
    }
  }

  /** A file of a bundle. */
  static InputStream file(String bundle, String name) throws IOException {
    return resource(PLACE + bundle + "/" + name);
  }

  private static InputStream resource(String name) throws IOException {
    InputStream stream = Bundle.class.getClassLoader().getResourceAsStream(name);
    if (stream == null) {
      throw new NoSuchFileException(name);
    }
    return stream;
  }

  /** A damaged directory makes room; processes that have loaded from it keep their mapped files. */
  private static void moveAside(Path base, Path target) throws IOException {
    Path aside = Files.createTempDirectory(base, LEFTOVER);
    try {
      Files.move(target, aside.resolve("damaged"), StandardCopyOption.ATOMIC_MOVE);
    } catch (NoSuchFileException e) {
      return; // another process did it
    } finally {
      delete(aside);
    }
  }

  /**
   * Removes what killed processes left half written; others may be writing or sweeping meanwhile.
   */
  private static void sweep(Path base) {
    long before = System.currentTimeMillis() - LEFTOVER_AGE;
    try (DirectoryStream<Path> leftovers = Files.newDirectoryStream(base, LEFTOVER + "*")) {
      for (Path leftover : leftovers) {
        if (leftover.toFile().lastModified() < before) {
          delete(leftover);
        }
      }
    } catch (IOException | DirectoryIteratorException e) {
      // Only tidiness is lost; writing to the directory says what is wrong with it.
    }
  }

  /** Deletes a directory of ours and all in it, as far as that goes. */
  private static void delete(Path path) {
    try {
      if (Files.isDirectory(path)) {
        try (DirectoryStream<Path> children = Files.newDirectoryStream(path)) {
          for (Path child : children) {
            delete(child);
          }
        }
      }
      Files.deleteIfExists(path);
    } catch (IOException | DirectoryIteratorException e) {
      // What can't be deleted now is swept by a later start.
    }
  }
}
