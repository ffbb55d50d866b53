package io.gradsieve.data.augment;

import io.gradsieve.RandomBits;
import java.util.Arrays;
import java.util.Locale;

/**
 * Random changes of an image on its way into a batch: {@code crop} pads 4 zeros on each side and
 * cuts the original size out at a random place, {@code flip} mirrors left and right with
 * probability ½. What happens to a sample is a function of (seed, epoch, sample), so it does not
 * depend on threads, batches or order. To add one: a name and its draw in {@link #apply}.
 */
public enum Augment {
  NONE(false, false),
  FLIP(false, true),
  CROP(true, false),
  CROP_FLIP(true, true);

  /**
   * Zeros on each side before cutting, pixels; the usual value for images of 32 pixels (He et al.
   * 2016).
   */
  public static final int PADDING = 4;

  private static final String PURPOSE = "augment";
  private static final int PLACES = 2 * PADDING + 1;

  private final boolean crop;
  private final boolean flip;

  Augment(boolean crop, boolean flip) {
    this.crop = crop;
    this.flip = flip;
  }

  /** As options spell it, for instance {@code crop+flip}. */
  public String key() {
    return name().toLowerCase(Locale.ROOT).replace('_', '+');
  }

  /** Whether it moves images. */
  public boolean crops() {
    return crop;
  }

  /** Whether it mirrors some images. */
  public boolean flips() {
    return flip;
  }

  /** The draws of one epoch. */
  public static RandomBits draws(long seed, int epoch) {
    return RandomBits.of(seed, PURPOSE, epoch);
  }

  /**
   * Writes a changed copy of an image to {@code target}; allocates nothing.
   *
   * @param bits the sample's draw, {@code draws(seed, epoch).bits(index)}
   * @param source the image, [H][W] pixels of {@code pixelBytes}
   */
  public void apply(
      long bits, byte[] source, int height, int width, int pixelBytes, byte[] target) {
    int down = crop ? place(bits) - PADDING : 0;
    int right = crop ? place(bits >>> 24) - PADDING : 0;
    boolean mirror = flip && bits < 0;
    int rowBytes = width * pixelBytes;
    for (int y = 0; y < height; y++) {
      int row = y * rowBytes;
      int from = y + down;
      if (from < 0 || from >= height) {
        Arrays.fill(target, row, row + rowBytes, (byte) 0);
      } else {
        copyRow(source, from * rowBytes, width, pixelBytes, right, mirror, target, row);
      }
    }
  }

  /** 0 to 8 from 24 bits; the bias is under 1e-6. */
  private static int place(long bits) {
    return (int) ((bits & 0xffffff) * PLACES >>> 24);
  }

  private static void copyRow(
      byte[] source,
      int offset,
      int width,
      int pixelBytes,
      int right,
      boolean mirror,
      byte[] target,
      int row) {
    int first = Math.min(width, Math.max(0, -right));
    int end = Math.max(first, Math.min(width, width - right));
    int before = (mirror ? width - end : first) * pixelBytes;
    int after = before + (end - first) * pixelBytes;
    Arrays.fill(target, row, row + before, (byte) 0);
    Arrays.fill(target, row + after, row + width * pixelBytes, (byte) 0);
    if (!mirror) {
      System.arraycopy(
          source, offset + (first + right) * pixelBytes, target, row + before, after - before);
      return;
    }
    for (int x = first; x < end; x++) {
      int from = offset + (x + right) * pixelBytes;
      int to = row + (width - 1 - x) * pixelBytes;
      for (int b = 0; b < pixelBytes; b++) {
        target[to + b] = source[from + b];
      }
    }
  }
}
