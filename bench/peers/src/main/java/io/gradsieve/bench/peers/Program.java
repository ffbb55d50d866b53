package io.gradsieve.bench.peers;

import io.gradsieve.GradsieveException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * What a side runs.
 *
 * @param options of the JVM
 * @param main name of the class
 */
record Program(String classPath, List<String> options, String main, List<String> arguments) {
  private static final List<String> SIDES =
      List.of(
          "engine", "engine-norms-off", "pytorch", "pytorch-channels-first", "torchscript", "dl4j");
  private static final Path DL4J = Path.of("bench/peers/dl4j/target");

  /** The program of a side that trains {@code model}. */
  static Program of(String side, String model, int batch, int threads) throws IOException {
    String size = Integer.toString(batch);
    String count = Integer.toString(threads);
    return switch (side) {
      case "engine" -> ours(EngineWindows.class, List.of(), model, size, count);
      case "engine-norms-off" ->
          ours(EngineWindows.class, List.of(), model, size, count, "norms-off");
      case "pytorch" -> torch(threads, model, size, "channels-last");
      case "pytorch-channels-first" -> torch(threads, model, size, "channels-first");
      case "torchscript" -> torch(threads, model, size, TracedModel.export(model).toString());
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

  private static Program ours(Class<?> main, List<String> options, String... arguments) {
    return new Program(
        System.getProperty("java.class.path"), options, main.getName(), List.of(arguments));
  }

  /** The graph optimizer is for traced modules; others have no graph. */
  private static Program torch(int threads, String... arguments) {
    List<String> options =
        List.of(
            "-Dai.djl.offline=true",
            "-Dai.djl.pytorch.num_threads=" + threads,
            "-Dai.djl.pytorch.num_interop_threads=1",
            "-Dai.djl.pytorch.graph_optimizer=true");
    return ours(TorchWindows.class, options, arguments);
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
        "io.gradsieve.bench.peers.dl4j.Dl4jWindows",
        List.of(arguments));
  }
}
