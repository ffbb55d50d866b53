package io.gradsieve.data;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;

/**
 * All samples of a source in memory, training and test part, immutable. A sample is named by its
 * position, 0 to {@link #size} − 1; inputs are dense [H][W][C], uint8 ({@link #bytes}) or
 * little-endian float32. Made by {@link DataSource} from files or by {@link DatasetBuilder} from
 * arrays.
 */
public final class Dataset {
  private final String name;
  private final SampleShape shape;
  private final boolean bytes;
  private final SampleStore store;
  private final ContentHash content;
  private final int[] labels;
  private final float[] weights;
  private final String[] ids;
  private final long[] index;
  private final int[] train;
  private final int[] test;
  private final Schema schema;
  private final Duplicates duplicates;
  private final List<String> remarks;

  Dataset(DatasetBuilder b, Schema schema) {
    name = b.name;
    shape = b.shape;
    bytes = b.bytes;
    store = b.store;
    content = b.content.orElseGet(() -> ContentHash.of(store, bytes, shape.channels()));
    labels = b.labels;
    weights = b.weights;
    ids = b.ids;
    index = b.index;
    train = b.train;
    test = b.test;
    this.schema = schema;
    duplicates = Duplicates.count(content, labels, train, test);
    remarks = b.remarks();
  }

  private Dataset(Dataset inputs, int[] labels, List<String> classes) {
    name = inputs.name;
    shape = inputs.shape;
    bytes = inputs.bytes;
    store = inputs.store;
    content = inputs.content;
    this.labels = labels.clone();
    weights = new float[0];
    ids = inputs.ids;
    index = inputs.index;
    train = inputs.train;
    test = inputs.test;
    schema = new Schema(inputs.schema.normalize(), classes, inputs.schema.columns());
    duplicates = inputs.duplicates;
    remarks = inputs.remarks;
  }

  /**
   * The same inputs with other labels; the user's weights stay behind.
   *
   * @param newLabels class indices, [{@link #size}]; empty: unlabelled
   * @param newClasses class names
   */
  public Dataset relabelled(int[] newLabels, List<String> newClasses) {
    if (newLabels.length != 0 && newLabels.length != size()) {
      throw new IllegalArgumentException(newLabels.length + " labels for " + size() + " samples");
    }
    return new Dataset(this, newLabels, newClasses);
  }

  /** Samples, both parts. */
  public int size() {
    return store.samples();
  }

  public SampleShape shape() {
    return shape;
  }

  /**
   * Whether inputs are uint8, to be scaled by the schema's {@code normalize}; else float32, used as
   * they are.
   */
  public boolean bytes() {
    return bytes;
  }

  /** Bytes of one sample's inputs. */
  public int sampleBytes() {
    return store.sampleBytes();
  }

  /** Copies a sample's inputs to {@code target} at {@code position}; allocates nothing. */
  public void copy(int sample, ByteBuffer target, int position) {
    target.put(position, store.chunk(sample), store.offset(sample), store.sampleBytes());
  }

  /** Whether all of these samples have the same inputs; looks no further than the first other. */
  public boolean alike(int[] samples) {
    byte[] first = new byte[sampleBytes()];
    byte[] other = new byte[sampleBytes()];
    for (int i = 0; i < samples.length; i++) {
      store.chunk(samples[i]).get(store.offset(samples[i]), i == 0 ? first : other);
      if (i > 0 && !Arrays.equals(first, other)) {
        return false;
      }
    }
    return true;
  }

  /** Where the samples lie, for devices. */
  public SampleStore store() {
    return store;
  }

  /** Class index, 0..K-1; -1 where {@link #labelled} is false. */
  public int label(int sample) {
    return labels.length == 0 ? -1 : labels[sample];
  }

  /** The user's weight as given, positive; 1 if there is none. */
  public float weight(int sample) {
    return weights.length == 0 ? 1 : weights[sample];
  }

  /** The {@code --id} value, an image's relative path, else the index. */
  public String id(int sample) {
    return ids.length == 0 ? Long.toString(index[sample]) : ids[sample];
  }

  /** Whether samples have ids of their own; else their index is all that names them. */
  public boolean named() {
    return ids.length > 0;
  }

  /**
   * A 128-bit hash of the sample's inputs as 32 hexadecimal digits, by which it is known again in
   * other order and under other rules; see {@link ContentHash}.
   */
  public String content(int sample) {
    return content.text(sample);
  }

  /** Puts the same hash as 16 bytes. */
  void content(int sample, ByteBuffer target) {
    content.put(sample, target);
  }

  /** Position in the original file or sorted listing of its part, from 0. */
  public long index(int sample) {
    return index[sample];
  }

  /** Class names, K of them. */
  public List<String> classes() {
    return schema.classes();
  }

  /** Whether labels are known. */
  public boolean labelled() {
    return labels.length > 0;
  }

  /** Positions of the training part, ascending. */
  public int[] train() {
    return train.clone();
  }

  /** Positions of the test part, ascending; may be empty. */
  public int[] test() {
    return test.clone();
  }

  /** The rules a model stores. */
  public Schema schema() {
    return schema;
  }

  public Duplicates duplicates() {
    return duplicates;
  }

  /** Lines to tell the user once: what was left out, guessed or may be wrong. */
  public List<String> remarks() {
    return remarks;
  }

  /**
   * A short name for runs, for instance {@code digits}; letters, digits, dots, hyphens and
   * underscores.
   */
  public String name() {
    return name;
  }
}
