package io.gradsieve.bench.experiments;

import de.siegmar.fastcsv.writer.CsvWriter;
import io.gradsieve.RandomBits;
import io.gradsieve.config.CommandOptions;
import io.gradsieve.config.SettingsReader;
import io.gradsieve.data.DataRequest;
import io.gradsieve.data.DataSource;
import io.gradsieve.data.Dataset;
import io.gradsieve.data.DatasetBuilder;
import io.gradsieve.data.SampleShape;
import io.gradsieve.data.SampleStore;
import io.gradsieve.data.SubsetWriter;
import io.gradsieve.format.csv.CsvTable;
import io.gradsieve.run.RunDirectory;
import io.gradsieve.scoring.Pruning;
import io.gradsieve.sieve.ScoreColumns;
import io.gradsieve.sieve.Share;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;

/**
 * The data of {@link Grid#PRUNE}: four tables and two sets of images, their training labels partly
 * moved to another class, and the halves that {@code prune} keeps by the scores of a run on them.
 * Test parts stay as they are.
 */
final class PrunedData {
  /** What the names of these files begin with: {@code prune-SET-PERCENT-seedN[-POLICY].npz}. */
  static final String PREFIX = "prune-";

  /** The sets; the first two are tables of R's mlbench, exported by bench/experiments/tables.R. */
  static final List<String> SETS =
      List.of("letter", "satellite", "mixture", "teacher", "fashion", "cifar");

  /** {@code trusted}, by scores without a word of labels. */
  static final String UNJUDGED = "unjudged";

  private static final int IMAGES = 10_000;
  private static final int MADE_TESTS = 5_000;
  private static final long SEED = 1;

  private PrunedData() {}

  /** The name of a set's file with so many percent of the labels moved, by draws of the seed. */
  static String noisy(String set, int percent, int seed) {
    return PREFIX + set + "-" + percent + "-seed" + seed + ".npz";
  }

  /** The name of the file of its kept half. */
  static String half(String set, int percent, int seed, String policy) {
    return noisy(set, percent, seed).replace(".npz", "-" + policy + ".npz");
  }

  /** Makes one of these files; a half needs the scores of the run on the whole. */
  static void make(Path file, String cifar) throws IOException {
    String name = file.getFileName().toString();
    String[] parts = name.substring(PREFIX.length(), name.lastIndexOf('.')).split("-");
    int percent = Integer.parseInt(parts[1]);
    int seed = Integer.parseInt(parts[2].substring("seed".length()));
    if (parts.length == 3) {
      moveLabels(whole(parts[0], cifar), percent, seed, file);
    } else {
      keepHalf(parts[0], percent, seed, parts[3], file);
    }
  }

  /** Deletes a half: there are hundreds, and each is made in a second. */
  static void discard(Experiment experiment) throws IOException {
    Path file = Path.of(experiment.value("data"));
    if (file.getFileName().toString().matches(PREFIX + ".*-seed[0-9]+-.*")) {
      Files.deleteIfExists(file);
    }
  }

  private static void keepHalf(String set, int percent, int seed, String policy, Path out)
      throws IOException {
    Path scores =
        Experiment.RUNS
            .resolve(PrunedHalves.group(set, percent, PrunedHalves.ALL) + "-seed" + seed)
            .resolve(RunDirectory.SCORES);
    if (Files.notExists(scores)) {
      throw new IOException(scores + ": is not there; delete the run's JSON file and run it again");
    }
    boolean unjudged = policy.equals(UNJUDGED);
    List<String> options =
        List.of(
            "scores=" + (unjudged ? withoutVerdicts(scores) : scores),
            "keep=0.5",
            "policy=" + (unjudged ? "trusted" : policy),
            "seed=" + seed,
            "data=" + MadeData.DIRECTORY.resolve(noisy(set, percent, seed)),
            "out=" + out);
    Pruning.write(
        new SettingsReader("prune", CommandOptions.PRUNE).sets(options).resolve(), note -> {});
  }

  /** The same scores where nothing is said of labels. */
  private static Path withoutVerdicts(Path scores) throws IOException {
    Path out = scores.resolveSibling("unjudged.csv");
    try (CsvTable table = CsvTable.open(scores);
        CsvWriter csv = CsvWriter.builder().build(out)) {
      int issue = table.header().indexOf(ScoreColumns.LABEL_ISSUE.key());
      int[] columns = IntStream.range(0, table.header().size()).filter(c -> c != issue).toArray();
      csv.writeRecord(IntStream.of(columns).mapToObj(table.header()::get).toArray(String[]::new));
      while (table.next()) {
        csv.writeRecord(IntStream.of(columns).mapToObj(table::cell).toArray(String[]::new));
      }
    }
    return out;
  }

  private static void moveLabels(Path whole, int percent, int seed, Path out) {
    DataRequest request = DataRequest.train(whole.toString());
    Dataset data = DataSource.open(request);
    int[] labels = IntStream.range(0, data.size()).map(data::label).toArray();
    int[] train = data.train();
    int classes = data.classes().size();
    RandomBits draws = RandomBits.of(seed, "wrong labels", percent);
    int[] shuffled = RandomBits.of(seed, "flipped labels", percent).permutation(train.length);
    for (int i = 0; i < Share.ceil(percent / 100.0, train.length); i++) {
      int sample = train[shuffled[i]];
      labels[sample] = (labels[sample] + 1 + draws.below(sample, classes - 1)) % classes;
    }
    SubsetWriter.write(request.data(), data.relabelled(labels, data.classes()), train, out);
  }

  /** The set as it is, training part and test part. */
  private static Path whole(String set, String cifar) throws IOException {
    Path file = MadeData.DIRECTORY.resolve(PREFIX + set + ".npz");
    if (Files.notExists(file)) {
      switch (set) {
        case "letter" -> table(set, 10_000, file);
        case "satellite" -> table(set, 4_435, file);
        case "mixture" -> mixture(file);
        case "teacher" -> teacher(file);
        case "fashion" -> MadeData.balancedSubset("fashion-mnist", IMAGES, file);
        default -> MadeData.balancedSubset(cifar, IMAGES, file);
      }
    }
    return file;
  }

  /** The first rows in a fixed shuffled order to train on, the others to test. */
  private static void table(String set, int training, Path out) throws IOException {
    Path file = MadeData.DIRECTORY.resolve(set + ".csv");
    if (Files.notExists(file)) {
      throw new IOException(file + ": is not there; Rscript bench/experiments/tables.R writes it");
    }
    Dataset data = DataSource.open(DataRequest.train(file.toString()));
    int[] order = RandomBits.of(SEED, "rows", 0).permutation(data.size());
    SampleStore store = new SampleStore(set, data.size(), data.sampleBytes());
    byte[] sample = new byte[data.sampleBytes()];
    for (int i = 0; i < order.length; i++) {
      data.copy(order[i], ByteBuffer.wrap(sample), 0);
      store.set(i, sample);
    }
    int[] labels = IntStream.of(order).map(data::label).toArray();
    write(store, labels, data.shape(), training, out);
  }

  /** Six classes of two Gaussians each, which overlap: a quarter of the test part can't be told. */
  private static void mixture(Path out) {
    int features = 12;
    int classes = 6;
    RandomBits centres = RandomBits.of(SEED, "centres", 0);
    made(
        3_000,
        features,
        out,
        (sample, row) -> {
          int centre = sample.below(features, 2 * classes);
          for (int j = 0; j < features; j++) {
            row[j] = (1.55 * gaussian(centres.at(centre), j) + 2 * gaussian(sample, j)) / 2.5;
          }
          return centre % classes;
        });
  }

  /** What a random network of 24 hidden units says of Gaussian inputs. */
  private static void teacher(Path out) {
    int features = 20;
    int hidden = 24;
    int classes = 5;
    RandomBits first = RandomBits.of(SEED, "first layer", 0);
    RandomBits second = RandomBits.of(SEED, "second layer", 0);
    made(
        5_000,
        features,
        out,
        (sample, row) -> {
          double[] logits = new double[classes];
          for (int j = 0; j < features; j++) {
            row[j] = gaussian(sample, j);
          }
          for (int h = 0; h < hidden; h++) {
            double sum = 0;
            for (int j = 0; j < features; j++) {
              sum += row[j] * gaussian(first.at(h), j);
            }
            double unit = Math.tanh(1.5 * sum / Math.sqrt(features));
            for (int c = 0; c < classes; c++) {
              logits[c] += unit * gaussian(second.at(h), c);
            }
          }
          return IntStream.range(0, classes)
              .reduce(0, (best, c) -> logits[c] > logits[best] ? c : best);
        });
  }

  /** Fills a row by a sample's own draws and returns its class. */
  private interface Recipe {
    int fill(RandomBits sample, double[] row);
  }

  private static void made(int training, int features, Path out, Recipe recipe) {
    int samples = training + MADE_TESTS;
    SampleStore store = new SampleStore(out.toString(), samples, features * Float.BYTES);
    RandomBits draws = RandomBits.of(SEED, "samples", 0);
    int[] labels = new int[samples];
    double[] row = new double[features];
    for (int i = 0; i < samples; i++) {
      labels[i] = recipe.fill(draws.at(i), row);
      ByteBuffer bytes = ByteBuffer.allocate(features * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
      for (double value : row) {
        bytes.putFloat((float) value);
      }
      store.set(i, bytes.array());
    }
    write(store, labels, SampleShape.features(features), training, out);
  }

  /** By Box and Muller's formula. */
  private static double gaussian(RandomBits draws, int j) {
    RandomBits own = draws.at(j);
    double radius = Math.sqrt(-2 * Math.log(1 - own.uniform(0)));
    return radius * Math.cos(2 * Math.PI * own.uniform(1));
  }

  private static void write(
      SampleStore store, int[] labels, SampleShape shape, int training, Path out) {
    DataRequest request = DataRequest.train(out.toString());
    Dataset data =
        new DatasetBuilder(out.toString(), shape, false, store)
            .labels(labels)
            .trainCount(training)
            .build(out.toString(), request);
    SubsetWriter.write(request.data(), data, data.train(), out);
  }
}
