package io.gradsieve.data.reader;

import io.gradsieve.GradsieveException.BadData;
import io.gradsieve.data.ImageAxes;
import io.gradsieve.data.SampleShape;
import io.gradsieve.data.SampleStore;
import io.gradsieve.format.npy.NpyHeader;
import java.util.List;
import java.util.Optional;

/**
 * How an array's samples lie in a file.
 *
 * @param shape of a sample
 * @param bytes uint8, else float32
 * @param channelsLast whether a sample is [H, W, C] in the file, else [C, H, W]
 * @param guess what to tell where the order of the axes was guessed
 */
record ArrayLayout(SampleShape shape, boolean bytes, boolean channelsLast, Optional<String> guess) {

  /**
   * Of an array [N], [N, D], [N, H, W], or of images whose channels {@link ImageAxes} finds; {@code
   * where} begins messages.
   */
  static ArrayLayout of(String where, NpyHeader header) {
    boolean bytes = header.type().isUint8();
    if (!bytes && !header.type().isReal()) {
      throw new BadData(
          where
              + ": is "
              + header.type().numpyName()
              + "; use uint8 for images (0 to 255) or float32 for numbers, with .astype(...)");
    }
    List<Long> sizes = header.shape();
    if (sizes.isEmpty() || sizes.size() > 4) {
      throw new BadData(
          where + ": has shape " + sizes + "; [N, D], [N, H, W] or [N, C, H, W] is needed");
    }
    long elements = 1;
    for (long size : sizes.subList(1, sizes.size())) {
      if (size < 1 || size > SampleStore.MAX_SAMPLE_BYTES) {
        throw new BadData(
            where
                + ": has shape "
                + sizes
                + "; sizes from 1 to "
                + SampleStore.MAX_SAMPLE_BYTES
                + " are read");
      }
      elements *= size;
      if (elements > SampleStore.MAX_SAMPLE_BYTES) {
        throw new BadData(
            where
                + ": has shape "
                + sizes
                + "; a sample may have "
                + SampleStore.MAX_SAMPLE_BYTES
                + " elements");
      }
    }
    if (sizes.get(0) == 0) {
      throw new BadData(where + ": holds no samples");
    }
    int[] s = sizes.stream().mapToInt(v -> (int) Math.min(v, Integer.MAX_VALUE)).toArray();
    return switch (s.length) {
      case 1 -> planes(SampleShape.features(1), bytes);
      case 2 -> planes(SampleShape.features(s[1]), bytes);
      case 3 -> planes(new SampleShape(1, s[1], s[2]), bytes);
      default -> images(where, sizes, ImageAxes.of(s[1], s[2], s[3]), bytes);
    };
  }

  private static ArrayLayout planes(SampleShape shape, boolean bytes) {
    return new ArrayLayout(shape, bytes, false, Optional.empty());
  }

  private static ArrayLayout images(String where, List<Long> sizes, ImageAxes axes, boolean bytes) {
    String last = "height, width, channels";
    String first = "channels, height, width";
    String guess =
        "%s: has shape %s: read as %s; if it is %s, save x.%s"
            .formatted(
                where,
                sizes,
                axes.channelsLast() ? last : first,
                axes.channelsLast() ? first : last,
                axes.forOtherOrder());
    return new ArrayLayout(
        axes.shape(), bytes, axes.channelsLast(), Optional.of(guess).filter(g -> !axes.clear()));
  }

  /** Whether samples of both go into one store. */
  boolean fits(ArrayLayout other) {
    return shape.equals(other.shape) && bytes == other.bytes && channelsLast == other.channelsLast;
  }

  /** For each element of a sample in the file's order, its place in [H][W][C]. */
  int[] places(boolean fortran) {
    int[] places = new int[shape.elements()];
    for (int i = 0; i < places.length; i++) {
      int element = column(i, fortran);
      places[i] = element;
      if (!channelsLast) {
        int positions = shape.height() * shape.width();
        places[i] = element % positions * shape.channels() + element / positions;
      }
    }
    return places;
  }

  /**
   * The row-major number, as numpy's {@code x.reshape(N, -1)} counts columns, of an element in the
   * file's order.
   */
  int column(int element, boolean fortran) {
    if (!fortran) {
      return element;
    }
    int[] sizes =
        channelsLast
            ? new int[] {shape.height(), shape.width(), shape.channels()}
            : new int[] {shape.channels(), shape.height(), shape.width()};
    int a = element % sizes[0];
    int b = element / sizes[0] % sizes[1];
    int c = element / sizes[0] / sizes[1];
    return (a * sizes[1] + b) * sizes[2] + c;
  }
}
