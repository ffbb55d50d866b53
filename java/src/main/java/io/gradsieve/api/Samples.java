package io.gradsieve.api;

import io.gradsieve.GradsieveException.BadData;
import io.gradsieve.GradsieveException.Usage;
import io.gradsieve.config.DataOptions;
import io.gradsieve.config.TrainingConfig;
import io.gradsieve.data.DataRequest;
import io.gradsieve.data.DataSource;
import io.gradsieve.data.Dataset;
import io.gradsieve.data.DatasetBuilder;
import io.gradsieve.data.SampleShape;
import io.gradsieve.data.SampleStore;
import io.gradsieve.data.Schema;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Samples to train on, to score or to predict: arrays, or what a file holds. Arrays are copied.
 * Immutable.
 */
public final class Samples {
  private static final String NAME = "samples";

  /** A source: what the command line would open, or arrays. */
  private interface Source {
    Dataset open(DataRequest request);
  }

  private final Source source;
  private final List<String> assignments; // of the options that say what it is

  private Samples(Source source, List<String> assignments) {
    this.source = source;
    this.assignments = List.copyOf(assignments);
  }

  /** Arrays, before they are a data set. */
  private record Arrayed(
      SampleShape shape,
      boolean bytes,
      SampleStore store,
      int[] labels,
      List<String> classes,
      String[] ids,
      int train)
      implements Source {
    @Override
    public Dataset open(DataRequest request) {
      if (request.labelled() && labels.length == 0) {
        throw new BadData(NAME + ": have no labels, which are needed here");
      }
      DatasetBuilder builder =
          new DatasetBuilder(NAME, shape, bytes, store)
              .labels(request.labelled() ? labels : new int[0])
              .classes(classes)
              .ids(ids);
      return (train < store.samples() ? builder.trainCount(train) : builder).build(NAME, request);
    }
  }

  // ---- where they come from

  /**
   * Features, used as they are: standardise them first if their sizes differ much.
   *
   * @param inputs finite, [N][D]
   * @param labels class indices from 0, [N]
   */
  public static Samples of(float[][] inputs, int[] labels) {
    int features = inputs.length == 0 ? 0 : inputs[0].length;
    return floats(SampleShape.features(checked(inputs.length, features)), inputs, labels.clone());
  }

  /** The same without labels: for predictions. */
  public static Samples unlabelled(float[][] inputs) {
    return of(inputs, new int[0]);
  }

  /**
   * Images of bytes, scaled to [0, 1] and standardised per channel when trained on.
   *
   * @param pixels [N][C·H·W], channel after channel, row after row
   * @param labels class indices from 0, [N]; none: for predictions
   */
  public static Samples images(
      byte[][] pixels, int channels, int height, int width, int... labels) {
    SampleShape shape = new SampleShape(channels, height, width);
    checked(pixels.length, shape.elements());
    SampleStore store = new SampleStore(NAME, pixels.length, shape.elements());
    for (int i = 0; i < pixels.length; i++) {
      checkLength(i, pixels[i].length, shape);
      for (int k = 0; k < pixels[i].length; k++) {
        store.setByte(i, channelsLast(shape, k), pixels[i][k]);
      }
    }
    return arrays(shape, true, store, labels.clone());
  }

  /**
   * Images of floats, used as they are.
   *
   * @param pixels finite, [N][C·H·W], channel after channel, row after row
   * @param labels class indices from 0, [N]; none: for predictions
   */
  public static Samples images(
      float[][] pixels, int channels, int height, int width, int... labels) {
    checked(pixels.length, 1);
    return floats(new SampleShape(channels, height, width), pixels, labels.clone());
  }

  /**
   * What the command line reads as {@code --data}: a known name, a file or a directory.
   *
   * @param settings {@code key=value} of {@code data-dir}, {@code label}, {@code id}, {@code
   *     weight}, {@code ignore}
   * @throws Usage on another key
   */
  public static Samples read(String data, String... settings) {
    List<String> assignments =
        Stream.concat(Stream.of("data=" + data), Arrays.stream(settings)).toList();
    Optional<String> other =
        Arrays.stream(settings).filter(text -> !Training.isOfData(text)).findFirst();
    if (other.isPresent()) {
      throw new Usage("%s: says nothing of data; give it to Training".formatted(other.get()));
    }
    TrainingConfig config =
        Words.ofCode(() -> TrainingConfig.of(assignments.toArray(String[]::new)));
    Source source =
        request ->
            DataSource.open(
                DataOptions.request(config.settings(), request.purpose(), request.rules()));
    return new Samples(source, assignments);
  }

  // ---- what else is known of arrays

  /** The same with names of the classes, in the order of their indices. */
  public Samples classes(String... names) {
    Arrayed a = arrayed();
    return of(
        new Arrayed(
            a.shape(), a.bytes(), a.store(), a.labels(), List.of(names), a.ids(), a.train()));
  }

  /** The same with a name for each sample, [N], the test part's behind the others. */
  public Samples ids(String... names) {
    Arrayed a = arrayed();
    if (names.length != a.store().samples()) {
      throw new IllegalArgumentException(
          "%d names for %d samples".formatted(names.length, a.store().samples()));
    }
    return of(
        new Arrayed(
            a.shape(), a.bytes(), a.store(), a.labels(), a.classes(), names.clone(), a.train()));
  }

  /** The same with a test part, which nothing is learned from. */
  public Samples test(Samples part) {
    Arrayed a = arrayed();
    Arrayed b = part.arrayed();
    if (!a.shape().equals(b.shape()) || a.bytes() != b.bytes()) {
      throw new BadData(
          "%s: the test part's are %s, the others' %s".formatted(NAME, b.shape(), a.shape()));
    }
    int all = a.store().samples() + b.store().samples();
    SampleStore store = new SampleStore(NAME, all, a.store().sampleBytes());
    byte[] sample = new byte[store.sampleBytes()];
    for (int i = 0; i < all; i++) {
      boolean first = i < a.store().samples();
      (first ? a.store() : b.store()).get(first ? i : i - a.store().samples(), sample);
      store.set(i, sample);
    }
    int[] labels = Arrays.copyOf(a.labels(), all);
    System.arraycopy(b.labels(), 0, labels, a.labels().length, b.labels().length);
    List<String> ids = new ArrayList<>(List.of(a.ids()));
    ids.addAll(List.of(b.ids()));
    String[] named = ids.size() == all ? ids.toArray(String[]::new) : new String[0];
    return of(
        new Arrayed(a.shape(), a.bytes(), store, labels, a.classes(), named, a.store().samples()));
  }

  // ---- for this package

  List<String> assignments() {
    return assignments;
  }

  Dataset open(DataRequest request) {
    return Words.ofCode(() -> source.open(request));
  }

  /** The data set, read by a model's rules. */
  Dataset open(DataRequest.Purpose purpose, Schema rules) {
    DataRequest any = DataRequest.predict(NAME, rules);
    return open(
        new DataRequest(
            any.data(),
            purpose,
            any.rules(),
            any.dataDirectory(),
            any.label(),
            any.id(),
            any.weight(),
            any.ignore()));
  }

  private Arrayed arrayed() {
    if (source instanceof Arrayed arrays) {
      return arrays;
    }
    throw new IllegalStateException("what a file holds has its own names and parts");
  }

  private static Samples of(Arrayed arrays) {
    return new Samples(arrays, List.of("data=" + NAME));
  }

  private static Samples arrays(SampleShape shape, boolean bytes, SampleStore store, int[] labels) {
    if (labels.length != 0 && labels.length != store.samples()) {
      throw new IllegalArgumentException(
          "%d labels for %d samples".formatted(labels.length, store.samples()));
    }
    for (int i = 0; i < labels.length; i++) {
      if (labels[i] < 0 || labels[i] > DatasetBuilder.MAX_CLASSES) {
        throw new BadData("%s: the label of sample %d is %d".formatted(NAME, i, labels[i]));
      }
    }
    return of(new Arrayed(shape, bytes, store, labels, List.of(), new String[0], store.samples()));
  }

  private static Samples floats(SampleShape shape, float[][] inputs, int[] labels) {
    SampleStore store = new SampleStore(NAME, inputs.length, 4L * shape.elements());
    for (int i = 0; i < inputs.length; i++) {
      checkLength(i, inputs[i].length, shape);
      for (int k = 0; k < inputs[i].length; k++) {
        if (!Float.isFinite(inputs[i][k])) {
          throw new BadData("%s: input %d of sample %d is %s".formatted(NAME, k, i, inputs[i][k]));
        }
        store.setFloat(i, channelsLast(shape, k), inputs[i][k]);
      }
    }
    return arrays(shape, false, store, labels);
  }

  /** Where element k of [C][H][W] lies in [H][W][C]. */
  private static int channelsLast(SampleShape shape, int k) {
    int pixels = shape.height() * shape.width();
    return k % pixels * shape.channels() + k / pixels;
  }

  private static int checked(int samples, int inputs) {
    if (samples == 0 || inputs == 0) {
      throw new BadData(NAME + ": there are none, or they have no inputs");
    }
    return inputs;
  }

  private static void checkLength(int sample, int length, SampleShape shape) {
    if (length != shape.elements()) {
      throw new BadData(
          "%s: sample %d has %d inputs, %s has %d"
              .formatted(NAME, sample, length, shape, shape.elements()));
    }
  }
}
