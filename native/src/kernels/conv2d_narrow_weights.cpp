/*
 * conv2d_narrow_backward_weights: as conv2d_sparse_backward_weights, for inputs with too few channels to vectorise over (the
 * first layer of an image network). The pooled δ is spread over one row of windows at a time, a few KB, and the tiles of
 * conv2d_weights.h add that row's share to the sample's gradient; this is squared and added to the batch's at the end.
 */
#include "conv2d_sparse.h"
#include "conv2d_weights.h"

namespace gradsieve {
namespace GS_ISA {

struct NarrowScratch {
    Plane plane;
    int64_t terms, floats;
    float *input, *rows, *sums; /* rows [pool][width][16 or 32], sums [1 or 2][kernel_height][kernel_width][channels][16] */
    int64_t* offsets;
};

static NarrowScratch narrow_scratch(const gs_conv2d& s, int64_t pool, float* start) {
    NarrowScratch f;
    Scratch scratch = {start, 0};
    f.plane = padded_inputs(s);
    f.terms = s.kernel_height * s.kernel_width * s.channels;
    f.input = scratch.take(f.plane.floats);
    f.rows = scratch.take(pool * output_width(s) * 2 * BLOCK);
    f.sums = scratch.take(2 * f.terms * BLOCK);
    f.offsets = reinterpret_cast<int64_t*>(scratch.take(2 * f.terms));
    f.floats = scratch.used;
    return f;
}

int64_t conv2d_narrow_weights_scratch(const gs_conv2d& s, int64_t pool) { return narrow_scratch(s, pool, nullptr).floats; }

/* Row y of windows, lanes channels from c on; adds their δ to bias [lanes]. POOL: the pool where it is known when compiling. */
template <int POOL>
static void spread_row(const gs_conv2d& s, int64_t any_pool, const PooledSample& p, int64_t y, int64_t c, int64_t lanes,
                       float* rows, float* bias) {
    const int64_t pool = POOL == 0 ? any_pool : POOL, windows = output_width(s) / pool;
    for (int64_t x = 0; x < windows; x++)
        for (int64_t lane = 0; lane < lanes; lane += LANES) {
            const int64_t at = (y * windows + x) * s.out_pitch + c + lane;
            const Vector d = alive(p, at) ? load(p.output_gradient + at) : Vector{};
            const IntVector choice = load_bytes(p.choice + at);
            store(bias + lane, load(bias + lane) + d);
            float* window = rows + x * pool * lanes + lane;
            int32_t k = 0;
            for (int64_t ky = 0; ky < pool; ky++)
                for (int64_t kx = 0; kx < pool; kx++, k++)
                    store(window + (ky * windows * pool + kx) * lanes, choice == broadcast_int(k) ? d : Vector{});
        }
}

/* The gradient of one sample for one or two blocks of output channels, to f.sums. */
static void sample_gradient(const gs_conv2d& s, int64_t pool, const NarrowScratch& f, const PooledSample& p, int64_t block,
                            int64_t blocks, float* bias) {
    const int64_t row = s.stride * f.plane.columns * f.plane.pitch;
    WeightsPass pass = {pool, output_width(s) / pool * pool, s.stride * f.plane.pitch, row, blocks * BLOCK, f.terms * BLOCK,
                        nullptr, false};
    zero_floats(f.sums, blocks * f.terms * BLOCK);
    zero_floats(bias, blocks * BLOCK);
    for (int64_t y = 0; y < output_height(s) / pool; y++) {
        (pool == 2 ? spread_row<2> : spread_row<0>)(s, pool, p, y, block * BLOCK, blocks * BLOCK, f.rows, bias);
        for (int64_t j = 0, n; j < f.terms; j += n) {
            n = conv2d_weights_values(f.terms - j, blocks, true);
            pass.offsets = f.offsets + j;
            conv2d_weights_tile(n, blocks, true)(pass, f.input + y * pool * row, f.rows, f.sums + j * BLOCK);
        }
    }
}

void conv2d_narrow_backward_weights(const gs_conv2d& s, int64_t pool, int64_t batch, const float* input,
                                    const PooledSample& first, float* weights_gradient, float* bias_gradient, float* norm2,
                                    float* scratch) {
    const NarrowScratch f = narrow_scratch(s, pool, scratch);
    narrow_offsets(s, f.plane, f.offsets);
    clear_border(f.plane, f.input);
    for (int64_t sample = 0; sample < batch; sample++) {
        const PooledSample p = sample_of(s, pool, first, sample);
        fill_plane(f.plane, s.pitch, input + sample * s.height * s.width * s.pitch, f.input);
        double norm = 0;
        for (int64_t b = 0, n; b < s.out_pitch / BLOCK; b += n) {
            n = blocks_at(b, s.out_pitch / BLOCK);
            float bias[2 * BLOCK];
            sample_gradient(s, pool, f, p, b, n, bias);
            Vector square = {};
            for (int64_t i = 0; i < n * f.terms * BLOCK; i += LANES) {
                const Vector g = load(f.sums + i);
                float* at = weights_gradient + b * weights_block(s) + i;
                store(at, load(at) + g);
                square = fma(g, g, square);
            }
            norm += sum_double(square);
            for (int64_t i = 0; bias_gradient != nullptr && i < smaller(n * BLOCK, s.out_channels - b * BLOCK); i++) {
                bias_gradient[b * BLOCK + i] += bias[i];
                norm += static_cast<double>(bias[i]) * static_cast<double>(bias[i]);
            }
        }
        if (norm2 != nullptr) norm2[sample] += static_cast<float>(norm);
    }
}

}  // namespace GS_ISA
}  // namespace gradsieve
