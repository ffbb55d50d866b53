package io.gradsieve.bench;

import io.gradsieve.natives.Conv2dShape;

/**
 * A convolution as the benchmarks' parameter names it: height = width, input channels, output
 * channels, kernel and stride, padded by half of the kernel.
 */
record Convolution(int size, int in, int out, int kernel, int stride) {
  static Convolution of(String shape) {
    int[] sizes = KernelBenchmark.sizes(shape);
    return new Convolution(sizes[0], sizes[1], sizes[2], sizes[3], sizes[4]);
  }

  Conv2dShape shape() {
    Conv2dShape conv = new Conv2dShape();
    conv.height(size).width(size).channels(in).pitch(in);
    conv.kernel_height(kernel).kernel_width(kernel).stride(stride).padding(kernel / 2);
    conv.out_channels(out).out_pitch(out);
    return conv;
  }

  long inputs() {
    return (long) size * size * in;
  }

  long outputs() {
    int outSize = (size - 1) / stride + 1;
    return (long) outSize * outSize * out;
  }

  long weights() {
    return (long) kernel * kernel * in * out;
  }

  double flops() {
    return 2.0 * outputs() * kernel * kernel * in;
  }
}
