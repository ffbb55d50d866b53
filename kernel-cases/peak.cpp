/* The processor's peak: as many independent multiply-adds in registers as hide their latency. */
#include "cases.h"

#include <time.h>

namespace cases {

typedef float Vector4 __attribute__((vector_size(16)));
typedef float Vector8 __attribute__((vector_size(32)));
typedef float Vector16 __attribute__((vector_size(64)));

/* A macro, because a function inlined into another cannot have fewer instruction sets than it. */
#define MULTIPLY_ADDS(VECTOR, COUNT)                                                 \
    VECTOR sum[COUNT] = {};                                                          \
    VECTOR factor = {}, term = {};                                                   \
    for (int i = 0; i < COUNT; i++) sum[i] += static_cast<float>(i);                 \
    factor += 0.999f;                                                                \
    term += 0.5f;                                                                    \
    for (int64_t r = 0; r < rounds; r++) {                                           \
        _Pragma("GCC unroll 16") for (int i = 0; i < COUNT; i++) sum[i] = sum[i] * factor + term; \
    }                                                                                \
    float total = 0;                                                                 \
    for (int i = 0; i < COUNT; i++) total += sum[i][0];                              \
    return total

__attribute__((noinline)) static float rounds_of_4(int64_t rounds) { MULTIPLY_ADDS(Vector4, 12); }
__attribute__((noinline, target("avx2,fma"))) static float rounds_of_8(int64_t rounds) { MULTIPLY_ADDS(Vector8, 12); }
__attribute__((noinline, target("avx512f"))) static float rounds_of_16(int64_t rounds) { MULTIPLY_ADDS(Vector16, 12); }

double peak_gflops(const std::string& isa) {
    const int64_t rounds = 2000000;
    const double lanes = isa == "avx512" ? 16 : isa == "avx2" ? 8 : 4;
    double best = 0;
    for (int window = 0; window < 8; window++) {
        timespec start, end;
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &start);
        volatile float total = isa == "avx512" ? rounds_of_16(rounds) : isa == "avx2" ? rounds_of_8(rounds) : rounds_of_4(rounds);
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &end);
        (void)total;
        const double seconds = static_cast<double>(end.tv_sec - start.tv_sec) + 1e-9 * static_cast<double>(end.tv_nsec - start.tv_nsec);
        const double rate = 2 * 12 * lanes * static_cast<double>(rounds) / seconds * 1e-9;
        best = rate > best ? rate : best;
    }
    return best;
}

}  // namespace cases
