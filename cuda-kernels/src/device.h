/*
 * What every kernel shares: launch, shared memory, sums over a warp and a block, the card's measures. The same source compiles with
 * nvcc, and with g++ -DGS_EMULATED against ../emulation/kernel.h, which runs a thread of a block as a fiber.
 *
 *   GS_LAUNCH(kernel, grid, block, shared, stream, ...)  queues a kernel; an int, a gs_cuda_status. Template kernels in parentheses;
 *                                                        grid and block int or dim3; shared: bytes of dynamic shared memory
 *   GS_SHARED(type, name, count)                         an array in shared memory, at a multiple of 16 bytes
 *   GS_DYNAMIC_SHARED(name)                              unsigned char*: the launch's dynamic shared memory, at a multiple of 128
 *
 * Rules that the emulation relies on, held by lint.sh: no inline PTX, no cooperative groups, no bare __shared__, no __CUDA_ARCH__ but
 * here, no atomics on floats, no kernel that returns before its last barrier or warp operation; blocks of whole warps.
 */
#ifndef GRADSIEVE_DEVICE_H
#define GRADSIEVE_DEVICE_H

#include <cstddef>
#include <cstdint>

#include "status.h"

#ifdef GS_EMULATED
#include "../emulation/kernel.h"
#define GS_TF32 1
#else
#include <cuda_pipeline.h>
#include <cuda_runtime.h>
#include <mma.h>

/* Whether the matrix units take tf32 where this is compiled for; on the host it is, for the types' sake. */
#if !defined(__CUDA_ARCH__) || __CUDA_ARCH__ >= 800
#define GS_TF32 1
#else
#define GS_TF32 0
#endif

#define GS_LAUNCH(kernel, grid, block, shared, stream, ...)                                                         \
    (::gradsieve::allow(reinterpret_cast<const void*>(kernel), #kernel, static_cast<size_t>(shared)) != GS_CUDA_OK  \
         ? static_cast<int>(GS_CUDA_FAILED)                                                                         \
         : (kernel<<<(grid), (block), static_cast<size_t>(shared), static_cast<cudaStream_t>(stream)>>>(__VA_ARGS__), \
            ::gradsieve::launched(#kernel)))
#define GS_SHARED(type, name, count) __shared__ __align__(16) type name[count]
#define GS_DYNAMIC_SHARED(name) extern __shared__ __align__(128) unsigned char name[]

namespace gradsieve {

/* Dynamic shared memory beyond this is asked for, kernel by kernel and device by device: 48 KB less what a kernel has beside it. */
constexpr size_t SHARED_WITHOUT_ASKING = 44 * 1024;

inline int allow(const void* kernel, const char* name, size_t shared) {
    (void)cudaGetLastError(); /* what others left behind is not this kernel's */
    if (shared <= SHARED_WITHOUT_ASKING) return GS_CUDA_OK;
    const cudaError_t error =
        cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, static_cast<int>(shared));
    return error == cudaSuccess ? static_cast<int>(GS_CUDA_OK) : failed(name, cudaGetErrorString(error));
}

inline int launched(const char* name) {
    const cudaError_t error = cudaGetLastError();
    return error == cudaSuccess ? static_cast<int>(GS_CUDA_OK) : failed(name, cudaGetErrorString(error));
}

/* Of the current device; `otherwise` where there is none, for functions that cannot fail. */
inline int device_attribute(cudaDeviceAttr attribute, int otherwise) {
    int device = 0, value = 0;
    if (cudaGetDevice(&device) != cudaSuccess || cudaDeviceGetAttribute(&value, attribute, device) != cudaSuccess) return otherwise;
    return value;
}

inline int multiprocessors() {
    static const int count = device_attribute(cudaDevAttrMultiProcessorCount, 1);
    return count;
}

/* Bytes of shared memory that a block may have, static and dynamic together. */
inline int max_shared() {
    static const int bytes = device_attribute(cudaDevAttrMaxSharedMemoryPerBlockOptin, static_cast<int>(SHARED_WITHOUT_ASKING));
    return bytes;
}

}  // namespace gradsieve
#endif

namespace gradsieve {

template <class T>
__host__ __device__ constexpr T ceil_div(T a, T b) {
    return (a + b - 1) / b;
}
template <class T>
__host__ __device__ constexpr T round_up(T a, T b) {
    return ceil_div(a, b) * b;
}

/* Blocks for `work` items at `each` a block, at most `waves` of `resident` blocks for every multiprocessor; at least one. */
inline int grid_for(int64_t work, int64_t each, int resident, int waves = 1) {
    const int64_t wanted = ceil_div(work, each), most = static_cast<int64_t>(multiprocessors()) * resident * waves;
    return static_cast<int>(wanted < 1 ? 1 : wanted < most ? wanted : most);
}

/* Four floats at a multiple of 16 bytes. */
__device__ __forceinline__ float4 load4(const float* from) { return *reinterpret_cast<const float4*>(from); }
__device__ __forceinline__ void store4(float* to, float4 value) { *reinterpret_cast<float4*>(to) = value; }
__device__ __forceinline__ void add4(float4& sum, float4 value) {
    sum.x += value.x;
    sum.y += value.y;
    sum.z += value.z;
    sum.w += value.w;
}

constexpr unsigned WHOLE_WARP = 0xffffffffu;

/* The sum over the warp, the same bits in every lane. */
template <class T>
__device__ __forceinline__ T warp_sum(T value) {
#pragma unroll
    for (int distance = 16; distance > 0; distance /= 2) value += __shfl_xor_sync(WHOLE_WARP, value, distance);
    return value;
}

/*
 * The sum over the block's WARPS warps, the same bits in every thread; every thread calls it. `slots` is WARPS elements of shared
 * memory, free again after the next barrier.
 */
template <int WARPS, class T>
__device__ __forceinline__ T block_sum(T value, T* slots) {
    value = warp_sum(value);
    if (threadIdx.x % 32 == 0) slots[threadIdx.x / 32] = value;
    __syncthreads();
    T sum = slots[0];
#pragma unroll
    for (int warp = 1; warp < WARPS; warp++) sum += slots[warp];
    return sum;
}

}  // namespace gradsieve
#endif
