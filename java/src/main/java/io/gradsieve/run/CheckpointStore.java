package io.gradsieve.run;

import io.gradsieve.GradsieveException;
import io.gradsieve.format.files.DurableFiles;
import io.gradsieve.format.files.Manifest;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * The checkpoints of a run, each a directory {@code epoch-0003} (after epoch 3) or {@code
 * epoch-0003-step-000120} (inside it). A checkpoint is written beside as {@code NAME.partial},
 * every file flushed, then renamed: it is whole or not there. One of several workers writes it as
 * {@code NAME.generation-2.partial} and asks before it renames, so that a worker that was stopped
 * for a while can't undo what others have done since. {@value CheckpointContents#FILE} in it lists
 * the other files with length and checksum, and ends with its own.
 */
public final class CheckpointStore {
  /** Directory of a run that holds them. */
  public static final String DIRECTORY = "checkpoints";

  private static final String ASIDE = ".old" + DurableFiles.PARTIAL;

  private static final String GENERATION = ".generation-";

  private final Path run;
  private final Path directory;
  private final DurableFiles files;
  private final Manifest manifest;
  private final CheckpointGate gate;

  /** Of the run whose directory this is; everything written is entered in the manifest. */
  public CheckpointStore(Path run, DurableFiles files, Manifest manifest) {
    this(run, files, manifest, CheckpointGate.OPEN);
  }

  /** The same where what is written has to pass a gate. */
  CheckpointStore(Path run, DurableFiles files, Manifest manifest, CheckpointGate gate) {
    this.run = run;
    this.gate = gate;
    this.directory = run.resolve(DIRECTORY);
    this.files = files;
    this.manifest = manifest;
  }

  /**
   * When a checkpoint was made.
   *
   * @param epoch from 1
   * @param step steps done inside the epoch; 0 after its end
   */
  public record Moment(int epoch, int step) {
    /** Name of its directory. */
    public String name() {
      return step == 0
          ? String.format(Locale.ROOT, "epoch-%04d", epoch)
          : String.format(Locale.ROOT, "epoch-%04d-step-%06d", epoch, step);
    }

    static final Comparator<Moment> ORDER =
        Comparator.comparingInt(Moment::epoch)
            .thenComparingInt(moment -> moment.step == 0 ? Integer.MAX_VALUE : moment.step);
  }

  /**
   * What a checkpoint is of.
   *
   * @param configuration hash of all options that touch the weights
   * @param data hash of the data set
   */
  public record Origin(String configuration, String data) {}

  /** A checkpoint that was found whole. */
  public record Good(Path path, Moment moment) {
    /** One of its files, checked. */
    public Path file(String name) {
      return path.resolve(name);
    }
  }

  /**
   * Writes a checkpoint and then removes the oldest until {@code keep} are left.
   *
   * @param updates optimizer steps since the start of the run
   * @param origin what {@link #newest} compares
   * @param bodies content of each file by name, written in this order
   * @return its directory
   * @throws GradsieveException.Output if it could not be written; the others are intact then
   */
  public Path save(
      Moment moment, long updates, Origin origin, Map<String, DurableFiles.Body> bodies, int keep) {
    gate.check();
    String name = moment.name();
    String beside = name + suffix(gate.generation());
    Path partial = directory.resolve(beside);
    List<String> members = new ArrayList<>(bodies.keySet());
    members.add(CheckpointContents.FILE);
    files.createDirectories(directory);
    discard(partial);
    manifest.add(listed(beside, members));
    files.createDirectories(partial);
    try {
      write(partial, moment, origin, bodies);
    } catch (GradsieveException.Output e) {
      discardQuietly(partial, e);
      throw e;
    }
    gate.commit(updates);
    Path target = place(partial, name, members);
    removeOldest(Math.max(1, keep));
    return target;
  }

  private static String suffix(int generation) {
    return (generation == 0 ? "" : GENERATION + generation) + DurableFiles.PARTIAL;
  }

  /** Lets a checkpoint that is whole take its place. */
  private Path place(Path partial, String name, List<String> members) {
    if (!Files.isDirectory(partial)) {
      throw new GradsieveException.PeerLost(
          partial + ": another worker has taken this checkpoint over");
    }
    manifest.add(listed(name, members));
    Path target = directory.resolve(name);
    Optional<Path> replaced = setAside(target);
    try {
      files.rename(partial, target);
    } catch (GradsieveException.Output e) {
      replaced.ifPresent(before -> files.rename(before, target));
      throw e;
    }
    files.syncDirectory(directory);
    replaced.ifPresent(this::discard);
    manifest.remove(listed(String.valueOf(partial.getFileName()), members));
    return target;
  }

  /**
   * Before a generation of workers begins: a checkpoint that was accepted and whose writer then
   * ended takes its place, and what other generations left unfinished goes.
   *
   * @param generation whose checkpoint counts
   */
  void adopt(int generation) {
    List<Path> unfinished = new ArrayList<>();
    if (Files.isDirectory(directory)) {
      try (DirectoryStream<Path> entries =
          Files.newDirectoryStream(directory, "epoch-*" + DurableFiles.PARTIAL)) {
        entries.forEach(unfinished::add);
      } catch (IOException e) {
        throw new GradsieveException.BadData(directory + ": can't be read: " + e.getMessage(), e);
      }
    }
    for (Path partial : unfinished) {
      String beside = String.valueOf(partial.getFileName());
      int at = beside.indexOf(GENERATION);
      int of = at < 0 ? 0 : generation(beside.substring(at + GENERATION.length()));
      // another server's count began anew, and what is of a later generation is being written
      boolean left = of <= gate.generation() || gate.generation() == 1;
      String name = at < 0 ? "" : beside.substring(0, at);
      boolean counts = generation > 0 && of == generation && isWhole(partial, name);
      if (counts && !isWhole(directory.resolve(name), name)) {
        List<String> members =
            listed(partial).stream()
                .map(listed -> String.valueOf(Path.of(listed).getFileName()))
                .toList();
        place(partial, name, members);
      } else if (left) {
        discard(partial);
      }
    }
  }

  /** Of {@code 2.partial}; of anything else that of no generation. */
  private static int generation(String end) {
    String number = end.replace(DurableFiles.PARTIAL, "");
    return number.matches("[0-9]{1,9}") ? Integer.parseInt(number) : 0;
  }

  private static boolean isWhole(Path checkpoint, String name) {
    try {
      CheckpointContents.verify(checkpoint, name);
      return true;
    } catch (GradsieveException.BadData e) {
      return false;
    }
  }

  private void write(
      Path partial, Moment moment, Origin origin, Map<String, DurableFiles.Body> bodies) {
    Map<String, DurableFiles.Written> written = new LinkedHashMap<>();
    bodies.forEach((file, body) -> written.put(file, files.write(partial.resolve(file), body)));
    byte[] contents =
        new CheckpointContents(moment, origin, written).text().getBytes(StandardCharsets.UTF_8);
    files.write(
        partial.resolve(CheckpointContents.FILE),
        target -> target.write(ByteBuffer.wrap(contents)));
    files.syncDirectory(partial);
  }

  /**
   * The newest checkpoint of this configuration whose files all have the length and checksum
   * written down.
   *
   * @param warnings takes a line for each one skipped
   * @throws GradsieveException.BadData if it was made on other data, or its format is not ours
   */
  public Optional<Good> newest(Origin origin, Consumer<String> warnings) {
    List<Moment> moments = moments();
    for (int i = moments.size() - 1; i >= 0; i--) {
      Path path = directory.resolve(moments.get(i).name());
      CheckpointContents contents;
      try {
        contents = CheckpointContents.verify(path);
      } catch (GradsieveException.BadData e) {
        warnings.accept(e.getMessage() + "; skipped");
        continue;
      }
      contents.checkFormat(path);
      if (!contents.origin().configuration().equals(origin.configuration())) {
        warnings.accept(path + ": made with another configuration; skipped");
      } else if (!contents.origin().data().equals(origin.data())) {
        throw new GradsieveException.BadData(
            path
                + ": made on other data: samples, their order, labels, weights or ids have changed;"
                + " give the data as it was, or train anew with --overwrite");
      } else {
        return Optional.of(new Good(path, moments.get(i)));
      }
    }
    return Optional.empty();
  }

  /**
   * Checks the files of a directory that is a checkpoint; any other directory is none of its
   * business.
   *
   * @throws GradsieveException.BadData naming the file that is damaged
   */
  public static void verify(Path path) {
    if (Files.isRegularFile(path.resolve(CheckpointContents.FILE))) {
      CheckpointContents.verify(path);
    }
  }

  /** The newest checkpoint's directory, whole or not. */
  public Optional<Path> last() {
    List<Moment> moments = moments();
    return moments.isEmpty()
        ? Optional.empty()
        : Optional.of(directory.resolve(moments.get(moments.size() - 1).name()));
  }

  /** What lies there, oldest first. */
  private List<Moment> moments() {
    List<Moment> moments = new ArrayList<>();
    if (Files.isDirectory(directory)) {
      try (DirectoryStream<Path> entries = Files.newDirectoryStream(directory, "epoch-*")) {
        for (Path entry : entries) {
          moment(String.valueOf(entry.getFileName())).ifPresent(moments::add);
        }
      } catch (IOException e) {
        throw new GradsieveException.BadData(directory + ": can't be read: " + e.getMessage(), e);
      }
    }
    moments.sort(Moment.ORDER);
    return moments;
  }

  private static Optional<Moment> moment(String name) {
    if (!name.matches("epoch-[0-9]{4,9}(-step-[0-9]{6,9})?")) {
      return Optional.empty();
    }
    String[] parts = name.split("-");
    int step = parts.length == 4 ? Integer.parseInt(parts[3]) : 0;
    return Optional.of(new Moment(Integer.parseInt(parts[1]), step));
  }

  private void removeOldest(int keep) {
    List<Moment> moments = moments();
    for (int i = 0; i < moments.size() - keep; i++) {
      Path oldest = directory.resolve(moments.get(i).name());
      List<String> listed = listed(oldest);
      setAside(oldest).ifPresent(this::discard);
      manifest.remove(listed);
    }
  }

  /** Renames a checkpoint so that it is none any more, whatever stops its deletion half way. */
  private Optional<Path> setAside(Path checkpoint) {
    if (!Files.isDirectory(checkpoint)) {
      return Optional.empty();
    }
    String name = checkpoint.getFileName() + ASIDE;
    Path aside = directory.resolve(name);
    discard(aside);
    List<String> members = new ArrayList<>();
    for (String listed : listed(checkpoint)) {
      members.add(String.valueOf(Path.of(listed).getFileName()));
    }
    manifest.add(listed(name, members));
    files.rename(checkpoint, aside);
    return Optional.of(aside);
  }

  /** Names in the manifest of the files in a checkpoint; throws if one is not ours. */
  private List<String> listed(Path checkpoint) {
    List<String> names = new ArrayList<>();
    try (DirectoryStream<Path> entries = Files.newDirectoryStream(checkpoint)) {
      for (Path entry : entries) {
        String name = run.relativize(entry).toString();
        if (!manifest.contains(name)) {
          throw new GradsieveException.Output(
              entry + ": is not ours, in a checkpoint that must go; move it away");
        }
        names.add(name);
      }
    } catch (IOException e) {
      throw DurableFiles.failure(checkpoint, e);
    }
    return names;
  }

  /** Deletes what is no checkpoint any more, or not yet one: files of the manifest only. */
  private void discard(Path partial) {
    if (Files.isDirectory(partial)) {
      List<String> names = listed(partial);
      for (String name : names) {
        files.delete(run.resolve(name));
      }
      files.delete(partial);
      manifest.remove(names);
    }
  }

  private void discardQuietly(Path partial, GradsieveException.Output cause) {
    try {
      discard(partial);
    } catch (GradsieveException e) {
      cause.addSuppressed(e);
    }
  }

  private static List<String> listed(String name, List<String> members) {
    return members.stream().map(member -> DIRECTORY + "/" + name + "/" + member).toList();
  }
}
