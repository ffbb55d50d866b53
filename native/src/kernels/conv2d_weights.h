/*
 * The register tiles of a weight gradient, and the bordered planes they read, for conv2d_backward_weights and, from rows of a
 * pooled δ, conv2d_maxpool_backward.
 */
#ifndef GRADSIEVE_CONV2D_WEIGHTS_H
#define GRADSIEVE_CONV2D_WEIGHTS_H

#include "conv2d_tile.h"

namespace gradsieve {
namespace GS_ISA {

/* What all tiles of a pass over one sample share; all in floats. */
struct WeightsPass {
    int64_t height, width;  /* positions */
    int64_t step, row;      /* from one position's input to the next column's, the next row's */
    int64_t out_step;       /* from one position's output gradient to the next */
    int64_t target_block;   /* from one block of output channels of the target to the next */
    const int64_t* offsets; /* of the input values of a narrow plane's tile */
    bool fresh;             /* "=" instead of "+=" */
};

/* target[j][o] += (or =) g[j][o] = sum over the positions of in[j] * output_gradient[o], for J input values and 16 output channels a
 * block; returns the lanes of |g|^2. The J values lie side by side, or (scattered) at pass.offsets. */
typedef Vector (*WeightsTile)(const WeightsPass& pass, const float* in, const float* output_gradient, float* target);

/* Input values of the next tile when `count` are left for it and its likes, as even as can be. */
int64_t conv2d_weights_values(int64_t count, int64_t blocks, bool scattered);
WeightsTile conv2d_weights_tile(int64_t values, int64_t blocks, bool scattered);

/* In double from tile to tile: a layer of 512 channels has nine thousand tiles, each of positive terms. norms [LANES]. */
static inline void add_norm(Vector of_tile, double* norms) {
    float lane[LANES];
    store(lane, of_tile);
    for (int i = 0; i < LANES; i++) norms[i] += static_cast<double>(lane[i]);
}

/* Where the taps of a narrow plane lie, [kernel_height * kernel_width * channels]. */
static inline void narrow_offsets(const gs_conv2d& s, const Plane& p, int64_t* offsets) {
    for (int64_t ky = 0; ky < s.kernel_height; ky++)
        for (int64_t j = 0; j < s.kernel_width * s.channels; j++) *offsets++ = ky * p.columns * p.pitch + j;
}

}  // namespace GS_ISA
}  // namespace gradsieve
#endif
