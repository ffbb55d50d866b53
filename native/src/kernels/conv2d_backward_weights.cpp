/*
 * conv2d_backward_weights: of one sample g[ky][kx][c][o] = sum over y, x of
 * input[y * stride + ky - padding][x * stride + kx - padding][c] * output_gradient[y][x][o] and h[o] = sum output_gradient;
 * weights_gradient += g, bias_gradient += h, norm2[sample] += |g|^2 + |h|^2.
 * J input values times one or two blocks of output channels of g stay in registers over all positions of the sample; at the
 * end one multiply-add squares them into the norm and one addition takes them to the batch's gradient: that is all a norm costs.
 */
#include "conv2d_weights.h"
#include "conv2d_winograd.h"

namespace gradsieve {
namespace GS_ISA {

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
    f.plane = padded_inputs(s);
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

int64_t conv2d_backward_weights_scratch(const gs_conv2d& s) {
    return winograd_backward_weights_pays(s) ? winograd_weights_scratch(winograd_forward(s)) : weights_scratch(s, nullptr).floats;
}

/* A group of samples whose planes are filled, as one tile after another sees it. */
struct Group {
    const WeightsScratch* scratch;
    int64_t samples;
    const float* output_gradient;
    int64_t output_floats; /* of one sample */
    int64_t weights_block;
    float* weights_gradient;
};

/* One tile over all samples of the group; in and weights are its offsets in a plane and in the gradient. Of one sample it adds
 * to the gradient at once, of more to a total first, so that a large gradient is read and written once for the group. */
static void run_tile(const Group& group, WeightsPass pass, WeightsTile tile, int64_t values, int64_t blocks, int64_t in,
                     int64_t block, int64_t weights) {
    const WeightsScratch& f = *group.scratch;
    float total[2 * BLOCK * BLOCK];
    float* gradient = group.weights_gradient + block * group.weights_block + weights;
    const bool alone = group.samples == 1;
    pass.target_block = alone ? group.weights_block : values * BLOCK;
    if (!alone) zero_floats(total, blocks * values * BLOCK);
    for (int64_t i = 0; i < group.samples; i++)
        add_norm(tile(pass, f.planes + i * f.plane.floats + in, group.output_gradient + i * group.output_floats + block * BLOCK,
                      alone ? gradient : total),
                 f.norms + i * LANES);
    for (int64_t k = 0; !alone && k < blocks * values * BLOCK; k += LANES) {
        float* at = gradient + k / pass.target_block * group.weights_block + k % pass.target_block;
        store(at, load(at) + load(total + k));
    }
}

/* All tiles of one or two blocks of output channels. */
static void run_blocks(const gs_conv2d& s, const Group& group, WeightsPass pass, int64_t block, int64_t blocks) {
    const WeightsScratch& f = *group.scratch;
    const bool narrow = f.plane.pitch < BLOCK;
    for (int64_t r = 0; r < (narrow ? 1 : f.run_count); r++) {
        const int64_t count = narrow ? s.kernel_height * s.kernel_width * s.channels : f.runs[r].count;
        for (int64_t j = 0, n; j < count; j += n) {
            n = conv2d_weights_values(count - j, blocks, narrow);
            pass.offsets = f.offsets + j;
            run_tile(group, pass, conv2d_weights_tile(n, blocks, narrow), n, blocks, narrow ? 0 : f.runs[r].in + j, block,
                     (narrow ? 0 : f.runs[r].weights) + j * BLOCK);
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

/* What a sample's filters do not have part in: its bias, and its norm from the lanes of the squares. */
static void finish_sample(const gs_conv2d& s, const float* output_gradient, float* bias_gradient, double* norms, float* norm2) {
    if (bias_gradient != nullptr) bias_of_sample(s, output_gradient, bias_gradient, norms);
    if (norm2 == nullptr) return;
    double norm = 0;
    for (int lane = 0; lane < LANES; lane++) norm += norms[lane];
    *norm2 += static_cast<float>(norm);
}

static void direct_backward_weights(const gs_conv2d& s, int64_t batch, const float* input, const float* output_gradient,
                             float* weights_gradient, float* bias_gradient, float* norm2, float* scratch) {
    WeightsScratch f = weights_scratch(s, scratch);
    f.run_count = make_runs(f.plane, s.kernel_height, s.kernel_width, f.runs);
    if (f.plane.pitch < BLOCK) narrow_offsets(s, f.plane, f.offsets);
    for (int64_t i = 0; i < f.group; i++) clear_border(f.plane, f.planes + i * f.plane.floats);
    const int64_t height = output_height(s), width = output_width(s), blocks = s.out_pitch / BLOCK;
    const int64_t sample = s.height * s.width * s.pitch, output_floats = height * width * s.out_pitch;
    const WeightsPass pass = {height, width, s.stride * f.plane.pitch, s.stride * f.plane.columns * f.plane.pitch,
                              s.out_pitch, 0, nullptr, false};
    for (int64_t first = 0; first < batch; first += f.group) {
        const int64_t samples = smaller(f.group, batch - first);
        for (int64_t i = 0; i < samples * LANES; i++) f.norms[i] = 0;
        for (int64_t i = 0; i < samples; i++)
            fill_plane(f.plane, s.pitch, input + (first + i) * sample, f.planes + i * f.plane.floats);
        const Group group = {&f, samples, output_gradient + first * output_floats, output_floats, weights_block(s),
                             weights_gradient};
        for (int64_t b = 0, n; b < blocks; b += n) {
            n = blocks_at(b, blocks);
            run_blocks(s, group, pass, b, n);
        }
        for (int64_t i = 0; i < samples; i++)
            finish_sample(s, group.output_gradient + i * output_floats, bias_gradient, f.norms + i * LANES,
                          norm2 == nullptr ? nullptr : norm2 + first + i);
    }
}

void conv2d_backward_weights(const gs_conv2d& s, int64_t batch, const float* input, const float* output_gradient,
                             float* weights_gradient, float* bias_gradient, float* norm2, float* scratch) {
    if (!winograd_backward_weights_pays(s))
        return direct_backward_weights(s, batch, input, output_gradient, weights_gradient, bias_gradient, norm2, scratch);
    const Winograd w = winograd_forward(s);
    winograd_clear(w, scratch);
    for (int64_t i = 0; i < batch; i++) {
        const float* gradient = output_gradient + i * w.height * w.width * s.out_pitch;
        double norms[LANES] = {};
        winograd_backward_weights(w, s, input + i * s.height * s.width * s.pitch, gradient, weights_gradient, norms, scratch);
        finish_sample(s, gradient, bias_gradient, norms, norm2 == nullptr ? nullptr : norm2 + i);
    }
}

}  // namespace GS_ISA
}  // namespace gradsieve
