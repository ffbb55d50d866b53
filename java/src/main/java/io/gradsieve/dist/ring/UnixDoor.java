package io.gradsieve.dist.ring;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.channels.ServerSocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Optional;

/**
 * A bound Unix socket in a directory of its own that only this user can enter. Beside it lies a
 * file that is locked as long as the process lives, so that others know what a killed one left.
 */
record UnixDoor(ServerSocketChannel channel, Path path, FileChannel lock) implements AutoCloseable {
  private static final String PREFIX = "gradsieve-ring-";
  private static final String LOCK = "lock";

  /** Milliseconds: a directory may be without its lock for so long. */
  private static final long FRESH = 60_000;

  /** Empty where there can be none: the network's sockets do as well, only slower. */
  static Optional<UnixDoor> open() {
    for (Path base : List.of(Path.of(System.getProperty("java.io.tmpdir")), Path.of("/tmp"))) {
      try {
        sweep(base, FRESH);
        return Optional.of(in(base));
      } catch (IOException | UnsupportedOperationException e) {
        // perhaps in the next
      }
    }
    return Optional.empty();
  }

  private static UnixDoor in(Path base) throws IOException {
    Path directory =
        Files.createTempDirectory(
            base.toAbsolutePath(),
            PREFIX,
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    Path path = directory.resolve("door");
    try {
      if (path.toString().getBytes(StandardCharsets.UTF_8).length > Greeting.LONGEST_PATH) {
        throw new IOException("too long for a socket: " + path);
      }
      FileChannel lock = lock(directory);
      try {
        return new UnixDoor(listening(path), path, lock);
      } catch (IOException e) {
        lock.close();
        throw e;
      }
    } catch (IOException e) {
      delete(directory);
      throw e;
    }
  }

  private static ServerSocketChannel listening(Path path) throws IOException {
    ServerSocketChannel channel = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
    try {
      return channel.bind(UnixDomainSocketAddress.of(path));
    } catch (IOException e) {
      channel.close();
      throw e;
    }
  }

  /** Holds the directory's lock until it is closed; throws if another has it. */
  private static FileChannel lock(Path directory) throws IOException {
    FileChannel file =
        FileChannel.open(
            directory.resolve(LOCK), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    try {
      if (file.tryLock() != null) {
        return file;
      }
    } catch (OverlappingFileLockException e) {
      // this process has it
    } catch (IOException e) {
      file.close();
      throw e;
    }
    file.close();
    throw new IOException(directory + " is in use");
  }

  /**
   * Deletes the directories of processes that were killed.
   *
   * @param fresh milliseconds; younger ones stay
   */
  static void sweep(Path base, long fresh) {
    long before = System.currentTimeMillis() - fresh;
    try (DirectoryStream<Path> doors = Files.newDirectoryStream(base, PREFIX + "*")) {
      for (Path directory : doors) {
        if (Files.getLastModifiedTime(directory).toMillis() <= before) {
          sweepOne(directory);
        }
      }
    } catch (IOException | DirectoryIteratorException e) {
      // only tidiness is lost
    }
  }

  private static void sweepOne(Path directory) {
    try (FileChannel held = lock(directory)) {
      delete(directory);
    } catch (IOException e) {
      // in use, or another user's
    }
  }

  private static void delete(Path directory) throws IOException {
    for (String name : List.of("door", LOCK)) {
      Files.deleteIfExists(directory.resolve(name));
    }
    Files.deleteIfExists(directory);
  }

  @Override
  public void close() {
    try (lock) {
      channel.close();
      delete(path.getParent());
    } catch (IOException e) {
      // what stays is private, and swept by a later one
    }
  }
}
