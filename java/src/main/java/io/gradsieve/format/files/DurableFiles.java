package io.gradsieve.format.files;

import io.gradsieve.GradsieveException;
import io.gradsieve.format.Checksum;
import io.gradsieve.format.FileNames;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;

/**
 * Writes files that are whole or not there: written beside, flushed to the disk, renamed. Every
 * failure is one {@code Output} error that names the file.
 */
public final class DurableFiles {
  /** What a file's name has at its end while it is being written. */
  public static final String PARTIAL = ".partial";

  private final Probe probe;

  /** Called before each operation on the disk; tests throw from it to see what a full disk does. */
  @FunctionalInterface
  public interface Probe {
    void before(String operation, Path path) throws IOException;
  }

  /** Writes a file's content. */
  @FunctionalInterface
  public interface Body {
    void write(WritableByteChannel target) throws IOException;
  }

  /** Length in bytes and SHA-256 of a file just written. */
  public record Written(long bytes, String sha256) {
    /** Of a file that is there. */
    public static Written of(Path file) throws IOException {
      MessageDigest digest = Checksum.sha256();
      long bytes = 0;
      byte[] chunk = new byte[1 << 16];
      try (InputStream in = Files.newInputStream(file)) {
        for (int n = in.read(chunk); n > 0; n = in.read(chunk)) {
          digest.update(chunk, 0, n);
          bytes += n;
        }
      }
      return new Written(bytes, Checksum.hex(digest));
    }
  }

  public DurableFiles() {
    this((operation, path) -> {});
  }

  public DurableFiles(Probe probe) {
    this.probe = probe;
  }

  /** Replaces the file as a whole: it is the old one or the new one, whenever the machine stops. */
  public Written replace(Path file, Body body) {
    return replace(file, file.resolveSibling(file.getFileName() + PARTIAL), body);
  }

  /** The same for a file that no manifest lists: a file of others beside it is never touched. */
  public Written replaceAlone(Path file, Body body) {
    return replace(file, FileNames.beside(file, PARTIAL), body);
  }

  private Written replace(Path file, Path partial, Body body) {
    Written written;
    try {
      written = write(partial, body);
      rename(partial, file);
    } catch (RuntimeException e) {
      leaveNothing(partial, e);
      throw e;
    }
    syncDirectory(parent(file));
    return written;
  }

  private static void leaveNothing(Path partial, RuntimeException cause) {
    try {
      Files.deleteIfExists(partial);
    } catch (IOException e) {
      cause.addSuppressed(e);
    }
  }

  /** Writes the file in place and flushes it. */
  public Written write(Path file, Body body) {
    try {
      probe.before("create", file);
      try (FileChannel channel =
          FileChannel.open(
              file,
              StandardOpenOption.CREATE,
              StandardOpenOption.TRUNCATE_EXISTING,
              StandardOpenOption.WRITE)) {
        HashingChannel hashing = new HashingChannel(channel, file);
        body.write(hashing);
        probe.before("sync", file);
        channel.force(true);
        return new Written(hashing.bytes, Checksum.hex(hashing.digest));
      }
    } catch (IOException e) {
      throw failure(file, e);
    }
  }

  /** Flushes a file that something else wrote, and tells its length and checksum. */
  public Written sync(Path file) {
    try {
      probe.before("sync", file);
      try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
        channel.force(true);
      }
      return Written.of(file);
    } catch (IOException e) {
      throw failure(file, e);
    }
  }

  /** Makes the directory and its parents. */
  public void createDirectories(Path directory) {
    try {
      probe.before("create", directory);
      Files.createDirectories(directory);
    } catch (IOException e) {
      throw failure(directory, e);
    }
  }

  /** Renames a file or directory over nothing or over a file. */
  public void rename(Path from, Path to) {
    try {
      probe.before("rename", to);
      Files.move(from, to, StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException e) {
      throw failure(to, e);
    }
  }

  /** Deletes a file or an empty directory, if it is there. */
  public void delete(Path path) {
    try {
      probe.before("delete", path);
      Files.deleteIfExists(path);
    } catch (IOException e) {
      throw failure(path, e);
    }
  }

  /** Flushes the directory's entries, so that a rename survives a power cut. */
  public void syncDirectory(Path directory) {
    try (FileChannel channel = FileChannel.open(directory, StandardOpenOption.READ)) {
      channel.force(true);
    } catch (IOException e) {
      throw failure(directory, e);
    }
  }

  /** The directory a file lies in. */
  public static Path parent(Path file) {
    Path parent = file.toAbsolutePath().getParent();
    return parent == null ? file : parent;
  }

  /** The one error for a file that can't be written. */
  public static GradsieveException.Output failure(Path path, IOException e) {
    return new GradsieveException.Output(
        "%s: can't be written: %s; make room or choose another --out; what was there before is intact"
            .formatted(path, reason(e)),
        e);
  }

  /** Java's own words are the path alone where an exception's class says what went wrong. */
  private static String reason(IOException e) {
    if (e instanceof AccessDeniedException) {
      return "permission denied";
    }
    if (e instanceof NoSuchFileException) {
      return "its directory does not exist";
    }
    if (e instanceof FileAlreadyExistsException) {
      return "something that is no directory is in its place";
    }
    return e instanceof FileSystemException f && f.getReason() != null
        ? f.getReason()
        : String.valueOf(e.getMessage());
  }

  /** Passes bytes on, counts and hashes them. */
  private final class HashingChannel implements WritableByteChannel {
    private final FileChannel target;
    private final Path file;
    private final MessageDigest digest = Checksum.sha256();
    private long bytes;

    private HashingChannel(FileChannel target, Path file) {
      this.target = target;
      this.file = file;
    }

    @Override
    public int write(ByteBuffer source) throws IOException {
      int count = source.remaining();
      digest.update(source.duplicate());
      while (source.hasRemaining()) {
        probe.before("write", file);
        target.write(source);
      }
      bytes += count;
      return count;
    }

    @Override
    public boolean isOpen() {
      return target.isOpen();
    }

    @Override
    public void close() {}
  }
}
