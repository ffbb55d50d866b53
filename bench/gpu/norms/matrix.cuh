/*
 * Operands of the matrix units in the precisions compared, 16 × 16 tiles of DEPTH products.
 *   Tf32     float inputs rounded to 10 bits of fraction (stated error 5e-3)
 *   Tf32x3   float inputs as a high and a low tf32 number, three products: float32 accuracy without the fourth, low × low
 *   Bf16     bfloat16 inputs (2e-2)
 *   Fp32     float inputs, multiply-adds of the ordinary units (1e-4)
 * UNROLL: strip rows written out in the loop over them, as far as registers allow.
 * PAD: elements added to a row of a tile in shared memory so that a fragment's rows lie in different banks.
 */
#pragma once

#include "device.cuh"

namespace wmma = nvcuda::wmma;

struct Tf32 {
    using Input = float;
    using Element = wmma::precision::tf32;
    static constexpr int DEPTH = 8, PAD = 8, UNROLL = 2;
    static constexpr const char* NAME = "tf32";
};
struct Tf32x3 {
    using Input = float;
    using Element = wmma::precision::tf32;
    static constexpr int DEPTH = 8, PAD = 8, UNROLL = 1;
    static constexpr const char* NAME = "tf32x3";
};
struct Bf16 {
    using Input = __nv_bfloat16;
    using Element = __nv_bfloat16;
    static constexpr int DEPTH = 16, PAD = 8, UNROLL = 2;
    static constexpr const char* NAME = "bf16";
};
struct Fp32 {
    using Input = float;
    static constexpr int DEPTH = 1, PAD = 0;
    static constexpr const char* NAME = "fp32";
};

template <class P>
using Sum = wmma::fragment<wmma::accumulator, 16, 16, P::DEPTH, float>;

template <class P, class Use, class Layout>
struct Operand {
    wmma::fragment<Use, 16, 16, P::DEPTH, typename P::Element, Layout> high;

    __device__ __forceinline__ void load(const typename P::Input* from, int stride) {
        wmma::load_matrix_sync(high, from, static_cast<unsigned>(stride));
    }
};

template <class Use, class Layout>
struct Operand<Tf32, Use, Layout> {
    wmma::fragment<Use, 16, 16, 8, wmma::precision::tf32, Layout> high;

    __device__ __forceinline__ void load(const float* from, int stride) {
        wmma::load_matrix_sync(high, from, static_cast<unsigned>(stride));
#pragma unroll
        for (int i = 0; i < high.num_elements; i++) high.x[i] = wmma::__float_to_tf32(high.x[i]);
    }
};

template <class Use, class Layout>
struct Operand<Tf32x3, Use, Layout> {
    wmma::fragment<Use, 16, 16, 8, wmma::precision::tf32, Layout> high, low;

    __device__ __forceinline__ void load(const float* from, int stride) {
        wmma::load_matrix_sync(high, from, static_cast<unsigned>(stride));
#pragma unroll
        for (int i = 0; i < high.num_elements; i++) {
            float value = high.x[i];
            high.x[i] = wmma::__float_to_tf32(value);
            low.x[i] = wmma::__float_to_tf32(value - high.x[i]);
        }
    }
};

/* sum[i] += a[i] b, for three operands a: the products of one sum are three apart, so that they do not wait for each other. */
template <class P, class UseA, class LayoutA, class UseB, class LayoutB>
__device__ __forceinline__ void multiply(Sum<P>& sum0, Sum<P>& sum1, Sum<P>& sum2, const Operand<P, UseA, LayoutA>& a0,
                                         const Operand<P, UseA, LayoutA>& a1, const Operand<P, UseA, LayoutA>& a2,
                                         const Operand<P, UseB, LayoutB>& b) {
    if constexpr (sizeof(a0) > sizeof(a0.high)) {
        wmma::mma_sync(sum0, a0.low, b.high, sum0);
        wmma::mma_sync(sum1, a1.low, b.high, sum1);
        wmma::mma_sync(sum2, a2.low, b.high, sum2);
        wmma::mma_sync(sum0, a0.high, b.low, sum0);
        wmma::mma_sync(sum1, a1.high, b.low, sum1);
        wmma::mma_sync(sum2, a2.high, b.low, sum2);
    }
    wmma::mma_sync(sum0, a0.high, b.high, sum0);
    wmma::mma_sync(sum1, a1.high, b.high, sum1);
    wmma::mma_sync(sum2, a2.high, b.high, sum2);
}

/* sum += a b. */
template <class P, class UseA, class LayoutA, class UseB, class LayoutB>
__device__ __forceinline__ void multiply(Sum<P>& sum, const Operand<P, UseA, LayoutA>& a, const Operand<P, UseB, LayoutB>& b) {
    if constexpr (sizeof(a) > sizeof(a.high)) {
        wmma::mma_sync(sum, a.low, b.high, sum);
        wmma::mma_sync(sum, a.high, b.low, sum);
    }
    wmma::mma_sync(sum, a.high, b.high, sum);
}
