/* The convolution of conv2d_winograd.h, for forward and the input gradient. */
#include "conv2d_winograd.h"

namespace gradsieve {
namespace GS_ISA {

/* G g G^T of one input channel and 16 outputs, from taps `tap` apart to points `point` apart. */
static void transform_filter(const float* taps, int64_t tap, float* points, int64_t point) {
    for (int v = 0; v < BLOCK; v += LANES)
        transform<3, 6>(filter_points, [=](int y, int x) GS_INLINE { return load(taps + (3 * y + x) * tap + v); },
                        [=](int i, int j, Vector u) GS_INLINE { store(points + (6 * i + j) * point + v, u); });
}

void winograd_conv2d_prepare(const gs_conv2d& s, int64_t part, int64_t parts, const float* weights, float* prepared) {
    const Winograd w = winograd_forward(s);
    const int64_t filters = w.out_blocks * w.channels;
    for (int64_t k = filters * part / parts; k < filters * (part + 1) / parts; k++)
        transform_filter(weights + (k / w.channels * 9 * w.channels + k % w.channels) * BLOCK, w.channels * BLOCK,
                         prepared + k * BLOCK, filters * BLOCK);
}

/* The filters of the input gradient are those of forward, turned by half a turn, inputs and outputs exchanged. */
void winograd_conv2d_transpose(const gs_conv2d& s, int64_t part, int64_t parts, const float* weights, float* transposed) {
    const Winograd w = winograd_backward_input(s);
    const int64_t from_blocks = s.out_pitch / BLOCK, pairs = w.out_blocks * from_blocks;
    for (int64_t k = pairs * part / parts; k < pairs * (part + 1) / parts; k++) {
        const int64_t to = k / from_blocks * BLOCK, from = k % from_blocks * BLOCK;
        const int64_t outputs = smaller(BLOCK, s.out_channels - from);
        float turned[9 * BLOCK * BLOCK];
        for (int64_t tap = 0; tap < 9; tap++)
            transpose_filters(weights + from / BLOCK * weights_block(s) + ((8 - tap) * s.channels + to) * BLOCK,
                              smaller(BLOCK, s.channels - to), outputs, turned + tap * BLOCK * BLOCK, BLOCK);
        for (int64_t o = 0; o < outputs; o++)
            transform_filter(turned + o * BLOCK, BLOCK * BLOCK, transposed + (to / BLOCK * w.channels + from + o) * BLOCK,
                             w.out_blocks * w.channels * BLOCK);
    }
}

/* Where outputs go: [height][width][pitch], or (choice) pooled two by two. */
struct WinogradOutput {
    float* output;
    uint8_t* choice;
    int64_t sample, pitch, lanes; /* floats of one sample; from one position to the next; in use */
    const float* bias;            /* [out_blocks * 16] or NULL */
    bool relu, add;
};

/* Tiles that go through the three stages together, so that their points stay in the level-2 cache. */
constexpr int64_t CHUNK = 16;

/* Samples of a group: enough that a chunk is full. */
static int64_t winograd_group(const Winograd& w) {
    return larger(1, smaller(8, CHUNK / (w.rows * w.columns)));
}

struct WinogradScratch {
    int64_t group, in_pitch, out_pitch, in_point, out_point, floats;
    float *planes, *inputs, *outputs, *bias;
};

static WinogradScratch scratch_of(const Winograd& w, float* start) {
    WinogradScratch f;
    Scratch scratch = {start, 0};
    f.group = winograd_group(w);
    f.in_pitch = w.plane.blocks * BLOCK;
    f.out_pitch = w.out_blocks * BLOCK;
    /* 64 bytes more than they need: planes a power of two apart share cache sets. */
    f.in_point = CHUNK * f.in_pitch + BLOCK;
    f.out_point = CHUNK * f.out_pitch + BLOCK;
    f.planes = scratch.take(f.group * w.plane.floats);
    f.inputs = scratch.take(POINTS * f.in_point);
    f.outputs = scratch.take(POINTS * f.out_point);
    f.bias = scratch.take(f.out_pitch);
    f.floats = scratch.used;
    return f;
}

int64_t winograd_scratch(const Winograd& w) { return scratch_of(w, nullptr).floats; }

/* B^T d B of one tile and block of channels. */
void winograd_transform_input(const float* plane, int64_t row, float* points, int64_t point) {
    for (int v = 0; v < BLOCK; v += LANES)
        transform<6, 6>(input_points, [=](int y, int x) GS_INLINE { return load(plane + y * row + x * BLOCK + v); },
                        [=](int i, int j, Vector t) GS_INLINE { store(points + (6 * i + j) * point + v, t); });
}

/* The outputs of a tile that lie inside, with bias and relu. */
static void put_tile(const Winograd& w, const WinogradOutput& o, int64_t top, int64_t left, int64_t lane, Vector (&y)[4][4],
                     float* sample) {
    const int64_t lanes = smaller(LANES, o.lanes - lane);
    if (lanes <= 0) return;
    const Vector bias = o.bias == nullptr ? Vector{} : load(o.bias + lane);
    const int64_t height = smaller(TILE, w.height - top), width = smaller(TILE, w.width - left);
    float* at = sample + (top * w.width + left) * o.pitch + lane;
#pragma GCC unroll 4
    for (int i = 0; i < 4; i++) {
        if (i >= height) break;
#pragma GCC unroll 4
        for (int j = 0; j < 4; j++) {
            if (j >= width) break;
            float* to = at + (i * w.width + j) * o.pitch;
            Vector v = y[i][j] + bias;
            if (o.relu) v = relu(v);
            if (lanes == LANES)
                store(to, o.add ? load(to) + v : v);
            else
                store_partial(to, lanes, o.add ? load_partial(to, lanes) + v : v);
        }
    }
}

/* The same, pooled two by two. */
static void put_pooled(const Winograd& w, const WinogradOutput& o, int64_t top, int64_t left, int64_t lane, Vector (&y)[4][4],
                       float* sample, uint8_t* choice) {
    const Vector bias = o.bias == nullptr ? Vector{} : load(o.bias + lane);
    const int64_t height = smaller(2, w.height / 2 - top / 2), width = smaller(2, w.width / 2 - left / 2);
#pragma GCC unroll 2
    for (int i = 0; i < 2; i++) {
        if (i >= height) break;
#pragma GCC unroll 2
        for (int j = 0; j < 2; j++) {
            if (j >= width) break;
            const int64_t at = ((top / 2 + i) * (w.width / 2) + left / 2 + j) * o.pitch + lane;
            Vector best = Vector{};
            IntVector place = {};
#pragma GCC unroll 4
            for (int k = 0; k < 4; k++) {
                Vector v = y[2 * i + k / 2][2 * j + k % 2] + bias;
                if (o.relu) v = relu(v);
                const IntVector better = exceeds(v, best);
                best = k == 0 ? v : better ? v : best;
                place = k == 0 ? place : better ? broadcast_int(k) : place;
            }
            store(sample + at, best);
            store_bytes(choice + at, place);
        }
    }
}

/* Tiles first..first + count of a group, numbered sample by sample. */
static void run_chunk(const Winograd& w, const WinogradScratch& f, int64_t first, int64_t count, const float* filters,
                      const WinogradOutput& o, int64_t sample) {
    const int64_t tiles = w.rows * w.columns, row = w.plane.columns * BLOCK;
    for (int64_t t = 0; t < count; t++) {
        const int64_t tile = (first + t) % tiles;
        const float* plane = f.planes + (first + t) / tiles * w.plane.floats + tile / w.columns * TILE * row +
                             tile % w.columns * TILE * BLOCK;
        for (int64_t b = 0; b < w.plane.blocks; b++)
            winograd_transform_input(plane + b * w.plane.block, row, f.inputs + t * f.in_pitch + b * BLOCK, f.in_point);
    }
    const Run run = {0, 0, w.channels};
    const Pass pass = {&run, 1, f.in_pitch, w.channels * BLOCK, f.out_pitch, false, false};
    const Cut single = conv2d_cut_row(1, count, pass.step), two = conv2d_cut_row(2, count, pass.step);
    for (int64_t p = 0; p < POINTS; p++)
        for (int64_t b = 0, n; b < w.out_blocks; b += n) {
            n = blocks_at(b, w.out_blocks);
            run_row(n == 2 ? two : single, pass, f.inputs + p * f.in_point, filters + (p * w.out_blocks + b) * pass.weights_block,
                    nullptr, n * BLOCK, f.outputs + p * f.out_point + b * BLOCK);
        }
    for (int64_t t = 0; t < count; t++) {
        const int64_t tile = (first + t) % tiles, n = sample + (first + t) / tiles;
        const int64_t top = tile / w.columns * TILE, left = tile % w.columns * TILE;
        for (int64_t lane = 0; lane < f.out_pitch; lane += LANES) {
            Vector y[4][4];
            const float* points = f.outputs + t * f.out_pitch + lane;
            transform<6, 4>(output_points, [=](int i, int j) GS_INLINE { return load(points + (6 * i + j) * f.out_point); },
                            [&](int i, int j, Vector value) GS_INLINE { y[i][j] = value; });
            if (o.choice == nullptr)
                put_tile(w, o, top, left, lane, y, o.output + n * o.sample);
            else
                put_pooled(w, o, top, left, lane, y, o.output + n * o.sample, o.choice + n * o.sample);
        }
    }
}

/* Samples [height][width][in_pitch], as they lie in the plane. */
static void convolve(const Winograd& w, const WinogradScratch& f, int64_t batch, int64_t in_pitch, const float* input,
                     const float* filters, const WinogradOutput& output) {
    const int64_t in_sample = w.plane.height * w.plane.width * in_pitch;
    for (int64_t i = 0; i < f.group; i++) clear_border(w.plane, f.planes + i * w.plane.floats);
    for (int64_t first = 0; first < batch; first += f.group) {
        const int64_t samples = smaller(f.group, batch - first), tiles = samples * w.rows * w.columns;
        for (int64_t i = 0; i < samples; i++)
            fill_plane(w.plane, in_pitch, input + (first + i) * in_sample, f.planes + i * w.plane.floats);
        const int64_t chunks = (tiles + CHUNK - 1) / CHUNK;
        for (int64_t k = 0; k < chunks; k++)
            run_chunk(w, f, tiles * k / chunks, tiles * (k + 1) / chunks - tiles * k / chunks, filters, output, first);
    }
}

void winograd_conv2d_forward(const gs_conv2d& s, int64_t pool, int64_t batch, const float* input, const float* weights,
                             const float* bias, int activation, float* output, uint8_t* choice, float* scratch) {
    const Winograd w = winograd_forward(s);
    const WinogradScratch f = scratch_of(w, scratch);
    zero_floats(f.bias, f.out_pitch);
    for (int64_t c = 0; bias != nullptr && c < s.out_channels; c++) f.bias[c] = bias[c];
    const int64_t positions = w.height / pool * (w.width / pool);
    const WinogradOutput result = {output, pool > 1 ? choice : nullptr, positions * s.out_pitch, s.out_pitch, s.out_pitch,
                                   f.bias, activation == GS_RELU, false};
    convolve(w, f, batch, s.pitch, input, weights, result);
    if (activation != GS_IDENTITY && activation != GS_RELU)
        activation_forward({batch, positions, s.out_channels, s.out_pitch}, activation, output, output);
}

void winograd_conv2d_backward_input(const gs_conv2d& s, int64_t batch, const float* output_gradient, const float* weights,
                                    int gradient, float* input_gradient, float* scratch) {
    const Winograd w = winograd_backward_input(s);
    const WinogradOutput result = {input_gradient, nullptr, s.height * s.width * s.pitch, s.pitch, s.pitch, nullptr, false,
                                   gradient == GS_GRADIENT_ADD};
    convolve(w, scratch_of(w, scratch), batch, s.out_pitch, output_gradient, weights, result);
}

}  // namespace GS_ISA
}  // namespace gradsieve
