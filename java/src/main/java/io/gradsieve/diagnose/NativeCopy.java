package io.gradsieve.diagnose;

import io.gradsieve.GradsieveException;
import io.gradsieve.natives.NativeLibrary;
import io.gradsieve.train.checkpoint.DurableFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;

/** {@code doctor --unpack}: the native libraries as files, also where they can't be loaded. */
public final class NativeCopy {
  private NativeCopy() {}

  /** The directories written. Throws {@code Output} if nothing can be written there. */
  public static List<Path> write(String directory) {
    try {
      Path path = Path.of(directory);
      Files.createDirectories(path);
      return NativeLibrary.unpack(path);
    } catch (InvalidPathException e) {
      throw new GradsieveException.Usage("--unpack: is no path: " + e.getReason());
    } catch (IOException e) {
      throw DurableFiles.failure(Path.of(directory), e);
    }
  }
}
