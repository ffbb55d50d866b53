package io.gradsieve.backend.cuda;

import io.gradsieve.backend.layout.Tensor;

/**
 * A value of a plan in device memory.
 *
 * @param tensor how it lies in one sample
 * @param address of sample 0; 0 if it lies nowhere
 * @param gradient of its gradient at sample 0, laid out alike; 0 if it has none
 */
record CudaValue(Tensor tensor, long address, long gradient) {
  int positions() {
    return tensor.positions();
  }

  int channels() {
    return tensor.channels();
  }

  int pitch() {
    return tensor.pitch();
  }

  /** Floats of a sample. */
  long floats() {
    return tensor.floats();
  }

  /** The same memory seen with every lane of every position as a channel. */
  CudaValue flat(Tensor byChannel) {
    return new CudaValue(byChannel, address, gradient);
  }
}
