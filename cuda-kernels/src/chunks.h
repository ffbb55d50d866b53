/* Chunks of parameters: which floats chunk k is, and the sum of its squares in the CPU's order. */
#ifndef GRADSIEVE_CHUNKS_H
#define GRADSIEVE_CHUNKS_H

#include "update.h"

namespace gradsieve {

/* The floats of a chunk; none (parameter -1) where the table has fewer chunks. */
struct Piece {
    int64_t offset;
    int count, parameter;
    bool matrix;
};

__device__ __forceinline__ int chunks_of(const gs_cuda_parameter& parameter) {
    return static_cast<int>((parameter.count + CHUNK - 1) / CHUNK);
}

/* Called by whole warps, each for a chunk of its own: a lane counts the chunks of a parameter. */
__device__ __forceinline__ Piece piece_of(int parameters, const gs_cuda_parameter* table, int chunk) {
    const int lane = static_cast<int>(threadIdx.x % 32);
    Piece piece = {0, 0, -1, false};
    int before = 0;
    for (int from = 0; from < parameters && piece.parameter < 0; from += 32) {
        const int own = from + lane < parameters ? chunks_of(table[from + lane]) : 0;
        int until = before + own;
#pragma unroll
        for (int distance = 1; distance < 32; distance *= 2) {
            const int other = __shfl_up_sync(WHOLE_WARP, until - before, distance);
            if (lane >= distance) until += other;
        }
        const unsigned found = __ballot_sync(WHOLE_WARP, chunk >= until - own && chunk < until);
        const int within = __shfl_sync(WHOLE_WARP, chunk - (until - own), found ? __ffs(static_cast<int>(found)) - 1 : 0);
        if (found) {
            piece.parameter = from + __ffs(static_cast<int>(found)) - 1;
            const gs_cuda_parameter& parameter = table[piece.parameter];
            const int64_t start = static_cast<int64_t>(within) * CHUNK, left = parameter.count - start;
            piece.offset = parameter.offset + start;
            piece.count = static_cast<int>(left < CHUNK ? left : CHUNK);
            piece.matrix = parameter.matrix != 0;
        }
        before = __shfl_sync(WHOLE_WARP, until, 31);
    }
    return piece;
}

/* Two chunks in shared memory, half a bank cycle apart, so that half a warp reads each without conflicts. */
constexpr int SQUARES_SUMS = 16, SQUARES_PITCH = CHUNK + SQUARES_SUMS;

/*
 * By one whole warp, half of it for each chunk: element i goes to the i % 16-th of 16 sums in double, in order, and these are added
 * in order, the CPU's chunk_norms bit for bit (the square of a float is exact in double). Every lane of a half returns it.
 */
__device__ __forceinline__ double squares_of(const float* chunk, int count) {
    const int lane = static_cast<int>(threadIdx.x % 32), half = lane / SQUARES_SUMS * SQUARES_SUMS;
    double own = 0, sum = 0;
#pragma unroll 8
    for (int i = lane % SQUARES_SUMS; i < count; i += SQUARES_SUMS) {
        const double value = static_cast<double>(chunk[i]);
        own = fma(value, value, own);
    }
#pragma unroll
    for (int k = 0; k < SQUARES_SUMS; k++) sum += __shfl_sync(WHOLE_WARP, own, half + k);
    return sum;
}

inline int check_table(const char* operation, int64_t parameters, const gs_cuda_parameter* table, int64_t chunks) {
    if (parameters < 0 || parameters > INT32_MAX - 32 || chunks < 0 || chunks > INT32_MAX)
        return refuse(operation, "%lld parameters in %lld chunks: neither may be negative or beyond 2^31",
                      static_cast<long long>(parameters), static_cast<long long>(chunks));
    if (chunks > 0 && (parameters == 0 || !table))
        return refuse(operation, "%lld chunks of no parameters", static_cast<long long>(chunks));
    return GS_CUDA_OK;
}

}  // namespace gradsieve
#endif
