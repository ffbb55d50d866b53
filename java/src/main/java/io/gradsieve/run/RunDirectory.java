package io.gradsieve.run;

import io.gradsieve.GradsieveException;
import io.gradsieve.config.TrainingConfig;
import io.gradsieve.filter.LearnedFilter;
import io.gradsieve.format.files.DurableFiles;
import io.gradsieve.format.files.Manifest;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** The directory of a run, its files by name and the manifest that lists them. */
public final class RunDirectory implements AutoCloseable {
  public static final String CONFIG = "config.yaml";
  public static final String METRICS = "metrics.jsonl";
  public static final String SCORES = "scores.csv";
  public static final String WEIGHTS = "model.safetensors";
  public static final String MODEL = "model.yaml";
  public static final String PROFILE = "profile.json";

  private static final DateTimeFormatter TIME = DateTimeFormatter.ofPattern("yyyyMMdd-HHmmss");
  private static final List<String> OF_EVERY_RUN = List.of(CONFIG, METRICS, SCORES, WEIGHTS, MODEL);
  private static final List<String> OF_SOME_RUNS = List.of(PROFILE, LearnedFilter.FILE);

  private final Path path;
  private final DurableFiles files;
  private final Manifest manifest;
  private final RunLock lock;

  private RunDirectory(Path path, DurableFiles files, Manifest manifest, RunLock lock) {
    this.path = path;
    this.files = files;
    this.manifest = manifest;
    this.lock = lock;
  }

  /**
   * Looks, without writing, whether a run may use the directory.
   *
   * @throws GradsieveException.Usage if it is not empty, without resume or overwrite
   * @throws GradsieveException.Output if it is a file or can't be written
   * @throws GradsieveException.BadData if there is no run to resume
   */
  public static void check(Path path, boolean resume, boolean overwrite) {
    if (Files.exists(path) && !Files.isDirectory(path)) {
      throw new GradsieveException.Output(path + ": is a file; --out names a directory");
    }
    if (resume) {
      if (!Files.exists(path.resolve(CONFIG))) {
        throw new GradsieveException.BadData(
            path + ": no run to resume (no " + CONFIG + " there); leave out --resume to start one");
      }
    } else if (!overwrite && !isEmpty(path)) {
      throw new GradsieveException.Usage(
          "--out %s: is not empty; --resume goes on with its run, --overwrite deletes the run's files"
              .formatted(path));
    }
    Path existing = path.toAbsolutePath();
    while (!Files.exists(existing, LinkOption.NOFOLLOW_LINKS) && existing.getParent() != null) {
      existing = existing.getParent();
    }
    if (!Files.isDirectory(existing)) {
      throw new GradsieveException.Output(
          "%s: can't be made: %s is not a directory".formatted(path, existing));
    }
    if (!Files.isWritable(existing)) {
      throw new GradsieveException.Output(
          "%s: can't be written: no permission to write in %s; choose another --out"
              .formatted(path, existing));
    }
  }

  /**
   * The default of {@code --out}: {@code runs/<data>-<model>-<time>}, one that is not there yet.
   */
  public static Path fresh(TrainingConfig config) {
    String name =
        "%s-%s-%s"
            .formatted(stem(config.data()), stem(config.model()), LocalDateTime.now().format(TIME));
    Path path = Path.of("runs", name);
    for (int i = 2; Files.exists(path); i++) {
      path = Path.of("runs", name + "-" + i);
    }
    return path;
  }

  /** The last name of a path without its ending, in letters that a shell takes as they are. */
  private static String stem(String text) {
    String last = text.replaceFirst("/+$", "").replaceFirst(".*/", "");
    String bare = last.replaceFirst("(?i)(\\.gz)?$", "").replaceFirst("\\.[A-Za-z]+$", "");
    String safe = bare.replaceAll("[^A-Za-z0-9._-]+", "_");
    return safe.isEmpty() || safe.startsWith(".") ? "data" : safe;
  }

  private static boolean isEmpty(Path path) {
    if (!Files.exists(path)) {
      return true;
    }
    try (DirectoryStream<Path> entries = Files.newDirectoryStream(path)) {
      return !entries.iterator().hasNext();
    } catch (IOException e) {
      throw new GradsieveException.Output(path + ": can't be read: " + e.getMessage(), e);
    }
  }

  /**
   * Makes the directory ready: new, resumed as it is, or without the files of the run that was
   * there.
   *
   * @param job name of the workers' job; empty: a process by itself
   * @throws GradsieveException.Usage if another process writes there
   */
  public static RunDirectory open(
      Path path, boolean resume, boolean overwrite, Optional<String> job, DurableFiles files) {
    check(path, resume, overwrite);
    files.createDirectories(path);
    RunLock lock = RunLock.take(path, job);
    try {
      Manifest manifest = Manifest.read(path, files);
      if (!resume) {
        manifest.remove(List.of(RunLock.FILE)); // it is ours now, and stays
        manifest.deleteAll();
        refuseForeign(path);
      }
      manifest.add(List.of(Manifest.FILE, RunLock.FILE));
      OF_EVERY_RUN.forEach(name -> list(manifest, name));
      return new RunDirectory(path, files, manifest, lock);
    } catch (RuntimeException e) {
      lock.close();
      throw e;
    }
  }

  /** Lets others write there. */
  @Override
  public void close() {
    lock.close();
  }

  /** A file is ours from before it is written, beside its place too. */
  private static void list(Manifest manifest, String name) {
    manifest.add(List.of(name, name + DurableFiles.PARTIAL));
  }

  /** What is left after deleting our files is not ours: it must not be written over. */
  private static void refuseForeign(Path path) {
    List<String> names = new ArrayList<>(OF_EVERY_RUN);
    names.addAll(OF_SOME_RUNS);
    for (String name : names) {
      if (Files.exists(path.resolve(name), LinkOption.NOFOLLOW_LINKS)) {
        throw new GradsieveException.Usage(
            "--overwrite: %s is not listed in a manifest of ours; move it away"
                .formatted(path.resolve(name)));
      }
    }
  }

  /** One of its files. */
  public Path file(String name) {
    return path.resolve(name);
  }

  /** Its checkpoints. */
  public CheckpointStore checkpoints() {
    return checkpoints(CheckpointGate.OPEN);
  }

  /** Its checkpoints, which have to pass a gate. */
  CheckpointStore checkpoints(CheckpointGate gate) {
    return new CheckpointStore(path, files, manifest, gate);
  }

  /** Enters a file that others write. */
  void list(String name) {
    manifest.add(List.of(name));
  }

  /** All is written: the files beside, which have been renamed, and the lock are not listed now. */
  void finished() {
    List<String> gone = new ArrayList<>(List.of(RunLock.FILE));
    OF_EVERY_RUN.forEach(name -> gone.add(name + DurableFiles.PARTIAL));
    manifest.remove(gone);
  }

  /** Replaces a file that not every run has. */
  void writeOptional(String name, DurableFiles.Body body) {
    list(manifest, name);
    files.replace(file(name), body);
    manifest.remove(List.of(name + DurableFiles.PARTIAL));
  }

  /** Replaces a file that every run has. */
  void write(String name, DurableFiles.Body body) {
    files.replace(file(name), body);
  }

  /** A text as the content of a file. */
  static DurableFiles.Body text(String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    return target -> target.write(ByteBuffer.wrap(bytes));
  }
}
