package io.gradsieve.backend.layout;

import io.gradsieve.graph.Node;

/**
 * Where the elements of a parameter lie inside. In PyTorch's order an element is (o, c, t): output,
 * input channel, position (kernel tap or H·W); inside it lies at o/lanes · block + o%lanes + c ·
 * channel + t · position. All other floats of the parameter are zero and stay zero.
 *
 * @param outputs number of outputs o, 1 for vectors
 * @param channels number of input channels c
 * @param positions number of positions t
 * @param lanes outputs that lie side by side
 * @param floats floats inside, before alignment
 */
public record IndexMap(
    int outputs,
    int channels,
    int positions,
    int lanes,
    long block,
    long channel,
    long position,
    long floats) {

  /**
   * Weights of a product: [out, C, T] ↔ [rows/lanes][T][P][lanes], T positions or kernel taps.
   *
   * @param in what one output reads: C of P channels at T positions
   * @param rows outputs inside, at least {@code out}, a multiple of {@code lanes}
   */
  public static IndexMap weights(int out, Tensor in, int lanes, long rows) {
    return new IndexMap(
        out,
        in.channels(),
        in.positions(),
        lanes,
        in.floats() * lanes,
        lanes,
        (long) in.pitch() * lanes,
        rows * in.floats());
  }

  /**
   * One element for each channel of a node's first input; those of a flattened image [T][P] are
   * permuted: [C·T] ↔ [T][P].
   */
  public static IndexMap features(Node node, Layout layout) {
    int input = node.inputs().get(0);
    Tensor tensor = layout.tensor(input);
    return layout.isFlattened(input)
        ? new IndexMap(
            1, tensor.channels(), tensor.positions(), 1, 0, 1, tensor.pitch(), tensor.floats())
        : vector(tensor.channels());
  }

  /** A vector as it is. */
  public static IndexMap vector(int elements) {
    return new IndexMap(1, elements, 1, 1, 0, 1, 0, elements);
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
      long row = o / lanes * block + o % lanes;
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
      long row = o / lanes * block + o % lanes;
      for (int c = 0; c < channels; c++) {
        for (int t = 0; t < positions; t++) {
          elements[i++] = inside[(int) (row + c * channel + t * position)];
        }
      }
    }
    return elements;
  }
}
