/*
 * What a thread or a warp has of a tile of BM outputs x BN columns of a weight gradient, in registers: clear(), accumulate() over the
 * positions of a stage in shared memory, squares(), add(); store_part() into a warp's tile in shared memory where several share the
 * positions, store() into the weights where not. PlainSums multiplies on the ordinary units, MatrixSums on the matrix units in
 * tf32; where a card has none for tf32, PlainSums serves both.
 */
#ifndef GRADSIEVE_CUDA_CONV2D_BACKWARD_WEIGHTS_ANY_H
#define GRADSIEVE_CUDA_CONV2D_BACKWARD_WEIGHTS_ANY_H

#include "conv2d.h"
#include "matrix.h"

namespace gradsieve {

constexpr int ANY_THREADS = 128, ANY_WARPS = ANY_THREADS / 32;

/*
 * GROUP threads have a tile together, SPLIT such groups share the positions. DEPTH: positions of a stage. PIECE: floats copied at a
 * time; 1 leaves out the lanes beyond the channels, of which narrow images have many. PAD: floats between rows of a stage, so that
 * an operand's rows lie in different banks.
 */
template <bool UNITS_, int BM_, int BN_, int DEPTH_, int PIECE_>
struct AnyTile {
    static constexpr bool UNITS = UNITS_;
    static constexpr int BM = BM_, BN = BN_, DEPTH = DEPTH_, PIECE = PIECE_, PAD = UNITS ? 8 : 0;
    static constexpr int GROUP = BM * BN / 32, SPLIT = ANY_THREADS / GROUP;
    static constexpr int GRADIENT_ROW = BM + PAD, PATCH_ROW = BN + PAD, STAGE = DEPTH * (GRADIENT_ROW + PATCH_ROW);
    static constexpr size_t SHARED = sizeof(float) * (2 * STAGE + (SPLIT > 1 ? ANY_WARPS * BM * BN : 0));
};

__device__ __forceinline__ float squares4(float4 v, float sum) {
    return fmaf(v.x, v.x, fmaf(v.y, v.y, fmaf(v.z, v.z, fmaf(v.w, v.w, sum))));
}

/* Four columns of an output's weights from column n on. */
template <int PIECE>
__device__ __forceinline__ void store_columns(const Conv2d& s, float* weights, int columns, int n, float4 value) {
    if (PIECE == 4) {
        if (n < columns) store4(weights + n, value);
        return;
    }
    const float values[4] = {value.x, value.y, value.z, value.w};
#pragma unroll
    for (int k = 0; k < 4; k++) {
        if (n + k >= columns) continue;
        const int tap = (n + k) / s.channels, channel = (n + k) % s.channels;
        weights[tap * s.pitch + channel] = values[k];
        if (channel == s.channels - 1)
            for (int lane = s.channels; lane < s.pitch; lane++) weights[tap * s.pitch + lane] = 0;
    }
}

/* A thread's 8 x 4 elements: rows 4 r .. 4 r + 3 of the tile's upper half and of its lower, columns 4 c .. 4 c + 3. */
template <class Tile>
struct PlainSums {
    static constexpr int ROWS = Tile::BM / 8, COLUMNS = Tile::BN / 4;
    float4 of[8];

    /* Where the block has all positions to itself, a warp is 8 x 4 threads; else they lie along rows, as parts are stored. */
    __device__ __forceinline__ static int within() { return static_cast<int>(threadIdx.x) % Tile::GROUP; }
    __device__ __forceinline__ static int r() { return Tile::SPLIT == 1 ? within() % ROWS : within() / COLUMNS; }
    __device__ __forceinline__ static int c() { return Tile::SPLIT == 1 ? within() / ROWS : within() % COLUMNS; }
    __device__ __forceinline__ static int row(int i) { return 4 * r() + i % 4 + i / 4 * (Tile::BM / 2); }

    __device__ __forceinline__ void learn(float*) {}
    __device__ __forceinline__ void clear() {
#pragma unroll
        for (int i = 0; i < 8; i++) of[i] = make_float4(0, 0, 0, 0);
    }
    __device__ __forceinline__ void multiply(int i, float a, float4 b) {
        of[i].x = fmaf(a, b.x, of[i].x);
        of[i].y = fmaf(a, b.y, of[i].y);
        of[i].z = fmaf(a, b.z, of[i].z);
        of[i].w = fmaf(a, b.w, of[i].w);
    }
    __device__ __forceinline__ void accumulate(const float* gradients, const float* patches, int depth) {
        gradients += 4 * r();
        patches += 4 * c();
#pragma unroll 4
        for (int k = static_cast<int>(threadIdx.x) / Tile::GROUP; k < depth; k += Tile::SPLIT) {
            const float4 upper = load4(gradients + k * Tile::GRADIENT_ROW), b = load4(patches + k * Tile::PATCH_ROW);
            const float4 lower = load4(gradients + k * Tile::GRADIENT_ROW + Tile::BM / 2);
            multiply(0, upper.x, b);
            multiply(1, upper.y, b);
            multiply(2, upper.z, b);
            multiply(3, upper.w, b);
            multiply(4, lower.x, b);
            multiply(5, lower.y, b);
            multiply(6, lower.z, b);
            multiply(7, lower.w, b);
        }
    }
    __device__ __forceinline__ float squares() const {
        float sum = 0;
#pragma unroll
        for (int i = 0; i < 8; i++) sum = squares4(of[i], sum);
        return sum;
    }
    __device__ __forceinline__ void add(const PlainSums& other) {
#pragma unroll
        for (int i = 0; i < 8; i++) add4(of[i], other.of[i]);
    }
    /* Adds up the groups of a warp first. part: the warp's [BM][BN]. */
    __device__ __forceinline__ void store_part(float* part) {
#pragma unroll
        for (int i = 0; i < 8; i++) {
#pragma unroll
            for (int distance = 16; distance >= Tile::GROUP; distance /= 2) {
                of[i].x += __shfl_xor_sync(WHOLE_WARP, of[i].x, distance);
                of[i].y += __shfl_xor_sync(WHOLE_WARP, of[i].y, distance);
                of[i].z += __shfl_xor_sync(WHOLE_WARP, of[i].z, distance);
                of[i].w += __shfl_xor_sync(WHOLE_WARP, of[i].w, distance);
            }
            if (threadIdx.x % 32 < Tile::GROUP) store4(part + row(i) * Tile::BN + 4 * c(), of[i]);
        }
    }
    __device__ __forceinline__ void store(float* weights, const Conv2d& s, int output, int column, int columns) const {
#pragma unroll
        for (int i = 0; i < 8; i++) {
            float* const to = weights + static_cast<size_t>(output + row(i)) * static_cast<size_t>(s.row());
            if (output + row(i) < s.out_pitch) store_columns<Tile::PIECE>(s, to, columns, column + 4 * c(), of[i]);
        }
    }
};

#if GS_TF32
/* A warp's 32 x 32 elements; two by two warps have a tile of 64 x 64. Pitches are multiples of 16. */
template <class Tile>
struct MatrixSums {
    using Gradients = Operand<wmma::matrix_a, wmma::col_major>;
    using Patches = Operand<wmma::matrix_b, wmma::row_major>;
    static_assert(Tile::PIECE == 4 && (Tile::BM == 32 || Tile::SPLIT == 1), "whole tiles of 32 x 32");

    MatrixSum of[2][2];
    Gradients::Places gradient_places;
    Patches::Places patch_places;

    __device__ __forceinline__ static int warp() { return static_cast<int>(threadIdx.x / 32); }
    __device__ __forceinline__ static int row() { return Tile::SPLIT == 1 ? warp() / 2 * 32 : 0; }
    __device__ __forceinline__ static int column() { return Tile::SPLIT == 1 ? warp() % 2 * 32 : 0; }

    __device__ __forceinline__ void learn(float* numbers) {
        count_up(numbers);
        gradient_places.learn(numbers, Tile::GRADIENT_ROW);
        patch_places.learn(numbers, Tile::PATCH_ROW);
    }
    __device__ __forceinline__ void clear() {
#pragma unroll
        for (int i = 0; i < 4; i++) wmma::fill_fragment(of[i / 2][i % 2], 0.0f);
    }
    __device__ __forceinline__ void accumulate(const float* gradients, const float* patches, int depth) {
#pragma unroll 2
        for (int k = Tile::SPLIT == 1 ? 0 : MATRIX_DEPTH * warp(); k < depth; k += MATRIX_DEPTH * Tile::SPLIT) {
            Gradients a[2];
            Patches b[2];
#pragma unroll
            for (int i = 0; i < 2; i++) {
                a[i].load(gradients + k * Tile::GRADIENT_ROW + row() + 16 * i, gradient_places);
                b[i].load(patches + k * Tile::PATCH_ROW + column() + 16 * i, patch_places);
            }
#pragma unroll
            for (int i = 0; i < 4; i++) wmma::mma_sync(of[i / 2][i % 2], a[i / 2].fragment, b[i % 2].fragment, of[i / 2][i % 2]);
        }
    }
    __device__ __forceinline__ float squares() const {
        float sum = 0;
#pragma unroll
        for (int i = 0; i < 4; i++)
#pragma unroll
            for (int k = 0; k < of[0][0].num_elements; k++) sum = fmaf(of[i / 2][i % 2].x[k], of[i / 2][i % 2].x[k], sum);
        return sum;
    }
    __device__ __forceinline__ void add(const MatrixSums& other) {
#pragma unroll
        for (int i = 0; i < 4; i++)
#pragma unroll
            for (int k = 0; k < of[0][0].num_elements; k++) of[i / 2][i % 2].x[k] += other.of[i / 2][i % 2].x[k];
    }
    __device__ __forceinline__ void store_part(float* part) {
#pragma unroll
        for (int i = 0; i < 4; i++)
            wmma::store_matrix_sync(part + i / 2 * 16 * Tile::BN + i % 2 * 16, of[i / 2][i % 2], Tile::BN, wmma::mem_row_major);
    }
    __device__ __forceinline__ void store(float* weights, const Conv2d& s, int output, int first, int columns) const {
#pragma unroll
        for (int i = 0; i < 4; i++) {
            const int o = output + row() + i / 2 * 16, n = first + column() + i % 2 * 16;
            if (o < s.out_pitch && n < columns)
                wmma::store_matrix_sync(weights + static_cast<size_t>(o) * static_cast<size_t>(s.row()) + n, of[i / 2][i % 2],
                                        static_cast<unsigned>(s.row()), wmma::mem_row_major);
        }
    }
};
#endif

template <class Tile, bool UNITS>
struct SumsOf {
    using Type = PlainSums<Tile>;
};
#if GS_TF32
template <class Tile>
struct SumsOf<Tile, true> {
    using Type = MatrixSums<Tile>;
};
#endif

}  // namespace gradsieve
#endif
