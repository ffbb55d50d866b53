/*
 * The loop of forward and of the input gradient: X neighbouring output positions times V blocks of 16 output channels stay in
 * registers, while one input value after the other is broadcast and multiplied with a row of weights.
 *   accumulator[x][lane] = start[lane] + sum over runs, j: in[run.in + j + x * step] * weights[run.weights + j * 16 + lane]
 */
#ifndef GRADSIEVE_CONV2D_TILE_H
#define GRADSIEVE_CONV2D_TILE_H

#include "conv2d_plane.h"

namespace gradsieve {
namespace GS_ISA {

/* A stretch of input values that lie side by side, as do their rows of weights; offsets in floats. */
struct Run {
    int64_t in, weights, count;
};

static inline int64_t count_runs(const Plane& p, int64_t kernel_height, int64_t kernel_width) {
    return p.blocks * kernel_height * (p.pitch < BLOCK ? 1 : kernel_width);
}

/* The runs of a kernel over a plane, for weights [kernel_height][kernel_width][channels][16]. Returns how many. */
static inline int64_t make_runs(const Plane& p, int64_t kernel_height, int64_t kernel_width, Run* runs) {
    int64_t n = 0;
    for (int64_t b = 0; b < p.blocks; b++)
        for (int64_t ky = 0; ky < kernel_height; ky++) {
            if (p.pitch < BLOCK) {
                const int64_t count = kernel_width * p.channels;
                if (count > 0) runs[n++] = {ky * p.columns * p.pitch, ky * count * BLOCK, count};
                continue;
            }
            for (int64_t kx = 0; kx < kernel_width; kx++)
                runs[n++] = {b * p.block + (ky * p.columns + kx) * BLOCK,
                             ((ky * kernel_width + kx) * p.channels + b * BLOCK) * BLOCK, block_channels(p, b)};
        }
    return n;
}

/* What all tiles of one pass over one sample share. */
struct Pass {
    const Run* runs;
    int64_t run_count;
    int64_t step;          /* floats from one output position's input to the next one's */
    int64_t weights_block; /* floats from one block of output channels to the next */
    int64_t out_step;      /* floats from one output position to the next */
    bool relu, add;
};

typedef void (*Tile)(const Pass& pass, const float* in, const float* weights, const float* start, int64_t lanes, float* out);

/* start: V*16 floats or NULL for zeros; lanes: how many of the V*16 channels are stored. STEP: the step where it is known
 * when compiling, so that every address is a constant away from one pointer; 0: it is not. */
template <int X, int V, int STEP>
static void tile(const Pass& pass, const float* in, const float* weights, const float* start, int64_t lanes, float* out) {
    constexpr int N = V * VECTORS;
    const int64_t step = STEP == 0 ? pass.step : STEP;
    Vector sum[X][N];
#pragma GCC unroll 16
    for (int n = 0; n < N; n++) {
        const Vector s = start == nullptr ? Vector{} : load(start + n * LANES);
#pragma GCC unroll 16
        for (int x = 0; x < X; x++) sum[x][n] = s;
    }
    for (int64_t r = 0; r < pass.run_count; r++) {
        const Run& run = pass.runs[r];
        const float* from = in + run.in;
        const float* row = weights + run.weights;
        for (int64_t j = 0; j < run.count; j++) {
            Vector w[N];
#pragma GCC unroll 16
            for (int n = 0; n < N; n++)
                w[n] = load(row + (n / VECTORS) * pass.weights_block + (n % VECTORS) * LANES);
#pragma GCC unroll 16
            for (int x = 0; x < X; x++) {
                const Vector value = broadcast(from[x * step]);
#pragma GCC unroll 16
                for (int n = 0; n < N; n++) sum[x][n] = fma(value, w[n], sum[x][n]);
            }
            row += BLOCK;
            from++;
        }
    }
#pragma GCC unroll 16
    for (int x = 0; x < X; x++) {
#pragma GCC unroll 16
        for (int n = 0; n < N; n++) {
            float* at = out + x * pass.out_step + n * LANES;
            Vector v = sum[x][n];
            if (pass.relu) v = relu(v);
            if (lanes >= (n + 1) * LANES) {
                store(at, pass.add ? load(at) + v : v);
            } else if (lanes > n * LANES) {
                const int64_t some = lanes - n * LANES;
                store_partial(at, some, pass.add ? load_partial(at, some) + v : v);
            }
        }
    }
}

/* Tiles as wide as the registers allow. AVX-512: 14 x 1 or 8 x 2 vectors, AVX2: 6 x 2, baseline: 2 x 4. */
constexpr int64_t WIDEST_SINGLE = LANES == 16 ? 14 : LANES == 8 ? 6 : 2;
constexpr int64_t WIDEST_DOUBLE = 8;
constexpr bool DOUBLE_BLOCKS = LANES == 16;

template <int V, int STEP>
static Tile tile_of_width(int64_t x) {
    switch (x) {
        case 1: return tile<1, V, STEP>;
        case 2: return tile<2, V, STEP>;
#if defined(__AVX2__)
        case 3: return tile<3, V, STEP>;
        case 4: return tile<4, V, STEP>;
        case 5: return tile<5, V, STEP>;
        case 6: return tile<6, V, STEP>;
#endif
#if defined(__AVX512F__)
        case 7: return tile<7, V, STEP>;
        case 8: return tile<8, V, STEP>;
        case 14: return tile<V == 1 ? 14 : 8, V, STEP>;
#endif
        default: return nullptr;
    }
}

template <int V>
static Tile tile_of(int64_t x, int64_t step) {
    switch (step) {
        case 1: return tile_of_width<V, 1>(x);
        case 3: return tile_of_width<V, 3>(x);
        case BLOCK: return tile_of_width<V, BLOCK>(x);
        case 2 * BLOCK: return tile_of_width<V, 2 * BLOCK>(x);
        default: return tile_of_width<V, 0>(x);
    }
}

/* A row of output positions cut into tiles of two widths that differ by at most one: narrow ones, then wide ones. */
struct Cut {
    int64_t width, narrow_count, wide_count;
    Tile narrow, wide;
};

template <int V>
static Cut cut_row(int64_t positions, int64_t step) {
    const int64_t widest = V == 2 ? WIDEST_DOUBLE : positions % WIDEST_SINGLE == 0 ? WIDEST_SINGLE : smaller(8, WIDEST_SINGLE);
    const int64_t n = (positions + widest - 1) / widest;
    Cut cut = {};
    if (n == 0) return cut;
    cut.width = positions / n;
    cut.wide_count = positions % n;
    cut.narrow_count = n - cut.wide_count;
    cut.narrow = tile_of<V>(cut.width, step);
    cut.wide = cut.wide_count > 0 ? tile_of<V>(cut.width + 1, step) : nullptr;
    return cut;
}

static inline void run_row(const Cut& cut, const Pass& pass, const float* in, const float* weights, const float* start,
                           int64_t lanes, float* out) {
    for (int64_t i = 0; i < cut.narrow_count; i++) {
        cut.narrow(pass, in, weights, start, lanes, out);
        in += cut.width * pass.step;
        out += cut.width * pass.out_step;
    }
    for (int64_t i = 0; i < cut.wide_count; i++) {
        cut.wide(pass, in, weights, start, lanes, out);
        in += (cut.width + 1) * pass.step;
        out += (cut.width + 1) * pass.out_step;
    }
}

/* Blocks of output channels that the next tile takes: two where there are registers for it. */
static inline int64_t blocks_at(int64_t block, int64_t blocks) { return DOUBLE_BLOCKS && blocks - block >= 2 ? 2 : 1; }

}  // namespace GS_ISA
}  // namespace gradsieve
#endif
