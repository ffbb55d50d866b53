/*
 * What every kernel here shares: launch, shared memory, sums over a warp, memory of the device. The same kernel source is
 * compiled by nvcc, or by g++ against emulation.h (-DGS_EMULATED), which runs a block as fibers: no inline PTX, no float
 * atomics, no "last block done", blocks of whole warps, and no kernel returns before its last barrier.
 */
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

#ifdef GS_EMULATED
#include "emulation.h"
#else
#include <cuda_bf16.h>
#include <cuda_pipeline.h>
#include <cuda_runtime.h>
#include <mma.h>

#define CHECK(call)                                                                                            \
    do {                                                                                                       \
        cudaError_t status_ = (call);                                                                          \
        if (status_ != cudaSuccess) {                                                                          \
            std::fprintf(stderr, "%s:%d: %s: %s\n", __FILE__, __LINE__, #call, cudaGetErrorString(status_));   \
            std::exit(3);                                                                                      \
        }                                                                                                      \
    } while (0)

/* Template kernels go in parentheses. */
#define LAUNCH(kernel, grid, block, shared, stream, ...)     \
    do {                                                     \
        kernel<<<grid, block, shared, stream>>>(__VA_ARGS__); \
        CHECK(cudaGetLastError());                           \
    } while (0)

#define SHARED(type, name, count) __shared__ __align__(16) type name[count]
#define DYNAMIC_SHARED(name) extern __shared__ __align__(128) unsigned char name[]

inline void* device_allocate(size_t bytes) {
    void* memory = nullptr;
    CHECK(cudaMalloc(&memory, bytes));
    return memory;
}
inline void device_free(void* memory) { CHECK(cudaFree(memory)); }
inline void device_write(void* to, const void* from, size_t bytes) {
    CHECK(cudaMemcpy(to, from, bytes, cudaMemcpyHostToDevice));
}
inline void device_read(void* to, const void* from, size_t bytes) {
    CHECK(cudaDeviceSynchronize());
    CHECK(cudaMemcpy(to, from, bytes, cudaMemcpyDeviceToHost));
}
/* Every byte 0xff: floats and bfloat16 are NaN. */
inline void device_poison(void* memory, size_t bytes) {
    CHECK(cudaMemset(memory, 0xff, bytes));
    CHECK(cudaDeviceSynchronize());
}
template <class Kernel>
void allow_shared(Kernel kernel, size_t bytes) {
    CHECK(cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, static_cast<int>(bytes)));
}
/* Blocks of this kernel that one multiprocessor holds; 0 if none fits. */
template <class Kernel>
int blocks_per_multiprocessor(Kernel kernel, int threads, size_t shared) {
    int blocks = 0;
    CHECK(cudaOccupancyMaxActiveBlocksPerMultiprocessor(&blocks, kernel, threads, shared));
    return blocks;
}
inline int multiprocessors() {
    static const int count = [] {
        int value = 0;
        CHECK(cudaDeviceGetAttribute(&value, cudaDevAttrMultiProcessorCount, 0));
        return value;
    }();
    return count;
}
#endif

/* A block's most dynamic shared memory on sm_90. */
constexpr size_t MAX_SHARED = 227 * 1024;

__host__ __device__ constexpr int ceil_div(int a, int b) { return (a + b - 1) / b; }
__host__ __device__ constexpr int round_up(int a, int b) { return ceil_div(a, b) * b; }

/* The sum over the warp, the same bits in every lane. */
__device__ __forceinline__ float warp_sum(float value) {
#pragma unroll
    for (int distance = 16; distance > 0; distance /= 2) value += __shfl_xor_sync(0xffffffffu, value, distance);
    return value;
}
