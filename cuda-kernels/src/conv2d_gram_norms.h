/*
 * norm2[i] += |g_i|^2 of a 3x3 convolution's weight gradient (stride 1, padding 1) without forming it, for at most 64 pixels:
 *     |g_i|^2 = sum over pixels t, s of D[t][s] * sum over taps of G[t + tap][s + tap],   G = X X^T, D = delta delta^T,
 * G zero outside the image; clamped at 0. 2 * 64 * 64 (P_in + P_out) operations a sample instead of 18 * 64 P_in P_out. A block has
 * a sample, some channels at a time in shared memory, the next ones on their way. Reads input and output gradient once; arithmetic
 * is the floor: 4.3 GFLOP for 1,024 samples of 256 -> 256 channels.
 */
#ifndef GRADSIEVE_CUDA_CONV2D_GRAM_NORMS_H
#define GRADSIEVE_CUDA_CONV2D_GRAM_NORMS_H

#include "conv2d.h"
#include "matrix.h"

namespace gradsieve {

constexpr int GRAM_THREADS = 256, GRAM_WARPS = GRAM_THREADS / 32, GRAM_PIXELS = 64;
constexpr int GRAM_ROW = GRAM_PIXELS + 4, GRAM_PRODUCT = GRAM_PIXELS * GRAM_ROW; /* a product's rows: other banks than the next's */

/* Elements from a pixel's channels to the next one's. */
template <class Element>
constexpr int gram_stride(int channels) {
    return channels + 16 / static_cast<int>(sizeof(Element));
}

inline bool has_gram(const Conv2d& s) { return s.is_3x3() && s.height * s.width <= GRAM_PIXELS; }

/* chunk chunk^T, added to what it has: a thread owns pixels y, y + 16, ... times x, x + 16, ... */
template <int CHANNELS_>
struct PlainProduct {
    using Element = float;
    static constexpr int CHANNELS = CHANNELS_, STRIDE = gram_stride<Element>(CHANNELS);
    float sum[4][4];

    __device__ __forceinline__ void learn(float*) {}
    __device__ __forceinline__ void clear() {
#pragma unroll
        for (int i = 0; i < 16; i++) sum[i / 4][i % 4] = 0;
    }
    __device__ __forceinline__ void multiply(const float* chunk) {
        const float* const rows = chunk + static_cast<int>(threadIdx.x / 16) * STRIDE;
        const float* const columns = chunk + static_cast<int>(threadIdx.x % 16) * STRIDE;
#pragma unroll 2
        for (int k = 0; k < CHANNELS; k += 4) {
            float4 a[4], b[4];
#pragma unroll
            for (int i = 0; i < 4; i++) {
                a[i] = load4(rows + 16 * i * STRIDE + k);
                b[i] = load4(columns + 16 * i * STRIDE + k);
            }
#pragma unroll
            for (int i = 0; i < 16; i++) {
                float& s = sum[i / 4][i % 4];
                s = fmaf(a[i / 4].x, b[i % 4].x, s);
                s = fmaf(a[i / 4].y, b[i % 4].y, s);
                s = fmaf(a[i / 4].z, b[i % 4].z, s);
                s = fmaf(a[i / 4].w, b[i % 4].w, s);
            }
        }
    }
    __device__ __forceinline__ void store(float* to) const {
        to += static_cast<int>(threadIdx.x / 16) * GRAM_ROW + static_cast<int>(threadIdx.x % 16);
#pragma unroll
        for (int i = 0; i < 16; i++) to[i / 4 * 16 * GRAM_ROW + i % 4 * 16] = sum[i / 4][i % 4];
    }
};

#if GS_TF32
/* The same on the matrix units: a warp owns two of the 4 x 4 tiles. */
template <class Units, int CHANNELS_>
struct MatrixProduct {
    using Element = typename Units::Element;
    using Rows = typename Units::template Operand<wmma::matrix_a, wmma::row_major>;
    using Columns = typename Units::template Operand<wmma::matrix_b, wmma::col_major>;
    static constexpr int CHANNELS = CHANNELS_, STRIDE = gram_stride<Element>(CHANNELS);
    typename Units::Sum sum[2];
    typename Rows::Places row_places;
    typename Columns::Places column_places;

    __device__ __forceinline__ static int row() { return static_cast<int>(threadIdx.x / 32) / 2 * 16; }
    __device__ __forceinline__ static int column() { return static_cast<int>(threadIdx.x / 32) % 2 * 32; }

    __device__ __forceinline__ void learn(float* numbers) {
        count_up(numbers);
        row_places.learn(numbers, STRIDE);
        column_places.learn(numbers, STRIDE);
    }
    __device__ __forceinline__ void clear() {
        wmma::fill_fragment(sum[0], 0.0f);
        wmma::fill_fragment(sum[1], 0.0f);
    }
    __device__ __forceinline__ void multiply(const Element* chunk) {
#pragma unroll 2
        for (int k = 0; k < CHANNELS; k += Units::DEPTH) {
            Rows a;
            a.load(chunk + row() * STRIDE + k, row_places);
#pragma unroll
            for (int i = 0; i < 2; i++) {
                Columns b;
                b.load(chunk + (column() + 16 * i) * STRIDE + k, column_places);
                Units::multiply(sum[i], a, b);
            }
        }
    }
    __device__ __forceinline__ void store(float* to) const {
#pragma unroll
        for (int i = 0; i < 2; i++)
            wmma::store_matrix_sync(to + row() * GRAM_ROW + column() + 16 * i, sum[i], GRAM_ROW, wmma::mem_row_major);
    }
};
#else
template <class Units, int CHANNELS>
struct MatrixProduct : PlainProduct<CHANNELS> {}; /* a type of this name, for the host's sake */
#endif

template <class Product>
constexpr size_t gram_shared() {
    return sizeof(float) * GRAM_PRODUCT + sizeof(typename Product::Element) * 2 * GRAM_PIXELS * Product::STRIDE;
}

template <class Product>
__global__ void __launch_bounds__(GRAM_THREADS)
    conv2d_gram_norms_kernel(Conv2d s, const typename Product::Element* __restrict__ input,
                             const typename Product::Element* __restrict__ output_gradient, float* __restrict__ norm2) {
    using Element = typename Product::Element;
    constexpr int CHANNELS = Product::CHANNELS, STRIDE = Product::STRIDE, CHUNK = GRAM_PIXELS * STRIDE;
    constexpr int PIECE = 16 / static_cast<int>(sizeof(Element)), PIECES = CHANNELS / PIECE;
    static_assert(sizeof(float) * GRAM_PRODUCT <= sizeof(Element) * 2 * CHUNK, "D lies where chunks lay");
    GS_DYNAMIC_SHARED(memory);
    float* const gram = reinterpret_cast<float*>(memory); /* G; at first the numbers that places are learned from */
    float* const other_gram = gram + GRAM_PRODUCT;        /* D, where at first chunks lie: [2][CHUNK] */
    Element* const chunks = reinterpret_cast<Element*>(other_gram);
    GS_SHARED(int, taps_inside, GRAM_PIXELS); /* bit 3 ky + kx: that neighbour of the pixel lies in the image */
    GS_SHARED(double, slots, GRAM_WARPS);
    const int thread = static_cast<int>(threadIdx.x), pixels = s.height * s.width;
    const size_t first_pixel = static_cast<size_t>(blockIdx.x) * static_cast<size_t>(pixels);
    const int input_chunks = ceil_div(s.pitch, CHANNELS), all_chunks = input_chunks + ceil_div(s.out_pitch, CHANNELS);
    const auto copy = [&](int chunk) {
        if (chunk < all_chunks) {
            const bool of_input = chunk < input_chunks;
            const int pitch = of_input ? s.pitch : s.out_pitch, from = (of_input ? chunk : chunk - input_chunks) * CHANNELS;
            const Element* const image = (of_input ? input : output_gradient) + first_pixel * static_cast<size_t>(pitch);
            for (int i = thread; i < GRAM_PIXELS * PIECES; i += GRAM_THREADS) {
                const int pixel = i / PIECES, channel = i % PIECES * PIECE;
                const bool inside = pixel < pixels && from + channel < pitch;
                __pipeline_memcpy_async(chunks + chunk % 2 * CHUNK + pixel * STRIDE + channel,
                                        inside ? image + pixel * pitch + from + channel : image, 16, inside ? 0 : 16);
            }
        }
        __pipeline_commit();
    };

    copy(0);
    if (thread < GRAM_PIXELS) {
        int mask = 0;
        for (int tap = 0; tap < 9; tap++) {
            const int y = thread / s.width + tap / 3 - 1, x = thread % s.width + tap % 3 - 1;
            if (thread < pixels && y >= 0 && y < s.height && x >= 0 && x < s.width) mask |= 1 << tap;
        }
        taps_inside[thread] = mask;
    }
    Product product;
    product.learn(gram);
    product.clear();
    for (int chunk = 0; chunk < all_chunks; chunk++) {
        __pipeline_wait_prior(0);
        __syncthreads(); /* the chunk is there for all, and nobody reads the other one any more */
        copy(chunk + 1);
        product.multiply(chunks + chunk % 2 * CHUNK);
        if (chunk == input_chunks - 1) {
            product.store(gram);
            product.clear();
        }
    }
    __syncthreads();
    product.store(other_gram);
    __syncthreads();

    const int other = thread % GRAM_PIXELS;
    float sum = 0;
    for (int pixel = thread / GRAM_PIXELS; pixel < pixels; pixel += GRAM_THREADS / GRAM_PIXELS) {
        const int both = taps_inside[pixel] & taps_inside[other];
        const float* const g = gram + pixel * GRAM_ROW + other;
        float shifted = 0;
#pragma unroll
        for (int tap = 0; tap < 9; tap++) {
            const int offset = (tap / 3 - 1) * s.width + tap % 3 - 1;
            if (both >> tap & 1) shifted += g[offset * (GRAM_ROW + 1)];
        }
        if (other < pixels) sum = fmaf(other_gram[pixel * GRAM_ROW + other], shifted, sum);
    }
    /* Of both signs, and their sum may be small beside them. */
    const double norm = block_sum<GRAM_WARPS>(static_cast<double>(sum), slots);
    if (thread == 0) norm2[blockIdx.x] += norm < 0 ? 0.0f : static_cast<float>(norm); /* NaN stays */
}

}  // namespace gradsieve
#endif
