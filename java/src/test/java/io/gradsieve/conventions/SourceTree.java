package io.gradsieve.conventions;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** The project's own files, as they lie in the checkout. */
final class SourceTree {
  private static final List<String> PLACES =
      List.of("java", "native", "kernel-cases", "cuda-kernels", "bench", "docs");

  private final Path root;

  private SourceTree(Path root) {
    this.root = root;
  }

  /** The checkout this test runs in: the nearest directory above with {@code kernel-cases}. */
  static SourceTree here() {
    Path directory = Path.of("").toAbsolutePath();
    while (!Files.isDirectory(directory.resolve("kernel-cases"))) {
      directory = directory.getParent();
      if (directory == null) {
        throw new IllegalStateException("run it inside a checkout of gradsieve");
      }
    }
    return new SourceTree(directory);
  }

  /** Files whose names end so, without build outputs, sorted. */
  List<Path> files(String... endings) {
    return PLACES.stream()
        .map(root::resolve)
        .filter(Files::isDirectory)
        .flatMap(SourceTree::walk)
        .filter(Files::isRegularFile)
        .filter(file -> !(file.toString() + "/").contains("/target/"))
        .filter(file -> Stream.of(endings).anyMatch(file.toString()::endsWith))
        .sorted()
        .toList();
  }

  Path file(String name) {
    return root.resolve(name);
  }

  List<String> lines(Path file) {
    try {
      return Files.readAllLines(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  String text(Path file) {
    return String.join("\n", lines(file));
  }

  /** As it appears in a failure: relative to the checkout. */
  String name(Path file) {
    return root.relativize(file).toString();
  }

  private static Stream<Path> walk(Path directory) {
    try {
      return Files.walk(directory);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
