/*
 * The second half of what many blocks make together: they leave their parts in the workspace, this kernel adds them in order.
 *   gradient[e] = sum over k of partials[k][e]
 *   norm2[i]   += sum over k of shares[i][k]
 */
#ifndef GRADSIEVE_CUDA_PARTIALS_H
#define GRADSIEVE_CUDA_PARTIALS_H

#include "device.h"

namespace gradsieve {
namespace {

constexpr int SUM_THREADS = 256, SUM_SAMPLES = SUM_THREADS / 32; /* a warp for each of a block's samples */

/*
 * The first gradient_blocks blocks make the gradient, SUM_THREADS / slices words of 16 bytes each, `slices` threads a word, which
 * take every slices-th part; the others the norms.
 */
__global__ void __launch_bounds__(SUM_THREADS)
    sum_partials_kernel(int64_t words, int parts, int slices, int gradient_blocks, const float* __restrict__ partials,
                        float* __restrict__ gradient, int64_t batch, int shares_each, const float* __restrict__ shares,
                        float* __restrict__ norm2) {
    GS_SHARED(float4, sums, SUM_THREADS);
    const int thread = static_cast<int>(threadIdx.x), block = static_cast<int>(blockIdx.x);
    if (block < gradient_blocks) {
        const int width = SUM_THREADS / slices;
        const int64_t word = static_cast<int64_t>(block) * width + thread % width;
        float4 sum = make_float4(0, 0, 0, 0);
        if (word < words) {
            const float* from = partials + 4 * word;
#pragma unroll 4
            for (int part = thread / width; part < parts; part += slices) add4(sum, load4(from + 4 * words * part));
        }
        sums[thread] = sum;
        __syncthreads();
        if (thread < width && word < words) {
            for (int slice = 1; slice < slices; slice++) add4(sum, sums[slice * width + thread]);
            store4(gradient + 4 * word, sum);
        }
    } else {
        const int64_t sample = static_cast<int64_t>(block - gradient_blocks) * SUM_SAMPLES + thread / 32;
        float sum = 0;
        if (sample < batch)
            for (int k = thread % 32; k < shares_each; k += 32) sum += shares[sample * shares_each + k];
        sum = warp_sum(sum);
        if (sample < batch && thread % 32 == 0) norm2[sample] += sum;
    }
}

/* floats: of the gradient, a multiple of 4. shares_each 0: the norms are whole already, or not asked for. */
inline int sum_partials(int64_t floats, int parts, const float* partials, float* gradient, int64_t batch, int shares_each,
                        const float* shares, float* norm2, void* stream) {
    const int64_t words = floats / 4;
    int slices = 1; /* by the shape alone, as the order of sums must be */
    while (slices < 32 && words * slices < 65536 && parts / slices > 4) slices *= 2;
    const int64_t gradient_blocks = ceil_div<int64_t>(words * slices, SUM_THREADS);
    const int64_t norm_blocks = shares_each > 0 ? ceil_div<int64_t>(batch, SUM_SAMPLES) : 0;
    if (gradient_blocks + norm_blocks > INT32_MAX)
        return refuse("sum_partials", "%lld floats and %lld samples: more than 2^31 blocks", static_cast<long long>(floats),
                      static_cast<long long>(batch));
    return GS_LAUNCH(sum_partials_kernel, static_cast<int>(gradient_blocks + norm_blocks), SUM_THREADS, 0, stream, words, parts,
                     slices, static_cast<int>(gradient_blocks), partials, gradient, batch, shares_each, shares, norm2);
}

}  // namespace
}  // namespace gradsieve
#endif
