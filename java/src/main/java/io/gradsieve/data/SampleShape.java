package io.gradsieve.data;

/** A sample's shape, C H W; D features are D channels of height and width 1. */
public record SampleShape(int channels, int height, int width) {
  /** Checks that every size is positive and the product an int. */
  public SampleShape {
    if (channels < 1 || height < 1 || width < 1) {
      throw new IllegalArgumentException(
          "sizes must be positive: " + channels + ", " + height + ", " + width);
    }
    Math.multiplyExact(Math.multiplyExact(channels, height), width);
  }

  /** D features. */
  public static SampleShape features(int features) {
    return new SampleShape(features, 1, 1);
  }

  /** C·H·W. */
  public int elements() {
    return channels * height * width;
  }

  /** As a model file writes it: {@code [1, 28, 28]} or {@code [64]}. */
  @Override
  public String toString() {
    return height == 1 && width == 1
        ? "[" + channels + "]"
        : "[" + channels + ", " + height + ", " + width + "]";
  }
}
