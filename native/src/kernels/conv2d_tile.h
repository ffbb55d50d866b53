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

/* start: 16 floats a block or NULL for zeros; lanes: how many of the channels are stored. */
typedef void (*Tile)(const Pass& pass, const float* in, const float* weights, const float* start, int64_t lanes, float* out);

/* A row of output positions cut into tiles of two widths that differ by at most one: narrow ones, then wide ones. */
struct Cut {
    int64_t width, narrow_count, wide_count;
    Tile narrow, wide;
};

/* blocks: 1 or 2 blocks of output channels; step: that of the Pass. */
Cut conv2d_cut_row(int64_t blocks, int64_t positions, int64_t step);

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
constexpr bool DOUBLE_BLOCKS = LANES == 16;
static inline int64_t blocks_at(int64_t block, int64_t blocks) { return DOUBLE_BLOCKS && blocks - block >= 2 ? 2 : 1; }

}  // namespace GS_ISA
}  // namespace gradsieve
#endif
