package io.gradsieve.nn.layer;

import io.gradsieve.GradsieveException.BadData;
import io.gradsieve.graph.Value;

/**
 * The shape of one sample between two layers: an image C×H×W, or a vector of features. A flattened
 * image stays what it was and only counts as features from then on.
 *
 * @param channels C, or D for features that never were an image
 * @param height H, 1 for plain features
 * @param width W, 1 for plain features
 * @param flat whether PyTorch sees a vector of C·H·W features here
 */
public record Shape(int channels, int height, int width, boolean flat) {
  /** Most numbers of one sample: 1 GiB of floats. */
  static final long LARGEST = 1L << 28;

  public Shape {
    if (channels < 1 || height < 1 || width < 1) {
      throw new IllegalArgumentException("no shape: " + channels + "x" + height + "x" + width);
    }
    if ((long) height * width > LARGEST / channels) {
      throw new BadData(
          "a value of %dx%dx%d floats a sample is larger than %d; use smaller images, more stride or fewer channels"
              .formatted(channels, height, width, LARGEST));
    }
  }

  /** An image. */
  public static Shape image(int channels, int height, int width) {
    return new Shape(channels, height, width, false);
  }

  /** A vector of D features. */
  public static Shape features(int features) {
    return new Shape(features, 1, 1, true);
  }

  /** The same image as PyTorch sees it after {@code Flatten}. */
  public Shape flattened() {
    return new Shape(channels, height, width, true);
  }

  /** C·H·W. */
  public int features() {
    return channels * height * width;
  }

  /** T = H·W. */
  public int positions() {
    return height * width;
  }

  /** As a value of a graph: [T][C] of an image, [1][D] of features. */
  public Value value() {
    return flat ? Value.of(1, features()) : Value.of(positions(), channels);
  }

  /** Whether PyTorch sees the same shape. */
  public boolean sameAs(Shape other) {
    return flat == other.flat && (flat ? features() == other.features() : sameOrder(other));
  }

  /** Whether the same channels of the same pixels follow each other. */
  public boolean sameOrder(Shape other) {
    return channels == other.channels && height == other.height && width == other.width;
  }

  /** As PyTorch writes it without the batch: 32x14x14 or 3136. */
  @Override
  public String toString() {
    return flat ? Integer.toString(features()) : channels + "x" + height + "x" + width;
  }
}
