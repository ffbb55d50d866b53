package io.gradsieve.data.reader;

import io.gradsieve.GradsieveException;
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
import java.util.List;
import java.util.Optional;

/**
 * A numpy archive with arrays {@code x} and {@code y}, optionally {@code x_test} and {@code
 * y_test}. x is uint8 or float32 (float64 is rounded to it): [N] or [N, D] features, [N, H, W] or
 * [N, C, H, W] images in PyTorch's order. uint8 images may also be [N, H, W, C]: if the last axis
 * is 1 or 3 and the second is neither. y is [N] or [N, 1], class indices from 0.
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
    NpyReader x =
        arrays
            .array("x")
            .orElseThrow(
                () ->
                    new BadData(
                        file
                            + ": has no array x"
                            + nearest(arrays, "x")
                            + "; save it with numpy.savez(file, x=x, y=y)"));
    Optional<NpyReader> xTest = arrays.array("x_test");
    ArrayLayout layout = ArrayLayout.of(x.name(), x.header());
    if (xTest.isPresent()
        && !layout.equals(ArrayLayout.of(xTest.get().name(), xTest.get().header()))) {
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
    if (request.labelled()) {
      readLabels(arrays, "y", labels, 0, train);
      if (xTest.isPresent()) {
        readLabels(arrays, "y_test", labels, train, test);
      }
    }
    return new DatasetBuilder(name, shape, layout.bytes(), store)
        .labels(labels)
        .trainCount(train)
        .build(file.toString(), request);
  }

  private int samples(NpyReader x) {
    long n = x.header().shape().get(0);
    if (n > Integer.MAX_VALUE - 8) {
      throw new BadData(
          x.name() + ": has " + n + " samples, at most " + (Integer.MAX_VALUE - 8) + " are read");
    }
    return (int) n;
  }

  private static String nearest(NpzArchive arrays, String wanted) {
    return arrays.names().isEmpty()
        ? ""
        : " (nearest: '" + GradsieveException.nearest(wanted, arrays.names()) + "')";
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

  private void readLabels(NpzArchive arrays, String name, int[] labels, int first, int count) {
    NpyReader y =
        arrays
            .array(name)
            .orElseThrow(
                () ->
                    new BadData(
                        file
                            + ": has no array "
                            + name
                            + nearest(arrays, name)
                            + "; labels are needed here"));
    List<Long> shape = y.header().shape();
    NpyType type = y.header().type();
    if (shape.isEmpty() || shape.size() > 2 || (shape.size() == 2 && shape.get(1) != 1)) {
      throw new BadData(
          y.name()
              + ": has shape "
              + shape
              + ", class indices [N] are needed (argmax of a one-hot array)");
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
  }
}
