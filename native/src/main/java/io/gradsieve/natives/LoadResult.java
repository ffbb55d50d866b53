package io.gradsieve.natives;

import java.nio.file.Path;
import java.util.List;

/**
 * What became of loading the native library: a failure is a value, with the reason of every place
 * that was tried.
 */
public sealed interface LoadResult {
  /** Places that were passed over, in the order they were tried. */
  List<Refusal> refusals();

  /**
   * The library is loaded.
   *
   * @param directory where it was unpacked
   */
  record Loaded(Path directory, List<Refusal> refusals) implements LoadResult {}

  /**
   * It can't be loaded on this machine.
   *
   * @param reason one line: what is wrong and what to do
   */
  record Failed(String reason, List<Refusal> refusals) implements LoadResult {}

  /** A directory and why the library was not loaded from it. */
  record Refusal(Path directory, String reason) {}
}
