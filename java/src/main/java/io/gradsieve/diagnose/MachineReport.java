package io.gradsieve.diagnose;

import io.gradsieve.GradsieveException;
import io.gradsieve.backend.Backend;
import io.gradsieve.backend.BackendInfo;
import io.gradsieve.backend.Backends;
import io.gradsieve.backend.DeviceName;
import io.gradsieve.natives.LoadResult;
import io.gradsieve.natives.NativeLibrary;
import io.gradsieve.natives.OpenBlas;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * Hardware, libraries, what was refused and why. Each finding is a name and a value; nothing here
 * throws for a bad machine.
 */
public final class MachineReport {
  private static final int NAME_COLUMNS = 13;
  private static final double GIB = 1L << 30;

  private final Map<String, Object> fields = new LinkedHashMap<>();
  private final List<String> lines = new ArrayList<>();

  private MachineReport() {}

  /** Looks at this machine; {@code environment} are the process's variables. */
  public static MachineReport of(Map<String, String> environment) {
    MachineReport report = new MachineReport();
    report.process();
    report.natives();
    report.device();
    report.openBlas(environment);
    report.cuda();
    report.variables(environment);
    return report;
  }

  /** For people. */
  public List<String> lines() {
    return List.copyOf(lines);
  }

  /** For JSON. */
  public Map<String, Object> fields() {
    return new LinkedHashMap<>(fields);
  }

  private void add(String name, Object value) {
    fields.put(name.replace(' ', '_'), value);
    line(name, String.valueOf(value));
  }

  private void line(String name, String text) {
    lines.add(String.format("%-" + NAME_COLUMNS + "s%s", name, text));
  }

  private void process() {
    add(
        "gradsieve",
        Objects.requireNonNullElse(
            MachineReport.class.getPackage().getImplementationVersion(), "development"));
    add("java", System.getProperty("java.version") + ", " + System.getProperty("java.vm.name"));
    add(
        "system",
        "%s %s, %s"
            .formatted(
                System.getProperty("os.name"),
                System.getProperty("os.version"),
                System.getProperty("os.arch")));
    add("glibc", glibc().orElse("not found; gradsieve needs glibc 2.35 or newer"));
    add("processor", processor());
    add("cores", Runtime.getRuntime().availableProcessors());
    add(
        "java memory",
        String.format(Locale.ROOT, "at most %.1f GiB", Runtime.getRuntime().maxMemory() / GIB));
  }

  private static String processor() {
    try {
      for (String line : Files.readAllLines(Path.of("/proc/cpuinfo"))) {
        if (line.startsWith("model name")) {
          return line.substring(line.indexOf(':') + 1).strip();
        }
      }
    } catch (IOException e) {
      return "unknown (" + e.getMessage() + ")";
    }
    return "unknown";
  }

  /**
   * As {@code getconf} says; there is no other way without a native call, which may be what fails.
   */
  private static Optional<String> glibc() {
    try {
      Process process =
          new ProcessBuilder("getconf", "GNU_LIBC_VERSION")
              .redirectError(ProcessBuilder.Redirect.DISCARD)
              .start();
      String text =
          new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
      process.waitFor(5, TimeUnit.SECONDS);
      return text.startsWith("glibc ") ? Optional.of(text.substring(6)) : Optional.empty();
    } catch (IOException e) {
      return Optional.empty();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return Optional.empty();
    }
  }

  private void natives() {
    LoadResult result = NativeLibrary.load();
    List<Map<String, String>> refused = new ArrayList<>();
    for (LoadResult.Refusal refusal : result.refusals()) {
      refused.add(Map.of("directory", refusal.directory().toString(), "reason", refusal.reason()));
      line("", "not from %s: %s".formatted(refusal.directory(), refusal.reason()));
    }
    fields.put("refused_directories", refused);
    if (result instanceof LoadResult.Loaded loaded) {
      add("natives", loaded.directory().toString());
    } else if (result instanceof LoadResult.Failed failed) {
      add("natives", "not loaded: " + failed.reason());
    }
  }

  private void device() {
    try (Backend backend =
        Backends.open(DeviceName.CPU, Runtime.getRuntime().availableProcessors())) {
      BackendInfo info = backend.info();
      add("device", info.device());
      add("instructions", info.instructionSet());
      add("blas", info.blas());
      List<Map<String, Object>> candidates = new ArrayList<>();
      for (BackendInfo.Candidate candidate : info.candidates()) {
        Map<String, Object> entry = new LinkedHashMap<>();
        entry.put("name", candidate.name());
        entry.put("usable", candidate.usable());
        entry.put("reason", candidate.reason());
        candidates.add(entry);
        line(
            "",
            candidate.usable()
                ? candidate.name() + ": usable"
                : "%s: refused: %s".formatted(candidate.name(), candidate.reason()));
      }
      fields.put("candidates", candidates);
    } catch (GradsieveException e) {
      add("device", "cpu can't be used: " + e.getMessage());
    }
  }

  /** What dense linear algebra outside the step is done by. */
  private void openBlas(Map<String, String> environment) {
    Map<String, Object> found = new LinkedHashMap<>();
    fields.put("openblas", found);
    OpenBlas.Result result = OpenBlas.load();
    found.put("usable", result instanceof OpenBlas.Loaded);
    if (result instanceof OpenBlas.Loaded loaded) {
      found.put("version", loaded.version());
      found.put("kernels", loaded.kernels());
      line("openblas", "%s, %s kernels".formatted(loaded.version(), loaded.kernels()));
      String forced = environment.getOrDefault(OpenBlas.CORE_VARIABLE, "");
      if (!forced.isEmpty()) {
        String warning =
            "%s=%s is set, so OpenBLAS runs its %s kernels instead of its own choice, which may be far slower: unset it"
                .formatted(OpenBlas.CORE_VARIABLE, forced, loaded.kernels());
        found.put("warning", warning);
        line("", "warning: " + warning);
      }
    } else if (result instanceof OpenBlas.Failed failed) {
      found.put("reason", failed.reason());
      line("openblas", "can't be used: " + failed.reason());
    }
  }

  private void cuda() {
    CudaReport cuda = CudaReport.of();
    fields.put("cuda", cuda.fields());
    String name = "cuda";
    for (String line : cuda.lines()) {
      line(name, line);
      name = "";
    }
  }

  private void variables(Map<String, String> environment) {
    Map<String, String> ours = new LinkedHashMap<>();
    environment.entrySet().stream()
        .filter(e -> e.getKey().startsWith("GRADSIEVE_"))
        .filter(e -> !e.getKey().contains("TOKEN"))
        .sorted(Map.Entry.comparingByKey())
        .forEach(e -> ours.put(e.getKey(), e.getValue()));
    fields.put("environment", ours);
    ours.forEach((name, value) -> line("variable", name + "=" + value));
  }
}
