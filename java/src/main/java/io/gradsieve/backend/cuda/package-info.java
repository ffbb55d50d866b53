/**
 * NVIDIA GPUs: {@link io.gradsieve.backend.cuda.CudaBackend} over CUDA's libraries ({@link
 * io.gradsieve.backend.cuda.CudaRuntime}, {@link io.gradsieve.backend.cuda.CublasLt}, {@link
 * io.gradsieve.backend.cuda.Cudnn}: as far as the engine calls them) and our own kernels. A plan is
 * one operation after another over the whole batch ({@link io.gradsieve.backend.cuda.CudaNetwork});
 * a step is captured as a graph the second time one of its shape is met ({@link
 * io.gradsieve.backend.cuda.CudaProgram}). What changes from step to step travels in one copy
 * ({@link io.gradsieve.backend.cuda.CudaBlocks}) and is read there. Uses what {@code backend} may;
 * never knows layers or the sieve. Read {@link io.gradsieve.backend.cuda.CudaStep} first.
 */
@Internal
@NullMarked
package io.gradsieve.backend.cuda;

import io.gradsieve.Internal;
import org.jspecify.annotations.NullMarked;
