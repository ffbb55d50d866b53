/*
 * Operands of the matrix units in the precisions compared, 16 × 16 tiles of DEPTH products.
 *   Tf32     float inputs rounded to 10 bits of fraction (stated error 5e-3)
 *   Tf32x3   float inputs as a high and a low tf32 number, three products: float32 accuracy without the fourth, low × low. The
 *            units cut off what does not fit when they add, so that long sums would shrink (1e-5 over 1024 positions):
 *            each tile of products is added to the sum by rounding additions of the ordinary units
 *   Bf16     bfloat16 inputs (2e-2)
 *   Fp32     float inputs, multiply-adds of the ordinary units (1e-4)
 * UNROLL: strip rows written out in the loop over them, as far as registers allow.
 * PAD: elements added to a row of a tile in shared memory so that a fragment's rows lie in different banks.
 */
#pragma once

#include <type_traits>

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

/*
 * An operand's tile in shared memory, a row of 16 channels for each of DEPTH pixels, STRIDE elements apart; as a it is read with
 * channels as rows, as b with channels as columns. load_matrix_sync compiles to generic loads with 64-bit addresses, and which
 * elements of a fragment a lane holds is not specified; so for float inputs a lane learns its places once, from a tile of
 * known numbers, and then uses plain loads from shared memory.
 */
template <class P, class Use, int STRIDE>
struct Places {
    using Layout = std::conditional_t<std::is_same_v<Use, wmma::matrix_a>, wmma::col_major, wmma::row_major>;
    using Fragment = wmma::fragment<Use, 16, 16, P::DEPTH, typename P::Element, Layout>;
    int offset[sizeof(typename P::Input) == 4 ? 4 : 1];

    /* numbers: DEPTH · 16 in shared memory, element i holding i; bfloat16 needs none. */
    __device__ __forceinline__ void learn(const float* numbers) {
        if constexpr (sizeof(typename P::Input) == 4) {
            Fragment f;
            wmma::load_matrix_sync(f, numbers, 16);
#pragma unroll
            for (int i = 0; i < 4; i++) {
                const int number = static_cast<int>(f.x[i]);
                offset[i] = number / 16 * STRIDE + number % 16;
            }
        }
    }
};

template <class P, class Use, class Layout>
struct Operand {
    wmma::fragment<Use, 16, 16, P::DEPTH, typename P::Element, Layout> high;

    __device__ __forceinline__ void load(const typename P::Input* from, int stride) {
        wmma::load_matrix_sync(high, from, static_cast<unsigned>(stride));
        round();
    }
    template <int STRIDE>
    __device__ __forceinline__ void load(const typename P::Input* from, const Places<P, Use, STRIDE>& places) {
        if constexpr (sizeof(typename P::Input) == 4) {
#pragma unroll
            for (int i = 0; i < 4; i++) high.x[i] = from[places.offset[i]];
            round();
        } else {
            wmma::load_matrix_sync(high, from, STRIDE);
        }
    }

  private:
    __device__ __forceinline__ void round() {
        if constexpr (sizeof(typename P::Input) == 4) {
#pragma unroll
            for (int i = 0; i < 4; i++) high.x[i] = wmma::__float_to_tf32(high.x[i]);
        }
    }
};

template <class Use, class Layout>
struct Operand<Tf32x3, Use, Layout> {
    wmma::fragment<Use, 16, 16, 8, wmma::precision::tf32, Layout> high, low;

    __device__ __forceinline__ void load(const float* from, int stride) {
        wmma::load_matrix_sync(high, from, static_cast<unsigned>(stride));
        split();
    }
    template <int STRIDE>
    __device__ __forceinline__ void load(const float* from, const Places<Tf32x3, Use, STRIDE>& places) {
#pragma unroll
        for (int i = 0; i < 4; i++) high.x[i] = from[places.offset[i]];
        split();
    }

  private:
    __device__ __forceinline__ void split() {
#pragma unroll
        for (int i = 0; i < 4; i++) {
            const float value = high.x[i];
            high.x[i] = wmma::__float_to_tf32(value);
            low.x[i] = wmma::__float_to_tf32(value - high.x[i]);
        }
    }
};

/* sum += a b. */
template <class P, class UseA, class LayoutA, class UseB, class LayoutB>
__device__ __forceinline__ void multiply(Sum<P>& sum, const Operand<P, UseA, LayoutA>& a, const Operand<P, UseB, LayoutB>& b) {
    if constexpr (std::is_same_v<P, Tf32x3>) {
        Sum<P> product;
        wmma::fill_fragment(product, 0.0f);
        wmma::mma_sync(product, a.low, b.high, product);
        wmma::mma_sync(product, a.high, b.low, product);
        wmma::mma_sync(product, a.high, b.high, product);
#pragma unroll
        for (int i = 0; i < sum.num_elements; i++) sum.x[i] += product.x[i];
    } else {
        wmma::mma_sync(sum, a.high, b.high, sum);
    }
}
