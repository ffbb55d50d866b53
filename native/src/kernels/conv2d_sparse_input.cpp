/*
 * conv2d_sparse_backward_input: input_gradient = or += sum over alive δ of channel o: value * weights[o][ky][kx][c], at the δ's
 * place + (ky, kx). Channels that chose the same place of a window add to the same patch of the input gradient, so the patch
 * stays in registers while a bit mask of channels is walked; then it is added to the gradient's plane once. 32 output channels
 * and one register tile at a time, so that their weights stay in the first-level cache.
 */
#include "conv2d_sparse.h"

namespace gradsieve {
namespace GS_ISA {

struct SparseInputScratch {
    Plane plane;
    int64_t taps, words, places, floats;
    float* gradient;
    uint32_t* masks; /* [words][places]: 32 channels a word, alive and with this place; places as [H''][W''][pool * pool] */
};

static SparseInputScratch sparse_input_scratch(const gs_conv2d& s, int64_t pool, float* start) {
    SparseInputScratch f;
    Scratch scratch = {start, 0};
    f.plane = padded_inputs(s);
    f.taps = s.kernel_height * s.kernel_width;
    f.words = (s.out_channels + 31) / 32;
    f.places = (output_height(s) / pool) * (output_width(s) / pool) * pool * pool;
    f.gradient = scratch.take(f.plane.floats);
    f.masks = reinterpret_cast<uint32_t*>(scratch.take(f.words * f.places));
    f.floats = scratch.used;
    return f;
}

int64_t conv2d_sparse_input_scratch(const gs_conv2d& s, int64_t pool) { return sparse_input_scratch(s, pool, nullptr).floats; }

static int64_t channel_floats(const gs_conv2d& s) {
    return (s.channels + BLOCK - 1) / BLOCK * s.kernel_height * s.kernel_width * BLOCK;
}

int64_t conv2d_sparse_transposed(const gs_conv2d& s) { return s.out_channels * channel_floats(s); }

void conv2d_sparse_transpose(const gs_conv2d& s, int64_t part, int64_t parts, const float* weights, float* transposed) {
    const int64_t taps = s.kernel_height * s.kernel_width, blocks = (s.channels + BLOCK - 1) / BLOCK;
    for (int64_t o = 0; o < s.out_channels; o += BLOCK)
        for (int64_t b = 0; b < blocks; b++)
            for (int64_t t = part; t < taps; t += parts) {
                const float* from = weights + o / BLOCK * weights_block(s) + (t * s.channels + b * BLOCK) * BLOCK;
                float* to = transposed + o * channel_floats(s) + (b * taps + t) * BLOCK;
                transpose_filters(from, smaller(BLOCK, s.channels - b * BLOCK), smaller(BLOCK, s.out_channels - o), to,
                                  channel_floats(s));
            }
}

static void make_masks(const gs_conv2d& s, int64_t pool, const SparseInputScratch& f, const PooledSample& p) {
    const int64_t window = pool * pool;
    for (int64_t i = 0; i < f.words * f.places; i++) f.masks[i] = 0;
    for (int64_t place = 0; place < f.places; place += window)
        for (int64_t c = 0; c < s.out_channels; c += LANES) {
            const int64_t at = place / window * s.out_pitch + c;
            const IntVector lives = alive(p, at), choice = load_bytes(p.choice + at);
            const uint32_t lanes = static_cast<uint32_t>((uint64_t{1} << smaller(LANES, s.out_channels - c)) - 1);
            for (int64_t k = 0; k < window; k++) {
                const uint32_t chose = bits(lives & (choice == broadcast_int(static_cast<int32_t>(k)))) & lanes;
                f.masks[c / 32 * f.places + place + k] |= chose << (c % 32);
            }
        }
}

/* One register tile: some taps of one block of input channels. */
struct Patch {
    int64_t channel, weights_row; /* floats from one output channel's weights to the next one's, from one row of taps ... */
    int64_t row;                  /* floats of a row of the plane */
};

typedef void (*Spread)(const Patch& patch, uint32_t mask, const float* output_gradient, const float* weights, float* gradient);

/* R rows of T neighbouring taps. */
template <int R, int T>
static void spread(const Patch& patch, uint32_t mask, const float* output_gradient, const float* weights, float* gradient) {
    Vector g[R][T][VECTORS];
#pragma GCC unroll 16
    for (int r = 0; r < R; r++)
#pragma GCC unroll 16
        for (int i = 0; i < T * VECTORS; i++) g[r][i / VECTORS][i % VECTORS] = load(gradient + r * patch.row + i * LANES);
    for (; mask != 0; mask &= mask - 1) {
        const int64_t o = __builtin_ctz(mask);
        const Vector value = broadcast(output_gradient[o]);
        const float* from = weights + o * patch.channel;
#pragma GCC unroll 16
        for (int r = 0; r < R; r++)
#pragma GCC unroll 16
            for (int i = 0; i < T * VECTORS; i++)
                g[r][i / VECTORS][i % VECTORS] =
                    fma(value, load(from + r * patch.weights_row + i * LANES), g[r][i / VECTORS][i % VECTORS]);
    }
#pragma GCC unroll 16
    for (int r = 0; r < R; r++)
#pragma GCC unroll 16
        for (int i = 0; i < T * VECTORS; i++) store(gradient + r * patch.row + i * LANES, g[r][i / VECTORS][i % VECTORS]);
}

static Spread spread_of(int64_t rows, int64_t taps) {
#if defined(__AVX512F__)
    if (rows == 3) return spread<3, 3>;
#else
    (void)rows;
#endif
    return taps == 3 ? spread<1, 3> : taps == 2 ? spread<1, 2> : spread<1, 1>;
}

/* All places of a sample, for 32 output channels and one register tile; weights and gradient point at its first tap. */
static void spread_places(const gs_conv2d& s, int64_t pool, const SparseInputScratch& f, Spread tile,
                          const float* output_gradient, const uint32_t* mask, const float* weights, float* gradient) {
    const Patch patch = {channel_floats(s), s.kernel_width * BLOCK, f.plane.columns * BLOCK};
    for (int64_t y = 0; y < output_height(s) / pool; y++)
        for (int64_t x = 0; x < output_width(s) / pool; x++) {
            float* corner = gradient + (y * f.plane.columns + x) * pool * s.stride * BLOCK;
            for (int64_t ky = 0; ky < pool; ky++)
                for (int64_t kx = 0; kx < pool; kx++, mask++)
                    if (*mask != 0)
                        tile(patch, *mask, output_gradient, weights, corner + (ky * f.plane.columns + kx) * s.stride * BLOCK);
            output_gradient += s.out_pitch;
        }
}

void conv2d_sparse_backward_input(const gs_conv2d& s, int64_t pool, int64_t batch, const PooledSample& first,
                                  const float* transposed, int gradient, float* input_gradient, float* scratch) {
    const SparseInputScratch f = sparse_input_scratch(s, pool, scratch);
    const int64_t rows = LANES == 16 && s.kernel_height == 3 && s.kernel_width == 3 ? 3 : 1;
    for (int64_t sample = 0; sample < batch; sample++) {
        const PooledSample p = sample_of(s, pool, first, sample);
        zero_floats(f.gradient, f.plane.floats);
        make_masks(s, pool, f, p);
        for (int64_t word = 0; word < f.words; word++)
            for (int64_t b = 0; b < f.plane.blocks; b++)
                for (int64_t ky = 0; ky < s.kernel_height; ky += rows)
                    for (int64_t kx = 0; kx < s.kernel_width; kx += 3)
                        spread_places(s, pool, f, spread_of(rows, smaller(3, s.kernel_width - kx)), p.output_gradient + word * 32,
                                      f.masks + word * f.places,
                                      transposed + word * 32 * channel_floats(s) + (b * f.taps + ky * s.kernel_width + kx) * BLOCK,
                                      f.gradient + b * f.plane.block + (ky * f.plane.columns + kx) * BLOCK);
        drain_plane(f.plane, s.pitch, f.gradient, gradient == GS_GRADIENT_ADD,
                    input_gradient + sample * s.height * s.width * s.pitch);
    }
}

}  // namespace GS_ISA
}  // namespace gradsieve
