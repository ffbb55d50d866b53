/*
 * norm2[i] += |input_i|^2 |output_gradient_i|^2: the squares of one row's weight gradient, delta a^T, without forming it. Rows
 * [B][in_pitch] and [B][out_pitch], each read once: 4 B (in_pitch + out_pitch) bytes, 6.2 us for 1,024 rows of 3,136 + 128 on
 * 4,200 GB/s. A warp takes a row, or where rows are long and few a whole block does.
 */
#include "device.h"

namespace gradsieve {
namespace {

constexpr int THREADS = 256, WARPS = THREADS / 32;
constexpr int64_t MANY_ROWS = 8192; /* a warp for each keeps any card busy */

__device__ __forceinline__ float add_squares(float4 v, float sum) {
    return fmaf(v.x, v.x, fmaf(v.y, v.y, fmaf(v.z, v.z, fmaf(v.w, v.w, sum))));
}

/* The thread's share of a row's squares; it has four loads on their way. */
template <int TEAM>
__device__ __forceinline__ float squares(const float* row, int pitch) {
    float sums[4] = {0, 0, 0, 0};
    for (int from = 4 * static_cast<int>(threadIdx.x % TEAM); from < pitch; from += 16 * TEAM) {
        float4 values[4];
#pragma unroll
        for (int k = 0; k < 4; k++)
            values[k] = from + 4 * TEAM * k < pitch ? load4(row + from + 4 * TEAM * k) : make_float4(0, 0, 0, 0);
#pragma unroll
        for (int k = 0; k < 4; k++) sums[k] = add_squares(values[k], sums[k]);
    }
    return (sums[0] + sums[1]) + (sums[2] + sums[3]);
}

/* TEAM threads a row: a warp or the block. */
template <int TEAM>
__global__ void __launch_bounds__(THREADS)
    linear_norms_kernel(int64_t batch, int in_pitch, int out_pitch, const float* __restrict__ input,
                        const float* __restrict__ output_gradient, float* __restrict__ norm2) {
    GS_SHARED(float, inputs, WARPS);
    GS_SHARED(float, gradients, WARPS);
    const int64_t row = static_cast<int64_t>(blockIdx.x) * (THREADS / TEAM) + threadIdx.x / TEAM;
    float a = 0, d = 0;
    if (row < batch) {
        a = squares<TEAM>(input + row * in_pitch, in_pitch);
        d = squares<TEAM>(output_gradient + row * out_pitch, out_pitch);
    }
    if (TEAM == 32) {
        a = warp_sum(a);
        d = warp_sum(d);
    } else {
        a = block_sum<WARPS>(a, inputs);
        d = block_sum<WARPS>(d, gradients);
    }
    if (row < batch && threadIdx.x % TEAM == 0) norm2[row] += a * d;
}

}  // namespace
}  // namespace gradsieve

using namespace gradsieve;

extern "C" int gs_cuda_linear_norms(int64_t batch, int64_t in_pitch, int64_t out_pitch, const float* input,
                                    const float* output_gradient, float* norm2, void* stream) {
    for (int64_t pitch : {in_pitch, out_pitch})
        if (pitch <= 0 || pitch % 4 != 0 || pitch > INT32_MAX / 32)
            return refuse("linear_norms", "rows of %lld and %lld floats: no multiples of 4 up to 2^26",
                          static_cast<long long>(in_pitch), static_cast<long long>(out_pitch));
    if (batch < 0 || batch > INT32_MAX) return refuse("linear_norms", "%lld rows", static_cast<long long>(batch));
    if (batch == 0 || !norm2) return GS_CUDA_OK;
    if (!input || !output_gradient) return refuse("linear_norms", "a buffer that it needs is NULL");
    const int in = static_cast<int>(in_pitch), out = static_cast<int>(out_pitch);
    if (batch < MANY_ROWS && in_pitch + out_pitch > 512)
        return GS_LAUNCH((linear_norms_kernel<THREADS>), static_cast<int>(batch), THREADS, 0, stream, batch, in, out, input,
                         output_gradient, norm2);
    const int blocks = static_cast<int>(ceil_div<int64_t>(batch, THREADS / 32));
    return GS_LAUNCH((linear_norms_kernel<32>), blocks, THREADS, 0, stream, batch, in, out, input, output_gradient, norm2);
}
