/*
 * Trust ratios of LARS and LAMB (trust.h): a block a parameter counts its way to its chunks and adds up their squares. Reads 16
 * bytes a chunk of 2,048 floats.
 */
#include "trust.h"

namespace gradsieve {
namespace {

constexpr int THREADS = 256, WARPS = THREADS / 32;

__global__ void __launch_bounds__(THREADS)
    ratios_kernel(const gs_cuda_parameter* __restrict__ table, const gs_cuda_step* step, const gs_cuda_outcome* outcome,
                  float factor, float decay, Trust trust) {
    GS_SHARED(int, counts, WARPS);
    GS_SHARED(double, squares, 2 * WARPS);
    const int parameter = static_cast<int>(blockIdx.x), thread = static_cast<int>(threadIdx.x);
    int before = 0;
    for (int p = thread; p < parameter; p += THREADS) before += chunks_of(table[p]);
    const int first = block_sum<WARPS>(before, counts);
    const bool matrix = table[parameter].matrix != 0;
    const int chunks = matrix ? chunks_of(table[parameter]) : 0;
    double theta2 = 0, toward2 = 0;
#pragma unroll 4
    for (int k = thread; k < chunks; k += THREADS) {
        theta2 += trust.theta2[first + k];
        toward2 += trust.toward2[first + k];
    }
    theta2 = block_sum<WARPS>(theta2, squares);
    toward2 = block_sum<WARPS>(toward2, squares + WARPS);
    if (thread > 0) return;
    const double theta = sqrt(theta2), toward = sqrt(toward2);
    double ratio = 1;
    if (theta > 0 && toward > 0) {
        const double scale = static_cast<double>(scale_of(step, outcome));
        const double lars = scale * toward + static_cast<double>(decay) * theta;
        ratio = factor > 0 ? static_cast<double>(factor) * theta / lars : theta / toward;
    }
    trust.ratio[parameter] = ratio;
}

}  // namespace

int trust_ratios(int64_t parameters, const gs_cuda_parameter* table, const gs_cuda_step* step, const gs_cuda_outcome* outcome,
                 float factor, float decay, const Trust& trust, void* stream) {
    return GS_LAUNCH(ratios_kernel, static_cast<int>(parameters), THREADS, 0, stream, table, step, outcome, factor, decay, trust);
}

}  // namespace gradsieve

extern "C" int64_t gs_cuda_trust_workspace(int64_t parameters, int64_t chunks) {
    return parameters < 0 || chunks < 0 ? 0 : static_cast<int64_t>(sizeof(double)) * (2 * chunks + parameters);
}
