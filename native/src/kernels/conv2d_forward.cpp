/*
 * conv2d_forward: output[y][x][o] = activation(bias[o] + sum over ky, kx, c of
 * input[y * stride + ky - padding][x * stride + kx - padding][c] * weights[o / 16][ky][kx][c][o % 16]), "=".
 * conv2d_maxpool_forward: pooling rows of that from a buffer of a few KB, so that the unpooled output never meets memory.
 */
#include "conv2d_winograd.h"

namespace gradsieve {
namespace GS_ISA {

struct ForwardScratch {
    Plane plane;
    int64_t group, run_count;
    float *planes, *bias, *rows;
    Run* runs;
    int64_t floats;
};

static ForwardScratch forward_scratch(const gs_conv2d& s, int64_t pool, float* start) {
    ForwardScratch f;
    Scratch scratch = {start, 0};
    f.plane = padded_inputs(s);
    f.group = group_of(s, f.plane.floats);
    f.run_count = count_runs(f.plane, s.kernel_height, s.kernel_width);
    f.planes = scratch.take(f.group * f.plane.floats);
    f.bias = scratch.take(s.out_pitch);
    f.rows = scratch.take(pool > 1 ? pool * output_width(s) * 2 * BLOCK : 0);
    f.runs = reinterpret_cast<Run*>(scratch.take(f.run_count * static_cast<int64_t>(sizeof(Run) / sizeof(float))));
    f.floats = scratch.used;
    return f;
}

int64_t conv2d_forward_scratch(const gs_conv2d& s, int64_t pool) {
    return winograd_forward_pays(s, pool) ? winograd_scratch(winograd_forward(s)) : forward_scratch(s, pool, nullptr).floats;
}

int64_t conv2d_prepared(const gs_conv2d& s, int64_t pool) {
    return winograd_forward_pays(s, pool) ? winograd_filters(winograd_forward(s)) : 0;
}

void conv2d_prepare(const gs_conv2d& s, int64_t pool, int64_t part, int64_t parts, const float* weights, float* prepared) {
    if (winograd_forward_pays(s, pool)) winograd_conv2d_prepare(s, part, parts, weights, prepared);
}

/* Scratch with zeros around the planes, the runs, and the bias padded with zeros. */
static ForwardScratch prepare_forward(const gs_conv2d& s, int64_t pool, const float* bias, float* start) {
    ForwardScratch f = forward_scratch(s, pool, start);
    f.run_count = make_runs(f.plane, s.kernel_height, s.kernel_width, f.runs);
    for (int64_t i = 0; i < f.group; i++) clear_border(f.plane, f.planes + i * f.plane.floats);
    zero_floats(f.bias, s.out_pitch);
    if (bias != nullptr)
        for (int64_t c = 0; c < s.out_channels; c++) f.bias[c] = bias[c];
    return f;
}

static void fill_group(const gs_conv2d& s, const ForwardScratch& f, int64_t samples, const float* input) {
    for (int64_t i = 0; i < samples; i++)
        fill_plane(f.plane, s.pitch, input + i * s.height * s.width * s.pitch, f.planes + i * f.plane.floats);
}

void conv2d_forward(const gs_conv2d& s, int64_t batch, const float* input, const float* weights, const float* bias,
                    int activation, float* output, float* scratch) {
    if (winograd_forward_pays(s, 1))
        return winograd_conv2d_forward(s, 1, batch, input, weights, bias, activation, output, nullptr, scratch);
    const ForwardScratch f = prepare_forward(s, 1, bias, scratch);
    const int64_t height = output_height(s), width = output_width(s), blocks = s.out_pitch / BLOCK;
    const int64_t sample = height * width * s.out_pitch, row = s.stride * f.plane.columns * f.plane.pitch;
    const Pass pass = {f.runs, f.run_count, s.stride * f.plane.pitch, weights_block(s), s.out_pitch,
                       activation == GS_RELU, false};
    const Cut single = conv2d_cut_row(1, width, pass.step), two = conv2d_cut_row(2, width, pass.step);
    for (int64_t first = 0; first < batch; first += f.group) {
        const int64_t samples = smaller(f.group, batch - first);
        fill_group(s, f, samples, input + first * s.height * s.width * s.pitch);
        for (int64_t b = 0, n; b < blocks; b += n) {
            n = blocks_at(b, blocks);
            for (int64_t i = 0; i < samples; i++)
                for (int64_t y = 0; y < height; y++)
                    run_row(n == 2 ? two : single, pass, f.planes + i * f.plane.floats + y * row,
                            weights + b * pass.weights_block, f.bias + b * BLOCK, n * BLOCK,
                            output + (first + i) * sample + y * width * s.out_pitch + b * BLOCK);
        }
    }
    if (activation != GS_IDENTITY && activation != GS_RELU)
        activation_forward({batch, height * width, s.out_channels, s.out_pitch}, activation, output, output);
}

/* Rows [pool][width][lanes] of the convolution to one pooled row [width / pool][out_pitch] and its choices. POOL: the pool
 * where it is known when compiling. */
template <int POOL>
static void pool_rows(const float* rows, int64_t width, int64_t lanes, int64_t any_pool, int64_t out_pitch, float* output,
                      uint8_t* choice) {
    const int64_t pool = POOL == 0 ? any_pool : POOL;
    for (int64_t x = 0; x < width / pool; x++)
        for (int64_t c = 0; c < lanes; c += LANES) {
            const float* window = rows + x * pool * lanes + c;
            Vector best = load(window);
            IntVector place = {};
            int32_t k = 0;
            for (int64_t ky = 0; ky < pool; ky++)
                for (int64_t kx = 0; kx < pool; kx++, k++) {
                    const Vector v = load(window + (ky * width + kx) * lanes);
                    const IntVector better = exceeds(v, best);
                    best = better ? v : best;
                    place = better ? broadcast_int(k) : place;
                }
            store(output + x * out_pitch + c, best);
            store_bytes(choice + x * out_pitch + c, place);
        }
}

void conv2d_maxpool_forward(const gs_conv2d& s, int64_t pool, int64_t batch, const float* input, const float* weights,
                            const float* bias, int activation, float* output, uint8_t* choice, float* scratch) {
    if (winograd_forward_pays(s, pool))
        return winograd_conv2d_forward(s, pool, batch, input, weights, bias, activation, output, choice, scratch);
    const ForwardScratch f = prepare_forward(s, pool, bias, scratch);
    const int64_t width = output_width(s), blocks = s.out_pitch / BLOCK;
    const int64_t pooled_height = output_height(s) / pool, pooled_row = width / pool * s.out_pitch;
    const int64_t row = s.stride * f.plane.columns * f.plane.pitch;
    Pass pass = {f.runs, f.run_count, s.stride * f.plane.pitch, weights_block(s), 0, activation == GS_RELU, false};
    const Cut single = conv2d_cut_row(1, width, pass.step), two = conv2d_cut_row(2, width, pass.step);
    for (int64_t first = 0; first < batch; first += f.group) {
        const int64_t samples = smaller(f.group, batch - first);
        fill_group(s, f, samples, input + first * s.height * s.width * s.pitch);
        for (int64_t b = 0, n; b < blocks; b += n) {
            n = blocks_at(b, blocks);
            pass.out_step = n * BLOCK;
            for (int64_t i = 0; i < samples; i++)
                for (int64_t y = 0; y < pooled_height; y++) {
                    const float* in = f.planes + i * f.plane.floats + y * pool * row;
                    for (int64_t k = 0; k < pool; k++)
                        run_row(n == 2 ? two : single, pass, in + k * row, weights + b * pass.weights_block,
                                f.bias + b * BLOCK, pass.out_step, f.rows + k * width * pass.out_step);
                    const int64_t at = ((first + i) * pooled_height + y) * pooled_row + b * BLOCK;
                    (pool == 2 ? pool_rows<2> : pool_rows<0>)(f.rows, width, pass.out_step, pool, s.out_pitch, output + at, choice + at);
                }
        }
    }
}

}  // namespace GS_ISA
}  // namespace gradsieve
