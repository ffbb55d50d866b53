package io.gradsieve.data;

import io.gradsieve.GradsieveException.BadData;
import io.gradsieve.format.rules.Column;
import io.gradsieve.format.rules.Normalization;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * Collects what a reader found and finishes it: class names, normalisation, checks for training,
 * duplicates.
 */
public final class DatasetBuilder {
  /** More classes than this are most likely numbers to regress on, not classes. */
  public static final int MAX_CLASSES = 100_000;

  /** Classes named in a line. */
  private static final int MOST_NAMED = 5;

  final String name;
  final SampleShape shape;
  final boolean bytes;
  final SampleStore store;
  int[] labels = {};
  float[] weights = {};
  String[] ids = {};
  long[] index;
  int[] train;
  int[] test = {};
  private List<String> classes = List.of();
  private List<Column> columns = List.of();
  private final List<String> remarks = new ArrayList<>();
  private Optional<Normalization> normalize = Optional.empty();
  Optional<ContentHash> content = Optional.empty();

  /**
   * All samples are the training part and count from 0 until said otherwise; {@code name} is
   * cleaned for file names.
   */
  public DatasetBuilder(String name, SampleShape shape, boolean bytes, SampleStore store) {
    String clean = name.replaceAll("[^A-Za-z0-9._-]+", "-");
    this.name = clean.isEmpty() ? "data" : clean;
    this.shape = shape;
    this.bytes = bytes;
    this.store = store;
    if (store.sampleBytes() != shape.elements() * (bytes ? 1 : 4)) {
      throw new IllegalArgumentException(
          shape + " does not take " + store.sampleBytes() + " bytes");
    }
    index = new long[store.samples()];
    for (int i = 0; i < index.length; i++) {
      index[i] = i;
    }
    train = IntStream.range(0, store.samples()).toArray();
  }

  /** Class indices, [N], none negative; empty: unlabelled. */
  public DatasetBuilder labels(int[] value) {
    labels = value;
    return this;
  }

  /** Class names, K of them; without this class k is named k and K is the largest label + 1. */
  public DatasetBuilder classes(List<String> value) {
    classes = value;
    return this;
  }

  /** The user's weights, [N], positive; empty: all 1. */
  public DatasetBuilder weights(float[] value) {
    weights = value;
    return this;
  }

  /** Names of samples, [N]; empty: their index. */
  public DatasetBuilder ids(String[] value) {
    ids = value;
    return this;
  }

  /**
   * The first {@code samples} are the training part, the rest the test part; the index begins at 0
   * in each.
   */
  public DatasetBuilder trainCount(int samples) {
    train = IntStream.range(0, samples).toArray();
    test = IntStream.range(samples, store.samples()).toArray();
    for (int i = 0; i < index.length; i++) {
      index[i] = i < samples ? i : i - samples;
    }
    return this;
  }

  /** Positions of both parts, ascending; the index stays. */
  public DatasetBuilder parts(int[] trainPart, int[] testPart) {
    train = trainPart;
    test = testPart;
    return this;
  }

  /** Columns of a CSV file and the figures its numbers were standardised with. */
  public DatasetBuilder columns(List<Column> value, Optional<Normalization> figures) {
    columns = value;
    normalize = figures;
    return this;
  }

  /** Hashes of the samples' inputs, [N]; without them those of the inputs as they are stored. */
  public DatasetBuilder content(ContentHash value) {
    content = Optional.of(value);
    return this;
  }

  /**
   * A line to tell the user once: what the reader left out, or took to be meant. A guess says how
   * to have it otherwise; what may be wrong begins with {@code warning: }.
   */
  public DatasetBuilder remark(String line) {
    remarks.add(line);
    return this;
  }

  /** The lines so far, in their order. */
  List<String> remarks() {
    return List.copyOf(remarks);
  }

  /** Finishes by the request's rules, or makes rules; {@code where} begins messages. */
  public Dataset build(String where, DataRequest request) {
    if (store.samples() == 0) {
      throw new BadData(where + ": holds no samples");
    }
    if (request.purpose() == DataRequest.Purpose.TRAIN) {
      checkForTraining(where);
    }
    List<String> names = request.classes().orElse(classes);
    if (names.isEmpty()) {
      int largest = -1;
      for (int label : labels) {
        largest = Math.max(largest, label);
      }
      names = Schema.indexNames(largest + 1);
    }
    if (request.rules().isEmpty()) {
      remarkUntrainedClasses(names);
    }
    if (bytes) {
      normalize = Optional.of(byteFigures(where, request));
    }
    return new Dataset(this, new Schema(normalize, names, columns));
  }

  /** Classes that only the test part has: a network can't learn them. */
  private void remarkUntrainedClasses(List<String> names) {
    if (labels.length == 0 || train.length == 0) {
      return;
    }
    boolean[] trained = new boolean[names.size()];
    for (int sample : train) {
      trained[labels[sample]] = true;
    }
    Map<String, Integer> samples = new TreeMap<>();
    for (int sample : test) {
      if (!trained[labels[sample]]) {
        samples.merge(names.get(labels[sample]), 1, Integer::sum);
      }
    }
    if (!samples.isEmpty()) {
      String named =
          samples.entrySet().stream()
              .limit(MOST_NAMED)
              .map(e -> "'" + e.getKey() + "' (" + e.getValue() + ")")
              .collect(Collectors.joining(", "));
      int more = samples.size() - Math.min(samples.size(), MOST_NAMED);
      remark(
          "warning: only the test part has samples of "
              + (samples.size() == 1 ? "class " : "classes ")
              + named
              + (more > 0 ? " and " + more + " more" : "")
              + ", which a network can't learn; give the training part some");
    }
  }

  private void checkForTraining(String where) {
    if (train.length == 0) {
      String left = remarks.isEmpty() ? "" : "; " + String.join("; ", remarks);
      throw new BadData(where + ": has no training part; training needs one" + left);
    }
    int first = labels[train[0]];
    for (int sample : train) {
      if (labels[sample] != first) {
        return;
      }
    }
    throw new BadData(
        where
            + ": all "
            + train.length
            + " training samples have the same label '"
            + (classes.isEmpty() ? Integer.toString(first) : classes.get(first))
            + "'; there is nothing to learn with fewer than two classes");
  }

  private Normalization byteFigures(String where, DataRequest request) {
    int channels = shape.channels();
    if (request.rules().isPresent()) {
      Optional<Normalization> given = request.rules().get().normalize();
      if (given.isEmpty()) {
        List<Double> zeros = new ArrayList<>();
        List<Double> ones = new ArrayList<>();
        for (int c = 0; c < channels; c++) {
          zeros.add(0.0);
          ones.add(1.0);
        }
        return new Normalization(zeros, ones);
      }
      if (given.get().mean().size() != channels) {
        throw new BadData(
            where
                + ": samples have shape "
                + shape
                + ", the model was trained on "
                + given.get().mean().size()
                + " channels; give it data of the same shape");
      }
      return given.get();
    }
    return ByteFigures.of(store, train.length > 0 ? train : test, channels);
  }
}
