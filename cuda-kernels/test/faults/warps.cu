/* Planted faults of warp operations and matrix units. */
#include "../../src/device.h"
#include "faults.h"

namespace gradsieve {
namespace {

namespace wmma = nvcuda::wmma;

enum Operation { RETURNS, OUTSIDE_WIDTH, OUTSIDE_MASK, NOT_IN_MASK, MASKS, OPERATIONS };
template <Operation OPERATION>
__global__ void __launch_bounds__(64) shuffles(const float* in, float* out) {
    const int i = static_cast<int>(blockIdx.x * 64 + threadIdx.x), lane = static_cast<int>(threadIdx.x % 32);
    const float value = in[i];
    float other = 0;
    if (OPERATION == RETURNS) {
        if (lane == 31) return;
        other = __shfl_down_sync(WHOLE_WARP, value, 1);
    }
    if (OPERATION == OUTSIDE_WIDTH) other = __shfl_sync(WHOLE_WARP, value, 20, 16);
    if (OPERATION == OUTSIDE_MASK && lane < 16) other = __shfl_sync(0x0000ffffu, value, 20);
    if (OPERATION == NOT_IN_MASK) other = __shfl_xor_sync(0x0000ffffu, value, 1);
    if (OPERATION == MASKS) other = __shfl_xor_sync(lane < 16 ? WHOLE_WARP : 0xffff0000u, value, 1);
    if (OPERATION == OPERATIONS) other = lane < 16 ? __shfl_xor_sync(WHOLE_WARP, value, 1) : __shfl_down_sync(WHOLE_WARP, value, 1);
    out[i] = value + 1 + 0 * other;
}

/* ---- right ------------------------------------------------------------------------------------------------------------ */

__global__ void __launch_bounds__(64) warps(const float* in, float* out) {
    GS_SHARED(float, slots, 64);
    const int t = static_cast<int>(threadIdx.x), i = static_cast<int>(blockIdx.x) * 64 + t, lane = t % 32;
    const unsigned half = lane < 16 ? 0x0000ffffu : 0xffff0000u;
    const unsigned odd = __ballot_sync(WHOLE_WARP, lane % 2);
    const int next = __shfl_down_sync(WHOLE_WARP, lane, 1), before = __shfl_up_sync(WHOLE_WARP, lane, 1, 8);
    const double twin = __shfl_xor_sync(half, static_cast<double>(lane), 8);
    const int first = __shfl_sync(WHOLE_WARP, lane, 0, 16);
    int wrong = odd != 0xaaaaaaaau || next != (lane < 31 ? lane + 1 : 31) || before != (lane % 8 == 0 ? lane : lane - 1);
    wrong += twin != (lane ^ 8) || first != (lane & 16);
    wrong += __any_sync(half, lane == 3) != (lane < 16) || !__all_sync(WHOLE_WARP, lane >= 0);
    for (int step = 0; step < 3; step++) { /* halves of warps on their own */
        slots[t] = in[i];
        __syncwarp(half);
        wrong += slots[t ^ 8] != in[i - t + (t ^ 8)];
        __syncwarp(half);
    }
    wrong += __syncthreads_count(lane == 7) != 2 || __syncthreads_or(t == 63) != 1 || __syncthreads_and(t < 63) != 0;
    out[i] = in[i] + 1 + static_cast<float>(wrong);
}

/* in rounded to tf32, times the unit matrix, by a warp for 64 numbers: rows 0..7 of a 16 x 8 matrix. */
template <bool ROUND, int BETWEEN>
__global__ void __launch_bounds__(32) product(const float* in, float* out) {
    GS_SHARED(float, a, 16 * 8 + 8);
    GS_SHARED(float, b, 8 * 16);
    GS_SHARED(float, c, 16 * 16);
    const int lane = static_cast<int>(threadIdx.x), first = static_cast<int>(blockIdx.x) * 64;
    for (int i = lane; i < 16 * 8 + 8; i += 32) a[i] = i >= BETWEEN && i < 64 + BETWEEN ? in[first + i - BETWEEN] : 0;
    for (int i = lane; i < 8 * 16; i += 32) b[i] = i / 16 == i % 16 ? (ROUND ? 1.0f : 1.0001f) : 0.0f;
    __syncwarp();
    wmma::fragment<wmma::matrix_a, 16, 16, 8, wmma::precision::tf32, wmma::row_major> left;
    wmma::fragment<wmma::matrix_b, 16, 16, 8, wmma::precision::tf32, wmma::row_major> right;
    wmma::fragment<wmma::accumulator, 16, 16, 8, float> sum;
    wmma::load_matrix_sync(left, a + BETWEEN, 8);
    wmma::load_matrix_sync(right, b, 16);
    wmma::fill_fragment(sum, 1.0f);
#pragma unroll
    for (int i = 0; i < left.num_elements; i++) left.x[i] = wmma::__float_to_tf32(left.x[i]);
#pragma unroll
    for (int i = 0; i < right.num_elements && ROUND; i++) right.x[i] = wmma::__float_to_tf32(right.x[i]);
    wmma::mma_sync(sum, left, right, sum);
    wmma::store_matrix_sync(c, sum, 16, wmma::mem_row_major);
    __syncwarp();
    for (int i = lane; i < 64; i += 32) out[first + i] = c[i / 8 * 16 + i % 8];
}

}  // namespace
}  // namespace gradsieve

using namespace gradsieve;

FAULT(return_before_shuffle, GS_LAUNCH((shuffles<RETURNS>), n / 64, 64, 0, stream, in, out))
FAULT(shuffle_outside_width, GS_LAUNCH((shuffles<OUTSIDE_WIDTH>), n / 64, 64, 0, stream, in, out))
FAULT(shuffle_outside_mask, GS_LAUNCH((shuffles<OUTSIDE_MASK>), n / 64, 64, 0, stream, in, out))
FAULT(mask_without_caller, GS_LAUNCH((shuffles<NOT_IN_MASK>), n / 64, 64, 0, stream, in, out))
FAULT(masks_that_differ, GS_LAUNCH((shuffles<MASKS>), n / 64, 64, 0, stream, in, out))
FAULT(operations_that_differ, GS_LAUNCH((shuffles<OPERATIONS>), n / 64, 64, 0, stream, in, out))
FAULT(none_warps, GS_LAUNCH(warps, n / 64, 64, 0, stream, in, out))
FAULT(none_product, GS_LAUNCH((product<true, 0>), n / 64, 32, 0, stream, in, out))
FAULT(not_rounded_to_tf32, GS_LAUNCH((product<false, 0>), n / 64, 32, 0, stream, in, out))
FAULT(fragment_between, GS_LAUNCH((product<true, 4>), n / 64, 32, 0, stream, in, out))
