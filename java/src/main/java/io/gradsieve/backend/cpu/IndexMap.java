package io.gradsieve.backend.cpu;

import io.gradsieve.graph.Node;

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
record IndexMap(
    int outputs,
    int channels,
    int positions,
    long block,
    long channel,
    long position,
    long floats) {

  /** Convolution weights: [out, in, kh·kw] ↔ [out/16][kh·kw][in][16]. */
  static IndexMap convolution(int out, int in, int taps) {
    long block = (long) taps * in * CpuTensor.LANES;
    long blocks = CpuTensor.whole(out) / CpuTensor.LANES;
    return new IndexMap(
        out, in, taps, block, CpuTensor.LANES, (long) in * CpuTensor.LANES, blocks * block);
  }

  /** Linear weights of an input [T][P]: [out, C·T] ↔ [out/16][T][P][16]. */
  static IndexMap linear(int out, CpuTensor in) {
    long block = in.floats() * CpuTensor.LANES;
    return new IndexMap(
        out,
        in.channels(),
        in.positions(),
        block,
        CpuTensor.LANES,
        (long) in.pitch() * CpuTensor.LANES,
        CpuTensor.whole(out) / CpuTensor.LANES * block);
  }

  /**
   * One element for each channel of a node's first input; those of a flattened image [T][P] are
   * permuted: [C·T] ↔ [T][P].
   */
  static IndexMap features(Node node, CpuLayout layout) {
    int input = node.inputs().get(0);
    CpuTensor tensor = layout.tensor(input);
    return layout.isFlattened(input)
        ? new IndexMap(
            1, tensor.channels(), tensor.positions(), 0, 1, tensor.pitch(), tensor.floats())
        : vector(tensor.channels());
  }

  /** A vector as it is. */
  static IndexMap vector(int elements) {
    return new IndexMap(1, elements, 1, 0, 1, 0, elements);
  }

  /** Elements in PyTorch's view. */
  long elements() {
    return (long) outputs * channels * positions;
  }

  /**
   * Spreads elements in PyTorch's order over {@code floats} floats; what is not an element becomes
   * 0.
   */
  float[] inside(float[] elements) {
    float[] inside = new float[Math.toIntExact(floats)];
    int i = 0;
    for (int o = 0; o < outputs; o++) {
      long row = o / CpuTensor.LANES * block + o % CpuTensor.LANES;
      for (int c = 0; c < channels; c++) {
        for (int t = 0; t < positions; t++) {
          inside[(int) (row + c * channel + t * position)] = elements[i++];
        }
      }
    }
    return inside;
  }

  /** Collects the elements in PyTorch's order. */
  float[] outside(float[] inside) {
    float[] elements = new float[Math.toIntExact(elements())];
    int i = 0;
    for (int o = 0; o < outputs; o++) {
      long row = o / CpuTensor.LANES * block + o % CpuTensor.LANES;
      for (int c = 0; c < channels; c++) {
        for (int t = 0; t < positions; t++) {
          elements[i++] = inside[(int) (row + c * channel + t * position)];
        }
      }
    }
    return elements;
  }
}
