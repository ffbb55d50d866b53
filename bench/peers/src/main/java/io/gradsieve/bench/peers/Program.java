package io.gradsieve.bench.peers;

import io.gradsieve.GradsieveException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * What a side runs.
 *
 * @param options of the JVM
 * @param environment what it asks for there, threads and allocator apart
 * @param main name of the class
 */
record Program(
    String classPath,
    List<String> options,
    Map<String, String> environment,
    String main,
    List<String> arguments) {
  private static final List<String> SIDES =
      List.of(
          "engine",
          "engine-norms-off",
          "pytorch",
          "pytorch-channels-first",
          "pytorch-pinned",
          "torchscript",
          "dl4j");

  /**
   * libtorch's own option: large tensors ask for huge pages. A twentieth faster in cnn and resnet20
   * at 128 and in cnn at 2048, the same in mlp.
   */
  private static final Map<String, String> HUGE_PAGES = Map.of("THP_MEM_ALLOC_ENABLE", "1");

  /** With a core for each of OpenMP's threads too, as PyTorch's tuning guide has it. */
  private static final Map<String, String> PINNED =
      Map.of("THP_MEM_ALLOC_ENABLE", "1", "OMP_PROC_BIND", "close", "OMP_SCHEDULE", "static");

  private static final Path DL4J = Path.of("bench/peers/dl4j/target");

  /** The program of a side that trains {@code model}. */
  static Program of(String side, String model, int batch, int threads) throws IOException {
    String size = Integer.toString(batch);
    String count = Integer.toString(threads);
    return switch (side) {
      case "engine" -> engine(model, size, count);
      case "engine-norms-off" -> engine(model, size, count, "norms-off");
      case "pytorch" -> torch(threads, HUGE_PAGES, model, size, "channels-last");
      case "pytorch-channels-first" -> torch(threads, HUGE_PAGES, model, size, "channels-first");
      case "pytorch-pinned" -> torch(threads, PINNED, model, size, "channels-last");
      case "torchscript" ->
          torch(threads, HUGE_PAGES, model, size, TracedModel.export(model).toString());
      case "dl4j" -> deeplearning4j(model, size);
      default -> throw unknown(side);
    };
  }

  /**
   * Checks the name of a side before anything is measured.
   *
   * @throws GradsieveException.Usage if there is no such side
   */
  static void requireKnown(String side) {
    if (!SIDES.contains(side)) {
      throw unknown(side);
    }
  }

  private static GradsieveException unknown(String side) {
    return GradsieveException.Usage.unknown("side", side, SIDES);
  }

  private static Program engine(String... arguments) {
    return ours(EngineWindows.class, List.of(), Map.of(), arguments);
  }

  /** The graph optimizer is for traced modules; others have no graph. */
  private static Program torch(int threads, Map<String, String> environment, String... arguments) {
    List<String> options =
        List.of(
            "-Dai.djl.offline=true",
            "-Dai.djl.pytorch.num_threads=" + threads,
            "-Dai.djl.pytorch.num_interop_threads=1",
            "-Dai.djl.pytorch.graph_optimizer=true");
    return ours(TorchWindows.class, options, environment, arguments);
  }

  private static Program ours(
      Class<?> main, List<String> options, Map<String, String> environment, String... arguments) {
    return new Program(
        System.getProperty("java.class.path"),
        options,
        environment,
        main.getName(),
        List.of(arguments));
  }

  /**
   * With oneDNN, whose use by the layers ("helpers") is off unless told; avx512 is no faster. Its
   * threads are told by the environment, see {@link Side}.
   */
  private static Program deeplearning4j(String... arguments) throws IOException {
    Path classPath = DL4J.resolve("class-path");
    if (!Files.exists(classPath)) {
      throw new IOException(classPath + " is missing: bench/peers/run builds it for the side dl4j");
    }
    return new Program(
        DL4J.resolve("classes") + ":" + Files.readString(classPath),
        List.of(
            "-Dorg.bytedeco.javacpp.platform.extension=-onednn-avx2",
            "-Dorg.eclipse.deeplearning4j.helpers.disable=false",
            "-Dorg.bytedeco.javacpp.maxbytes=12g",
            "-Dorg.bytedeco.javacpp.maxphysicalbytes=0"),
        Map.of(),
        "io.gradsieve.bench.peers.dl4j.Dl4jWindows",
        List.of(arguments));
  }
}
