/*
 * Winograd's minimal filtering F(4x4, 3x3) (Lavin and Gray 2016, arXiv 1509.09308) for 3 x 3 convolutions of stride 1: a tile of
 * 4 x 4 outputs costs 36 products a pair of channels instead of 144. With d a tile of 6 x 6 inputs, g a filter:
 *   output tile = A^T [ sum over channels of (G g G^T) * (B^T d B) ] A
 * Each of the 36 points is a matrix product of its own over tiles, in the register tiles of conv2d_tile.h.
 * Rounding: the transforms' constants reach 8, so an error is about six times that of the direct sum, 1e-6 of the result.
 */
#ifndef GRADSIEVE_CONV2D_WINOGRAD_H
#define GRADSIEVE_CONV2D_WINOGRAD_H

#include "conv2d_tile.h"
#include "positions.h"

namespace gradsieve {
namespace GS_ISA {

constexpr int64_t POINTS = 36, TILE = 4;

/* A pass over one sample: inputs [height + 2 border - 2][..] to outputs [height][width]. */
struct Winograd {
    int64_t height, width;       /* outputs */
    int64_t rows, columns;       /* tiles */
    int64_t channels, out_blocks;
    Plane plane; /* the bordered inputs, with the overhang of the last tiles */
};

static inline Winograd winograd_of(int64_t height, int64_t width, int64_t channels, int64_t out_channels, int64_t border) {
    Winograd w;
    w.height = height;
    w.width = width;
    w.rows = (height + TILE - 1) / TILE;
    w.columns = (width + TILE - 1) / TILE;
    w.channels = channels;
    w.out_blocks = (out_channels + BLOCK - 1) / BLOCK;
    w.plane = plane_around(plane_of(channels, w.rows * TILE + 2, w.columns * TILE + 2), border, border, height + 2 - 2 * border,
                           width + 2 - 2 * border);
    return w;
}

/* Floats of transformed filters [36][out_blocks][channels][16]. */
static inline int64_t winograd_filters(const Winograd& w) { return POINTS * w.out_blocks * w.channels * BLOCK; }

/* The passes of a convolution. */
static inline Winograd winograd_forward(const gs_conv2d& s) {
    return winograd_of(output_height(s), output_width(s), s.channels, s.out_channels, s.padding);
}
static inline Winograd winograd_backward_input(const gs_conv2d& s) {
    return winograd_of(s.height, s.width, s.out_channels, s.channels, 2 - s.padding);
}

/* Whether a pass over outputs [height][width] takes this way: it must save three eighths of the products, for the transforms cost
 * about a quarter of those saved. */
static inline bool winograd_pays(const gs_conv2d& s, int64_t height, int64_t width) {
    const int64_t tiles = (height + TILE - 1) / TILE * ((width + TILE - 1) / TILE);
    return s.kernel_height == 3 && s.kernel_width == 3 && s.stride == 1 && s.padding <= 2 && s.channels >= BLOCK &&
           s.out_channels >= BLOCK && 32 * tiles <= 5 * height * width;
}
/* pool: 1 for none. */
static inline bool winograd_forward_pays(const gs_conv2d& s, int64_t pool) {
    return pool <= 2 && winograd_pays(s, output_height(s), output_width(s));
}
static inline bool winograd_backward_input_pays(const gs_conv2d& s) { return winograd_pays(s, s.height, s.width); }
/* All points of a sample are held at once: up to 1.5 MB of them. With few tiles the way back to 9 taps weighs more than they
 * save, with AVX2 (7 x 7, 64 to 64 channels: 38 us, directly 36; AVX-512: 27 and 36). */
static inline bool winograd_backward_weights_pays(const gs_conv2d& s) {
    const Winograd w = winograd_forward(s);
    const int64_t tiles = w.rows * w.columns;
    return winograd_pays(s, w.height, w.width) && tiles >= (LANES == 16 ? 4 : 9) &&
           POINTS * tiles * (w.plane.blocks + w.out_blocks) * BLOCK <= 384 * 1024;
}

/* B^T d: six values to six. */
static inline void input_points(const Vector (&d)[6], Vector (&t)[6]) {
    const Vector a = d[4] - 4.0f * d[2], b = d[3] - 4.0f * d[1], c = d[4] - d[2], e = 2.0f * (d[3] - d[1]);
    t[0] = 4.0f * d[0] - 5.0f * d[2] + d[4];
    t[1] = a + b;
    t[2] = a - b;
    t[3] = c + e;
    t[4] = c - e;
    t[5] = 4.0f * d[1] - 5.0f * d[3] + d[5];
}

/* A^T m: six values to four. */
static inline void output_points(const Vector (&m)[6], Vector (&y)[4]) {
    const Vector s = m[1] + m[2], d = m[1] - m[2], u = m[3] + m[4], v = m[3] - m[4];
    y[0] = m[0] + s + u;
    y[1] = d + 2.0f * v;
    y[2] = s + 4.0f * u;
    y[3] = d + 8.0f * v + m[5];
}

/* G g: three values to six. */
static inline void filter_points(const Vector (&g)[3], Vector (&u)[6]) {
    const Vector a = (g[0] + g[2]) * (-1.0f / 6), b = g[1] * (1.0f / 6);
    const Vector c = g[0] * (1.0f / 24) + g[2] * (1.0f / 6), e = g[1] * (1.0f / 12);
    u[0] = g[0] * 0.25f;
    u[1] = a - b;
    u[2] = a + b;
    u[3] = c + e;
    u[4] = c - e;
    u[5] = g[2];
}

/* A one-dimensional transform of FROM values to TO, along both dimensions: put(i, j, point) of get(y, x). */
template <int FROM, int TO, typename Get, typename Put>
static inline __attribute__((always_inline)) void transform(void (*points)(const Vector (&)[FROM], Vector (&)[TO]), Get get,
                                                            Put put) {
    Vector half[TO][FROM], from[FROM], to[TO];
#pragma GCC unroll 6
    for (int x = 0; x < FROM; x++) {
#pragma GCC unroll 6
        for (int y = 0; y < FROM; y++) from[y] = get(y, x);
        points(from, to);
#pragma GCC unroll 6
        for (int i = 0; i < TO; i++) half[i][x] = to[i];
    }
#pragma GCC unroll 6
    for (int i = 0; i < TO; i++) {
        points(half[i], to);
#pragma GCC unroll 6
        for (int j = 0; j < TO; j++) put(i, j, to[j]);
    }
}

/* B^T d B of one tile and block of 16 channels, whose rows are `row` floats apart, to points `point` apart. */
void winograd_transform_input(const float* plane, int64_t row, float* points, int64_t point);

/* The passes; weights are the transformed filters, all else is as for the functions of conv2d.h without winograd_. */
void winograd_conv2d_prepare(const gs_conv2d& shape, int64_t part, int64_t parts, const float* weights, float* prepared);
void winograd_conv2d_transpose(const gs_conv2d& shape, int64_t part, int64_t parts, const float* weights, float* transposed);
int64_t winograd_scratch(const Winograd& w);
void winograd_conv2d_forward(const gs_conv2d& shape, int64_t pool, int64_t batch, const float* input, const float* weights,
                             const float* bias, int activation, float* output, uint8_t* choice, float* scratch);
void winograd_conv2d_backward_input(const gs_conv2d& shape, int64_t batch, const float* output_gradient,
                                    const float* weights, int gradient, float* input_gradient, float* scratch);

/* One sample: weights_gradient += g, norms [LANES] += |g|^2; winograd_clear comes before the first. */
int64_t winograd_weights_scratch(const Winograd& w);
void winograd_clear(const Winograd& w, float* scratch);
void winograd_backward_weights(const Winograd& w, const gs_conv2d& shape, const float* input, const float* output_gradient,
                               float* weights_gradient, double* norms, float* scratch);

}  // namespace GS_ISA
}  // namespace gradsieve
#endif
