/*
 * conv2d_sparse_backward_weights: weights_gradient += g, bias_gradient += h, norm2[sample] += |g|^2 + |h|^2, where of one
 * sample g[o][ky][kx][c] = sum over the alive δ of channel o: value * input[place + (ky, kx)][c].
 * Each output channel has a list of (place, value); the taps of as many input channels as there are registers for walk it
 * together. Sums over the batch stay in scratch with the input channels innermost and are transposed once a call.
 */
#include "conv2d_sparse.h"

namespace gradsieve {
namespace GS_ISA {

struct Entry {
    int32_t place; /* floats from the plane's start to the first tap */
    float value;
};

struct SparseWeightsScratch {
    Plane plane;
    int64_t places, taps, floats;
    float *input, *sums;
    Entry* lists; /* [16][places + 1] */
    double* norms;
};

static SparseWeightsScratch sparse_weights_scratch(const gs_conv2d& s, float* start) {
    SparseWeightsScratch f;
    Scratch scratch = {start, 0};
    f.plane = padded_inputs(s);
    f.places = output_height(s) * output_width(s) + 1; /* one is written beyond the last */
    f.taps = s.kernel_height * s.kernel_width;
    f.input = scratch.take(f.plane.floats);
    f.sums = scratch.take(s.out_pitch * f.plane.blocks * f.taps * BLOCK);
    f.lists = reinterpret_cast<Entry*>(scratch.take(2 * BLOCK * f.places));
    f.norms = reinterpret_cast<double*>(scratch.take(2 * LANES));
    f.floats = scratch.used;
    return f;
}

int64_t conv2d_sparse_weights_scratch(const gs_conv2d& s) { return sparse_weights_scratch(s, nullptr).floats; }

/* The lists of 16 channels from channel o on; counts [16]; the sums of their values to bias [16]. */
static void make_lists(const gs_conv2d& s, int64_t pool, const SparseWeightsScratch& f, const PooledSample& p, int64_t o,
                       int32_t* counts, float* bias) {
    const int64_t height = output_height(s) / pool, width = output_width(s) / pool;
    int32_t offsets[256];
    for (int64_t k = 0; k < pool * pool; k++)
        offsets[k] = static_cast<int32_t>((k / pool * f.plane.columns + k % pool) * s.stride * BLOCK);
    for (int i = 0; i < BLOCK; i++) counts[i] = 0;
    Vector sums[VECTORS] = {};
    for (int64_t y = 0; y < height; y++)
        for (int64_t x = 0; x < width; x++) {
            const int64_t at = (y * width + x) * s.out_pitch + o;
            const int32_t corner = static_cast<int32_t>((y * f.plane.columns + x) * pool * s.stride * BLOCK);
            float values[BLOCK];
            int32_t kept[BLOCK];
            for (int v = 0; v < VECTORS; v++) {
                const IntVector lives = alive(p, at + v * LANES);
                const Vector d = lives ? load(p.output_gradient + at + v * LANES) : Vector{};
                sums[v] += d;
                store(values + v * LANES, d);
                store_int(kept + v * LANES, lives);
            }
            for (int i = 0; i < BLOCK; i++) {
                f.lists[i * f.places + counts[i]] = {corner + offsets[p.choice[at + i]], values[i]};
                counts[i] -= kept[i];
            }
        }
    for (int v = 0; v < VECTORS; v++) store(bias + v * LANES, sums[v]);
}

typedef Vector (*Walk)(const Entry* list, int64_t count, const float* input, int64_t row, float* sums, int64_t sum_row);

/* R rows of T neighbouring taps of one block of input channels; returns the lanes of the squared norm. */
template <int R, int T>
static Vector walk(const Entry* list, int64_t count, const float* input, int64_t row, float* sums, int64_t sum_row) {
    Vector g[R][T][VECTORS] = {};
    for (int64_t e = 0; e < count; e++) {
        const Vector value = broadcast(list[e].value);
        const float* from = input + list[e].place;
#pragma GCC unroll 16
        for (int r = 0; r < R; r++)
#pragma GCC unroll 16
            for (int t = 0; t < T; t++)
#pragma GCC unroll 16
                for (int v = 0; v < VECTORS; v++)
                    g[r][t][v] = fma(value, load(from + r * row + t * BLOCK + v * LANES), g[r][t][v]);
    }
    Vector norm = {};
#pragma GCC unroll 16
    for (int r = 0; r < R; r++)
#pragma GCC unroll 16
        for (int t = 0; t < T; t++)
#pragma GCC unroll 16
            for (int v = 0; v < VECTORS; v++) {
                float* at = sums + r * sum_row + t * BLOCK + v * LANES;
                store(at, load(at) + g[r][t][v]);
                norm = fma(g[r][t][v], g[r][t][v], norm);
            }
    return norm;
}

static Walk walk_of(int64_t rows, int64_t taps) {
#if defined(__AVX512F__)
    if (rows == 3) return walk<3, 3>;
#else
    (void)rows;
#endif
    return taps == 3 ? walk<1, 3> : taps == 2 ? walk<1, 2> : walk<1, 1>;
}

/* All taps of 16 lists; AVX-512 has registers for 3 x 3 x 16 input channels. The blocks of input channels take turns outside
 * the lists, so that one of them stays in the first-level cache (cnn's second convolution: 20.4 -> 18.8 us). */
static void walk_lists(const gs_conv2d& s, const SparseWeightsScratch& f, const int32_t* counts, int64_t lists, float* sums) {
    const int64_t row = f.plane.columns * BLOCK, sum_row = s.kernel_width * BLOCK;
    const int64_t rows = LANES == 16 && s.kernel_height == 3 && s.kernel_width == 3 ? 3 : 1;
    Vector norm = {};
    for (int64_t b = 0; b < f.plane.blocks; b++)
        for (int64_t ky = 0; ky < s.kernel_height; ky += rows)
            for (int64_t kx = 0; kx < s.kernel_width; kx += 3) {
                const Walk walk = walk_of(rows, smaller(3, s.kernel_width - kx));
                for (int64_t i = 0; i < lists; i++)
                    norm += walk(f.lists + i * f.places, counts[i], f.input + b * f.plane.block + ky * row + kx * BLOCK, row,
                                 sums + (i * f.plane.blocks + b) * f.taps * BLOCK + ky * sum_row + kx * BLOCK, sum_row);
            }
    float lane[LANES];
    store(lane, norm);
    for (int i = 0; i < LANES; i++) f.norms[i] += static_cast<double>(lane[i]);
}

/* The sums have room for whole blocks of output channels; those beyond the last channel stay zero. */
static void add_transposed(const gs_conv2d& s, const SparseWeightsScratch& f, float* weights_gradient) {
    const int64_t channel = f.plane.blocks * f.taps * BLOCK;
    for (int64_t o = 0; o < s.out_channels; o += BLOCK)
        for (int64_t b = 0; b < f.plane.blocks; b++)
            for (int64_t t = 0; t < f.taps; t++) {
                const float* from = f.sums + o * channel + (b * f.taps + t) * BLOCK;
                float* to = weights_gradient + o / BLOCK * weights_block(s) + (t * s.channels + b * BLOCK) * BLOCK;
                if (block_channels(f.plane, b) == BLOCK) {
                    transpose_block(from, channel, true, to, BLOCK);
                    continue;
                }
                for (int64_t c = 0; c < block_channels(f.plane, b); c++)
                    for (int64_t i = 0; i < BLOCK; i++) to[c * BLOCK + i] += from[i * channel + c];
            }
}

void conv2d_sparse_backward_weights(const gs_conv2d& s, int64_t pool, int64_t batch, const float* input,
                                    const PooledSample& first, float* weights_gradient, float* bias_gradient, float* norm2,
                                    float* scratch) {
    const SparseWeightsScratch f = sparse_weights_scratch(s, scratch);
    const int64_t sums = f.plane.blocks * f.taps * BLOCK;
    clear_border(f.plane, f.input);
    zero_floats(f.sums, s.out_pitch * sums);
    for (int64_t sample = 0; sample < batch; sample++) {
        const PooledSample p = sample_of(s, pool, first, sample);
        fill_plane(f.plane, s.pitch, input + sample * s.height * s.width * s.pitch, f.input);
        for (int i = 0; i < LANES; i++) f.norms[i] = 0;
        double norm = 0;
        for (int64_t o = 0; o < s.out_channels; o += BLOCK) {
            int32_t counts[BLOCK];
            float bias[BLOCK];
            make_lists(s, pool, f, p, o, counts, bias);
            const int64_t lists = smaller(BLOCK, s.out_channels - o);
            walk_lists(s, f, counts, lists, f.sums + o * sums);
            for (int64_t i = 0; bias_gradient != nullptr && i < lists; i++) {
                bias_gradient[o + i] += bias[i];
                norm += static_cast<double>(bias[i]) * static_cast<double>(bias[i]);
            }
        }
        for (int i = 0; i < LANES; i++) norm += f.norms[i];
        if (norm2 != nullptr) norm2[sample] += static_cast<float>(norm);
    }
    add_transposed(s, f, weights_gradient);
}

}  // namespace GS_ISA
}  // namespace gradsieve
