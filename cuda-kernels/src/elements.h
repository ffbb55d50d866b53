/* What operations share that go over arrays word by word, a word being four floats: a block takes WORDS of them, a thread EACH. */
#ifndef GRADSIEVE_CUDA_ELEMENTS_H
#define GRADSIEVE_CUDA_ELEMENTS_H

#include "values.h"

namespace gradsieve {

constexpr int THREADS = 256, EACH = 4, WORDS = THREADS * EACH;

/* The thread's k-th word. */
__device__ __forceinline__ int64_t word_at(int k) {
    return static_cast<int64_t>(blockIdx.x) * WORDS + static_cast<int64_t>(threadIdx.x) + k * THREADS;
}

/* The first `count` of four, the others zero; any count. */
__device__ __forceinline__ float4 only_first(float4 v, int count) {
    return make_float4(count > 0 ? v.x : 0, count > 1 ? v.y : 0, count > 2 ? v.z : 0, count > 3 ? v.w : 0);
}

/* Blocks for so many words, which check_words let through. */
inline int blocks_of(int64_t words) { return static_cast<int>(ceil_div<int64_t>(words, WORDS)); }

inline int check_words(const char* operation, int64_t words) {
    if (words > INT64_C(0x7fffffff) * WORDS)
        return refuse(operation, "%lld words of four floats: more than 2^31 blocks", static_cast<long long>(words));
    return GS_CUDA_OK;
}

inline int check_gradient(const char* operation, int gradient) {
    if (gradient != GS_CUDA_STORE && gradient != GS_CUDA_ADD)
        return refuse(operation, "gradient %d is neither store (1) nor add (2)", gradient);
    return GS_CUDA_OK;
}

}  // namespace gradsieve
#endif
