package io.gradsieve.nn;

import io.gradsieve.nn.layer.Shape;

/**
 * Where the elements of a parameter lie inside. In PyTorch's order an element is (o, c, t): output,
 * input channel, position (kernel tap or H·W); inside it lies at o/16 · block + o%16 + c · channel
 * + t · position. All other floats of the parameter are zero and stay zero.
 *
 * @param outputs number of outputs o, 1 for vectors
 * @param channels number of input channels c
 * @param positions number of positions t
 * @param floats floats inside, before alignment
 */
public record IndexMap(
    int outputs,
    int channels,
    int positions,
    long block,
    long channel,
    long position,
    long floats) {

  /** Convolution weights: [out, in, kh·kw] ↔ [out/16][kh·kw][in][16]. */
  public static IndexMap convolution(int out, int in, int taps) {
    long block = (long) taps * in * Shape.LANES;
    long blocks = Shape.padded(out) / Shape.LANES;
    return new IndexMap(out, in, taps, block, Shape.LANES, (long) in * Shape.LANES, blocks * block);
  }

  /** Linear weights of an input [T][P]: [out, C·T] ↔ [out/16][T][P][16]. */
  public static IndexMap linear(int out, Shape in) {
    long block = (long) in.floats() * Shape.LANES;
    return new IndexMap(
        out,
        in.channels(),
        in.positions(),
        block,
        Shape.LANES,
        (long) in.pitch() * Shape.LANES,
        Shape.padded(out) / Shape.LANES * block);
  }

  /** One element for each feature of a value [T][P]: [C·T] ↔ [T][P]. */
  public static IndexMap features(Shape shape) {
    return new IndexMap(
        1,
        shape.channels(),
        shape.positions(),
        0,
        1,
        shape.pitch(),
        shape.positions() == 1 ? shape.channels() : shape.floats());
  }

  /** One element for each channel. */
  public static IndexMap channels(Shape shape) {
    return vector(shape.channels());
  }

  /** A vector as it is. */
  public static IndexMap vector(int elements) {
    return new IndexMap(1, elements, 1, 0, 1, 0, elements);
  }

  /** Elements in PyTorch's view. */
  public long elements() {
    return (long) outputs * channels * positions;
  }

  /**
   * Spreads elements in PyTorch's order over {@code floats} floats; what is not an element becomes
   * 0.
   */
  public float[] inside(float[] elements) {
    float[] inside = new float[Math.toIntExact(floats)];
    int i = 0;
    for (int o = 0; o < outputs; o++) {
      long row = o / Shape.LANES * block + o % Shape.LANES;
      for (int c = 0; c < channels; c++) {
        for (int t = 0; t < positions; t++) {
          inside[(int) (row + c * channel + t * position)] = elements[i++];
        }
      }
    }
    return inside;
  }

  /** Collects the elements in PyTorch's order. */
  public float[] outside(float[] inside) {
    float[] elements = new float[Math.toIntExact(elements())];
    int i = 0;
    for (int o = 0; o < outputs; o++) {
      long row = o / Shape.LANES * block + o % Shape.LANES;
      for (int c = 0; c < channels; c++) {
        for (int t = 0; t < positions; t++) {
          elements[i++] = inside[(int) (row + c * channel + t * position)];
        }
      }
    }
    return elements;
  }
}
