package io.gradsieve.dist;

import io.gradsieve.dist.control.ServerTarget;
import io.gradsieve.dist.handshake.HandshakeTarget;
import io.gradsieve.dist.rendezvous.FrameTarget;
import io.gradsieve.dist.ring.DoorTarget;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;

/**
 * All that reads bytes of strangers, and the program that lets Jazzer send them. To add a target: a
 * class with {@code fuzzerTestOneInput}, its line here, and a folder of seeds.
 */
public final class FuzzTargets {
  /** A file a seed, in a folder a target, of the name of its class. */
  private static final Path SEEDS = Path.of("src/test/resources/io/gradsieve/dist/fuzz");

  /** What Jazzer found worth keeping, and what broke a target. */
  private static final Path FOUND = Path.of("target/fuzz");

  /** For Jazzer to begin and to end, on a busy machine. */
  private static final long GRACE_SECONDS = 120;

  private FuzzTargets() {}

  /** Takes any bytes; what it throws is a fault. */
  @FunctionalInterface
  interface Target {
    void fuzzerTestOneInput(byte[] input) throws Exception;
  }

  static Map<Class<?>, Target> all() {
    return Map.of(
        FrameTarget.class, FrameTarget::fuzzerTestOneInput,
        HandshakeTarget.class, HandshakeTarget::fuzzerTestOneInput,
        ServerTarget.class, ServerTarget::fuzzerTestOneInput,
        DoorTarget.class, DoorTarget::fuzzerTestOneInput);
  }

  static Path seeds(Class<?> target) {
    return SEEDS.resolve(target.getSimpleName());
  }

  /** Fuzzes each target for as many seconds as the one argument says. */
  public static void main(String[] arguments) throws IOException, InterruptedException {
    Map<String, Class<?>> byName = new TreeMap<>();
    all().keySet().forEach(target -> byName.put(target.getName(), target));
    for (Class<?> target : byName.values()) {
      int status = fuzz(target, Integer.parseInt(arguments[0]));
      if (status != 0) {
        System.exit(status);
      }
    }
  }

  private static int fuzz(Class<?> target, int seconds) throws IOException, InterruptedException {
    Path found = Files.createDirectories(FOUND.resolve(target.getSimpleName()));
    List<String> command =
        List.of(
            ProcessHandle.current().info().command().orElse("java"),
            "-Xmx256m", // nothing of what is read needs more, whatever it says of itself
            "-XX:MaxDirectMemorySize=64m",
            "-cp",
            System.getProperty("java.class.path"),
            "com.code_intelligence.jazzer.Jazzer",
            "--target_class=" + target.getName(),
            "--instrumentation_includes=io.gradsieve.dist.**",
            "--custom_hook_includes=io.gradsieve.dist.**",
            "--reproducer_path=" + FOUND,
            found.toString(),
            seeds(target).toString(),
            "-artifact_prefix=" + FOUND + File.separator,
            "-max_len=8192", // of bytes; a frame's longest is 64 KiB, and nothing changes there
            "-rss_limit_mb=1024",
            "-timeout=60", // seconds: the first inputs load classes, perhaps on a busy machine
            "-max_total_time=" + seconds,
            "-print_final_stats=1");
    Process jazzer = new ProcessBuilder(command).inheritIO().start();
    if (!jazzer.waitFor(seconds + GRACE_SECONDS, TimeUnit.SECONDS)) {
      jazzer.destroyForcibly();
      throw new IOException(target.getSimpleName() + " does not end");
    }
    return jazzer.exitValue();
  }
}
