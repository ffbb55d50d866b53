package io.gradsieve.backend.cuda;

import io.gradsieve.backend.cuda.Cudnn.ConvolutionShape;

/**
 * One pass over the operations of a network: over which samples, in which mode, on which stream.
 * What changes from step to step is no part of it: that lies in {@link CudaBlocks}.
 */
final class CudaPass {
  private static final int ALIGNMENT = 256;

  private final CudaProgram program;
  private final CudaStepShape shape;
  private final int batch;
  private final long ids;

  /**
   * A pass of a step of this shape.
   *
   * @param batch samples it goes over
   * @param ids theirs, in device memory
   */
  CudaPass(CudaProgram program, CudaStepShape shape, int batch, long ids) {
    this.program = program;
    this.shape = shape;
    this.batch = batch;
    this.ids = ids;
  }

  /** A batch norm's sums are those of this share: where it meets others they become theirs too. */
  void sumsReady(int statistics) {
    program.sumsReady(statistics);
  }

  /** Bytes up to the next place where a workspace may begin. */
  static long aligned(long bytes) {
    return (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
  }

  /** B of this pass: in backward those that were chosen. */
  int batch() {
    return batch;
  }

  /** B of the forward pass. */
  int forwardBatch() {
    return shape.batch();
  }

  /** Ids of its samples, [B]. */
  long ids() {
    return ids;
  }

  /** Whether layers behave as in training. */
  boolean training() {
    return shape.training();
  }

  /** Where samples come from. */
  CudaSamples.Source source() {
    return shape.source();
  }

  /** What changes from step to step, and the step's results, in device memory. */
  CudaBlocks blocks() {
    return program.binding().blocks();
  }

  long stream() {
    return program.binding().stream();
  }

  /** Whether products may round their factors to TF32. */
  boolean tf32() {
    return program.binding().tf32();
  }

  /** [B] squared norms that operations add their shares to; 0 if nobody wants them. */
  long norm2() {
    return program.binding().network().plan().norms() ? blocks().norm2() : 0;
  }

  /** Memory of no meaning before or after an operation, at a multiple of 256 bytes. */
  long workspace(long bytes) {
    return program.binding().workspace(bytes);
  }

  /** C [rows] = op(A) op(B). */
  CublasLt.Product product(CublasLt.Shape product) {
    return program.binding().product(product);
  }

  /** The convolution over {@link #batch} samples. */
  Cudnn.Convolution convolution(ConvolutionShape convolution) {
    return program.binding().convolution(convolution, batch);
  }
}
