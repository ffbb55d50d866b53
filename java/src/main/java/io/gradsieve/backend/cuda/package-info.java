/**
 * NVIDIA GPUs: {@link io.gradsieve.backend.cuda.CudaRuntime}, {@link
 * io.gradsieve.backend.cuda.CublasLt} and {@link io.gradsieve.backend.cuda.Cudnn} are CUDA's
 * libraries as far as the engine calls them. Uses what {@code backend} may; never knows layers or
 * the sieve. Read {@link io.gradsieve.backend.cuda.CudaRuntime} first.
 */
@NullMarked
package io.gradsieve.backend.cuda;

import org.jspecify.annotations.NullMarked;
