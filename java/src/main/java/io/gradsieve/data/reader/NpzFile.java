package io.gradsieve.data.reader;

import io.gradsieve.GradsieveException.BadData;
import io.gradsieve.data.DataRequest;
import io.gradsieve.data.Dataset;
import io.gradsieve.data.DatasetBuilder;
import io.gradsieve.data.SampleShape;
import io.gradsieve.data.SampleStore;
import io.gradsieve.format.npy.NpyHeader;
import io.gradsieve.format.npy.NpyReader;
import io.gradsieve.format.npy.NpyType;
import io.gradsieve.format.npy.NpzArchive;
import java.nio.file.Path;
import java.util.BitSet;
import java.util.List;
import java.util.Optional;

/**
 * A numpy archive with arrays {@code x} and {@code y}, optionally {@code x_test} and {@code
 * y_test}. x is uint8 or float32 (float64 is rounded to it): [N] or [N, D] features, [N, H, W] grey
 * images, or images with the axes that {@link io.gradsieve.data.ImageAxes} finds. y is [N] or [N,
 * 1], class indices from 0.
 */
final class NpzFile {
  private final Path file;
  private final DataRequest request;

  private NpzFile(Path file, DataRequest request) {
    this.file = file;
    this.request = request;
  }

  static Dataset read(Path file, String name, DataRequest request) {
    try (NpzArchive arrays = NpzArchive.open(file)) {
      return new NpzFile(file, request).read(arrays, name);
    }
  }

  private Dataset read(NpzArchive arrays, String name) {
    NpyReader x = array(arrays, "x");
    Optional<NpyReader> xTest = arrays.array("x_test");
    ArrayLayout layout = ArrayLayout.of(x.name(), x.header());
    if (xTest.isPresent()
        && !layout.fits(ArrayLayout.of(xTest.get().name(), xTest.get().header()))) {
      throw new BadData(
          file
              + ": x_test is "
              + describe(xTest.get().header())
              + ", x is "
              + describe(x.header())
              + "; all but the first size must agree");
    }
    int train = samples(x);
    int test = xTest.map(this::samples).orElse(0);
    SampleShape shape = layout.shape();
    int elementBytes = layout.bytes() ? 1 : 4;
    SampleStore store =
        new SampleStore(
            file.toString(), (long) train + test, (long) shape.elements() * elementBytes);
    fill(x, layout, store, 0, train);
    xTest.ifPresent(array -> fill(array, layout, store, train, test));
    int[] labels = new int[request.labelled() ? train + test : 0];
    Optional<String> labelRemark = Optional.empty();
    if (request.labelled()) {
      labelRemark = readLabels(arrays, "y", labels, 0, train);
      if (xTest.isPresent()) {
        readLabels(arrays, "y_test", labels, train, test);
      }
    }
    DatasetBuilder builder =
        new DatasetBuilder(name, shape, layout.bytes(), store).labels(labels).trainCount(train);
    NpzNames.unread(file, arrays.names()).ifPresent(builder::remark);
    layout.guess().ifPresent(builder::remark);
    labelRemark.ifPresent(builder::remark);
    if (!layout.bytes() && request.rules().isEmpty()) {
      constantFeatures(store, shape, train).ifPresent(builder::remark);
    }
    return builder.build(file.toString(), request);
  }

  private NpyReader array(NpzArchive arrays, String name) {
    return arrays.array(name).orElseThrow(() -> NpzNames.missing(file, arrays.names(), name));
  }

  /**
   * What to tell of channels of float32 that never vary in training: float32 is used as it is, so
   * unlike bytes they are not standardised away.
   */
  private Optional<String> constantFeatures(SampleStore store, SampleShape shape, int train) {
    BitSet constant = new BitSet();
    constant.set(0, shape.channels());
    float[] first = new float[shape.channels()];
    for (int c = 0; c < first.length; c++) {
      first[c] = store.getFloat(0, c);
    }
    for (int sample = 0; sample < train && !constant.isEmpty(); sample++) {
      for (int i = 0; i < shape.elements(); i++) {
        int c = i % first.length;
        if (constant.get(c) && store.getFloat(sample, i) != first[c]) {
          constant.clear(c);
        }
      }
    }
    int found = constant.cardinality();
    if (found == 0 || found == first.length || train < 2) {
      return Optional.empty();
    }
    String what = shape.height() * shape.width() == 1 ? "columns" : "channels";
    return Optional.of(
        "warning: %s: %d of the %d %s of x never vary (the first is %d): what they hold later would count by weights that were never trained; leave them out"
            .formatted(file, found, first.length, what, constant.nextSetBit(0)));
  }

  private int samples(NpyReader x) {
    long n = x.header().shape().get(0);
    if (n > Integer.MAX_VALUE - 8) {
      throw new BadData(
          x.name() + ": has " + n + " samples, at most " + (Integer.MAX_VALUE - 8) + " are read");
    }
    return (int) n;
  }

  static String describe(NpyHeader header) {
    return header.type().numpyName() + " " + header.shape();
  }

  /** Reads elements in the file's order and puts each where [H][W][C] wants it. */
  private void fill(NpyReader in, ArrayLayout layout, SampleStore store, int first, int samples) {
    boolean fortran = in.header().fortranOrder();
    int[] places = layout.places(fortran);
    int sample = 0;
    int element = 0;
    for (int n = in.next(); n > 0; n = in.next()) {
      double[] values = in.values();
      for (int i = 0; i < n; i++) {
        int place = places[element];
        if (layout.bytes()) {
          store.setByte(first + sample, place, (byte) (int) values[i]);
        } else {
          float value = (float) values[i];
          if (!Float.isFinite(value)) {
            throw new BadData(
                in.name()
                    + ": row "
                    + sample
                    + ", column "
                    + layout.column(element, fortran)
                    + ": "
                    + values[i]
                    + (Double.isFinite(values[i])
                        ? " is beyond float32"
                        : " is not a finite number")
                    + "; clean the data");
          }
          store.setFloat(first + sample, place, value);
        }
        if (fortran) {
          sample = sample + 1 == samples ? 0 : sample + 1;
          element += sample == 0 ? 1 : 0;
        } else {
          element = element + 1 == places.length ? 0 : element + 1;
          sample += element == 0 ? 1 : 0;
        }
      }
    }
  }

  /** Returns what to tell of labels that may not be classes. */
  private Optional<String> readLabels(
      NpzArchive arrays, String name, int[] labels, int first, int count) {
    NpyReader y = array(arrays, name);
    List<Long> shape = y.header().shape();
    NpyType type = y.header().type();
    if (shape.isEmpty() || shape.size() > 2 || (shape.size() == 2 && shape.get(1) != 1)) {
      throw new BadData(
          y.name()
              + ": has shape "
              + shape
              + ", class indices [N] are needed"
              + (shape.size() == 2 ? "; of a one-hot array they are y.argmax(axis=1)" : ""));
    }
    if (shape.get(0) != count) {
      throw new BadData(
          y.name()
              + ": has "
              + shape.get(0)
              + " labels of "
              + type.numpyName()
              + " for "
              + count
              + " samples");
    }
    ClassIndices indices = new ClassIndices(request);
    int row = 0;
    for (int n = y.next(); n > 0; n = y.next()) {
      for (int i = 0; i < n; i++, row++) {
        labels[first + row] = indices.check(y.values()[i], y.name(), row);
      }
    }
    return indices.remark(y.name());
  }
}
