package io.gradsieve.format.image;

/**
 * What the components of a JPEG file mean, computed as libjpeg and Pillow do: YCbCr by ITU-R BT.601
 * in 16 fraction bits; CMYK always inverted, as Adobe's programs write it, and without a profile.
 */
enum JpegColours implements EncodedImage.RowColours {
  /** Luminance alone. */
  GREY(1) {
    @Override
    void pixel(int[] samples, int i, byte[] target, int at) {
      set(target, at, samples[i], samples[i], samples[i]);
    }
  },
  /** Red, green, blue. */
  RGB(3) {
    @Override
    void pixel(int[] samples, int i, byte[] target, int at) {
      set(target, at, samples[i], samples[i + 1], samples[i + 2]);
    }
  },
  /** Luminance and two colour differences. */
  YCBCR(3) {
    @Override
    void pixel(int[] samples, int i, byte[] target, int at) {
      int y = samples[i];
      int blue = samples[i + 1] - 128;
      int red = samples[i + 2] - 128;
      set(
          target,
          at,
          clipped(y + (RED_OF_RED * red + HALF >> 16)),
          clipped(y + (-GREEN_OF_BLUE * blue - GREEN_OF_RED * red + HALF >> 16)),
          clipped(y + (BLUE_OF_BLUE * blue + HALF >> 16)));
    }
  },
  /** 255 − cyan, magenta, yellow, black. */
  CMYK(4) {
    @Override
    void pixel(int[] samples, int i, byte[] target, int at) {
      inked(target, at, samples[i], samples[i + 1], samples[i + 2], samples[i + 3]);
    }
  },
  /** 255 − CMYK of which the first three are as YCbCr of their complements. */
  YCCK(4) {
    @Override
    void pixel(int[] samples, int i, byte[] target, int at) {
      YCBCR.pixel(samples, i, target, at);
      inked(
          target,
          at,
          255 - (target[at] & 0xff),
          255 - (target[at + 1] & 0xff),
          255 - (target[at + 2] & 0xff),
          samples[i + 3]);
    }
  };

  private static final int HALF = 1 << 15;

  /** Of a colour's share in a colour difference, times 2¹⁶. */
  private static final int RED_OF_RED = (int) (1.402 * (1 << 16) + 0.5);

  private static final int GREEN_OF_RED = (int) (0.71414 * (1 << 16) + 0.5);
  private static final int GREEN_OF_BLUE = (int) (0.34414 * (1 << 16) + 0.5);
  private static final int BLUE_OF_BLUE = (int) (1.772 * (1 << 16) + 0.5);

  private final int bands;

  JpegColours(int bands) {
    this.bands = bands;
  }

  /** Turns the samples from {@code i} on to the bytes from {@code at} on. */
  abstract void pixel(int[] samples, int i, byte[] target, int at);

  @Override
  public void convert(int[] samples, int width, byte[] target, int at) {
    for (int x = 0; x < width; x++) {
      pixel(samples, x * bands, target, at + 3 * x);
    }
  }

  @Override
  public ImageDecoder.Image image(int height, int width, byte[] pixels) {
    return new ImageDecoder.Image(height, width, pixels, false, 0, 0);
  }

  private static int clipped(int value) {
    return Math.max(0, Math.min(255, value));
  }

  /** Light that is left after inks of 255 − each value, black's on top. */
  private static void inked(byte[] target, int at, int cyan, int magenta, int yellow, int black) {
    set(
        target,
        at,
        black - EncodedImage.over255((255 - cyan) * black),
        black - EncodedImage.over255((255 - magenta) * black),
        black - EncodedImage.over255((255 - yellow) * black));
  }

  private static void set(byte[] target, int at, int red, int green, int blue) {
    target[at] = (byte) red;
    target[at + 1] = (byte) green;
    target[at + 2] = (byte) blue;
  }
}
