package io.gradsieve.bench.peers;

import io.gradsieve.GradsieveException;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * What gives a side's process its memory. libtorch asks for every tensor anew: where glibc gives a
 * large block back to the system at once, each step pays for clearing its pages again.
 */
enum Allocator {
  GLIBC("", "", Map.of()),
  TCMALLOC("libtcmalloc_minimal.so.4", "libtcmalloc-minimal4", Map.of()),

  /**
   * As PyTorch's tuning guide sets it: freed pages are kept. Without that it gives them back, and
   * {@code cnn} at 2048 has as many page faults as under glibc.
   */
  JEMALLOC(
      "libjemalloc.so.2",
      "libjemalloc2",
      Map.of(
          "MALLOC_CONF",
          "oversize_threshold:1,background_thread:true,metadata_thp:auto,"
              + "dirty_decay_ms:9000000000,muzzy_decay_ms:9000000000"));

  private final String library;
  private final String debianPackage;
  private final Map<String, String> settings;

  Allocator(String library, String debianPackage, Map<String, String> settings) {
    this.library = library;
    this.debianPackage = debianPackage;
    this.settings = settings;
  }

  String key() {
    return name().toLowerCase(Locale.ROOT);
  }

  static Allocator of(String key) {
    return Arrays.stream(values())
        .filter(allocator -> allocator.key().equals(key))
        .findFirst()
        .orElseThrow(
            () ->
                GradsieveException.Usage.unknown(
                    "allocator", key, Arrays.stream(values()).map(Allocator::key).toList()));
  }

  /** Sets a process's environment; whatever was there about allocators is gone. */
  void choose(Map<String, String> environment) {
    environment.keySet().removeIf(key -> key.equals("LD_PRELOAD") || key.startsWith("MALLOC_"));
    if (this != GLIBC) {
      environment.put("LD_PRELOAD", library);
    }
    environment.putAll(settings);
  }

  /**
   * Finds out whether a process gets it: the loader only warns of a library it can't find.
   *
   * @throws GradsieveException.Missing if not, with what to install
   */
  void require() throws IOException {
    ProcessBuilder builder = new ProcessBuilder(List.of("true")).redirectErrorStream(true);
    choose(builder.environment());
    Process process = builder.start();
    boolean warned = process.getInputStream().readAllBytes().length > 0;
    try {
      process.waitFor();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException("interrupted while " + key() + " was looked for");
    }
    if (warned) {
      throw new GradsieveException.Missing(
          "%s is not installed (apt-get install %s); or leave %s out of --allocators"
              .formatted(library, debianPackage, key()));
    }
  }
}
