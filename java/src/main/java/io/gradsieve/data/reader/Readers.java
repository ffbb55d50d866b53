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
 * All readers: finds out which kind of data a path has, and reads it. To add one: a reader class
 * like {@link IdxDirectory} that ends in a {@link io.gradsieve.data.DatasetBuilder}, a line here, a
 * row in docs/data.md, a fuzz test in {@code ReaderFuzzTest}.
 */
public final class Readers {
  private static final String KNOWN =
      "a directory of IDX files, of CIFAR binary files or of images (train/<class>/*.png), a .zip of images, a .npz or a .csv";

  /** The directory inside CIFAR-10's archive. */
  private static final String CIFAR_UNPACKED = "cifar-10-batches-bin";

  private Readers() {}

  /** Reads the embedded digits. */
  public static Dataset digits(DataRequest request) {
    refuseColumns(request, "digits");
    return Digits.read(request);
  }

  /** Reads a path that exists; {@code name} is for runs. */
  public static Dataset read(Path path, String name, DataRequest request) {
    boolean file = Files.isRegularFile(path);
    if (file) {
      refuseUnread(path);
    }
    boolean csv = file && isCsv(path);
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
    return file ? readFile(path, name, request) : readDirectory(path, name, request);
  }

  /** Throws unless a file is of a format that is read. */
  private static void refuseUnread(Path file) {
    boolean zip = startsWith(file, 'P', 'K');
    if (isCsv(file) && zip) {
      throw new BadData(
          file
              + ": is named as a CSV file but is a zip or an Excel workbook; save its sheet as CSV"
              + " (UTF-8), or unpack it");
    }
    Optional<String> advice = UnreadFormat.advice(file);
    if (advice.isPresent()) {
      throw new BadData(file + ": " + advice.get());
    }
    if (!isCsv(file) && !isNpz(file) && !isZip(file) && !zip) {
      throw new BadData(file + ": is none of the formats read: " + KNOWN);
    }
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
    return endsWith(file, ".csv") || endsWith(file, ".csv.gz");
  }

  private static boolean isNpz(Path file) {
    return endsWith(file, ".npz");
  }

  private static boolean isZip(Path file) {
    return endsWith(file, ".zip");
  }

  private static boolean endsWith(Path file, String ending) {
    return file.getFileName().toString().toLowerCase(Locale.ROOT).endsWith(ending);
  }

  private static Dataset readFile(Path file, String name, DataRequest request) {
    return isNpz(file)
        ? NpzFile.read(file, name, request)
        : ImageFolder.readZip(file, name, request);
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
      refuseTables(directory);
      return ImageFolder.readDirectory(directory, name, request);
    }
    if (kind.get() == Kind.IDX) {
      return IdxDirectory.read(directory, list(directory), name, request);
    }
    Path files =
        CifarDirectory.matches(list(directory)) ? directory : directory.resolve(CIFAR_UNPACKED);
    return CifarDirectory.read(files, list(files), name, request);
  }

  /** A directory of tables alone holds no images: the table meant is to be named. */
  private static void refuseTables(Path directory) {
    List<Path> files = list(directory);
    Optional<Path> table = files.stream().filter(f -> isCsv(f) || isNpz(f)).findFirst();
    if (table.isPresent() && files.stream().noneMatch(Files::isDirectory)) {
      throw new BadData(directory + ": is a directory; name the file in it: " + table.get());
    }
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
