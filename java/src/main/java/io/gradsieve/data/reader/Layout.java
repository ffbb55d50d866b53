package io.gradsieve.data.reader;

import io.gradsieve.GradsieveException.BadData;
import io.gradsieve.GradsieveException.Usage;
import io.gradsieve.data.DataRequest;
import io.gradsieve.data.Dataset;
import io.gradsieve.format.ByteSource;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Finds out which layout of data a path has, and reads it. To add one: a reader class like {@link
 * IdxDirectory} that ends in a {@link io.gradsieve.data.DatasetBuilder}, a line here, a row in
 * docs/data.md, a fuzz test in {@code ReaderFuzzTest}.
 */
public final class Layout {
  private static final String KNOWN =
      "a directory of IDX files, of CIFAR binary files or of images (train/<class>/*.png), a .zip of images, a .npz or a .csv";

  /** The directory inside CIFAR-10's archive. */
  private static final String CIFAR_UNPACKED = "cifar-10-batches-bin";

  private Layout() {}

  /** Reads the embedded digits. */
  public static Dataset digits(DataRequest request) {
    refuseColumns(request, "digits");
    return Digits.read(request);
  }

  /** Reads a path that exists; {@code name} is for runs. */
  public static Dataset read(Path path, String name, DataRequest request) {
    boolean csv = Files.isRegularFile(path) && isCsv(path);
    if (!csv) {
      refuseColumns(request, path.toString());
    }
    boolean columns = request.rules().map(rules -> !rules.columns().isEmpty()).orElse(false);
    if (columns && !csv) {
      throw new BadData(
          path
              + ": the model was trained on the columns of a CSV file; give it a .csv with the same");
    }
    if (csv) {
      return CsvFile.read(path, name, request);
    }
    return Files.isDirectory(path)
        ? readDirectory(path, name, request)
        : readFile(path, name, request);
  }

  private static void refuseColumns(DataRequest request, String what) {
    if (request.namesColumns()) {
      throw new Usage(
          "--label, --id, --weight and --ignore name columns of a .csv file, and "
              + what
              + " is none; leave them out");
    }
  }

  private static boolean isCsv(Path file) {
    String name = file.getFileName().toString().toLowerCase(Locale.ROOT);
    return (name.endsWith(".csv") || name.endsWith(".csv.gz")) && !startsWith(file, 'P', 'K');
  }

  private static Dataset readFile(Path file, String name, DataRequest request) {
    String lower = file.getFileName().toString().toLowerCase(Locale.ROOT);
    if (lower.endsWith(".npz")) {
      return NpzFile.read(file, name, request);
    }
    if (lower.endsWith(".zip") || startsWith(file, 'P', 'K')) {
      return ImageFolder.readZip(file, name, request);
    }
    throw new BadData(file + ": is none of the formats read: " + KNOWN);
  }

  private static boolean startsWith(Path file, int first, int second) {
    try (InputStream in = Files.newInputStream(file)) {
      return in.read() == first && in.read() == second;
    } catch (IOException e) {
      throw ByteSource.unreadable(file.toString(), e);
    }
  }

  /** What a directory can hold beside images. */
  public enum Kind {
    IDX,
    CIFAR
  }

  private static Dataset readDirectory(Path directory, String name, DataRequest request) {
    Optional<Kind> kind = of(directory);
    if (kind.isEmpty()) {
      return ImageFolder.readDirectory(directory, name, request);
    }
    if (kind.get() == Kind.IDX) {
      return IdxDirectory.read(directory, list(directory), name, request);
    }
    Path files =
        CifarDirectory.matches(list(directory)) ? directory : directory.resolve(CIFAR_UNPACKED);
    return CifarDirectory.read(files, list(files), name, request);
  }

  /** What a directory holds by its files' names; empty if it is neither or does not exist. */
  public static Optional<Kind> of(Path directory) {
    if (!Files.isDirectory(directory)) {
      return Optional.empty();
    }
    List<Path> files = list(directory);
    if (IdxDirectory.matches(files)) {
      return Optional.of(Kind.IDX);
    }
    Path nested = directory.resolve(CIFAR_UNPACKED);
    boolean cifar =
        CifarDirectory.matches(files)
            || (Files.isDirectory(nested) && CifarDirectory.matches(list(nested)));
    return cifar ? Optional.of(Kind.CIFAR) : Optional.empty();
  }

  /** A directory's files, sorted. */
  private static List<Path> list(Path directory) {
    try (Stream<Path> files = Files.list(directory)) {
      return files.sorted().toList();
    } catch (IOException e) {
      throw ByteSource.unreadable(directory.toString(), e);
    } catch (UncheckedIOException e) {
      throw ByteSource.unreadable(directory.toString(), e.getCause());
    }
  }
}
