package io.gradsieve.config;

import io.gradsieve.GradsieveException;
import io.gradsieve.config.Settings.Setting;
import io.gradsieve.config.ValueType.Use;
import io.gradsieve.data.DataSource;
import io.gradsieve.format.files.DurableFiles;
import io.gradsieve.format.files.Manifest;
import java.io.IOException;
import java.nio.file.FileVisitOption;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/**
 * What a command reads, which it must not write over. Files are compared by identity (device and
 * inode), so links and other spellings of a name change nothing. An input is the file named; of a
 * data directory, every file in it; of a model or a file of a run, all files that the run's
 * manifest lists, or that lie with it where there is none. An output is the file named; of a
 * directory, the files that its manifest lists, which are deleted or replaced, and the directory
 * itself.
 */
final class ProtectedInputs {
  /** From a file in a checkpoint up to its run. */
  private static final int MOST_LEVELS = 3;

  /** What is read beside weights that no run lists. */
  private static final String MODEL_FILE = "model.yaml";

  private final Setting<?> output;
  private final Path target;

  /** What would be written over, by identity. */
  private final Map<Object, Path> replaced = new HashMap<>();

  private ProtectedInputs(Setting<?> output) {
    this.output = output;
    this.target = Path.of(output.text());
    List<Path> files =
        output.option().type().use() == Use.OUTPUT ? List.of(target) : listed(target);
    files.forEach(file -> identity(file).ifPresent(key -> replaced.put(key, file)));
  }

  /**
   * Throws {@code Usage} if an output is an input; {@code config} is one too. A resumed run writes
   * on in what it reads.
   */
  static void check(Settings settings, Optional<Path> config) {
    if (settings.find(Options.RESUME).orElse(false)) {
      return;
    }
    for (Setting<?> setting : settings.all()) {
      Use use = setting.option().type().use();
      if (use == Use.OUTPUT || use == Use.OUTPUT_DIRECTORY) {
        ProtectedInputs inputs = new ProtectedInputs(setting);
        if (!Files.exists(inputs.target)) {
          continue; // nothing is there to be written over
        }
        config.ifPresent(file -> inputs.check("--config " + file, file));
        settings.all().forEach(input -> inputs.check(input, settings));
      }
    }
  }

  private void check(Setting<?> input, Settings settings) {
    String text = input.text();
    boolean path = text.indexOf('/') >= 0 || text.indexOf('.') >= 0;
    String what = input.option().dashed() + " " + text;
    switch (input.option().type().use()) {
      case INPUT -> check(what, Path.of(text));
      case DATA ->
          DataSource.located(text, settings.find(Options.DATA_DIR).map(Path::of))
              .ifPresent(data -> checkWhole(what, data));
      case MODEL -> {
        if (path) {
          checkTrained(what, Path.of(text));
        }
      }
      case TRAINED -> checkTrained(what, Path.of(text));
      default -> {}
    }
  }

  private void checkTrained(String what, Path input) {
    List<Path> run = filesOfRun(input);
    if (run.isEmpty()) {
      checkWhole(what, input);
      check(what, input.resolveSibling(MODEL_FILE));
    } else {
      check(what, input);
      run.forEach(file -> check(what, file));
    }
  }

  private void checkWhole(String what, Path input) {
    check(what, input);
    if (Files.isDirectory(input) && !Files.isDirectory(target)) {
      checkAll(what, input);
    }
  }

  /** Every file below; what can't be read is no input. */
  private void checkAll(String what, Path directory) {
    try {
      Files.walkFileTree(
          directory,
          EnumSet.of(FileVisitOption.FOLLOW_LINKS),
          Integer.MAX_VALUE,
          new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
              check(what, file, Objects.requireNonNullElse(attributes.fileKey(), file));
              return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult visitFileFailed(Path file, IOException e) {
              return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult postVisitDirectory(Path below, IOException e) {
              return FileVisitResult.CONTINUE;
            }
          });
    } catch (IOException e) {
      throw new GradsieveException.BadData(directory + ": can't be read: " + e.getMessage(), e);
    }
  }

  private void check(String what, Path input) {
    identity(input).ifPresent(key -> check(what, input, key));
  }

  private void check(String what, Path input, Object identity) {
    if (replaced.containsKey(identity) || identity(target).filter(identity::equals).isPresent()) {
      throw new GradsieveException.Usage(
          "%s %s: would write over what %s reads (%s); choose another"
              .formatted(output.option().dashed(), target, what, input));
    }
  }

  private static Optional<Object> identity(Path path) {
    try {
      Object key = Files.readAttributes(path, BasicFileAttributes.class).fileKey();
      return Optional.of(key == null ? path.toRealPath() : key);
    } catch (IOException e) {
      return Optional.empty(); // not there, so neither read nor written over
    }
  }

  /** All files of the run that the path is, or that lists it or what is in it. */
  private static List<Path> filesOfRun(Path path) {
    Path real;
    try {
      real = path.toRealPath();
    } catch (IOException e) {
      return List.of();
    }
    Path above = real;
    for (int i = 0; i <= MOST_LEVELS && above != null; i++, above = above.getParent()) {
      List<Path> files = listed(above);
      if (files.stream().anyMatch(file -> file.startsWith(real))) {
        return files;
      }
    }
    return List.of();
  }

  /** What the manifest of a directory lists, if it has one of ours. */
  private static List<Path> listed(Path directory) {
    try {
      return Manifest.read(directory, new DurableFiles()).files();
    } catch (GradsieveException.BadData e) {
      return List.of();
    }
  }
}
