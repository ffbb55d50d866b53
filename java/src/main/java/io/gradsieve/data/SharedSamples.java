package io.gradsieve.data;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.Set;

/**
 * Lets processes of one user and machine that have read the same data hold one copy of the samples:
 * the first writes them to a file, all map it and give up their own. The file is needed only until
 * all have mapped it. Where anything is in the way, a process keeps its own copy.
 */
public final class SharedSamples implements AutoCloseable {
  /** Of a process that keeps its own copy. */
  public static final SharedSamples NONE = new SharedSamples(Path.of(""), false);

  private static final String PARTIAL = ".partial";
  private static final long LOOK_MILLIS = 10;
  private static final FileAttribute<Set<PosixFilePermission>> OWN =
      PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"));

  private final Path file;
  private final boolean made;

  private SharedSamples(Path file, boolean made) {
    this.file = file;
    this.made = made;
  }

  /**
   * Shares the samples of a data set that was read; nobody may use them yet.
   *
   * @param directory that others may write too, such as that of temporary files
   * @param name of the file: the data's hash and whatever tells jobs apart
   * @param longest to wait for another process that writes the file
   */
  public static SharedSamples share(Dataset data, Path directory, String name, Duration longest) {
    Path file = directory.resolve("gradsieve-" + name + ".samples");
    boolean made = false;
    try (FileChannel guard = open(directory.resolve(file.getFileName() + ".lock"))) {
      FileLock lock = lock(guard, longest);
      if (lock != null) {
        made = !Files.exists(file, LinkOption.NOFOLLOW_LINKS);
        if (made) {
          write(data.store(), file);
        }
        map(data.store(), file);
      }
    } catch (IOException e) {
      // this process keeps its own copy, which costs memory and nothing else
    }
    return new SharedSamples(file, made);
  }

  /** A file that only this user can read; throws if it is another's. */
  private static FileChannel open(Path path) throws IOException {
    FileChannel channel =
        FileChannel.open(
            path,
            Set.of(
                StandardOpenOption.CREATE,
                StandardOpenOption.READ,
                StandardOpenOption.WRITE,
                LinkOption.NOFOLLOW_LINKS),
            OWN);
    try {
      checkOwner(path);
    } catch (IOException e) {
      channel.close();
      throw e;
    }
    return channel;
  }

  private static void checkOwner(Path path) throws IOException {
    boolean own =
        Files.isRegularFile(path, LinkOption.NOFOLLOW_LINKS)
            && Files.getOwner(path, LinkOption.NOFOLLOW_LINKS)
                .equals(Files.getOwner(Path.of("/proc/self")));
    if (!own) {
      throw new IOException(path + ": is another user's");
    }
  }

  private static FileLock lock(FileChannel guard, Duration longest) throws IOException {
    long end = System.nanoTime() + longest.toNanos();
    FileLock lock = guard.tryLock();
    while (lock == null && System.nanoTime() - end < 0) {
      try {
        Thread.sleep(LOOK_MILLIS);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return null;
      }
      lock = guard.tryLock();
    }
    return lock;
  }

  private static void write(SampleStore store, Path file) throws IOException {
    String own = "." + ProcessHandle.current().pid() + PARTIAL;
    Path partial = file.resolveSibling(file.getFileName() + own);
    Files.deleteIfExists(partial);
    try (FileChannel out =
        FileChannel.open(
            partial, Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE), OWN)) {
      for (ByteBuffer chunk : store.chunks()) {
        ByteBuffer bytes = chunk.duplicate().clear();
        while (bytes.hasRemaining()) {
          out.write(bytes);
        }
      }
      out.force(true); // or a file of the right size may be blank after a crash of the machine
    } catch (IOException e) {
      Files.deleteIfExists(partial);
      throw e;
    }
    Files.move(partial, file, StandardCopyOption.ATOMIC_MOVE);
  }

  private static void map(SampleStore store, Path file) throws IOException {
    checkOwner(file);
    try (FileChannel in = FileChannel.open(file)) {
      long size = store.chunks().stream().mapToLong(ByteBuffer::capacity).sum();
      if (in.size() != size) {
        throw new IOException(file + ": is of another size");
      }
      long at = 0;
      for (int i = 0; i < store.chunks().size(); i++) {
        int length = store.chunks().get(i).capacity();
        ByteBuffer mapped = in.map(FileChannel.MapMode.READ_ONLY, at, length);
        store.replace(i, mapped.order(ByteOrder.LITTLE_ENDIAN));
        at += length;
      }
    }
  }

  /** When all have mapped the file: whoever made it deletes it; the mappings stay. */
  @Override
  public void close() {
    if (made) {
      try {
        Files.deleteIfExists(file);
        Files.deleteIfExists(file.resolveSibling(file.getFileName() + ".lock"));
      } catch (IOException e) {
        // a file too many in the directory of temporary files
      }
    }
  }
}
