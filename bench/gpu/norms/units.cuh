/*
 * Matrix units for the tiles of cuda-kernels/src (matrix.h has tf32's), in the precisions that only this benchmark has:
 *   Tf32x3   float operands as a high and a low tf32 number, three products: float32 accuracy without the fourth, low × low. The
 *            units cut off what does not fit when they add, so that long sums would shrink (1e-5 over 1024 positions):
 *            each tile of products is added to the sum by rounding additions of the ordinary units
 *   Bf16     bfloat16 operands (stated error 2e-2), loaded as they lie
 */
#pragma once

#include "matrix.h"

#ifndef GS_EMULATED
#include <cuda_bf16.h>
#endif

using namespace gradsieve;

struct Tf32x3 {
    using Element = float;
    using Sum = MatrixSum;
    static constexpr int DEPTH = MATRIX_DEPTH, ROWS = 1;

    template <class Use, class Layout>
    struct Operand {
        using Places = typename gradsieve::Operand<Use, Layout>::Places;
        typename gradsieve::Operand<Use, Layout>::Fragment high, low;

        __device__ __forceinline__ void load(const float* from, const Places& places) {
#pragma unroll
            for (int i = 0; i < 4; i++) {
                const float value = from[places.offset[i]];
                high.x[i] = wmma::__float_to_tf32(value);
                low.x[i] = wmma::__float_to_tf32(value - high.x[i]);
            }
        }
    };

    template <class A, class B>
    __device__ __forceinline__ static void multiply(Sum& sum, const A& a, const B& b) {
        Sum product;
        wmma::fill_fragment(product, 0.0f);
        wmma::mma_sync(product, a.low, b.high, product);
        wmma::mma_sync(product, a.high, b.low, product);
        wmma::mma_sync(product, a.high, b.high, product);
#pragma unroll
        for (int i = 0; i < sum.num_elements; i++) sum.x[i] += product.x[i];
    }
};

struct Bf16 {
    using Element = __nv_bfloat16;
    static constexpr int DEPTH = 16, ROWS = 2;
    using Sum = wmma::fragment<wmma::accumulator, 16, 16, DEPTH, float>;

    template <class Use, class Layout>
    struct Operand {
        struct Places {
            unsigned stride;
            __device__ __forceinline__ void learn(const float*, int elements) { stride = static_cast<unsigned>(elements); }
        };
        wmma::fragment<Use, 16, 16, DEPTH, Element, Layout> fragment;

        __device__ __forceinline__ void load(const Element* from, const Places& places) {
            wmma::load_matrix_sync(fragment, from, places.stride);
        }
    };

    template <class A, class B>
    __device__ __forceinline__ static void multiply(Sum& sum, const A& a, const B& b) {
        wmma::mma_sync(sum, a.fragment, b.fragment, sum);
    }
};
