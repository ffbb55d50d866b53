package io.gradsieve.nn.layer;

import io.gradsieve.GradsieveException.BadData;

/**
 * The shape of one sample between two layers: an image C×H×W, or a vector of features. Inside, both
 * lie as [H][W][P] floats; a flattened image keeps its place in memory and only counts as features
 * from then on.
 *
 * @param channels C, or D for features that never were an image
 * @param height H, 1 for plain features
 * @param width W, 1 for plain features
 * @param pitch P, floats from one position to the next
 * @param flat whether PyTorch sees a vector of C·H·W features here
 */
public record Shape(int channels, int height, int width, int pitch, boolean flat) {
  /** Lanes of the widest vector registers, 16 floats; pitches are multiples of it. */
  public static final int LANES = 16;

  /** Most floats of one sample inside: 1 GiB. */
  static final long LARGEST = 1L << 28;

  public Shape {
    if (channels < 1 || height < 1 || width < 1 || pitch < channels) {
      throw new IllegalArgumentException(
          "no shape: " + channels + "x" + height + "x" + width + " at pitch " + pitch);
    }
    if ((long) height * width > LARGEST / pitch) {
      throw new BadData(
          "a value of %dx%dx%d floats a sample is larger than %d; use smaller images, more stride or fewer channels"
              .formatted(channels, height, width, LARGEST));
    }
  }

  /** An image at the pitch of every value but the network's input. */
  public static Shape image(int channels, int height, int width) {
    return new Shape(channels, height, width, padded(channels), false);
  }

  /** A vector of D features. */
  public static Shape features(int features) {
    return new Shape(features, 1, 1, padded(features), true);
  }

  /** The same image as PyTorch sees it after {@code Flatten}. */
  public Shape flattened() {
    return new Shape(channels, height, width, pitch, true);
  }

  /** C or D rounded up to whole vectors. */
  public static int padded(int channels) {
    return (channels + LANES - 1) / LANES * LANES;
  }

  /** C·H·W. */
  public int features() {
    return channels * height * width;
  }

  /** T = H·W. */
  public int positions() {
    return height * width;
  }

  /** Floats of one sample inside, H·W·P. */
  public int floats() {
    return height * width * pitch;
  }

  /** Whether PyTorch sees the same shape. */
  public boolean sameAs(Shape other) {
    return flat == other.flat && (flat ? features() == other.features() : sameLayout(other));
  }

  /** Whether the values lie in the same order inside. */
  public boolean sameLayout(Shape other) {
    return channels == other.channels
        && height == other.height
        && width == other.width
        && pitch == other.pitch;
  }

  /** As PyTorch writes it without the batch: 32x14x14 or 3136. */
  @Override
  public String toString() {
    return flat ? Integer.toString(features()) : channels + "x" + height + "x" + width;
  }
}
