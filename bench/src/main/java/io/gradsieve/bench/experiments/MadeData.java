package io.gradsieve.bench.experiments;

import io.gradsieve.RandomBits;
import io.gradsieve.data.DataRequest;
import io.gradsieve.data.DataSource;
import io.gradsieve.data.Dataset;
import io.gradsieve.data.DatasetBuilder;
import io.gradsieve.data.SampleStore;
import io.gradsieve.data.SubsetWriter;
import io.gradsieve.format.csv.CsvTable;
import io.gradsieve.run.RunDirectory;
import io.gradsieve.sieve.ScoreColumns;
import io.gradsieve.sieve.Share;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Set;
import java.util.stream.IntStream;

/**
 * Data sets that are made of others for an experiment, each once, by fixed draws, as a file that
 * git ignores. Training parts only: test parts stay as they are.
 */
final class MadeData {
  static final Path DIRECTORY = Path.of("bench/experiments/data");

  /** Fashion-MNIST with a fifth of the training labels moved to another class. */
  static final String FLIPPED = "fashion-flipped.npz";

  /** The same without the samples that a run on it named; the run's name comes before the dot. */
  static final String CLEANED = "fashion-cleaned-by-";

  /** As many samples of every class of CIFAR-10; how many in all comes before the dot. */
  private static final String CIFAR = "cifar10-";

  static final String CIFAR_SUBSET = CIFAR + "10000.npz";
  static final String CIFAR_WHOLE = CIFAR + "50000.npz";

  static final double FLIPPED_SHARE = 0.2;
  private static final String FASHION = "fashion-mnist";
  private static final int FASHION_SAMPLES = 60_000;
  private static final String OPTION = "data=" + DIRECTORY + "/";

  private MadeData() {}

  /** The option that names one of these files. */
  static String option(String file) {
    return OPTION + file;
  }

  /**
   * Makes the file that the experiment trains on, if it is one of these and not there yet.
   *
   * @param cifar what {@code --data} is to be for CIFAR-10
   */
  static synchronized void prepare(Experiment experiment, String cifar) throws IOException {
    for (String option : experiment.options()) {
      Path file = Path.of(option.substring(option.indexOf('=') + 1));
      if (!option.startsWith(OPTION) || Files.exists(file)) {
        continue;
      }
      Files.createDirectories(DIRECTORY);
      String name = file.getFileName().toString();
      if (name.equals(FLIPPED)) {
        flip(file);
      } else if (name.startsWith(CLEANED)) {
        clean(between(name, CLEANED), file);
      } else if (name.startsWith(PrunedData.PREFIX)) {
        PrunedData.make(file, cifar);
      } else {
        balancedSubset(cifar, Integer.parseInt(between(name, CIFAR)), file);
      }
    }
  }

  private static String between(String name, String prefix) {
    return name.substring(prefix.length(), name.lastIndexOf('.'));
  }

  /** Indices of the samples whose label was moved. */
  static Set<Long> flippedSamples() {
    int[] shuffled = RandomBits.of(1, "flipped labels", 0).permutation(FASHION_SAMPLES);
    Set<Long> flipped = new HashSet<>();
    for (int i = 0; i < Share.ceil(FLIPPED_SHARE, FASHION_SAMPLES); i++) {
      flipped.add((long) shuffled[i]);
    }
    return flipped;
  }

  private static void flip(Path out) {
    DataRequest request = DataRequest.train(FASHION);
    Dataset data = DataSource.open(request);
    int classes = data.classes().size();
    RandomBits draws = RandomBits.of(1, "wrong labels", 0);
    int[] labels = IntStream.range(0, data.size()).map(data::label).toArray();
    Set<Long> flipped = flippedSamples();
    SampleStore store = new SampleStore(FASHION, data.size(), data.sampleBytes());
    byte[] sample = new byte[data.sampleBytes()];
    for (int i = 0; i < data.size(); i++) {
      data.copy(i, ByteBuffer.wrap(sample), 0);
      store.set(i, sample);
    }
    for (int i : data.train()) {
      if (flipped.contains(data.index(i))) {
        labels[i] = (labels[i] + 1 + draws.below(i, classes - 1)) % classes;
      }
    }
    Dataset made =
        new DatasetBuilder(FASHION, data.shape(), true, store)
            .labels(labels)
            .trainCount(data.train().length)
            .build(FASHION, request);
    SubsetWriter.write(request.data(), made, made.train(), out);
  }

  /** Leaves out what that run on the flipped labels has as {@code label_issue}. */
  private static void clean(String run, Path out) throws IOException {
    Path file = Experiment.RUNS.resolve(run).resolve(RunDirectory.SCORES);
    if (Files.notExists(file)) {
      throw new IOException(file + ": is not there; delete the run's JSON file and run it again");
    }
    Set<Long> issues = new HashSet<>();
    try (CsvTable scores = CsvTable.open(file)) {
      int index = scores.header().indexOf(ScoreColumns.INDEX.key());
      int issue = scores.header().indexOf(ScoreColumns.LABEL_ISSUE.key());
      while (scores.next()) {
        if (scores.cell(issue).equals("1")) {
          issues.add(Long.parseLong(scores.cell(index)));
        }
      }
    }
    DataRequest request = DataRequest.train(DIRECTORY.resolve(FLIPPED).toString());
    Dataset data = DataSource.open(request);
    int[] kept = Arrays.stream(data.train()).filter(i -> !issues.contains(data.index(i))).toArray();
    SubsetWriter.write(request.data(), data, kept, out);
  }

  /** As many training samples of every class, {@code samples} in all, and the test part. */
  static void balancedSubset(String source, int samples, Path out) {
    DataRequest request = DataRequest.train(source);
    Dataset data = DataSource.open(request);
    int[] left = new int[data.classes().size()];
    Arrays.fill(left, samples / left.length);
    int[] train = data.train();
    int[] chosen =
        Arrays.stream(RandomBits.of(1, "subset", 0).permutation(train.length))
            .map(i -> train[i])
            .filter(i -> left[data.label(i)]-- > 0)
            .sorted()
            .toArray();
    SubsetWriter.write(request.data(), data, chosen, out);
  }
}
