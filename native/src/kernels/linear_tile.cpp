/* The register tiles of linear_tile.h. */
#include "linear_tile.h"

namespace gradsieve::GS_ISA {

template <Terms TERMS, int X, int V>
static void tile(const Product& product, const uint16_t* terms, const float* values, const float* lanes, const float* start,
                 int64_t count, float* out) {
    constexpr bool SAMPLES = TERMS == Terms::SAMPLES;
    constexpr int N = V * VECTORS;
    const int64_t value_row = SAMPLES ? 1 : product.value_row, lane_block = SAMPLES ? BLOCK : product.lane_block;
    Vector sum[X][N];
#pragma GCC unroll 16
    for (int n = 0; n < N; n++) {
        const Vector s = start == nullptr ? Vector{} : load(start + n * LANES);
#pragma GCC unroll 16
        for (int x = 0; x < X; x++) sum[x][n] = s;
    }
    for (const uint16_t *t = terms + 1, *end = t + *terms; t < end; t++) {
        const int64_t term = *t;
        const float* value = values + term * (SAMPLES ? BLOCK : 1);
        const float* row = lanes + term * (SAMPLES ? V * BLOCK : BLOCK);
        Vector v[X];
#pragma GCC unroll 16
        for (int x = 0; x < X; x++) v[x] = broadcast(value[x * value_row]);
#pragma GCC unroll 16
        for (int n = 0; n < N; n++) {
            const Vector w = load(row + n / VECTORS * lane_block + n % VECTORS * LANES);
#pragma GCC unroll 16
            for (int x = 0; x < X; x++) sum[x][n] = fma(v[x], w, sum[x][n]);
        }
    }
#pragma GCC unroll 16
    for (int x = 0; x < X; x++) {
#pragma GCC unroll 16
        for (int n = 0; n < N; n++) {
            float* at = out + x * product.out_row + n / VECTORS * product.out_block + n % VECTORS * LANES;
            store_result(at, count - n * LANES, sum[x][n], product.add, product.relu);
        }
    }
}

template <Terms TERMS, int X>
static LinearTile tile_of_blocks(int64_t blocks) {
    switch (blocks) {
        case 1: return tile<TERMS, X, 1>;
        case 2: return tile<TERMS, X, smaller(2, TILE_BLOCKS)>;
        case 3: return tile<TERMS, X, smaller(3, TILE_BLOCKS)>;
        case 4: return tile<TERMS, X, smaller(4, TILE_BLOCKS)>;
        default: return nullptr;
    }
}

template <Terms TERMS>
static LinearTile tile_of(int64_t values, int64_t blocks) {
    switch (values) {
        case 1: return tile_of_blocks<TERMS, 1>(blocks);
        case 2: return tile_of_blocks<TERMS, 2>(blocks);
        case 3: return tile_of_blocks<TERMS, smaller(3, TILE_VALUES)>(blocks);
        case 4: return tile_of_blocks<TERMS, smaller(4, TILE_VALUES)>(blocks);
        default: return nullptr;
    }
}

LinearTile linear_tile(Terms terms, int64_t values, int64_t blocks) {
    return terms == Terms::SAMPLES ? tile_of<Terms::SAMPLES>(values, blocks) : tile_of<Terms::FEATURES>(values, blocks);
}

}  // namespace gradsieve::GS_ISA
