/*
 * Judges a step: *outcome = the first loss float[B], then the first norm float[norms], then the gradient (sums double[chunks]) that
 * is not finite, the squared norm of the gradient and the sum of norm2 over the batch. One block, every sum in double in an order
 * that depends on the shape alone; reads 8 bytes a sample and 8 a chunk of 2,048 weights, a few microseconds.
 */
#include <cfloat>

#include "device.h"

namespace gradsieve {
namespace {

constexpr int THREADS = 1024, WARPS = THREADS / 32;

/* The first place whose value is not finite, or `count`; adds to sum. */
__device__ __forceinline__ int first_not_finite(int count, const float* values, double* sum) {
    int first = count;
#pragma unroll 4
    for (int i = static_cast<int>(threadIdx.x); i < count; i += THREADS) {
        const float value = values[i];
        if (!(fabsf(value) <= FLT_MAX)) first = min(first, i);
        *sum += static_cast<double>(value);
    }
    return first;
}

__device__ __forceinline__ int block_min(int value, int* slots) {
#pragma unroll
    for (int distance = 16; distance > 0; distance /= 2) value = min(value, __shfl_xor_sync(WHOLE_WARP, value, distance));
    if (threadIdx.x % 32 == 0) slots[threadIdx.x / 32] = value;
    __syncthreads();
    for (int warp = 0; warp < WARPS; warp++) value = min(value, slots[warp]);
    return value;
}

__global__ void __launch_bounds__(THREADS)
    verdict_kernel(int batch, const float* __restrict__ losses, int norms, const float* __restrict__ norm2,
                   const int32_t* __restrict__ chosen, const int64_t* __restrict__ ids, int chunks, const double* __restrict__ sums,
                   int32_t* halted, gs_cuda_outcome* outcome) {
    GS_SHARED(int, firsts, 2 * WARPS);
    GS_SHARED(double, totals, 2 * WARPS);
    GS_SHARED(int, word, 1);
    if (threadIdx.x == 0) word[0] = *halted; /* one looks: an abort may write it meanwhile */
    __syncthreads();
    const bool behind = word[0] != 0;
    double loss_sum = 0, norm2_sum = 0, gradient_norm2 = 0;
    const int loss = block_min(first_not_finite(behind ? 0 : batch, losses, &loss_sum), firsts);
    const int norm = block_min(first_not_finite(behind ? 0 : norms, norm2, &norm2_sum), firsts + WARPS);
#pragma unroll 4
    for (int k = static_cast<int>(threadIdx.x); k < (behind ? 0 : chunks); k += THREADS) gradient_norm2 += sums[k];
    norm2_sum = block_sum<WARPS>(norm2_sum, totals);
    gradient_norm2 = block_sum<WARPS>(gradient_norm2, totals + WARPS);
    if (threadIdx.x > 0) return;
    gs_cuda_outcome result = {GS_CUDA_FINE, -1, -1, gradient_norm2, norm2_sum};
    if (behind) {
        result.what = GS_CUDA_BEHIND;
    } else if (loss < batch) {
        result.what = GS_CUDA_LOSS;
        result.place = loss;
    } else if (norm < norms) {
        result.what = GS_CUDA_NORM;
        result.place = chosen ? chosen[norm] : norm;
    } else if (!(fabs(gradient_norm2) <= DBL_MAX)) {
        result.what = GS_CUDA_GRADIENT;
    }
    if (result.place >= 0) result.id = ids ? ids[result.place] : result.place;
    *outcome = result;
    if (result.what != GS_CUDA_FINE) *halted = 1;
}

}  // namespace
}  // namespace gradsieve

using namespace gradsieve;

extern "C" int gs_cuda_verdict(int64_t batch, const float* losses, int64_t norms, const float* norm2, const int32_t* chosen,
                               const int64_t* ids, int64_t chunks, const double* sums, int32_t* halted, gs_cuda_outcome* outcome,
                               void* stream) {
    if (batch < 0 || batch > INT32_MAX || norms < 0 || norms > batch || chunks < 0 || chunks > INT32_MAX)
        return refuse("verdict", "batch %lld, %lld norms, %lld chunks: none may be negative or beyond 2^31, nor norms beyond batch",
                      static_cast<long long>(batch), static_cast<long long>(norms), static_cast<long long>(chunks));
    if ((batch > 0 && !losses) || !halted || !outcome) return refuse("verdict", "a buffer that it needs is NULL");
    return GS_LAUNCH(verdict_kernel, 1, THREADS, 0, stream, static_cast<int>(batch), losses, norm2 ? static_cast<int>(norms) : 0,
                     norm2, chosen, ids, sums ? static_cast<int>(chunks) : 0, sums, halted, outcome);
}
