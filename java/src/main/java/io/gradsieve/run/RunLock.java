package io.gradsieve.run;

import io.gradsieve.GradsieveException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Keeps two runs from writing to one directory. The system's lock goes with the process that has
 * it; a worker goes past the lock of another one of its job, which may be stopped for good, since
 * checkpoints have a gate of their own. Where a file system has no locks there is none.
 */
final class RunLock implements AutoCloseable {
  /** There while a run writes, and after a crash. */
  static final String FILE = "writer.lock";

  /** Of this process: to the system one process is one writer, and any close gives all back. */
  private static final Map<Path, String> HELD = new ConcurrentHashMap<>();

  private final Path file;
  private final Optional<FileChannel> channel;

  private RunLock(Path file, Optional<FileChannel> channel) {
    this.file = file;
    this.channel = channel;
  }

  /**
   * Takes it.
   *
   * @param job name of the workers' job; empty: a process by itself
   * @throws GradsieveException.Usage if another process, or another run of this one, has it
   */
  static RunLock take(Path directory, Optional<String> job) {
    Path file = directory.resolve(FILE);
    String writer = job.map(name -> "job " + name + ", ").orElse("");
    String text = writer + thisProcess();
    Optional<String> held = Optional.ofNullable(HELD.putIfAbsent(key(file), text));
    if (held.isPresent()) {
      return past(file, job, writer, held.get());
    }
    Optional<FileChannel> taken = Optional.empty();
    try {
      FileChannel channel =
          FileChannel.open(
              file, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
      if (locked(channel)) {
        taken = Optional.of(channel);
        channel.truncate(0).write(ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8)), 0);
        return new RunLock(file, taken);
      }
      HELD.remove(key(file));
      String other = Files.readString(file);
      channel.close();
      return past(file, job, writer, other);
    } catch (IOException e) {
      if (taken.isEmpty()) {
        HELD.remove(key(file));
      }
      return new RunLock(file, taken); // none here, or one without a name
    }
  }

  /** Past the lock of another worker of the same job. */
  private static RunLock past(Path file, Optional<String> job, String writer, String other) {
    if (job.isPresent() && other.startsWith(writer)) {
      return new RunLock(file, Optional.empty());
    }
    throw new GradsieveException.Usage(
        "--out %s: %s writes there now; wait for its end, or choose another --out"
            .formatted(file.getParent(), other.isBlank() ? "another process" : other));
  }

  private static Path key(Path file) {
    return file.toAbsolutePath().normalize();
  }

  private static boolean locked(FileChannel channel) throws IOException {
    try {
      FileLock lock = channel.tryLock();
      return lock != null;
    } catch (OverlappingFileLockException e) {
      return false; // another run in this process
    } catch (IOException e) {
      channel.close();
      throw e;
    }
  }

  /** For people: which process this is, and where. */
  static String thisProcess() {
    String host;
    try {
      host = InetAddress.getLocalHost().getHostName();
    } catch (UnknownHostException e) {
      host = "a host without a name";
    }
    return "process %d on %s".formatted(ProcessHandle.current().pid(), host);
  }

  /** Gives it back. */
  @Override
  public void close() {
    if (channel.isEmpty()) {
      return;
    }
    try {
      try {
        Files.deleteIfExists(file); // first: nobody else has it yet
      } finally {
        channel.get().close();
      }
    } catch (IOException e) {
      // what is left is no lock without its process
    } finally {
      HELD.remove(key(file));
    }
  }
}
