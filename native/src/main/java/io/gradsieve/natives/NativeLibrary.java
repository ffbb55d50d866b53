package io.gradsieve.natives;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Loads {@code libgradsieve.so}. It is unpacked from the jar into the first of these directories
 * from which it really loads: {@code $GRADSIEVE_NATIVE_DIR}, the user's cache ({@code
 * $XDG_CACHE_HOME/gradsieve/native} or {@code ~/.cache/gradsieve/native}), a private directory
 * among the temporary files. JavaCPP's own loader is left out: it keys its cache on name, size and
 * time, and takes 50 ms longer.
 */
public final class NativeLibrary {
  /** What every message about a system that is too old says. */
  public static final String REQUIREMENT =
      "gradsieve needs Linux on x86-64 with glibc 2.35 or newer";

  /** See {@link CudaLibraries#VARIABLE}. */
  static final String CUDA_VARIABLE = "GRADSIEVE_CUDA_LIBRARIES";

  /** What a machine without a GPU lacks. */
  static final String CUDA_DRIVER = "libcuda.so.1";

  private static final int OTHERS_MAY_WRITE = 0022;

  private static @Nullable LoadResult result;

  private NativeLibrary() {}

  /**
   * Loads the library, once a process; later calls return the same result. Never throws because of
   * the machine.
   */
  public static synchronized LoadResult load() {
    if (result == null) {
      result = load(System.getenv(), System.getProperty("os.name"), System.getProperty("os.arch"));
    }
    return result;
  }

  /**
   * Unpacks everything native into a directory, independent of {@link #load}.
   *
   * @return the directories written, one a bundle
   * @throws IOException if they can't be written
   */
  public static List<Path> unpack(Path directory) throws IOException {
    makePrivate(directory);
    List<Path> written = new ArrayList<>();
    written.add(Bundle.of("gradsieve").unpack(directory));
    written.addAll(OpenBlas.unpack(directory));
    written.addAll(CudaLibraries.unpack(directory));
    written.addAll(MpiLibrary.unpack(directory));
    return written;
  }

  /**
   * Whether a GPU can be expected: there is NVIDIA's driver, or libraries in its place are named.
   * Asked at every start, so that nothing of {@link CudaLibraries} is loaded where there is none:
   * this takes a tenth of a millisecond. Needs {@link #load} to have succeeded.
   */
  public static boolean expectsGpu() {
    String named = System.getenv(CUDA_VARIABLE);
    return (named != null && !named.isEmpty()) || CpuLibrary.gs_library_open(CUDA_DRIVER) != 0;
  }

  /** Called by the generated classes when they are first used. */
  static void require() {
    if (load() instanceof LoadResult.Failed failed) {
      throw new UnsatisfiedLinkError(failed.reason());
    }
  }

  private static LoadResult load(Map<String, String> environment, String system, String processor) {
    if (!system.equals("Linux") || !(processor.equals("amd64") || processor.equals("x86_64"))) {
      return new LoadResult.Failed(
          REQUIREMENT + ", this is " + system + " on " + processor, List.of());
    }
    Bundle library = Bundle.of("gradsieve");
    List<LoadResult.Refusal> refusals = new ArrayList<>();
    for (Path base : directories(environment)) {
      try {
        makePrivate(base);
        Path directory = library.unpack(base);
        keepCacheAway(base);
        System.load(directory.resolve("libgradsieve.so").toString());
        return new LoadResult.Loaded(directory, List.copyOf(refusals));
      } catch (IOException | UnsatisfiedLinkError e) {
        refusals.add(new LoadResult.Refusal(base, reason(e)));
      }
    }
    return new LoadResult.Failed(summary(refusals), List.copyOf(refusals));
  }

  /**
   * JavaCPP makes a cache in the user's home even if nothing is put there. A user without a home
   * has {@code ?} for one, which would appear in the working directory.
   */
  private static void keepCacheAway(Path base) {
    String property = "org.bytedeco.javacpp.cachedir";
    if (!Path.of(System.getProperty("user.home")).isAbsolute()
        && System.getProperty(property) == null) {
      System.setProperty(property, base.resolve("javacpp").toString());
    }
  }

  /** Where to unpack, in order of preference. */
  static List<Path> directories(Map<String, String> environment) {
    List<Path> directories = new ArrayList<>();
    String chosen = environment.getOrDefault("GRADSIEVE_NATIVE_DIR", "");
    if (!chosen.isEmpty()) {
      directories.add(Path.of(chosen).toAbsolutePath());
    }
    String cache = environment.getOrDefault("XDG_CACHE_HOME", "");
    Path caches =
        cache.isEmpty() ? Path.of(System.getProperty("user.home"), ".cache") : Path.of(cache);
    if (caches.isAbsolute()) {
      directories.add(caches.resolve("gradsieve").resolve("native"));
    }
    directories.add(
        Path.of(System.getProperty("java.io.tmpdir")).resolve("gradsieve-native-" + user()));
    return directories;
  }

  /** The user's number; in a container it may have no name. */
  private static int user() {
    try {
      return (Integer) Files.getAttribute(Path.of("/proc/self"), "unix:uid");
    } catch (IOException e) {
      throw new IllegalStateException("/proc/self cannot be read", e);
    }
  }

  /**
   * Makes the directory, for this user alone, or checks that nobody else can put a library into it.
   */
  private static void makePrivate(Path directory) throws IOException {
    if (!Files.exists(directory)) {
      if (directory.getParent() != null) {
        Files.createDirectories(directory.getParent());
      }
      try {
        Files.createDirectory(
            directory,
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
      } catch (FileAlreadyExistsException e) {
        // another process was faster; it is checked below
      }
    }
    int owner = (Integer) Files.getAttribute(directory, "unix:uid");
    int mode = (Integer) Files.getAttribute(directory, "unix:mode");
    if (owner != user() && owner != 0) {
      throw new IOException("it belongs to another user");
    }
    if ((mode & OTHERS_MAY_WRITE) != 0) {
      throw new IOException("others can write to it (chmod go-w)");
    }
  }

  private static String reason(Throwable e) {
    String message = String.valueOf(e.getMessage());
    if (message.contains("failed to map segment")) {
      return "programs may not be run from it (mounted noexec)";
    }
    if (e instanceof AccessDeniedException) {
      return "no permission to write";
    }
    if (e instanceof FileAlreadyExistsException) {
      return message + " is not a directory";
    }
    if (e instanceof FileSystemException f && f.getReason() != null) {
      return f.getReason();
    }
    return message;
  }

  private static String summary(List<LoadResult.Refusal> refusals) {
    StringBuilder line = new StringBuilder("the native library cannot be loaded");
    String separator = ": ";
    for (LoadResult.Refusal refusal : refusals) {
      if (refusal.reason().contains("GLIBC_") || refusal.reason().contains("ld-linux")) {
        return line + ": " + REQUIREMENT + " (" + refusal.reason() + ")";
      }
      line.append(separator).append(refusal.directory()).append(": ").append(refusal.reason());
      separator = "; ";
    }
    return line.append(
            "; set GRADSIEVE_NATIVE_DIR to a directory where you may write and run programs")
        .toString();
  }
}
