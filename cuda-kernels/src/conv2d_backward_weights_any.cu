/*
 * conv2d_backward_weights for any shape: of one sample g [outputs][columns] = output_gradient^T * patches over positions, a column
 * being a tap and an input channel. A block owns BM outputs and BN columns of g, patches are read from where they lie: DEPTH
 * positions at a time are copied to shared memory, the next while these are multiplied. A thread forms 8 outputs x 4 columns; where
 * the tile is small, SPLIT threads have the same ones and share the positions, and add up at a sample's end. Input is read once for
 * every tap and tile of outputs (from L2, mostly), the output gradient once for every tile of columns.
 */
#include "conv2d.h"
#include "divisor.h"

namespace gradsieve {
namespace {

constexpr int THREADS = 128, WARPS = THREADS / 32, BLOCKS = 528; /* four for each of an H200's multiprocessors */

/* PIECE: floats copied at a time; 1 leaves out the lanes beyond the channels, of which narrow images have many. */
template <int BM_, int BN_, int DEPTH_, int PIECE_>
struct AnyTile {
    static constexpr int BM = BM_, BN = BN_, DEPTH = DEPTH_, PIECE = PIECE_;
    static constexpr int ROWS = BM / 8, COLUMNS = BN / 4, GROUP = ROWS * COLUMNS, SPLIT = THREADS / GROUP;
    static constexpr int STAGE = DEPTH * (BM + BN);
    static constexpr size_t SHARED = sizeof(float) * (2 * STAGE + (SPLIT > 1 ? WARPS * BM * BN : 0));
};

__device__ __forceinline__ float squares4(float4 v, float sum) {
    return fmaf(v.x, v.x, fmaf(v.y, v.y, fmaf(v.z, v.z, fmaf(v.w, v.w, sum))));
}

/* A thread's 8 x 4 elements: rows 4 r .. 4 r + 3 of the tile's upper half and of its lower. */
struct Sums {
    float4 of[8];

    __device__ __forceinline__ void clear() {
#pragma unroll
        for (int i = 0; i < 8; i++) of[i] = make_float4(0, 0, 0, 0);
    }
    __device__ __forceinline__ void add(int i, float a, float4 b) {
        of[i].x = fmaf(a, b.x, of[i].x);
        of[i].y = fmaf(a, b.y, of[i].y);
        of[i].z = fmaf(a, b.z, of[i].z);
        of[i].w = fmaf(a, b.w, of[i].w);
    }
    __device__ __forceinline__ void multiply(float4 upper, float4 lower, float4 b) {
        add(0, upper.x, b);
        add(1, upper.y, b);
        add(2, upper.z, b);
        add(3, upper.w, b);
        add(4, lower.x, b);
        add(5, lower.y, b);
        add(6, lower.z, b);
        add(7, lower.w, b);
    }
};

/* Four columns of an output's weights from column n on. */
template <int PIECE>
__device__ __forceinline__ void store_columns(const Conv2d& s, float* weights, int columns, int n, float4 value) {
    if (PIECE == 4) {
        if (n < columns) store4(weights + n, value);
        return;
    }
    const float values[4] = {value.x, value.y, value.z, value.w};
#pragma unroll
    for (int k = 0; k < 4; k++) {
        if (n + k >= columns) continue;
        const int tap = (n + k) / s.channels, channel = (n + k) % s.channels;
        weights[tap * s.pitch + channel] = values[k];
        if (channel == s.channels - 1)
            for (int lane = s.channels; lane < s.pitch; lane++) weights[tap * s.pitch + lane] = 0;
    }
}

template <class Tile>
__global__ void __launch_bounds__(THREADS, 4)
    conv2d_backward_weights_any(Conv2d s, Divisor by_width, int lanes, const float* __restrict__ input,
                                const float* __restrict__ output_gradient, float* __restrict__ partials,
                                float* __restrict__ shares) {
    constexpr int BM = Tile::BM, BN = Tile::BN, DEPTH = Tile::DEPTH, PIECE = Tile::PIECE, SPLIT = Tile::SPLIT, GROUP = Tile::GROUP;
    GS_DYNAMIC_SHARED(memory);
    float* const stages = reinterpret_cast<float*>(memory); /* [2]: [DEPTH][BM] of the output gradient, [DEPTH][BN] of patches */
    float* const parts = stages + 2 * Tile::STAGE;          /* [warp][BM][BN] */
    const int thread = static_cast<int>(threadIdx.x), warp = thread / 32;
    const int columns = s.taps() * (PIECE == 4 ? s.pitch : s.channels), positions = s.positions();
    const int tiles_m = ceil_div(s.out_pitch, BM), tiles = tiles_m * ceil_div(columns, BN);
    const int tile = static_cast<int>(blockIdx.x) % tiles, lane = static_cast<int>(blockIdx.x) / tiles;
    const int output = tile % tiles_m * BM, column = tile / tiles_m * BN;
    const size_t input_sample = static_cast<size_t>(s.height * s.width) * static_cast<size_t>(s.pitch);
    const size_t output_sample = static_cast<size_t>(positions) * static_cast<size_t>(s.out_pitch);

    /* What this thread copies of every position: four outputs, and PIECE columns. */
    constexpr int PIECES = BN / PIECE, GRADIENTS = BM / 4;
    const int own_output = output + thread % GRADIENTS * 4, own_column = column + thread % PIECES * PIECE;
    const bool has_output = own_output < s.out_pitch, has_column = own_column < columns;
    const int each = PIECE == 4 ? s.pitch : s.channels, tap = own_column / each, channel = own_column % each;
    const int down = tap / s.kernel_width - s.padding, across = tap % s.kernel_width - s.padding;

    int64_t copied_sample = lane;
    int copied_position = 0;
    const auto copy_next = [&](int stage) {
        if (copied_sample < s.batch) {
            float* const gradients = stages + stage * Tile::STAGE;
            float* const patches = gradients + DEPTH * BM;
            const float* const gradient = output_gradient + static_cast<size_t>(copied_sample) * output_sample;
            const float* const image = input + static_cast<size_t>(copied_sample) * input_sample;
#pragma unroll 2
            for (int k = thread / GRADIENTS; k < DEPTH; k += THREADS / GRADIENTS) {
                const int position = copied_position + k;
                const bool inside = has_output && position < positions;
                __pipeline_memcpy_async(gradients + k * BM + thread % GRADIENTS * 4,
                                        inside ? gradient + position * s.out_pitch + own_output : gradient, 16, inside ? 0 : 16);
            }
#pragma unroll 2
            for (int k = thread / PIECES; k < DEPTH; k += THREADS / PIECES) {
                const int position = copied_position + k;
                const int y = static_cast<int>(by_width.quotient(static_cast<unsigned>(position))), x = position - y * s.out_width;
                const int row = y * s.stride + down, at = x * s.stride + across;
                const bool inside = has_column && position < positions && row >= 0 && row < s.height && at >= 0 && at < s.width;
                __pipeline_memcpy_async(patches + k * BN + thread % PIECES * PIECE,
                                        inside ? image + (row * s.width + at) * s.pitch + channel : image, 4 * PIECE,
                                        inside ? 0 : 4 * PIECE);
            }
            copied_position += DEPTH;
            if (copied_position >= positions) {
                copied_position = 0;
                copied_sample += lanes;
            }
        }
        __pipeline_commit();
    };

    /* Where the block has all positions to itself, a warp is 8 x 4 threads; else they lie along rows, as parts are stored. */
    const int slice = thread / GROUP, within = thread % GROUP;
    const int r = SPLIT == 1 ? within % Tile::ROWS : within / Tile::COLUMNS;
    const int c = SPLIT == 1 ? within / Tile::ROWS : within % Tile::COLUMNS;
    constexpr int OWN = SPLIT == 1 ? 8 : BM * BN / THREADS / 4; /* words of 16 bytes of the batch's sum */
    Sums sum;
    float4 total[OWN];
    sum.clear();
#pragma unroll
    for (int i = 0; i < OWN; i++) total[i] = make_float4(0, 0, 0, 0);
    int stage = 0;
    copy_next(0);
    for (int64_t sample = lane; sample < s.batch; sample += lanes) {
        for (int from = 0; from < positions; from += DEPTH) {
            __pipeline_wait_prior(0);
            __syncthreads(); /* the stage is there for all, and nobody reads the other one any more */
            copy_next(stage ^ 1);
            const float* const gradients = stages + stage * Tile::STAGE + 4 * r;
            const float* const patches = stages + stage * Tile::STAGE + DEPTH * BM + 4 * c;
            const int depth = min(DEPTH, positions - from);
#pragma unroll 4
            for (int k = slice; k < depth; k += SPLIT)
                sum.multiply(load4(gradients + k * BM), load4(gradients + k * BM + BM / 2), load4(patches + k * BN));
            stage ^= 1;
        }
        float squares = 0;
        if (SPLIT == 1) {
#pragma unroll
            for (int i = 0; i < 8; i++) {
                squares = squares4(sum.of[i], squares);
                if (i < OWN) add4(total[i], sum.of[i]);
            }
        } else {
#pragma unroll
            for (int i = 0; i < 8; i++) {
#pragma unroll
                for (int distance = 16; distance >= GROUP; distance /= 2) {
                    sum.of[i].x += __shfl_xor_sync(WHOLE_WARP, sum.of[i].x, distance);
                    sum.of[i].y += __shfl_xor_sync(WHOLE_WARP, sum.of[i].y, distance);
                    sum.of[i].z += __shfl_xor_sync(WHOLE_WARP, sum.of[i].z, distance);
                    sum.of[i].w += __shfl_xor_sync(WHOLE_WARP, sum.of[i].w, distance);
                }
                const int row = 4 * r + i % 4 + i / 4 * (BM / 2);
                if (thread % 32 < GROUP) store4(parts + warp * (BM * BN) + row * BN + 4 * c, sum.of[i]);
            }
            __syncthreads(); /* the next parts are written after another barrier */
#pragma unroll
            for (int i = 0; i < OWN; i++) {
                const float* const from = parts + 4 * (i * THREADS + thread);
                float4 all = load4(from);
#pragma unroll
                for (int w = 1; w < WARPS; w++) add4(all, load4(from + w * (BM * BN)));
                squares = squares4(all, squares);
                add4(total[i], all);
            }
        }
        sum.clear();
        squares = warp_sum(squares);
        if (shares && thread % 32 == 0)
            shares[(static_cast<size_t>(sample) * static_cast<size_t>(tiles) + static_cast<size_t>(tile)) * WARPS +
                   static_cast<size_t>(warp)] = squares;
    }
    const size_t weights_row = static_cast<size_t>(s.row());
    float* const to = partials + static_cast<size_t>(lane) * static_cast<size_t>(s.out_pitch) * weights_row;
#pragma unroll
    for (int i = 0; i < OWN; i++) {
        const int element = 4 * (i * THREADS + thread);
        const int row = output + (SPLIT == 1 ? 4 * r + i % 4 + i / 4 * (BM / 2) : element / BN);
        const int n = column + (SPLIT == 1 ? 4 * c : element % BN);
        if (row < s.out_pitch)
            store_columns<PIECE>(s, to + static_cast<size_t>(row) * weights_row, columns, n, total[i]);
    }
}

struct Form {
    int bm, bn, piece;
    double cost; /* of a multiply-add: small tiles load more for each, and add up parts */
    size_t shared;
    int (*launch)(const BackwardWeightsPlan& plan, const Conv2d& shape, const float* input, const float* output_gradient,
                  float* partials, float* shares, void* stream);
};

template <class Tile>
int launch(const BackwardWeightsPlan& plan, const Conv2d& s, const float* input, const float* output_gradient, float* partials,
           float* shares, void* stream) {
    return GS_LAUNCH((conv2d_backward_weights_any<Tile>), plan.tiles * plan.lanes, THREADS, Tile::SHARED, stream, s,
                     Divisor(s.out_width), plan.lanes, input, output_gradient, partials, shares);
}

template <class Tile>
constexpr Form form(double cost) {
    return {Tile::BM, Tile::BN, Tile::PIECE, cost, Tile::SHARED, launch<Tile>};
}

constexpr Form FORMS[] = {form<AnyTile<64, 64, 16, 4>>(1),   form<AnyTile<32, 32, 32, 4>>(1.2), form<AnyTile<16, 32, 32, 4>>(1.4),
                      form<AnyTile<32, 16, 32, 4>>(1.4), form<AnyTile<64, 64, 16, 1>>(1.1), form<AnyTile<32, 16, 32, 1>>(1.5),
                      form<AnyTile<16, 32, 32, 1>>(1.5)};

}  // namespace

BackwardWeightsPlan plan_any(const Conv2d& s) {
    int best = 0;
    double least = 0;
    for (int i = 0; i < static_cast<int>(sizeof FORMS / sizeof *FORMS); i++) {
        const Form& f = FORMS[i];
        const int columns = s.taps() * (f.piece == 4 ? s.pitch : s.channels);
        const double cost = f.cost * round_up(s.out_pitch, f.bm) * round_up(columns, f.bn);
        if (i == 0 || cost < least) {
            best = i;
            least = cost;
        }
    }
    const Form& f = FORMS[best];
    BackwardWeightsPlan plan;
    plan.form = best;
    plan.tiles = ceil_div(s.out_pitch, f.bm) * ceil_div(s.taps() * (f.piece == 4 ? s.pitch : s.channels), f.bn);
    plan.lanes = lanes_of(s.batch, plan.tiles, BLOCKS);
    plan.shares = plan.tiles * WARPS;
    plan.rows = 0;
    plan.shared = f.shared;
    return plan;
}

int launch_any(const BackwardWeightsPlan& plan, const Conv2d& shape, const float* input, const float* output_gradient,
               float* partials, float* shares, void* stream) {
    return FORMS[plan.form].launch(plan, shape, input, output_gradient, partials, shares, stream);
}

}  // namespace gradsieve
