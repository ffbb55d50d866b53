/* Planted faults of order: between threads, warps and blocks. */
#include "../../src/device.h"
#include "faults.h"

namespace gradsieve {
namespace {

/* Every thread takes what its mirror image laid down. */
template <bool BEFORE_READ, bool BEFORE_WRITE>
__global__ void __launch_bounds__(64) mirror(const float* in, float* out) {
    GS_SHARED(float, slots, 64);
    const int t = static_cast<int>(threadIdx.x), first = static_cast<int>(blockIdx.x) * 64;
    slots[t] = in[first + t];
    if (BEFORE_READ) __syncthreads();
    const float other = slots[63 - t];
    if (BEFORE_WRITE) __syncthreads();
    slots[t] = other + 1;
    __syncthreads();
    out[first + t] = slots[63 - t];
}

template <bool WAIT, bool BARRIER>
__global__ void __launch_bounds__(64) copies(const float* in, float* out) {
    GS_SHARED(float, slots, 64);
    const int t = static_cast<int>(threadIdx.x), first = static_cast<int>(blockIdx.x) * 64;
    if (t % 4 == 0) __pipeline_memcpy_async(slots + t, in + first + t, 16);
    __pipeline_commit();
    if (WAIT) __pipeline_wait_prior(0);
    if (BARRIER) __syncthreads();
    out[first + 63 - t] = slots[63 - t] + 1;
}

__global__ void __launch_bounds__(64) branch(const float* in, float* out) {
    const int i = static_cast<int>(blockIdx.x * 64 + threadIdx.x);
    if (threadIdx.x < 32) __syncthreads();
    out[i] = in[i] + 1;
}

__global__ void __launch_bounds__(64) two_barriers(const float* in, float* out) {
    const int i = static_cast<int>(blockIdx.x * 64 + threadIdx.x);
    if (threadIdx.x < 32) {
        __syncthreads();
    } else {
        __syncthreads();
    }
    out[i] = in[i] + 1;
}

__global__ void __launch_bounds__(64) barrier_against_shuffle(const float* in, float* out) {
    const int i = static_cast<int>(blockIdx.x * 64 + threadIdx.x);
    float value = in[i];
    if (threadIdx.x % 32 < 8) {
        __syncthreads();
    } else {
        value = warp_sum(value);
    }
    out[i] = value + 1;
}

__global__ void __launch_bounds__(64) return_before_barrier(const float* in, float* out, int n) {
    const int i = static_cast<int>(blockIdx.x * 64 + threadIdx.x);
    if (i >= n - 5) return;
    __syncthreads();
    out[i] = in[i] + 1;
}

/* One writes, another reads; the two threads that meet in between say in how far that is in order. */
enum Between { NOTHING, SHUFFLE, WARP, HALF };
template <Between BETWEEN>
__global__ void __launch_bounds__(64) exchange(const float* in, float* out, int distance) {
    GS_SHARED(float, slots, 64);
    const int t = static_cast<int>(threadIdx.x), first = static_cast<int>(blockIdx.x) * 64;
    slots[t] = in[first + t];
    float value = 0;
    if (BETWEEN == SHUFFLE) value = 0 * warp_sum(in[first + t]);
    if (BETWEEN == WARP) __syncwarp();
    if (BETWEEN == HALF) __syncwarp(t % 32 < 16 ? 0x0000ffffu : 0xffff0000u);
    out[first + (t ^ distance)] = slots[t ^ distance] + 1 + value;
}

__global__ void __launch_bounds__(64) two_blocks_write(const float* in, float* out) {
    const int i = static_cast<int>(blockIdx.x * 64 + threadIdx.x);
    out[i] = in[i] + 1;
    if (threadIdx.x == 5 && blockIdx.x > 0) out[1] = in[1] + 1;
}

__global__ void __launch_bounds__(64) block_reads_another(const float* in, float* out, int n) {
    const int i = static_cast<int>(blockIdx.x * 64 + threadIdx.x);
    out[i] = in[i] + 1;
    __syncthreads();
    const int other = (i + 64) % n;
    out[i] = in[i] + 1 + 0 * out[other];
}

__global__ void __launch_bounds__(64) two_threads_write(const float* in, float* out) {
    const int i = static_cast<int>(blockIdx.x * 64 + threadIdx.x);
    if (threadIdx.x < 63) out[i] = in[i] + 1;
    if (threadIdx.x >= 62) out[static_cast<int>(blockIdx.x) * 64 + 63] = in[static_cast<int>(blockIdx.x) * 64 + 63] + 1;
}

__global__ void __launch_bounds__(64) atomic_and_plain(const float* in, float* out) {
    GS_SHARED(int, count, 1);
    const int i = static_cast<int>(blockIdx.x * 64 + threadIdx.x);
    if (threadIdx.x == 0) count[0] = 0;
    __syncthreads();
    if (threadIdx.x == 40) {
        count[0] = 0;
    } else {
        atomicAdd(count, 1);
    }
    out[i] = in[i] + 1;
}

/* ---- right ------------------------------------------------------------------------------------------------------------ */

__global__ void __launch_bounds__(256) sums(const float* in, float* out) {
    GS_SHARED(float, slots, 8);
    const int i = static_cast<int>(blockIdx.x * 256 + threadIdx.x);
    const float all = block_sum<8>(in[i], slots);
    const double twice = warp_sum(1.0);
    out[i] = in[i] + 1 + 0 * all + static_cast<float>(twice - 32);
}

__global__ void __launch_bounds__(64) atomics(const float* in, float* out) {
    GS_SHARED(int, count, 2);
    const int t = static_cast<int>(threadIdx.x), i = static_cast<int>(blockIdx.x) * 64 + t;
    if (t < 2) count[t] = t == 0 ? 0 : -1;
    __syncthreads();
    atomicAdd(&count[0], 1);
    atomicMax(&count[1], t);
    __syncthreads();
    out[i] = in[i] + 1 + static_cast<float>(count[0] - 64 + count[1] - 63);
}

/* Two buffers in turn, one barrier a step. */
__global__ void __launch_bounds__(64) little_by_little(const float* in, float* out) {
    GS_SHARED(float, slots, 128);
    const int t = static_cast<int>(threadIdx.x), first = static_cast<int>(blockIdx.x) * 64;
    float value = in[first + t];
    for (int step = 0; step < 6; step++) {
        slots[step % 2 * 64 + t] = value;
        __syncthreads();
        value = slots[step % 2 * 64 + (t + 1) % 64];
    }
    out[first + (t + 6) % 64] = value + 1;
}

}  // namespace
}  // namespace gradsieve

using namespace gradsieve;

FAULT(no_barrier_before_read, GS_LAUNCH((mirror<false, true>), n / 64, 64, 0, stream, in, out))
FAULT(no_barrier_before_write, GS_LAUNCH((mirror<true, false>), n / 64, 64, 0, stream, in, out))
FAULT(no_wait, GS_LAUNCH((copies<false, true>), n / 64, 64, 0, stream, in, out))
FAULT(wait_without_barrier, GS_LAUNCH((copies<true, false>), n / 64, 64, 0, stream, in, out))
FAULT(none_copies, GS_LAUNCH((copies<true, true>), n / 64, 64, 0, stream, in, out))
FAULT(barrier_in_a_branch, GS_LAUNCH(branch, n / 64, 64, 0, stream, in, out))
FAULT(two_barriers, GS_LAUNCH(two_barriers, n / 64, 64, 0, stream, in, out))
FAULT(barrier_against_shuffle, GS_LAUNCH(barrier_against_shuffle, n / 64, 64, 0, stream, in, out))
FAULT(return_before_barrier, GS_LAUNCH(return_before_barrier, n / 64, 64, 0, stream, in, out, n))
FAULT(no_syncwarp, GS_LAUNCH((exchange<NOTHING>), n / 64, 64, 0, stream, in, out, 1))
FAULT(shuffle_for_syncwarp, GS_LAUNCH((exchange<SHUFFLE>), n / 64, 64, 0, stream, in, out, 1))
FAULT(syncwarp_for_barrier, GS_LAUNCH((exchange<WARP>), n / 64, 64, 0, stream, in, out, 32))
FAULT(syncwarp_of_half, GS_LAUNCH((exchange<HALF>), n / 64, 64, 0, stream, in, out, 16))
FAULT(two_blocks_write, GS_LAUNCH(two_blocks_write, n / 64, 64, 0, stream, in, out))
FAULT(block_reads_another, GS_LAUNCH(block_reads_another, n / 64, 64, 0, stream, in, out, n))
FAULT(two_threads_write, GS_LAUNCH(two_threads_write, n / 64, 64, 0, stream, in, out))
FAULT(atomic_and_plain, GS_LAUNCH(atomic_and_plain, n / 64, 64, 0, stream, in, out))
FAULT(none_sums, GS_LAUNCH(sums, n / 256, 256, 0, stream, in, out))
FAULT(none_atomics, GS_LAUNCH(atomics, n / 64, 64, 0, stream, in, out))
FAULT(none_little_by_little, GS_LAUNCH(little_by_little, n / 64, 64, 0, stream, in, out))
