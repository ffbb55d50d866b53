/* The register tiles of conv2d_tile.h, for all widths and steps. */
#include "conv2d_tile.h"

namespace gradsieve {
namespace GS_ISA {

/* STEP: the step where it is known when compiling, so that every address is a constant away from one pointer; 0: it is not. */
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
            store_result(out + x * pass.out_step + n * LANES, lanes - n * LANES, sum[x][n], pass.add, pass.relu);
        }
    }
}

/* Tiles as wide as the registers allow. AVX-512: 14 x 1 or 8 x 2 vectors, AVX2: 6 x 2, baseline: 2 x 4. */
constexpr int64_t WIDEST_SINGLE = LANES == 16 ? 14 : LANES == 8 ? 6 : 2;
constexpr int64_t WIDEST_DOUBLE = 8;

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

Cut conv2d_cut_row(int64_t blocks, int64_t positions, int64_t step) {
    return DOUBLE_BLOCKS && blocks == 2 ? cut_row<DOUBLE_BLOCKS ? 2 : 1>(positions, step) : cut_row<1>(positions, step);
}

}  // namespace GS_ISA
}  // namespace gradsieve
