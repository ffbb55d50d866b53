package io.gradsieve.dist.ring;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Optional;

/** A bound Unix socket in a directory of its own that only this user can enter. */
record UnixDoor(ServerSocketChannel channel, Path path) implements AutoCloseable {

  /** Empty where there can be none: the network's sockets do as well, only slower. */
  static Optional<UnixDoor> open() {
    for (Path base : List.of(Path.of(System.getProperty("java.io.tmpdir")), Path.of("/tmp"))) {
      try {
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
            "gradsieve-ring-",
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    Path path = directory.resolve("door");
    // deleted in the opposite order, where the process ends without close
    directory.toFile().deleteOnExit();
    path.toFile().deleteOnExit();
    try {
      if (path.toString().getBytes(StandardCharsets.UTF_8).length > Greeting.LONGEST_PATH) {
        throw new IOException("too long for a socket: " + path);
      }
      return new UnixDoor(listening(path), path);
    } catch (IOException e) {
      Files.delete(directory);
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

  @Override
  public void close() {
    try {
      channel.close();
      Files.deleteIfExists(path);
      Files.deleteIfExists(path.toAbsolutePath().getParent());
    } catch (IOException e) {
      // what stays is empty and private
    }
  }
}
