package io.gradsieve.diagnose;

import io.gradsieve.format.FileNames;
import io.gradsieve.format.files.DurableFiles;
import io.gradsieve.natives.NativeLibrary;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** {@code doctor --unpack}: the native libraries as files, also where they can't be loaded. */
public final class NativeCopy {
  private NativeCopy() {}

  /** The directories written. Throws {@code Output} if nothing can be written there. */
  public static List<Path> write(String directory) {
    Path path = FileNames.path("--unpack", directory);
    try {
      Files.createDirectories(path);
      return NativeLibrary.unpack(path);
    } catch (IOException e) {
      throw DurableFiles.failure(path, e);
    }
  }
}
