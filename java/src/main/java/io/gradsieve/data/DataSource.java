package io.gradsieve.data;

import io.gradsieve.GradsieveException;
import io.gradsieve.GradsieveException.BadData;
import io.gradsieve.GradsieveException.Usage;
import io.gradsieve.data.reader.Readers;
import io.gradsieve.format.FileNames;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Opens what {@code --data} names: the embedded digits, a known set looked for on this machine, or
 * a path. To add a known set: its name and how to get it in {@link #KNOWN_SETS}.
 */
public final class DataSource {
  /** Always there, inside the jar. */
  public static final String DIGITS = "digits";

  private record KnownSet(Readers.Kind layout, String howToGet) {}

  private static final Map<String, KnownSet> KNOWN_SETS =
      Map.of(
          "fashion-mnist",
          new KnownSet(
              Readers.Kind.IDX,
              "install Debian's package dataset-fashion-mnist, or put the four .gz files of"
                  + " https://github.com/zalandoresearch/fashion-mnist"),
          "cifar10",
          new KnownSet(
              Readers.Kind.CIFAR,
              "unpack cifar-10-binary.tar.gz of https://www.cs.toronto.edu/~kriz/cifar.html"));

  private DataSource() {}

  /** Names of data sets, sorted. */
  public static List<String> names() {
    List<String> names = new ArrayList<>(KNOWN_SETS.keySet());
    names.add(DIGITS);
    return names.stream().sorted().toList();
  }

  /**
   * Reads a data set. Throws {@link Usage} for a name that is neither known nor a path, {@link
   * BadData} for anything wrong with the data, one line that names file, row and column.
   */
  public static Dataset open(DataRequest request) {
    boolean known = KNOWN_SETS.containsKey(request.data());
    String home = System.getProperty("user.home", ".");
    return open(request, known ? places(request, System.getenv(), home) : List.of());
  }

  static Dataset open(DataRequest request, List<Path> places) {
    String data = request.data();
    if (data.equals(DIGITS)) {
      return Readers.digits(request);
    }
    if (KNOWN_SETS.containsKey(data)) {
      return Readers.read(find(request, places), data, request);
    }
    if (data.indexOf('/') < 0 && data.indexOf('.') < 0) {
      throw new Usage(
          "--data "
              + data
              + " is no known data set; nearest: '"
              + GradsieveException.nearest(data, names())
              + "' (a file or directory of that name: ./"
              + data
              + ")");
    }
    Path path = FileNames.path("--data", data);
    if (!Files.exists(path)) {
      throw new BadData(path + ": does not exist; check the path given to --data");
    }
    if (!Files.isRegularFile(path) && !Files.isDirectory(path)) {
      throw new BadData(path + ": is neither a file nor a directory; write its content to a file");
    }
    return Readers.read(path, nameOf(path), request);
  }

  /** Directories where a known set is looked for, in order. */
  static List<Path> places(DataRequest request, Map<String, String> environment, String home) {
    List<Path> places = new ArrayList<>();
    String name = request.data();
    request.dataDirectory().ifPresent(d -> places.addAll(List.of(d.resolve(name), d)));
    String variable = environment.getOrDefault("GRADSIEVE_DATA", "");
    if (!variable.isBlank()) {
      Path directory = FileNames.path("GRADSIEVE_DATA", variable);
      places.addAll(List.of(directory.resolve(name), directory));
    }
    places.add(Path.of("/usr/share/datasets").resolve(name));
    places.add(Path.of(home, ".cache", "gradsieve").resolve(name));
    return places;
  }

  /**
   * The file or directory that {@link #open} reads for a name or path; empty: one inside the jar,
   * or one that is not there.
   *
   * @param directory {@code --data-dir}
   */
  public static Optional<Path> located(String data, Optional<Path> directory) {
    KnownSet set = KNOWN_SETS.get(data);
    if (set == null) {
      boolean path = data.indexOf('/') >= 0 || data.indexOf('.') >= 0;
      return path ? Optional.of(FileNames.path("--data", data)) : Optional.empty();
    }
    DataRequest bare = DataRequest.evaluate(data);
    DataRequest request = directory.map(bare::withDataDirectory).orElse(bare);
    return places(request, System.getenv(), System.getProperty("user.home", ".")).stream()
        .filter(place -> Readers.of(place).filter(set.layout()::equals).isPresent())
        .findFirst();
  }

  private static Path find(DataRequest request, List<Path> places) {
    KnownSet set = KNOWN_SETS.get(request.data());
    request
        .dataDirectory()
        .filter(d -> !Files.isDirectory(d))
        .ifPresent(
            d -> {
              throw new BadData(
                  "--data-dir " + d + ": is no directory; correct it or leave it out");
            });
    for (Path place : places) {
      if (Readers.of(place).filter(set.layout()::equals).isPresent()) {
        return place;
      }
    }
    throw new BadData(
        request.data()
            + ": not found in "
            + String.join(", ", places.stream().map(Path::toString).toList())
            + "; "
            + set.howToGet()
            + " into "
            + places.get(places.size() - 1));
  }

  private static String nameOf(Path path) {
    Path last = path.toAbsolutePath().normalize().getFileName();
    String name = last == null ? "data" : last.toString();
    return name.replaceFirst("(?i)\\.(npz|zip|csv|csv\\.gz)$", "");
  }
}
