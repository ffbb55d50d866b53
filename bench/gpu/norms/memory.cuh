/* Memory of the device, and what ends the benchmark: an error of CUDA's runtime or of the library. */
#pragma once

#include <cstdio>
#include <cstdlib>
#include <vector>

#include "device.h"

#ifdef GS_EMULATED
#include "../emulation/cuda_api.h"
#endif

#define CHECK(call)                                                                                            \
    do {                                                                                                       \
        const cudaError_t error_ = (call);                                                                     \
        if (error_ != cudaSuccess) {                                                                           \
            std::fprintf(stderr, "%s:%d: %s: %s\n", __FILE__, __LINE__, #call, cudaGetErrorString(error_));    \
            std::exit(3);                                                                                      \
        }                                                                                                      \
    } while (0)

/* Of a launch, or of a function of the library. */
inline void need_ok(int status) {
    if (status == GS_CUDA_OK) return;
    std::fprintf(stderr, "%s\n", gs_cuda_last_error());
    std::exit(3);
}

inline void* device_allocate(size_t bytes) {
    void* memory = nullptr;
    CHECK(cudaMalloc(&memory, bytes));
    return memory;
}
inline void device_free(void* memory) { CHECK(cudaFree(memory)); }
inline void device_write(void* to, const void* from, size_t bytes) { CHECK(cudaMemcpy(to, from, bytes, cudaMemcpyHostToDevice)); }
inline void device_read(void* to, const void* from, size_t bytes) {
    CHECK(cudaDeviceSynchronize());
    CHECK(cudaMemcpy(to, from, bytes, cudaMemcpyDeviceToHost));
}
/* Every byte = value; 0xff makes NaN of floats and of bfloat16. */
inline void device_fill(void* memory, int value, size_t bytes) {
    CHECK(cudaMemset(memory, value, bytes));
    CHECK(cudaDeviceSynchronize());
}
template <class T>
T* device_copy(const std::vector<T>& values) {
    T* const memory = static_cast<T*>(device_allocate(values.size() * sizeof(T)));
    device_write(memory, values.data(), values.size() * sizeof(T));
    return memory;
}

/* Blocks of this kernel that one multiprocessor holds; 0 if none fits. */
template <class Kernel>
int blocks_per_multiprocessor(Kernel kernel, int threads, size_t shared) {
#ifdef GS_EMULATED
    (void)kernel, (void)threads, (void)shared;
    return 2;
#else
    int blocks = 0;
    need_ok(gradsieve::allow(reinterpret_cast<const void*>(kernel), "a form of the weight gradient", shared));
    CHECK(cudaOccupancyMaxActiveBlocksPerMultiprocessor(&blocks, kernel, threads, shared));
    return blocks;
#endif
}
