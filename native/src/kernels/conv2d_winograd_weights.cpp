/*
 * The weight gradient by the transforms of conv2d_winograd.h, with a sample's norm: <δ, A^T [(G g G^T) * (B^T d B)] A> is linear in g, so
 *   gradient of g = G^T [ sum over tiles of (B^T d B) * (A δ A^T) ] G
 * All 36 points of 8 or so input channels times 32 output channels are summed over the sample's tiles in registers, point by
 * point, and turned back into the 9 taps while they are in the level-1 cache: there they are squared and added.
 */
#include "conv2d_weights.h"
#include "conv2d_winograd.h"

namespace gradsieve {
namespace GS_ISA {

/* A δ: four values to six. */
static inline void gradient_points(const Vector (&d)[4], Vector (&t)[6]) {
    const Vector even = d[0] + d[2], odd = d[1] + d[3], even4 = d[0] + 4.0f * d[2], odd4 = 2.0f * d[1] + 8.0f * d[3];
    t[0] = d[0];
    t[1] = even + odd;
    t[2] = even - odd;
    t[3] = even4 + odd4;
    t[4] = even4 - odd4;
    t[5] = d[3];
}

/* G^T u: six values to three. */
static inline void filter_gradient(const Vector (&u)[6], Vector (&g)[3]) {
    const Vector s = (u[1] + u[2]) * (1.0f / 6), t = u[3] + u[4];
    g[0] = u[0] * 0.25f - s + t * (1.0f / 24);
    g[1] = (u[2] - u[1]) * (1.0f / 6) + (u[3] - u[4]) * (1.0f / 12);
    g[2] = t * (1.0f / 6) - s + u[5];
}

/* A δ A^T of one tile and block of channels; what lies outside the output is zero. */
static void transform_gradient(const float* gradient, int64_t pitch, int64_t row, int64_t height, int64_t width, float* points,
                               int64_t point) {
    for (int v = 0; v < BLOCK; v += LANES)
        transform<4, 6>(gradient_points, [=](int y, int x) GS_INLINE {
            return y < height && x < width ? load(gradient + y * row + x * pitch + v) : Vector{};
        }, [=](int i, int j, Vector t) GS_INLINE { store(points + (6 * i + j) * point + v, t); });
}

/* Input channels whose points are summed together. */
constexpr int64_t VALUES = 8;

struct WinogradWeightsScratch {
    int64_t in_pitch, out_pitch, in_point, out_point, floats;
    float *plane, *inputs, *gradients, *sums;
};

static WinogradWeightsScratch weights_scratch_of(const Winograd& w, float* start) {
    WinogradWeightsScratch f;
    Scratch scratch = {start, 0};
    const int64_t tiles = w.rows * w.columns;
    f.in_pitch = w.plane.blocks * BLOCK;
    f.out_pitch = w.out_blocks * BLOCK;
    f.in_point = tiles * f.in_pitch + BLOCK;
    f.out_point = tiles * f.out_pitch + BLOCK;
    f.plane = scratch.take(w.plane.floats);
    f.inputs = scratch.take(POINTS * f.in_point);
    f.gradients = scratch.take(POINTS * f.out_point);
    f.sums = scratch.take(POINTS * VALUES * 2 * BLOCK);
    f.floats = scratch.used;
    return f;
}

int64_t winograd_weights_scratch(const Winograd& w) { return weights_scratch_of(w, nullptr).floats; }

/* Sums [36][count][lanes] of count channels to the taps of a vector of outputs; returns the lanes of their squares. */
static Vector add_taps(const float* sums, int64_t point, float* target, int64_t tap) {
    Vector norm = {};
    transform<6, 3>(filter_gradient, [=](int i, int j) GS_INLINE { return load(sums + (6 * i + j) * point); },
                    [&](int i, int j, Vector g) GS_INLINE {
                        float* at = target + (3 * i + j) * tap;
                        store(at, load(at) + g);
                        norm = fma(g, g, norm);
                    });
    return norm;
}

static void add_sample(const Winograd& w, const WinogradWeightsScratch& f, float* weights_gradient, double* norms) {
    const int64_t tiles = w.rows * w.columns, tap = w.channels * BLOCK;
    for (int64_t b = 0, n; b < w.out_blocks; b += n) {
        n = blocks_at(b, w.out_blocks);
        for (int64_t c = 0, values; c < w.channels; c += values) {
            values = conv2d_weights_values(smaller(VALUES, w.channels - c), n, false);
            const WeightsTile tile = conv2d_weights_tile(values, n, false);
            const int64_t point = n * values * BLOCK;
            const WeightsPass pass = {1, tiles, f.in_pitch, 0, f.out_pitch, values * BLOCK, nullptr, true};
            for (int64_t p = 0; p < POINTS; p++)
                tile(pass, f.inputs + p * f.in_point + c, f.gradients + p * f.out_point + b * BLOCK, f.sums + p * point);
            for (int64_t k = 0; k < n; k++)
                for (int64_t j = 0; j < values; j++)
                    for (int v = 0; v < VECTORS; v++)
                        add_norm(add_taps(f.sums + (k * values + j) * BLOCK + v * LANES, point,
                                          weights_gradient + ((b + k) * 9 * w.channels + c + j) * BLOCK + v * LANES, tap),
                                 norms);
        }
    }
}

void winograd_clear(const Winograd& w, float* scratch) { clear_border(w.plane, weights_scratch_of(w, scratch).plane); }

void winograd_backward_weights(const Winograd& w, const gs_conv2d& s, const float* input, const float* output_gradient,
                               float* weights_gradient, double* norms, float* scratch) {
    const WinogradWeightsScratch f = weights_scratch_of(w, scratch);
    const int64_t row = w.plane.columns * BLOCK;
    fill_plane(w.plane, s.pitch, input, f.plane);
    for (int64_t y = 0, t = 0; y < w.rows; y++)
        for (int64_t x = 0; x < w.columns; x++, t++) {
            for (int64_t b = 0; b < w.plane.blocks; b++)
                winograd_transform_input(f.plane + b * w.plane.block + y * TILE * row + x * TILE * BLOCK, row,
                                         f.inputs + t * f.in_pitch + b * BLOCK, f.in_point);
            for (int64_t b = 0; b < w.out_blocks; b++)
                transform_gradient(output_gradient + (y * TILE * w.width + x * TILE) * s.out_pitch + b * BLOCK, s.out_pitch,
                                   w.width * s.out_pitch, w.height - y * TILE, w.width - x * TILE,
                                   f.gradients + t * f.out_pitch + b * BLOCK, f.out_point);
        }
    add_sample(w, f, weights_gradient, norms);
}

}  // namespace GS_ISA
}  // namespace gradsieve
