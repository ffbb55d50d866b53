/*
 * Operands of the matrix units, 16 x 16 tiles of 8 products: float inputs rounded to tf32, 10 bits of fraction (stated error 5e-3).
 * Of use only where GS_TF32 is set.
 */
#ifndef GRADSIEVE_CUDA_MATRIX_H
#define GRADSIEVE_CUDA_MATRIX_H

#include "device.h"

namespace gradsieve {

constexpr int MATRIX_DEPTH = 8;

#if GS_TF32
namespace wmma = nvcuda::wmma;

using MatrixSum = wmma::fragment<wmma::accumulator, 16, 16, MATRIX_DEPTH, float>;

/*
 * The places of a lane's four elements of an operand: a tile in shared memory, a row of 16 for each of the 8 products, `stride`
 * floats apart (read with channels as rows for a, as columns for b), or 16 rows of 8. load_matrix_sync compiles to generic loads of
 * 64-bit addresses, and which elements of a fragment a lane holds is not specified; so a lane learns its places once, from a tile of known
 * numbers, and then uses plain loads from shared memory.
 */
template <class Use, class Layout>
struct Operand {
    using Fragment = wmma::fragment<Use, 16, 16, MATRIX_DEPTH, wmma::precision::tf32, Layout>;
    static constexpr bool ACROSS = std::is_same<Use, wmma::matrix_a>::value == std::is_same<Layout, wmma::col_major>::value;
    static constexpr int WIDTH = ACROSS ? 16 : MATRIX_DEPTH;

    struct Places {
        int offset[4];

        /* numbers: 128 in shared memory, element i holding i. */
        __device__ __forceinline__ void learn(const float* numbers, int stride) {
            Fragment fragment;
            wmma::load_matrix_sync(fragment, numbers, WIDTH);
#pragma unroll
            for (int i = 0; i < 4; i++) {
                const int number = static_cast<int>(fragment.x[i]);
                offset[i] = number / WIDTH * stride + number % WIDTH;
            }
        }
    };

    Fragment fragment;

    __device__ __forceinline__ void load(const float* from, const Places& places) {
#pragma unroll
        for (int i = 0; i < 4; i++) fragment.x[i] = wmma::__float_to_tf32(from[places.offset[i]]);
    }
};

/* The numbers that lanes learn their places from; the whole block calls. */
__device__ __forceinline__ void count_up(float* numbers) {
    for (int i = static_cast<int>(threadIdx.x); i < 16 * MATRIX_DEPTH; i += static_cast<int>(blockDim.x))
        numbers[i] = static_cast<float>(i);
    __syncthreads();
}
#endif

/* The units' precision, for tiles that are written for any. ROWS: of a strip that are worked on at a time. */
struct Tf32 {
    using Element = float;
    static constexpr int DEPTH = MATRIX_DEPTH, ROWS = 2;
#if GS_TF32
    using Sum = MatrixSum;
    template <class Use, class Layout>
    using Operand = gradsieve::Operand<Use, Layout>;

    template <class A, class B>
    __device__ __forceinline__ static void multiply(MatrixSum& sum, const A& a, const B& b) {
        wmma::mma_sync(sum, a.fragment, b.fragment, sum);
    }
#endif
};

}  // namespace gradsieve
#endif
