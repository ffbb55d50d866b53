/*
 * The loop of a linear layer's three products: X values times V blocks of 16 lanes stay in registers, while one term after the
 * other is broadcast and multiplied.
 *   out[x][lane] = (+=) activation(start[lane] + sum over terms t: values[t][x] * lanes[t][lane])
 * The terms are listed by number: one whose X values are all zero adds nothing and is left out. The blank border of an image
 * and what relu has cut are such zeros: of Fashion-MNIST's pixels half are zero, of its groups of four neighbouring pixels 38 %,
 * of its pixels in four samples 21 %. Tiles are therefore narrow in X and wide in lanes, which also loads least.
 */
#ifndef GRADSIEVE_LINEAR_TILE_H
#define GRADSIEVE_LINEAR_TILE_H

#include "simd.h"

namespace gradsieve::GS_ISA {

/* Samples or features: X values and X rows of results of the widest tile, and its blocks. AVX-512: 4 x 4 vectors, AVX2: 3 x 4,
 * baseline: 2 x 4. */
constexpr int64_t TILE_VALUES = LANES == 16 ? 4 : LANES == 8 ? 3 : 2;
constexpr int64_t TILE_BLOCKS = LANES == 16 ? 4 : LANES == 8 ? 2 : 1;

/* What is added up. FEATURES: term k has the values values[k + x * value_row], weights of lanes [block][k][16], blocks
 * lane_block apart. SAMPLES: term i has the values values[i * 16 + x], lanes [i][block][16]. */
enum class Terms { FEATURES, SAMPLES };

/* What all tiles of one product share; in floats. */
struct Product {
    int64_t value_row, lane_block;
    int64_t out_row, out_block; /* from one value's results to the next one's, from one block of lanes to the next */
    bool relu, add;
};

/* terms: how many, then their numbers; start: 16 floats a block or NULL for zeros; count: lanes that are stored. */
typedef void (*LinearTile)(const Product& product, const uint16_t* terms, const float* values, const float* lanes,
                           const float* start, int64_t count, float* out);

/* values: 1 to TILE_VALUES, blocks: 1 to TILE_BLOCKS. */
LinearTile linear_tile(Terms terms, int64_t values, int64_t blocks);

}  // namespace gradsieve::GS_ISA
#endif
