/*
 * conv2d_sparse_backward_input: input_gradient = or += sum over alive δ of channel o: value * weights[o][ky][kx][c], at the δ's
 * place + (ky, kx). Channels that chose the same place of a window add to the same patch of the input gradient, so the patch
 * stays in registers while a bit mask of channels is walked; then it is added to the gradient's plane once.
 */
#include "conv2d_sparse.h"

namespace gradsieve {
namespace GS_ISA {

struct SparseInputScratch {
    Plane plane;
    int64_t taps, words, floats;
    float* gradient;
    uint64_t* masks; /* [pool * pool][words]: channels alive that chose a place */
};

static SparseInputScratch sparse_input_scratch(const gs_conv2d& s, int64_t pool, float* start) {
    SparseInputScratch f;
    Scratch scratch = {start, 0};
    f.plane = plane_of(s.channels, s.height + 2 * s.padding, s.width + 2 * s.padding);
    f.taps = s.kernel_height * s.kernel_width;
    f.words = (s.out_channels + 63) / 64;
    f.gradient = scratch.take(f.plane.floats);
    f.masks = reinterpret_cast<uint64_t*>(scratch.take(2 * pool * pool * f.words));
    f.floats = scratch.used;
    return f;
}

int64_t conv2d_sparse_input_scratch(const gs_conv2d& s, int64_t pool) { return sparse_input_scratch(s, pool, nullptr).floats; }

static int64_t channel_floats(const gs_conv2d& s) {
    return (s.channels + BLOCK - 1) / BLOCK * s.kernel_height * s.kernel_width * BLOCK;
}

int64_t conv2d_sparse_transposed(const gs_conv2d& s) { return s.out_channels * channel_floats(s); }

void conv2d_sparse_transpose(const gs_conv2d& s, const float* weights, float* transposed) {
    const int64_t taps = s.kernel_height * s.kernel_width, blocks = (s.channels + BLOCK - 1) / BLOCK;
    for (int64_t o = 0; o < s.out_channels; o++)
        for (int64_t b = 0; b < blocks; b++)
            for (int64_t t = 0; t < taps; t++) {
                const float* from = weights + o / BLOCK * weights_block(s) + (t * s.channels + b * BLOCK) * BLOCK + o % BLOCK;
                float* to = transposed + o * channel_floats(s) + (b * taps + t) * BLOCK;
                for (int64_t i = 0; i < BLOCK; i++) to[i] = b * BLOCK + i < s.channels ? from[i * BLOCK] : 0.0f;
            }
}

static void make_masks(const gs_conv2d& s, int64_t pool, const SparseInputScratch& f, const PooledSample& p, int64_t at) {
    for (int64_t k = 0; k < pool * pool * f.words; k++) f.masks[k] = 0;
    for (int64_t c = 0; c < s.out_channels; c += LANES) {
        const IntVector lives = alive(p, at + c), choice = load_bytes(p.choice + at + c);
        const int64_t lanes = smaller(LANES, s.out_channels - c);
        for (int64_t k = 0; k < pool * pool; k++) {
            const uint64_t chose = bits(lives & (choice == broadcast_int(static_cast<int32_t>(k)))) & ((1u << lanes) - 1);
            f.masks[k * f.words + c / 64] |= chose << (c % 64);
        }
    }
}

/* Where the taps of one register tile lie, in floats. */
struct Patch {
    const uint64_t* mask;
    int64_t words;
    const float* output_gradient; /* of the pooled position */
    int64_t block, row;           /* of the plane */
    int64_t channel, weights_block, weights_row;
};

typedef void (*Spread)(const Patch& patch, const float* weights, float* gradient);

/* R rows of T neighbouring taps of N blocks of input channels. */
template <int R, int T, int N>
static void spread(const Patch& patch, const float* weights, float* gradient) {
    Vector g[N][R][T][VECTORS];
#pragma GCC unroll 64
    for (int i = 0; i < N * R * T * VECTORS; i++)
        g[i / (R * T * VECTORS)][i / (T * VECTORS) % R][i / VECTORS % T][i % VECTORS] =
            load(gradient + i / (R * T * VECTORS) * patch.block + i / (T * VECTORS) % R * patch.row + i % (T * VECTORS) * LANES);
    for (int64_t word = 0; word < patch.words; word++)
        for (uint64_t mask = patch.mask[word]; mask != 0; mask &= mask - 1) {
            const int64_t o = word * 64 + __builtin_ctzll(mask);
            const Vector value = broadcast(patch.output_gradient[o]);
            const float* from = weights + o * patch.channel;
#pragma GCC unroll 16
            for (int n = 0; n < N; n++)
#pragma GCC unroll 16
                for (int r = 0; r < R; r++)
#pragma GCC unroll 16
                    for (int t = 0; t < T; t++)
#pragma GCC unroll 16
                        for (int v = 0; v < VECTORS; v++)
                            g[n][r][t][v] = fma(value, load(from + n * patch.weights_block + r * patch.weights_row + t * BLOCK + v * LANES),
                                                g[n][r][t][v]);
        }
#pragma GCC unroll 64
    for (int i = 0; i < N * R * T * VECTORS; i++)
        store(gradient + i / (R * T * VECTORS) * patch.block + i / (T * VECTORS) % R * patch.row + i % (T * VECTORS) * LANES,
              g[i / (R * T * VECTORS)][i / (T * VECTORS) % R][i / VECTORS % T][i % VECTORS]);
}

template <int N>
static Spread spread_of(int64_t rows, int64_t taps) {
#if defined(__AVX512F__)
    if (rows == 3) return spread<3, 3, N>;
#else
    (void)rows;
#endif
    return taps == 3 ? spread<1, 3, N> : taps == 2 ? spread<1, 2, N> : spread<1, 1, N>;
}

/* All taps and input channels of the δ that chose one place; gradient points at its first tap in the plane. */
static void spread_place(const gs_conv2d& s, const SparseInputScratch& f, const Patch& patch, const float* transposed,
                         float* gradient) {
    const int64_t most_blocks = LANES >= 8 ? 2 : 1;
    const int64_t rows = LANES == 16 && s.kernel_height == 3 && s.kernel_width == 3 ? 3 : 1;
    for (int64_t b = 0, n; b < f.plane.blocks; b += n) {
        n = smaller(most_blocks, f.plane.blocks - b);
        for (int64_t ky = 0; ky < s.kernel_height; ky += rows)
            for (int64_t kx = 0; kx < s.kernel_width; kx += 3) {
                const int64_t width = smaller(3, s.kernel_width - kx);
                const Spread spread = n == 2 ? spread_of<2>(rows, width) : spread_of<1>(rows, width);
                spread(patch, transposed + (b * f.taps + ky * s.kernel_width + kx) * BLOCK,
                       gradient + b * f.plane.block + (ky * f.plane.columns + kx) * BLOCK);
            }
    }
}

void conv2d_sparse_backward_input(const gs_conv2d& s, int64_t pool, int64_t batch, const PooledSample& first,
                                  const float* transposed, int gradient, float* input_gradient, float* scratch) {
    const SparseInputScratch f = sparse_input_scratch(s, pool, scratch);
    const int64_t height = output_height(s) / pool, width = output_width(s) / pool;
    for (int64_t sample = 0; sample < batch; sample++) {
        const PooledSample p = sample_of(s, pool, first, sample);
        zero_floats(f.gradient, f.plane.floats);
        for (int64_t y = 0; y < height; y++)
            for (int64_t x = 0; x < width; x++) {
                const int64_t at = (y * width + x) * s.out_pitch;
                make_masks(s, pool, f, p, at);
                for (int64_t k = 0; k < pool * pool; k++) {
                    const Patch patch = {f.masks + k * f.words, f.words, p.output_gradient + at, f.plane.block,
                                         f.plane.columns * BLOCK, channel_floats(s), f.taps * BLOCK, s.kernel_width * BLOCK};
                    uint64_t any = 0;
                    for (int64_t word = 0; word < f.words; word++) any |= patch.mask[word];
                    if (any == 0) continue;
                    const int64_t row = (y * pool + k / pool) * s.stride, column = (x * pool + k % pool) * s.stride;
                    spread_place(s, f, patch, transposed, f.gradient + (row * f.plane.columns + column) * BLOCK);
                }
            }
        drain_plane(f.plane, s.padding, s.padding, s.height, s.width, s.pitch, f.gradient, gradient == GS_GRADIENT_ADD,
                    input_gradient + sample * s.height * s.width * s.pitch);
    }
}

}  // namespace GS_ISA
}  // namespace gradsieve
