/*
 * The copy of one sample that the convolution loops read: with a border of zeros, so that no loop asks where it is, and with
 * its channels in blocks of 16, [blocks][rows][columns][16], so that neighbouring positions are a constant 64 bytes apart.
 * A sample with fewer than NARROW channels is one block of [rows][columns][channels] instead: kernel columns times channels
 * are then one contiguous run.
 */
#ifndef GRADSIEVE_CONV2D_PLANE_H
#define GRADSIEVE_CONV2D_PLANE_H

#include "conv2d.h"

namespace gradsieve {
namespace GS_ISA {

constexpr int64_t NARROW = 8;

struct Plane {
    int64_t channels, rows, columns;
    int64_t top, left, height, width; /* where the sample lies in it */
    int64_t pitch;  /* floats from one column to the next */
    int64_t blocks;
    int64_t block;  /* floats from one block to the next: 64 bytes more than it needs, for strides of powers of two share
                       cache sets */
    int64_t floats; /* of the whole */
};

/* The plane as such: its sample fills it. */
static inline Plane plane_of(int64_t channels, int64_t rows, int64_t columns) {
    Plane p;
    p.channels = channels;
    p.rows = p.height = rows;
    p.columns = p.width = columns;
    p.top = p.left = 0;
    p.pitch = channels < NARROW ? channels : BLOCK;
    p.blocks = channels < NARROW ? 1 : (channels + BLOCK - 1) / BLOCK;
    p.block = round_up(rows * columns * p.pitch, BLOCK) + BLOCK;
    p.floats = p.blocks * p.block;
    return p;
}

/* A sample [height][width] at row top, column left of a plane. */
static inline Plane plane_around(const Plane& whole, int64_t top, int64_t left, int64_t height, int64_t width) {
    Plane p = whole;
    p.top = top;
    p.left = left;
    p.height = height;
    p.width = width;
    return p;
}

/* The inputs of a convolution with its padding. */
static inline Plane padded_inputs(const gs_conv2d& s) {
    return plane_around(plane_of(s.channels, s.height + 2 * s.padding, s.width + 2 * s.padding), s.padding, s.padding, s.height,
                        s.width);
}

static inline int64_t block_channels(const Plane& p, int64_t block) {
    return p.pitch < BLOCK ? p.channels : smaller(BLOCK, p.channels - block * BLOCK);
}

/* Zeros around the sample, and in lanes that are no channels: once for a plane that is then filled again and again. */
static inline void clear_border(const Plane& p, float* plane) {
    const int64_t row = p.columns * p.pitch, before = p.left * p.pitch, after = row - before - p.width * p.pitch;
    for (int64_t b = 0; b < p.blocks; b++, plane += p.block) {
        if (block_channels(p, b) < p.pitch) {
            zero_floats(plane, p.block);
            continue;
        }
        float* at = plane + p.top * row;
        zero_floats(plane, p.top * row);
        for (int64_t y = 0; y < p.height; y++, at += row) {
            zero_floats(at, before);
            zero_floats(at + row - after, after);
        }
        zero_floats(at, plane + p.block - at);
    }
}

/* Copies a sample [height][width][source_pitch] into a plane whose border is zero already. */
static inline void fill_plane(const Plane& p, int64_t source_pitch, const float* source, float* plane) {
    for (int64_t b = 0; b < p.blocks; b++) {
        const int64_t channels = block_channels(p, b);
        for (int64_t y = 0; y < p.height; y++) {
            const float* from = source + y * p.width * source_pitch + b * BLOCK;
            float* to = plane + b * p.block + ((p.top + y) * p.columns + p.left) * p.pitch;
            if (channels == BLOCK) {
                for (int64_t x = 0; x < p.width; x++)
                    for (int v = 0; v < VECTORS; v++)
                        store(to + x * BLOCK + v * LANES, load(from + x * source_pitch + v * LANES));
            } else if (p.pitch == source_pitch) {
                __builtin_memcpy(to, from, static_cast<size_t>(p.width * source_pitch) * sizeof(float));
            } else {
                for (int64_t x = 0; x < p.width; x++)
                    for (int64_t c = 0; c < channels; c++) to[x * p.pitch + c] = from[x * source_pitch + c];
            }
        }
    }
}

/* The way back: the inside of a plane to a sample [height][width][pitch], "=" or "+=". */
static inline void drain_plane(const Plane& p, int64_t pitch, const float* plane, bool add, float* sample) {
    for (int64_t b = 0; b < p.blocks; b++) {
        const int64_t lanes = p.pitch < BLOCK ? pitch : smaller(BLOCK, pitch - b * BLOCK);
        for (int64_t y = 0; y < p.height; y++)
            for (int64_t x = 0; x < p.width; x++) {
                const float* from = plane + b * p.block + ((p.top + y) * p.columns + p.left + x) * p.pitch;
                float* to = sample + (y * p.width + x) * pitch + b * BLOCK;
                for (int64_t c = 0; c < lanes; c += LANES) {
                    const int64_t some = smaller(LANES, lanes - c);
                    if (some == LANES)
                        store(to + c, add ? load(to + c) + load(from + c) : load(from + c));
                    else
                        store_partial(to + c, some, add ? load_partial(to + c, some) + load_partial(from + c, some)
                                                        : load_partial(from + c, some));
                }
            }
    }
}

/* Samples that take turns at one block of weights, so that weights too large for the cache are read once for all of them:
 * as many as fit into half a level-2 cache, 1 where the weights are small. A constant of the shape, so sums keep their order. */
static inline int64_t group_of(const gs_conv2d& s, int64_t floats_of_a_sample) {
    const int64_t weights = weights_block(s) * ((s.out_channels + BLOCK - 1) / BLOCK);
    if (weights <= 65536) return 1;
    return larger(1, smaller(8, 131072 / larger(1, floats_of_a_sample)));
}

/* Hands out a thread's scratch from its start; with a NULL start it only counts. */
struct Scratch {
    float* start;
    int64_t used;
    __attribute__((always_inline)) float* take(int64_t floats) {
        float* at = start == nullptr ? nullptr : start + used;
        used += round_up(floats, BLOCK);
        return at;
    }
};

}  // namespace GS_ISA
}  // namespace gradsieve
#endif
