package io.gradsieve.format.image;

import java.nio.ByteBuffer;

/**
 * What the samples of a PNG file mean (PNG specification, sections 12 and 13). Whatever is not
 * opaque is laid on white.
 */
final class PngColours implements EncodedImage.RowColours {
  /** Opacity must differ by so much to count as a shape of its own, */
  private static final int SHAPE = 128;

  /** and colours by less than this to hide it. */
  private static final int PLAIN = 16;

  private static final int WHITE = 255;

  private final PngFile png;
  private final boolean indexed;
  private final int colours;
  private final int bands;

  /** Bits that a stored value uses: fewer than it has where a deep image lies in a low range. */
  private final int usedBits;

  /** The one stored colour that is transparent; empty without one. */
  private final int[] key;

  private int largest;
  private boolean transparent;
  private final Range alphas = new Range();
  private final Range[] results = {new Range(), new Range(), new Range()};

  /** The least and the largest value seen. */
  private static final class Range {
    private int least = WHITE;
    private int most;

    void add(int value) {
      least = Math.min(least, value);
      most = Math.max(most, value);
    }

    int width() {
      return most - least;
    }
  }

  PngColours(PngFile png, int usedBits) {
    this.png = png;
    this.usedBits = usedBits;
    indexed = png.has(PngFile.PALETTE);
    colours = !indexed && png.has(PngFile.COLOURS) ? 3 : 1;
    bands = colours + (png.has(PngFile.ALPHA) ? 1 : 0);
    boolean keyed =
        !indexed && bands == colours && png.transparency().length >= Short.BYTES * colours;
    key = new int[keyed ? colours : 0];
    for (int c = 0; c < key.length; c++) {
      key[c] = ByteBuffer.wrap(png.transparency()).getShort(Short.BYTES * c) & 0xffff;
    }
  }

  @Override
  public void convert(int[] samples, int width, byte[] target, int at) {
    for (int x = 0; x < width; x++) {
      int pixel = at + 3 * x;
      int alpha = indexed ? entry(samples[x], target, pixel) : direct(samples, x, target, pixel);
      if (alpha < WHITE) {
        transparent = true;
        for (int c = pixel; c < pixel + 3; c++) {
          int over = (target[c] & 0xff) * alpha + WHITE * (WHITE - alpha);
          target[c] = (byte) EncodedImage.over255(over);
        }
      }
      alphas.add(alpha);
      for (int c = 0; c < 3; c++) {
        results[c].add(target[pixel + c] & 0xff);
      }
    }
  }

  /** Sets the colour of a palette entry and returns its alpha. */
  private int entry(int index, byte[] target, int at) {
    if (3 * index + 3 > png.palette().length) {
      throw new IllegalArgumentException("it has pixels beyond its palette");
    }
    System.arraycopy(png.palette(), 3 * index, target, at, 3);
    return index < png.transparency().length ? png.transparency()[index] & 0xff : WHITE;
  }

  /** Sets the colour of the x-th samples and returns its alpha. */
  private int direct(int[] samples, int x, byte[] target, int at) {
    boolean keyed = key.length > 0;
    for (int c = 0; c < colours; c++) {
      int sample = samples[x * bands + c];
      largest = Math.max(largest, sample);
      keyed = keyed && sample == key[c];
      target[at + c] = (byte) byteOf(sample, usedBits);
    }
    if (colours == 1) {
      target[at + 1] = target[at];
      target[at + 2] = target[at];
    }
    if (keyed) {
      return 0;
    }
    return bands == colours ? WHITE : byteOf(samples[x * bands + colours], png.bits());
  }

  /** The upper 8 of more bits, as Pillow has it; fewer are stretched. */
  private static int byteOf(int sample, int bits) {
    return bits >= 8 ? sample >> bits - 8 : sample * 255 / ((1 << bits) - 1);
  }

  /** Throws {@link io.gradsieve.GradsieveException.BadData} if white hides the shape. */
  @Override
  public ImageDecoder.Image image(int height, int width, byte[] pixels) {
    boolean plain = true;
    for (Range result : results) {
      plain &= result.width() < PLAIN;
    }
    if (plain && alphas.width() >= SHAPE) {
      throw png.refused(
          "plain white once its transparency is laid on white; lay it on a darker colour");
    }
    boolean deep = png.bits() == 16;
    return new ImageDecoder.Image(
        height, width, pixels, transparent, deep ? png.significantBits() : 0, deep ? largest : 0);
  }
}
