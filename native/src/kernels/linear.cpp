/*
 * Linear layer, its three products in the register tiles of linear_tile.h.
 *   linear_forward           output[i][o] = activation(bias[o] + sum over k of input[i][k] * weights[o / 16][k][o % 16]), "="
 *   linear_transpose         transposed[k / 16][o][k % 16] = weights[o / 16][k][o % 16], lanes beyond the features 0
 *   linear_backward_input    input_gradient[i][k] = sum over o of output_gradient[i][o] * transposed[k / 16][o][k % 16], "=" or "+="
 *   linear_backward_weights  weights_gradient[o / 16][k][o % 16] = sum over i of input[i][k] * output_gradient[i][o], "=" or "+="
 *   column_sums              sums[c] += sum over rows, from <= c < to: the bias gradient. 4 bytes an element
 *
 * No product packs the weights: they lie as the tiles read them. What is zero is left out, TILE_VALUES neighbouring samples or
 * features together. One core of a Zen 4 (peak 118 GFLOP/s), 784 to 512 features: Fashion-MNIST's pixels 135 forward, 145 for the
 * weight gradient; inputs without a zero 110 and 103.
 */
#include "linear_tile.h"
#include "operations.h"
#include "positions.h"

namespace gradsieve::GS_ISA {

/* Rows that take turns at the weights of a tile's outputs, so that these come from the level-2 cache. */
constexpr int64_t ROWS = 128;
/* Features in one go: 256 KB of weights of a tile's outputs, or all packed samples (544 KB), stay in the level-2 cache. */
constexpr int64_t FEATURES = 1024;
/* Samples that are packed together, at most: a tile's gradients of them share the level-1 cache with its features. A batch is cut
 * evenly, and 8 are room for one more than a power of two. */
constexpr int64_t SAMPLES = 128 + 8;
/* Features of packed samples that lie side by side, in rows of 16 floats: whole tiles. */
constexpr int64_t TILES = BLOCK / TILE_VALUES, PANEL = TILES * TILE_VALUES;
/* A list: its length, the numbers, and room that list_lanes writes over. */
constexpr int64_t FEATURE_LIST = 1 + FEATURES + LANES, SAMPLE_LIST = 1 + SAMPLES + LANES;

static int64_t ceil_div(int64_t n, int64_t by) { return (n + by - 1) / by; }

int64_t linear_scratch(const LinearShape& s) {
    const int64_t panels = ceil_div(smaller(FEATURES, s.features), PANEL);
    const int64_t packed = SAMPLES * (panels * BLOCK + TILE_BLOCKS * BLOCK);
    const int64_t by_samples = panels * (SAMPLES + TILES * SAMPLE_LIST) + LANES;
    const int64_t by_features = ceil_div(ROWS, TILE_VALUES) * FEATURE_LIST;
    return packed + ceil_div(larger(by_samples, by_features), 2);
}

struct Result {
    int64_t lanes, pitch;
    const float* bias; /* [lanes] or NULL */
    bool relu, add;
};

/* The features of `rows` rows that are not zero in all of them. */
static void list_features(int64_t rows, int64_t pitch, const float* in, int64_t count, uint16_t* list) {
    int64_t n = 0;
    for (int64_t k = 0; k < count; k += LANES) {
        IntVector present = {};
        for (int64_t x = 0; x < rows; x++) present |= load_some(in + x * pitch + k, count - k) != Vector{};
        n += list_lanes(bits(present), k, list + 1 + n);
    }
    list[0] = (uint16_t)n;
}

/* output[i][lane] = (+=) activation(bias[lane] + sum over k < count of in[i][k] * panels[lane / 16][k][lane % 16]). */
static void product(int64_t batch, int64_t count, int64_t in_pitch, const float* in, const float* panels, const Result& result,
                    float* output, float* scratch) {
    const int64_t blocks = ceil_div(result.lanes, BLOCK);
    uint16_t* const lists = (uint16_t*)scratch;
    for (int64_t first = 0; first < batch; first += ROWS) {
        const int64_t rows = smaller(ROWS, batch - first);
        const float* const from = in + first * in_pitch;
        for (int64_t k = 0; k < count; k += FEATURES) {
            const bool last = k + FEATURES >= count;
            const Product p = {in_pitch, count * BLOCK, result.pitch, BLOCK, result.relu && last, result.add || k > 0};
            for (int64_t i = 0; i < rows; i += TILE_VALUES)
                list_features(smaller(TILE_VALUES, rows - i), in_pitch, from + i * in_pitch + k, smaller(FEATURES, count - k),
                              lists + i / TILE_VALUES * FEATURE_LIST);
            for (int64_t b = 0; b < blocks; b += TILE_BLOCKS) {
                const int64_t lanes = smaller(TILE_BLOCKS * BLOCK, result.lanes - b * BLOCK);
                float start[TILE_BLOCKS * BLOCK] = {};
                for (int64_t c = 0; result.bias != nullptr && k == 0 && c < lanes; c++) start[c] = result.bias[b * BLOCK + c];
                for (int64_t i = 0; i < rows; i += TILE_VALUES)
                    linear_tile(Terms::FEATURES, smaller(TILE_VALUES, rows - i), smaller(TILE_BLOCKS, blocks - b))(
                        p, lists + i / TILE_VALUES * FEATURE_LIST, from + i * in_pitch + k, panels + (b * count + k) * BLOCK, start,
                        lanes, output + (first + i) * result.pitch + b * BLOCK);
            }
        }
    }
}

void linear_forward(const LinearShape& s, int64_t batch, const float* input, const float* weights, const float* bias, int activation,
                    float* output, float* scratch) {
    product(batch, s.features, s.features, input, weights, {s.outputs, s.pitch, bias, activation == GS_RELU, false}, output, scratch);
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
                           float* input_gradient, float* scratch) {
    if (gradient == GS_GRADIENT_NONE) return;
    product(batch, s.outputs, s.pitch, output_gradient, transposed,
            {s.features, s.features, nullptr, false, gradient == GS_GRADIENT_ADD}, input_gradient, scratch);
}

/* Rows of samples; after the last one, if there is one, that of `more`. */
struct Rows {
    int64_t batch, pitch;
    const float *rows, *more;
    const float* operator[](int64_t i) const { return i < batch ? rows + i * pitch : more; }
};

/* count values of a row, filled up with zeros to `width` lanes. Returns a bit for each value of the last 16 that is not zero. */
static uint32_t pack(const float* row, int64_t count, int64_t width, float* packed) {
    uint32_t present = 0;
    for (int64_t c = 0; c < width; c += LANES) {
        const Vector value = load_some(row + c, count - c);
        store(packed + c, value);
        present |= bits(value != Vector{}) << c % BLOCK;
    }
    return present;
}

/* inputs [panel][SAMPLES][16], and which of a panel's values are not zero, present [panel][SAMPLES]; row by row, as they lie. */
static void pack_inputs(const Rows& rows, int64_t first, int64_t samples, int64_t feature, int64_t count, float* inputs,
                        uint16_t* present) {
    for (int64_t i = 0; i < samples; i++) {
        const float* row = rows[first + i] + feature;
        for (int64_t k = 0, at = i; k < count; k += PANEL, at += SAMPLES)
            present[at] = (uint16_t)pack(row + k, count - k, BLOCK, inputs + at * BLOCK);
    }
}

/* The samples in which a tile's values are not all zero. */
static void list_samples(int64_t tile, int64_t samples, const uint16_t* present, uint16_t* list) {
    const IntVector values = broadcast_int(((1 << TILE_VALUES) - 1) << tile * TILE_VALUES);
    int64_t n = 0;
    for (int64_t i = 0; i < samples; i += LANES) {
        const uint32_t beyond = samples - i < LANES ? ~0u << (samples - i) : 0;
        n += list_lanes(bits((load_shorts(present + i) & values) != IntVector{}) & ~beyond, i, list + 1 + n);
    }
    list[0] = (uint16_t)n;
}

double linear_backward_weights(const LinearShape& s, int64_t batch, const LinearPart& part, const float* input,
                               const float* output_gradient, const float* shift, const float* gradient_sums, bool add,
                               float* weights_gradient, float* scratch) {
    const Rows inputs = {batch, s.features, input, shift}, gradients = {batch, s.pitch, output_gradient, gradient_sums};
    const int64_t rows = batch + (shift != nullptr ? 1 : 0), parts = larger(1, ceil_div(rows, SAMPLES));
    float* const packed_gradients = scratch;
    float* const packed_inputs = packed_gradients + SAMPLES * TILE_BLOCKS * BLOCK;
    double squares = 0;
    for (int64_t feature = part.first_feature; feature < part.last_feature; feature += FEATURES) {
        const int64_t count = smaller(FEATURES, part.last_feature - feature);
        const int64_t panels = ceil_div(count, PANEL);
        uint16_t* const present = (uint16_t*)(packed_inputs + panels * SAMPLES * BLOCK);
        uint16_t* const lists = present + panels * SAMPLES + LANES;
        for (int64_t n = 0; n < parts; n++) {
            const int64_t first = n * rows / parts, samples = (n + 1) * rows / parts - first;
            const Product p = {1, BLOCK, BLOCK, s.features * BLOCK, false, add || n > 0};
            pack_inputs(inputs, first, samples, feature, count, packed_inputs, present);
            for (int64_t t = 0; t < panels * TILES; t++)
                list_samples(t % TILES, samples, present + t / TILES * SAMPLES, lists + t * SAMPLE_LIST);
            for (int64_t b = part.first_block; b < part.last_block; b += TILE_BLOCKS) {
                const int64_t blocks = smaller(TILE_BLOCKS, part.last_block - b);
                float* target = weights_gradient + (b * s.features + feature) * BLOCK;
                for (int64_t i = 0; i < samples; i++)
                    pack(gradients[first + i] + b * BLOCK, s.pitch - b * BLOCK, blocks * BLOCK, packed_gradients + i * blocks * BLOCK);
                for (int64_t t = 0, k; (k = t / TILES * PANEL + t % TILES * TILE_VALUES) < count; t++)
                    linear_tile(Terms::SAMPLES, smaller(TILE_VALUES, count - k), blocks)(
                        p, lists + t * SAMPLE_LIST, packed_inputs + t / TILES * SAMPLES * BLOCK + t % TILES * TILE_VALUES,
                        packed_gradients, nullptr, blocks * BLOCK, target + k * BLOCK);
                if (n + 1 < parts) continue;
                for (int64_t i = 0; i < blocks; i++) squares += squared_norm(count * BLOCK, target + i * s.features * BLOCK);
            }
        }
    }
    return squares;
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
