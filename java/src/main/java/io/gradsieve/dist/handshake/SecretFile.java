package io.gradsieve.dist.handshake;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.util.EnumSet;
import java.util.Set;

/** Who may use a file with a secret in it, a token or a key. */
public final class SecretFile {
  /** Reading by the group is allowed: Kubernetes mounts a Secret so for who is not root. */
  private static final Set<PosixFilePermission> FORBIDDEN =
      EnumSet.of(
          PosixFilePermission.OTHERS_READ,
          PosixFilePermission.OTHERS_WRITE,
          PosixFilePermission.GROUP_WRITE);

  private SecretFile() {}

  /** Whether other users may read it, or anybody but its owner may change it. */
  public static boolean isOpenToOthers(Path file) throws IOException {
    return Files.getPosixFilePermissions(file).stream().anyMatch(FORBIDDEN::contains);
  }
}
