package io.gradsieve.data;

import java.util.Optional;

/**
 * Which axis of an array [N, a, b, c] holds the channels: a, as in PyTorch, or c, as in Pillow and
 * Keras. The array does not say, so its sizes decide, whatever its type: the end that is more often
 * a number of channels (1 and 3 before 2 and 4 before all others), else the one that leaves square
 * images, else the smaller if neither is such a number, else a.
 *
 * @param shape of a sample
 * @param channelsLast whether a sample is [H, W, C], else [C, H, W]
 * @param clear whether nothing speaks for the other order
 */
public record ImageAxes(SampleShape shape, boolean channelsLast, boolean clear) {
  private static final String ROWS = "reshape(len(x), -1)";

  /** Of a sample's sizes in the array's order, all positive. */
  public static ImageAxes of(int a, int b, int c) {
    int first = likeness(a);
    int last = likeness(c);
    boolean channelsLast = last > first;
    if (first == last) {
      boolean squareIfFirst = b == c;
      boolean squareIfLast = a == b;
      channelsLast = squareIfFirst == squareIfLast ? first == 0 && c < a : squareIfLast;
    }
    boolean clear = !channelsLast && last == 0 && (first > 0 || b == c);
    return new ImageAxes(shape(channelsLast, a, b, c), channelsLast, clear);
  }

  private static SampleShape shape(boolean channelsLast, int a, int b, int c) {
    return channelsLast ? new SampleShape(c, a, b) : new SampleShape(a, b, c);
  }

  /** How much a size looks like a number of channels: grey and RGB before grey-alpha and RGBA. */
  private static int likeness(int size) {
    return switch (size) {
      case 1, 3 -> 2;
      case 2, 4 -> 1;
      default -> 0;
    };
  }

  /**
   * The axes to write samples of a shape with, so that they are read back the same: PyTorch's order
   * where that is possible; empty if neither order is.
   */
  public static Optional<ImageAxes> toWrite(SampleShape shape) {
    ImageAxes first = of(shape.channels(), shape.height(), shape.width());
    ImageAxes last = of(shape.height(), shape.width(), shape.channels());
    return first.shape().equals(shape)
        ? Optional.of(first)
        : Optional.of(last).filter(axes -> axes.shape().equals(shape));
  }

  /**
   * What to apply to the array, so that it is read in the other order: a transposition that is read
   * so (at worst with height and width exchanged), else rows of features.
   */
  public String forOtherOrder() {
    int c = shape.channels();
    int h = shape.height();
    int w = shape.width();
    if (channelsLast) {
      // the array's sizes are h, w, c, and h is meant to be the channels
      return of(w, c, h).channelsLast()
          ? "transpose(0, 2, 3, 1)"
          : of(h, c, w).channelsLast() ? ROWS : "transpose(0, 1, 3, 2)";
    }
    // the array's sizes are c, h, w, and w is meant to be the channels
    return of(w, c, h).channelsLast()
        ? of(h, c, w).channelsLast() ? "transpose(0, 2, 1, 3)" : ROWS
        : "transpose(0, 3, 1, 2)";
  }
}
