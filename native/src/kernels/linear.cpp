/*
 * Linear layer: a convolution with a 1 x 1 kernel whose positions are the samples of a batch, in the same register tiles.
 *   linear_forward           output[i][o] = activation(bias[o] + sum over k of input[i][k] * weights[o / 16][k][o % 16]), "="
 *   linear_transpose         transposed[k / 16][o][k % 16] = weights[o / 16][k][o % 16], lanes beyond the features 0
 *   linear_backward_input    input_gradient[i][k] = sum over o of output_gradient[i][o] * transposed[k / 16][o][k % 16], "=" or "+="
 *   linear_backward_weights  weights_gradient[o / 16][k][o % 16] = sum over i of input[i][k] * output_gradient[i][o], "=" or "+="
 *   linear_norm              norm2[i] += (|input_i|^2 + with_bias) * |output_gradient_i|^2, the squared norm of the outer product
 *                            that is the sample's weight gradient. 4 bytes an element of both rows
 *   column_sums              sums[c] += sum over rows, from <= c < to: the bias gradient. 4 bytes an element
 *
 * No product packs the weights: they lie as the tiles read them. One core of a Zen 4 (peak 118 GFLOP/s, 784 to 512 features): 113
 * to 117 forward, OpenBLAS 96 to 102.
 */
#include "conv2d_tile.h"
#include "conv2d_weights.h"
#include "operations.h"
#include "positions.h"

namespace gradsieve::GS_ISA {

/* Rows that take turns at one panel of weights, so that it comes from the level-2 cache. */
constexpr int64_t ROWS = 128;
/* Rows of weights of a panel in one go; more of them (512 KB) would not stay in the level-2 cache. */
constexpr int64_t LONGEST = 4096;

struct Result {
    int64_t lanes, pitch;
    const float* bias; /* [lanes] or NULL */
    bool relu, add;
};

/* output[i][lane] = (+=) activation(bias[lane] + sum over k < count of in[i][k] * panels[lane / 16][k][lane % 16]). */
static void product(int64_t batch, int64_t count, int64_t in_pitch, const float* in, const float* panels, const Result& result,
                    float* output) {
    const int64_t blocks = (result.lanes + BLOCK - 1) / BLOCK;
    for (int64_t first = 0; first < batch; first += ROWS) {
        const int64_t rows = smaller(ROWS, batch - first);
        const Cut single = conv2d_cut_row(1, rows, in_pitch), two = conv2d_cut_row(2, rows, in_pitch);
        for (int64_t b = 0, n; b < blocks; b += n) {
            n = blocks_at(b, blocks);
            const int64_t lanes = smaller(n * BLOCK, result.lanes - b * BLOCK);
            float padded[2 * BLOCK] = {};
            for (int64_t c = 0; result.bias != nullptr && c < lanes; c++) padded[c] = result.bias[b * BLOCK + c];
            for (int64_t k = 0; k < count; k += LONGEST) {
                const Run run = {k, k * BLOCK, smaller(LONGEST, count - k)};
                const bool last = k + LONGEST >= count;
                const Pass pass = {&run, 1, in_pitch, count * BLOCK, result.pitch, result.relu && last, result.add || k > 0};
                run_row(n == 2 ? two : single, pass, in + first * in_pitch, panels + b * count * BLOCK, k == 0 ? padded : nullptr,
                        lanes, output + first * result.pitch + b * BLOCK);
            }
        }
    }
}

void linear_forward(const LinearShape& s, int64_t batch, const float* input, const float* weights, const float* bias, int activation,
                    float* output) {
    product(batch, s.features, s.features, input, weights, {s.outputs, s.pitch, bias, activation == GS_RELU, false}, output);
    if (s.pitch > s.outputs)
        for (int64_t i = 0; i < batch; i++) zero_floats(output + i * s.pitch + s.outputs, s.pitch - s.outputs);
    if (activation != GS_IDENTITY && activation != GS_RELU)
        activation_forward({batch, 1, s.outputs, s.pitch}, activation, output, output);
}

int64_t linear_transposed(const LinearShape& s) { return round_up(s.features, BLOCK) * s.outputs; }

void linear_transpose(const LinearShape& s, int64_t from, int64_t to, const float* weights, float* transposed) {
    for (int64_t k = from; k < to; k += BLOCK)
        for (int64_t o = 0; o < s.outputs; o += BLOCK)
            transpose_filters(weights + (o * s.features + k * BLOCK), smaller(BLOCK, s.features - k), smaller(BLOCK, s.outputs - o),
                              transposed + (k * s.outputs + o * BLOCK), BLOCK);
}

void linear_backward_input(const LinearShape& s, int64_t batch, const float* output_gradient, const float* transposed, int gradient,
                           float* input_gradient) {
    if (gradient == GS_GRADIENT_NONE) return;
    product(batch, s.outputs, s.pitch, output_gradient, transposed,
            {s.features, s.features, nullptr, false, gradient == GS_GRADIENT_ADD}, input_gradient);
}

/* Samples and features that are packed together: a tile's 16 features and 32 outputs of so many samples (24 KB) share the
 * level-1 cache, all of them (512 KB) the level-2 cache. Rows as they lie, often a power of two apart, would not: 52 to 97 GFLOP/s
 * instead of 104 to 113 with AVX2 and 2,048 samples. */
constexpr int64_t SAMPLES = 128, FEATURES = 1024;

int64_t linear_backward_weights_scratch(const LinearShape& s) {
    return SAMPLES * (smaller(FEATURES, round_up(s.features, BLOCK)) + 2 * BLOCK);
}

/* packed[i][lane] = rows[i][lane] for `lanes` lanes, zero up to `width`. */
static void pack(int64_t count, int64_t pitch, const float* rows, int64_t lanes, int64_t width, float* packed) {
    for (int64_t i = 0; i < count; i++)
        for (int64_t c = 0; c < width; c += LANES) {
            const float* from = rows + i * pitch + c;
            store(packed + i * width + c, lanes - c >= LANES ? load(from) : lanes > c ? load_partial(from, lanes - c) : Vector{});
        }
}

/* The tiles of 16 or 32 outputs over packed samples: features [count] of inputs [count / 16][SAMPLES][16]. */
static void weights_tiles(const WeightsPass& pass, int64_t blocks, int64_t count, const float* inputs, const float* gradients,
                          float* target) {
    for (int64_t k = 0; k < count; k += BLOCK) {
        const int64_t values = smaller(BLOCK, count - k);
        for (int64_t j = 0, n; j < values; j += n) {
            n = conv2d_weights_values(values - j, blocks, false);
            conv2d_weights_tile(n, blocks, false)(pass, inputs + k * SAMPLES + j, gradients, target + (k + j) * BLOCK);
        }
    }
}

double linear_backward_weights(const LinearShape& s, int64_t batch, const LinearPart& part, const float* input,
                               const float* output_gradient, bool add, float* weights_gradient, float* scratch) {
    double squares = 0;
    float* gradients = scratch;
    float* inputs = gradients + SAMPLES * 2 * BLOCK;
    for (int64_t feature = part.first_feature; feature < part.last_feature; feature += FEATURES) {
        const int64_t count = smaller(FEATURES, part.last_feature - feature);
        for (int64_t first = 0; first == 0 || first < batch; first += SAMPLES) {
            const int64_t samples = smaller(SAMPLES, batch - first);
            for (int64_t k = 0; k < count; k += BLOCK)
                pack(samples, s.features, input + first * s.features + feature + k, count - k, BLOCK, inputs + k * SAMPLES);
            for (int64_t b = part.first_block, n; b < part.last_block; b += n) {
                n = blocks_at(b, part.last_block);
                pack(samples, s.pitch, output_gradient + first * s.pitch + b * BLOCK, s.pitch - b * BLOCK, n * BLOCK, gradients);
                float* target = weights_gradient + (b * s.features + feature) * BLOCK;
                weights_tiles({1, samples, BLOCK, 0, n * BLOCK, s.features * BLOCK, nullptr, !add && first == 0}, n, count, inputs,
                              gradients, target);
                if (first + SAMPLES < batch) continue;
                for (int64_t i = 0; i < n; i++) squares += squared_norm(count * BLOCK, target + i * s.features * BLOCK);
            }
        }
    }
    return squares;
}

void linear_norm(int64_t batch, int64_t in_pitch, int64_t out_pitch, const float* input, const float* output_gradient,
                 bool with_bias, float* norm2) {
    for (int64_t i = 0; i < batch; i++) {
        const double inputs = squared_norm(in_pitch, input + i * in_pitch) + (with_bias ? 1 : 0);
        norm2[i] += (float)(inputs * squared_norm(out_pitch, output_gradient + i * out_pitch));
    }
}

void column_sums(int64_t batch, int64_t pitch, int64_t from, int64_t to, const float* rows, float* sums) {
    for (int64_t c = from; c < to; c += BLOCK) {
        const int64_t lanes = smaller(BLOCK, to - c);
        Vector total[1][VECTORS];
        if (lanes == BLOCK) {
            sum_positions<1>(batch, [=](int64_t t, int v, auto& part) GS_INLINE {
                part[0][v] += load(rows + t * pitch + c + v * LANES);
            }, total);
        } else {
            sum_positions<1>(batch, [=](int64_t t, int v, auto& part) GS_INLINE {
                part[0][v] += load_some(rows + t * pitch + c + v * LANES, lanes - v * LANES);
            }, total);
        }
        add_block(sums + c, lanes, total[0]);
    }
}

}  // namespace gradsieve::GS_ISA
