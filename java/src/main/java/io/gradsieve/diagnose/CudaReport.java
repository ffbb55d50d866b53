package io.gradsieve.diagnose;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.gradsieve.GradsieveException;
import io.gradsieve.backend.cuda.CudaDevices;
import io.gradsieve.natives.CudaKernels;
import io.gradsieve.natives.CudaLibraries;
import io.gradsieve.natives.NcclLibrary;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** GPUs: libraries, their versions, what is missing, and whether they compute. */
final class CudaReport {
  private static final String INTERFACE = "NCCL_SOCKET_IFNAME";
  private static final double GIB = 1L << 30;

  private final List<String> lines = new ArrayList<>();
  private final Map<String, Object> fields = new LinkedHashMap<>();

  private CudaReport() {}

  /** Looks at this machine; throws nothing for a bad one. */
  static CudaReport of() {
    CudaReport report = new CudaReport();
    CudaLibraries.Result result = CudaLibraries.load();
    report.fields.put("kernels_built", CudaLibraries.built());
    if (result instanceof CudaLibraries.Loaded loaded) {
      report.loaded(loaded);
    } else if (result instanceof CudaLibraries.Failed failed) {
      report.failed(failed);
    }
    if (result instanceof CudaLibraries.Loaded) {
      report.nccl();
    } else {
      CudaLibraries.nccl()
          .ifPresent(
              nccl -> report.version(nccl.library(), nccl.version(), nccl.file().toString()));
    }
    return report;
  }

  /** For people, the first line first. */
  List<String> lines() {
    return lines;
  }

  /** For JSON. */
  Map<String, Object> fields() {
    return fields;
  }

  private void failed(CudaLibraries.Failed failed) {
    fields.put("usable", false);
    fields.put("reason", failed.reason());
    lines.add("can't be used: " + failed.reason());
    if (failed.driver()) {
      List<String> missing = CudaLibraries.missing();
      fields.put("missing", missing);
      missing.stream().filter(line -> !line.equals(failed.reason())).forEach(lines::add);
    }
    List<String> architectures = CudaLibraries.architectures();
    fields.put("architectures", architectures);
    lines.add(
        architectures.isEmpty()
            ? "own kernels: not in this build, which was made where nvcc is not; build where it is"
            : "own kernels: in this build, for " + String.join(", ", architectures));
  }

  private void loaded(CudaLibraries.Loaded loaded) {
    fields.put("emulated", loaded.emulated());
    if (loaded.emulated()) {
      lines.add("emulated on the processor: no real GPU");
    }
    try {
      List<Map<String, Object>> found = new ArrayList<>();
      for (CudaDevices.Found device : CudaDevices.list()) {
        found.add(device(device));
      }
      fields.put("devices", found);
      fields.put("usable", found.stream().anyMatch(device -> device.get("computes").equals(true)));
      if (found.isEmpty()) {
        lines.add("no GPU that CUDA can use");
      }
    } catch (GradsieveException.Missing e) {
      fields.put("usable", false);
      fields.put("reason", e.getMessage());
      lines.add("can't be used: " + e.getMessage());
    }
    for (CudaLibraries.Version library : loaded.versions()) {
      version(library.library(), library.version(), library.file().toString());
    }
    List<String> architectures = architectures();
    fields.put("architectures", architectures);
    fields.put("kernels", loaded.kernels().toString());
    lines.add(
        "own kernels: %s%s"
            .formatted(
                architectures.isEmpty() ? "" : "for " + String.join(", ", architectures) + ", ",
                "from " + loaded.kernels()));
  }

  /** What adds up the gradients of several GPUs. */
  private void nccl() {
    NcclLibrary.Result result = NcclLibrary.load();
    if (result instanceof NcclLibrary.Failed failed) {
      fields.put("nccl_reason", failed.reason());
      lines.add("NCCL, for several GPUs, can't be used: " + failed.reason());
    } else if (result instanceof NcclLibrary.Loaded loaded) {
      version("NCCL", loaded.version(), loaded.file().toString());
      fields.put("nccl_revokes", loaded.revokes());
      if (System.getenv(INTERFACE) == null) {
        lines.add(
            INTERFACE
                + " is not set: between machines NCCL's connections have no token, set it to the interface of a private network");
      }
    }
  }

  private Map<String, Object> device(CudaDevices.Found device) {
    Map<String, Object> entry = new LinkedHashMap<>();
    entry.put("number", device.number());
    entry.put("name", device.name());
    entry.put("capability", device.capability());
    entry.put("memory", device.memory());
    String verdict = "a product and a convolution are right";
    boolean computes = true;
    try {
      CudaDevices.check(device.number());
    } catch (GradsieveException.Missing e) {
      verdict = e.getMessage();
      computes = false;
    }
    entry.put("computes", computes);
    entry.put("check", verdict);
    lines.add(
        String.format(
            Locale.ROOT,
            "cuda:%d, %s, %s, %.1f GiB: %s",
            device.number(),
            device.name(),
            device.capability(),
            device.memory() / GIB,
            verdict));
    return entry;
  }

  private void version(String library, String version, String file) {
    fields.put(library.toLowerCase(Locale.ROOT), version);
    lines.add("%s %s, from %s".formatted(library, version, file));
  }

  private static List<String> architectures() {
    String description = CudaKernels.gs_cuda_describe();
    try {
      List<String> names = new ArrayList<>();
      for (JsonNode name : new ObjectMapper().readTree(description).path("architectures")) {
        names.add(name.asText());
      }
      return names;
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("gs_cuda_describe returned no JSON: " + description, e);
    }
  }
}
