package io.gradsieve.backend.cuda;

/** One operation of a plan: queues its kernels and library calls on a pass's stream. */
interface CudaOperation {
  /** From its inputs to its output, for all samples of the pass. */
  void forward(CudaPass pass);

  /** From its output's gradient to those of its parameters and inputs, and its share of norms. */
  void backward(CudaPass pass);

  /** Whether its passes have to do with the whole batch, so that they run for no sample too. */
  default boolean ofBatch() {
    return false;
  }

  /** After the verdict on the step: what it changes beside the weights. */
  default void commit(CudaPass pass) {}

  /** Bytes that norms alone read of a sample, where they are no part of another pass. */
  default long normTraffic() {
    return 0;
  }
}
