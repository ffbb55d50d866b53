/*
 * conv2d_backward_weights: of one sample g[ky][kx][c][o] = sum over y, x of
 * input[y * stride + ky - padding][x * stride + kx - padding][c] * output_gradient[y][x][o] and h[o] = sum output_gradient;
 * weights_gradient += g, bias_gradient += h, norm2[sample] += |g|^2 + |h|^2.
 * J input values times one or two blocks of output channels of g stay in registers over all positions of the sample; at the
 * end one multiply-add squares them into the norm and one addition takes them to the batch's gradient: that is all a norm costs.
 */
#include "conv2d_tile.h"

namespace gradsieve {
namespace GS_ISA {

/* What all tiles of a pass over one sample share. */
struct WeightsPass {
    int64_t height, width;
    int64_t step, row;           /* floats from one position's input to the next column's, the next row's */
    int64_t out_step;            /* floats from one position's output gradient to the next */
    const int64_t* offsets;      /* of a narrow plane's taps */
};

/* The gradient of one sample: J values of the input by V*16 output channels, to g [J][V * VECTORS]. */
typedef void (*WeightsTile)(const WeightsPass& pass, const float* in, const float* output_gradient, Vector* g);

/* The J values lie side by side (SCATTERED false) or at pass.offsets. */
template <int J, int V, bool SCATTERED>
static void weights_tile(const WeightsPass& pass, const float* in, const float* output_gradient, Vector* g) {
    constexpr int N = V * VECTORS;
    Vector sum[J][N];
    int64_t offset[J];
#pragma GCC unroll 16
    for (int j = 0; j < J; j++) {
        offset[j] = SCATTERED ? pass.offsets[j] : j;
#pragma GCC unroll 16
        for (int n = 0; n < N; n++) sum[j][n] = Vector{};
    }
    for (int64_t y = 0; y < pass.height; y++) {
        const float* from = in + y * pass.row;
        for (int64_t x = 0; x < pass.width; x++) {
            Vector d[N];
#pragma GCC unroll 16
            for (int n = 0; n < N; n++) d[n] = load(output_gradient + n * LANES);
#pragma GCC unroll 16
            for (int j = 0; j < J; j++) {
                const Vector value = broadcast(from[SCATTERED ? offset[j] : j]);
#pragma GCC unroll 16
                for (int n = 0; n < N; n++) sum[j][n] = fma(value, d[n], sum[j][n]);
            }
            from += pass.step;
            output_gradient += pass.out_step;
        }
    }
#pragma GCC unroll 16
    for (int j = 0; j < J; j++)
#pragma GCC unroll 16
        for (int n = 0; n < N; n++) g[j * N + n] = sum[j][n];
}

/* AVX-512: 16 x 1 or 8 x 2 vectors, AVX2: 6 x 2, baseline: 2 x 4. */
constexpr int64_t MOST_SINGLE = LANES == 16 ? 16 : LANES == 8 ? 6 : 2;
constexpr int64_t MOST_DOUBLE = 9;
constexpr int64_t MOST_SCATTERED = LANES == 16 ? 9 : LANES == 8 ? 6 : 2; /* each offset takes a general register */
constexpr int64_t MOST = 18 * VECTORS;                                   /* vectors of a tile */

template <int V, bool SCATTERED>
static WeightsTile weights_tile_of(int64_t j) {
    switch (j) {
        case 1: return weights_tile<1, V, SCATTERED>;
        case 2: return weights_tile<2, V, SCATTERED>;
#if defined(__AVX2__)
        case 3: return weights_tile<3, V, SCATTERED>;
        case 4: return weights_tile<4, V, SCATTERED>;
        case 5: return weights_tile<5, V, SCATTERED>;
        case 6: return weights_tile<6, V, SCATTERED>;
#endif
#if defined(__AVX512F__)
        case 7: return weights_tile<7, V, SCATTERED>;
        case 8: return weights_tile<8, V, SCATTERED>;
        case 9: return weights_tile<9, V, SCATTERED>;
        case 16: return weights_tile<SCATTERED || V == 2 ? 9 : 16, V, SCATTERED>;
#endif
        default: return nullptr;
    }
}

struct WeightsScratch {
    Plane plane;
    int64_t group, run_count, floats;
    float* planes;
    double* norms; /* [group][LANES] */
    Run* runs;
    int64_t* offsets;
};

static WeightsScratch weights_scratch(const gs_conv2d& s, float* start) {
    WeightsScratch f;
    Scratch scratch = {start, 0};
    f.plane = plane_of(s.channels, s.height + 2 * s.padding, s.width + 2 * s.padding);
    f.group = group_of(s, f.plane.floats + output_height(s) * output_width(s) * s.out_pitch);
    f.run_count = count_runs(f.plane, s.kernel_height, s.kernel_width);
    f.planes = scratch.take(f.group * f.plane.floats);
    f.norms = reinterpret_cast<double*>(scratch.take(2 * f.group * LANES));
    f.runs = reinterpret_cast<Run*>(scratch.take(f.run_count * static_cast<int64_t>(sizeof(Run) / sizeof(float))));
    f.offsets = reinterpret_cast<int64_t*>(
        scratch.take(f.plane.pitch < BLOCK ? 2 * s.kernel_height * s.kernel_width * s.channels : 0));
    f.floats = scratch.used;
    return f;
}

int64_t conv2d_backward_weights_scratch(const gs_conv2d& s) { return weights_scratch(s, nullptr).floats; }

/* A group of samples whose planes are filled, as one tile after another sees it. */
struct Group {
    const WeightsScratch* scratch;
    int64_t samples;
    const float* output_gradient;
    int64_t output_floats; /* of one sample */
    int64_t weights_block;
    float* weights_gradient;
};

/* In double from tile to tile: a layer of 512 channels has nine thousand tiles, each of positive terms. */
static inline void add_norm(Vector of_tile, double* norms) {
    float lane[LANES];
    store(lane, of_tile);
    for (int i = 0; i < LANES; i++) norms[i] += static_cast<double>(lane[i]);
}

/* One tile over all samples of the group: in and weights are its offsets in a plane and in the gradient. */
template <int V>
static void run_tile(const Group& group, const WeightsPass& pass, WeightsTile tile, int64_t count, int64_t in,
                     int64_t block, int64_t weights) {
    constexpr int N = V * VECTORS;
    Vector g[MOST], total[MOST];
    for (int64_t i = 0; i < group.samples; i++) {
        tile(pass, group.scratch->planes + i * group.scratch->plane.floats + in,
             group.output_gradient + i * group.output_floats + block * BLOCK, i == 0 ? total : g);
        const Vector* of_sample = i == 0 ? total : g;
        Vector norm[2] = {};
        for (int64_t k = 0; k < count * N; k++) norm[k % 2] = fma(of_sample[k], of_sample[k], norm[k % 2]);
        add_norm(norm[0] + norm[1], group.scratch->norms + i * LANES);
        if (i > 0)
            for (int64_t k = 0; k < count * N; k++) total[k] += g[k];
    }
    for (int64_t j = 0; j < count; j++)
        for (int n = 0; n < N; n++) {
            float* at = group.weights_gradient + (block + n / VECTORS) * group.weights_block + weights + j * BLOCK +
                        n % VECTORS * LANES;
            store(at, load(at) + total[j * N + n]);
        }
}

/* All tiles of V blocks of output channels. */
template <int V>
static void run_blocks(const gs_conv2d& s, const Group& group, WeightsPass pass, int64_t block) {
    const WeightsScratch& f = *group.scratch;
    const bool narrow = f.plane.pitch < BLOCK;
    const int64_t most = narrow ? MOST_SCATTERED : V == 2 ? MOST_DOUBLE : MOST_SINGLE;
    for (int64_t r = 0; r < (narrow ? 1 : f.run_count); r++) {
        const int64_t in = narrow ? 0 : f.runs[r].in, weights = narrow ? 0 : f.runs[r].weights;
        const int64_t count = narrow ? s.kernel_height * s.kernel_width * s.channels : f.runs[r].count;
        const bool whole = !narrow && V == 1 && count == most;
        const int64_t widest = whole ? most : smaller(most, 9), tiles = (count + widest - 1) / widest;
        for (int64_t t = 0, j = 0; t < tiles; t++) {
            const int64_t n = (count - j) / (tiles - t);
            if (narrow) {
                pass.offsets = f.offsets + j;
                run_tile<V>(group, pass, weights_tile_of<V, true>(n), n, 0, block, j * BLOCK);
            } else {
                run_tile<V>(group, pass, weights_tile_of<V, false>(n), n, in + j, block, weights + j * BLOCK);
            }
            j += n;
        }
    }
}

/* The bias's share: its gradient is the sum of the output gradient over the positions. */
static void bias_of_sample(const gs_conv2d& s, const float* output_gradient, float* bias_gradient, double* norms) {
    const int64_t positions = output_height(s) * output_width(s);
    Vector norm = {};
    for (int64_t c = 0; c < s.out_channels; c += LANES) {
        Vector h[4] = {};
        int64_t t = 0;
        for (; t + 4 <= positions; t += 4)
            for (int k = 0; k < 4; k++) h[k] += load(output_gradient + (t + k) * s.out_pitch + c);
        for (; t < positions; t++) h[0] += load(output_gradient + t * s.out_pitch + c);
        const Vector total = (h[0] + h[1]) + (h[2] + h[3]);
        norm = fma(total, total, norm);
        const int64_t lanes = smaller(LANES, s.out_channels - c);
        store_partial(bias_gradient + c, lanes, load_partial(bias_gradient + c, lanes) + total);
    }
    add_norm(norm, norms);
}

static void make_offsets(const gs_conv2d& s, const WeightsScratch& f) {
    if (f.plane.pitch == BLOCK) return;
    int64_t n = 0;
    for (int64_t ky = 0; ky < s.kernel_height; ky++)
        for (int64_t j = 0; j < s.kernel_width * s.channels; j++) f.offsets[n++] = ky * f.plane.columns * f.plane.pitch + j;
}

void conv2d_backward_weights(const gs_conv2d& s, int64_t batch, const float* input, const float* output_gradient,
                             float* weights_gradient, float* bias_gradient, float* norm2, float* scratch) {
    WeightsScratch f = weights_scratch(s, scratch);
    f.run_count = make_runs(f.plane, s.kernel_height, s.kernel_width, f.runs);
    make_offsets(s, f);
    zero_floats(f.planes, f.group * f.plane.floats);
    const int64_t height = output_height(s), width = output_width(s), blocks = s.out_pitch / BLOCK;
    const int64_t sample = s.height * s.width * s.pitch, output_floats = height * width * s.out_pitch;
    const WeightsPass pass = {height, width, s.stride * f.plane.pitch, s.stride * f.plane.columns * f.plane.pitch,
                              s.out_pitch, nullptr};
    for (int64_t first = 0; first < batch; first += f.group) {
        const int64_t samples = smaller(f.group, batch - first);
        for (int64_t i = 0; i < samples * LANES; i++) f.norms[i] = 0;
        for (int64_t i = 0; i < samples; i++)
            fill_plane(f.plane, s.padding, s.padding, s.height, s.width, s.pitch, input + (first + i) * sample,
                       f.planes + i * f.plane.floats);
        const Group group = {&f, samples, output_gradient + first * output_floats, output_floats, weights_block(s),
                             weights_gradient};
        for (int64_t b = 0, n; b < blocks; b += n) {
            n = blocks_at(b, blocks);
            if (n == 2)
                run_blocks<2>(s, group, pass, b);
            else
                run_blocks<1>(s, group, pass, b);
        }
        for (int64_t i = 0; i < samples; i++) {
            if (bias_gradient != nullptr)
                bias_of_sample(s, group.output_gradient + i * output_floats, bias_gradient, f.norms + i * LANES);
            if (norm2 == nullptr) continue;
            double norm = 0;
            for (int lane = 0; lane < LANES; lane++) norm += f.norms[i * LANES + lane];
            norm2[first + i] += static_cast<float>(norm);
        }
    }
}

}  // namespace GS_ISA
}  // namespace gradsieve
