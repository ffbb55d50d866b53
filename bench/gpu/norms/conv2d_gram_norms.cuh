/*
 * conv2d_gram_norms (form C): the squared norm of one sample's 3×3 weight gradient without forming it, for H·W ≤ 64:
 *     norms[sample] = Σ_t,s D[t][s] · Σ_ky,kx G[t + tap][s + tap],   G = X Xᵀ, D = δ δᵀ over pixels,
 * where G is zero outside the image: 2·64·64·(Cin + Cout) operations instead of 18·64·Cin·Cout. A block of 8 warps a sample;
 * 64 channels at a time in shared memory, two of the 4 × 4 tiles of a product a warp. Clamped at 0.
 */
#pragma once

#include "conv2d_backward_weights.cuh"

constexpr int GRAM_CHANNELS = 64, GRAM_PIXELS = 64, GRAM_ROW = GRAM_PIXELS + 4;

template <class P>
__host__ __device__ constexpr int gram_stride() {
    return GRAM_CHANNELS + 16 / static_cast<int>(sizeof(typename P::Input));
}

template <class P>
__host__ __device__ constexpr size_t gram_shared() {
    return 2 * GRAM_PIXELS * GRAM_ROW * sizeof(float) + 2 * GRAM_PIXELS * gram_stride<P>() * sizeof(typename P::Input);
}

template <class P>
__global__ void __launch_bounds__(256) conv2d_gram_norms(Conv2d shape, const typename P::Input* __restrict__ x,
                                                         const typename P::Input* __restrict__ delta, float* __restrict__ norms) {
    using Input = typename P::Input;
    constexpr int STRIDE = gram_stride<P>(), CHUNK = GRAM_PIXELS * STRIDE, PIECE = 16 / static_cast<int>(sizeof(Input));
    DYNAMIC_SHARED(memory);
    SHARED(int, taps_inside, GRAM_PIXELS); /* bit ky·3 + kx: the pixel's neighbour lies in the image */
    SHARED(float, sums, 8);
    float* const products = reinterpret_cast<float*>(memory); /* [G, D][64][GRAM_ROW] */
    Input* const chunks = reinterpret_cast<Input*>(products + 2 * GRAM_PIXELS * GRAM_ROW);
    const int t = threadIdx.x, warp = t / 32, sample = blockIdx.x, pixels = shape.height * shape.width;

    const int x_chunks = ceil_div(shape.inputs, GRAM_CHANNELS), all_chunks = x_chunks + ceil_div(shape.outputs, GRAM_CHANNELS);
    auto copy = [&](int chunk) {
        if (chunk < all_chunks) {
            const bool of_x = chunk < x_chunks;
            const int channels = of_x ? shape.inputs : shape.outputs, from = (of_x ? chunk : chunk - x_chunks) * GRAM_CHANNELS;
            const Input* image = (of_x ? x : delta) + static_cast<size_t>(sample) * pixels * channels;
            for (int i = t; i < GRAM_PIXELS * GRAM_CHANNELS / PIECE; i += 256) {
                const int pixel = i / (GRAM_CHANNELS / PIECE), channel = i % (GRAM_CHANNELS / PIECE) * PIECE;
                const bool inside = pixel < pixels && from + channel < channels;
                __pipeline_memcpy_async(chunks + chunk % 2 * CHUNK + pixel * STRIDE + channel,
                                        inside ? image + pixel * channels + from + channel : image, 16, inside ? 0 : 16);
            }
        }
        __pipeline_commit();
    };

    copy(0);
    if (t < GRAM_PIXELS) {
        int mask = 0;
        for (int tap = 0; tap < 9; tap++) {
            const int y = t / shape.width + tap / 3 - 1, column = t % shape.width + tap % 3 - 1;
            if (t < pixels && y >= 0 && y < shape.height && column >= 0 && column < shape.width) mask |= 1 << tap;
        }
        taps_inside[t] = mask;
    }
    const int row = warp / 2 * 16, column = warp % 2 * 32;
    Sum<P> sum[2];
    wmma::fill_fragment(sum[0], 0.0f);
    wmma::fill_fragment(sum[1], 0.0f);
    for (int chunk = 0; chunk < all_chunks; chunk++) {
        __pipeline_wait_prior(0);
        __syncthreads();
        copy(chunk + 1);
        const Input* values = chunks + chunk % 2 * CHUNK;
#pragma unroll 2
        for (int k = 0; k < GRAM_CHANNELS; k += P::DEPTH) {
            Operand<P, wmma::matrix_a, wmma::row_major> a;
            a.load(values + row * STRIDE + k, STRIDE);
#pragma unroll
            for (int i = 0; i < 2; i++) {
                Operand<P, wmma::matrix_b, wmma::col_major> b;
                b.load(values + (column + 16 * i) * STRIDE + k, STRIDE);
                multiply<P>(sum[i], a, b);
            }
        }
        if (chunk == x_chunks - 1 || chunk == all_chunks - 1) {
            float* to = products + (chunk < x_chunks ? 0 : GRAM_PIXELS * GRAM_ROW) + row * GRAM_ROW + column;
#pragma unroll
            for (int i = 0; i < 2; i++) {
                wmma::store_matrix_sync(to + 16 * i, sum[i], GRAM_ROW, wmma::mem_row_major);
                wmma::fill_fragment(sum[i], 0.0f);
            }
        }
    }
    __syncthreads();

    const int s = t % GRAM_PIXELS;
    float norm = 0;
    for (int p = t / GRAM_PIXELS; p < pixels; p += 256 / GRAM_PIXELS) {
        const int both = taps_inside[p] & taps_inside[s];
        const float* g = products + p * GRAM_ROW + s;
        float shifted = 0;
#pragma unroll
        for (int tap = 0; tap < 9; tap++) {
            const int offset = (tap / 3 - 1) * shape.width + tap % 3 - 1;
            if (both >> tap & 1) shifted += g[offset * (GRAM_ROW + 1)];
        }
        if (s < pixels) norm = fmaf(products[GRAM_PIXELS * GRAM_ROW + p * GRAM_ROW + s], shifted, norm);
    }
    norm = warp_sum(norm);
    if (t % 32 == 0) sums[warp] = norm;
    __syncthreads();
    if (t == 0) {
        for (int w = 1; w < 8; w++) norm += sums[w];
        norms[sample] = fmaxf(norm, 0.0f);
    }
}
