/*
 * conv2d_backward_weights for any shape: of one sample g [outputs][columns] = output_gradient^T * patches over positions, a column
 * being a tap and an input channel. A block owns BM outputs and BN columns of g, patches are read from where they lie: DEPTH
 * positions at a time are copied to shared memory, the next while these are multiplied. Where the tile is small, several groups of
 * threads have it and share the positions, and add up at a sample's end. Input is read once for every tap and tile of outputs (from
 * L2, mostly), the output gradient once for every tile of columns.
 */
#include "conv2d_backward_weights_any.h"
#include "divisor.h"

namespace gradsieve {
namespace {

constexpr int BLOCKS = 528; /* four for each of an H200's multiprocessors */

template <class Tile>
__global__ void __launch_bounds__(ANY_THREADS, 4)
    conv2d_backward_weights_any(Conv2d s, Divisor by_width, int lanes, const float* __restrict__ input,
                                const float* __restrict__ output_gradient, float* __restrict__ partials,
                                float* __restrict__ shares) {
    using Sums = typename SumsOf<Tile, Tile::UNITS>::Type;
    constexpr int BM = Tile::BM, BN = Tile::BN, DEPTH = Tile::DEPTH, PIECE = Tile::PIECE, WARPS = ANY_WARPS;
    constexpr bool ALONE = Tile::SPLIT == 1; /* with its positions is a thread */
    GS_DYNAMIC_SHARED(memory);
    float* const stages = reinterpret_cast<float*>(memory); /* [2]: DEPTH rows of the output gradient, DEPTH rows of patches */
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
            float* const patches = gradients + DEPTH * Tile::GRADIENT_ROW;
            const float* const gradient = output_gradient + static_cast<size_t>(copied_sample) * output_sample;
            const float* const image = input + static_cast<size_t>(copied_sample) * input_sample;
#pragma unroll 2
            for (int i = 0; i < DEPTH * GRADIENTS / ANY_THREADS; i++) {
                const int k = i * (ANY_THREADS / GRADIENTS) + thread / GRADIENTS, position = copied_position + k;
                const bool inside = has_output && position < positions;
                __pipeline_memcpy_async(gradients + k * Tile::GRADIENT_ROW + thread % GRADIENTS * 4,
                                        inside ? gradient + position * s.out_pitch + own_output : gradient, 16, inside ? 0 : 16);
            }
#pragma unroll 2
            for (int i = 0; i < DEPTH * PIECES / ANY_THREADS; i++) {
                const int k = i * (ANY_THREADS / PIECES) + thread / PIECES, position = copied_position + k;
                const int y = static_cast<int>(by_width.quotient(static_cast<unsigned>(position))), x = position - y * s.out_width;
                const int row = y * s.stride + down, at = x * s.stride + across;
                const bool inside = has_column && position < positions && row >= 0 && row < s.height && at >= 0 && at < s.width;
                __pipeline_memcpy_async(patches + k * Tile::PATCH_ROW + thread % PIECES * PIECE,
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

    constexpr int OWN = ALONE ? 1 : BM * BN / ANY_THREADS / 4; /* words of 16 bytes of the batch's sum, where threads share */
    Sums sum, total;
    float4 own[OWN];
    sum.clear();
    total.clear();
#pragma unroll
    for (int i = 0; i < OWN; i++) own[i] = make_float4(0, 0, 0, 0);
    sum.learn(stages);
    __syncthreads(); /* before the first stage comes */
    int stage = 0;
    copy_next(0);
    for (int64_t sample = lane; sample < s.batch; sample += lanes) {
        for (int from = 0; from < positions; from += DEPTH) {
            __pipeline_wait_prior(0);
            __syncthreads(); /* the stage is there for all, and nobody reads the other one any more */
            copy_next(stage ^ 1);
            const float* const gradients = stages + stage * Tile::STAGE;
            sum.accumulate(gradients, gradients + DEPTH * Tile::GRADIENT_ROW, min(DEPTH, positions - from));
            stage ^= 1;
        }
        float squares = 0;
        if (ALONE) {
            squares = sum.squares();
            total.add(sum);
        } else {
            sum.store_part(parts + warp * (BM * BN));
            __syncthreads(); /* the next parts are written after another barrier */
#pragma unroll
            for (int i = 0; i < OWN; i++) {
                const float* const from = parts + 4 * (i * ANY_THREADS + thread);
                float4 all = load4(from);
#pragma unroll
                for (int w = 1; w < WARPS; w++) add4(all, load4(from + w * (BM * BN)));
                squares = squares4(all, squares);
                add4(own[i], all);
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
    if (ALONE) {
        total.store(to, s, output, column, columns);
    } else {
#pragma unroll
        for (int i = 0; i < OWN; i++) {
            const int element = 4 * (i * ANY_THREADS + thread), row = output + element / BN;
            if (row < s.out_pitch)
                store_columns<PIECE>(s, to + static_cast<size_t>(row) * weights_row, columns, column + element % BN, own[i]);
        }
    }
}

struct Form {
    bool units;
    int bm, bn, piece;
    double cost; /* of a multiply-add: small tiles load more for each, and add up parts */
    size_t shared;
    int (*launch)(const BackwardWeightsPlan& plan, const Conv2d& shape, const float* input, const float* output_gradient,
                  float* partials, float* shares, void* stream);

    int tiles(const Conv2d& s) const {
        return ceil_div(s.out_pitch, bm) * ceil_div(s.taps() * (piece == 4 ? s.pitch : s.channels), bn);
    }
    /* Blocks that do not fill the card take as long as those that do. */
    double time(const Conv2d& s) const {
        const double work = static_cast<double>(tiles(s)) * s.batch;
        return cost * bm * bn * (work < BLOCKS ? BLOCKS : work);
    }
};

template <class Tile>
int launch(const BackwardWeightsPlan& plan, const Conv2d& s, const float* input, const float* output_gradient, float* partials,
           float* shares, void* stream) {
    return GS_LAUNCH((conv2d_backward_weights_any<Tile>), plan.tiles * plan.lanes, ANY_THREADS, Tile::SHARED, stream, s,
                     Divisor(s.out_width), plan.lanes, input, output_gradient, partials, shares);
}

template <class Tile>
constexpr Form form(double cost) {
    return {Tile::UNITS, Tile::BM, Tile::BN, Tile::PIECE, cost, Tile::SHARED, launch<Tile>};
}

constexpr Form FORMS[] = {form<AnyTile<false, 64, 64, 16, 4>>(1),   form<AnyTile<false, 32, 32, 32, 4>>(1.2),
                          form<AnyTile<false, 16, 32, 32, 4>>(1.4), form<AnyTile<false, 32, 16, 32, 4>>(1.4),
                          form<AnyTile<false, 64, 64, 16, 1>>(1.1), form<AnyTile<false, 32, 16, 64, 1>>(1.5),
                          form<AnyTile<false, 16, 32, 64, 1>>(1.5), form<AnyTile<true, 64, 64, 32, 4>>(0.4),
                          form<AnyTile<true, 32, 32, 32, 4>>(0.5)};

}  // namespace

BackwardWeightsPlan plan_any(const Conv2d& s, int precision) {
    const bool tf32 = precision == GS_CUDA_TF32 && s.pitch % 16 == 0 && s.out_pitch % 16 == 0;
    int best = 0;
    double least = 0;
    for (int i = 0; i < static_cast<int>(sizeof FORMS / sizeof *FORMS); i++) {
        const Form& f = FORMS[i];
        if (f.units && !tf32) continue;
        if (i == 0 || f.time(s) < least) {
            best = i;
            least = f.time(s);
        }
    }
    const Form& f = FORMS[best];
    BackwardWeightsPlan plan = {};
    plan.form = best;
    plan.tiles = f.tiles(s);
    plan.lanes = lanes_of(s.batch, plan.tiles, BLOCKS);
    plan.shares = plan.tiles * ANY_WARPS;
    plan.rows = 0;
    plan.shared = f.shared;
    return plan;
}

int launch_any(const BackwardWeightsPlan& plan, const Conv2d& shape, const float* input, const float* output_gradient,
               float* partials, float* shares, void* stream) {
    return FORMS[plan.form].launch(plan, shape, input, output_gradient, partials, shares, stream);
}

}  // namespace gradsieve
