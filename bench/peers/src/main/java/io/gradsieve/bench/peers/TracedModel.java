package io.gradsieve.bench.peers;

import ai.djl.ndarray.NDManager;
import ai.djl.nn.Block;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.jni.JniUtils;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * The same models as TorchScript: traced in training mode by {@code trace.py}, one call into
 * libtorch for a forward pass, optimised by its graph executor. In DJL the arrays of a traced
 * block's parameters share their storage with the module, so that updates in place reach it;
 * replacing an array would not. That is why the script already orders the filters channels last.
 */
final class TracedModel {
  /** Debian's Python, the one that sees python3-torch. */
  private static final String PYTHON = "/usr/bin/python3";

  private static final Path SCRIPT = Path.of("bench/peers/trace.py");
  private static final Path DIRECTORY = Path.of("bench/peers/target");

  /** What a model's option trainParam stands for: loaded outside libtorch's inference mode. */
  private static final boolean TRAINABLE = true;

  private TracedModel() {}

  /** Traces a model, in the repository's root, and tells its file. */
  static Path export(String model) throws IOException {
    Files.createDirectories(DIRECTORY);
    Path file = DIRECTORY.resolve(model + ".pt");
    ProcessBuilder builder =
        new ProcessBuilder(PYTHON, SCRIPT.toString(), model, file.toString()).inheritIO();
    try {
      if (builder.start().waitFor() != 0) {
        throw new IOException(SCRIPT + " could not trace " + model + "; its message stands above");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException("interrupted while " + model + " was traced");
    }
    return file;
  }

  /**
   * The module of a file of {@link #export}, owned by the manager. A DJL Model around it would free
   * it as soon as nobody holds the model.
   */
  static Block load(NDManager manager, Path file) {
    return JniUtils.loadModule(
        (PtNDManager) manager, file, false, new String[0], new String[0], TRAINABLE);
  }
}
