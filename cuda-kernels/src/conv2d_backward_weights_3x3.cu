/*
 * conv2d_backward_weights for 3x3, stride 1, padding 1 and more than a few channels: input and output gradient are read once for
 * every block tile (the rows of the gradient at a strip's edges twice), all nine taps come from the same copy. A block owns 16 WM
 * outputs x 16 WN inputs of all taps and goes through its samples in strips of rows, which are copied to shared memory one ahead; a
 * warp owns 16 x 16 channels and all taps (WT 1) or a third (WT 3). Row r of the input meets rows r - 1, r, r + 1 of the gradient,
 * for ky = 2, 1, 0.
 */
#include "conv2d_backward_weights_3x3.h"

namespace gradsieve {
namespace {

/*
 * Starts the copy of rows x pixels pixels of CHANNELS channels to shared memory, STRIDE floats a pixel, from (row, column) of the
 * image and `channel` on; what lies outside becomes zero. A warp copies whole rows.
 */
template <int CHANNELS, int STRIDE, int WARPS>
__device__ __forceinline__ void copy_rows(float* to, int rows, int pixels, const float* image, int pitch, int channel,
                                          int first_row, int first_column, int height, int width) {
    constexpr int PIECES = CHANNELS / 4;
    const int warp = static_cast<int>(threadIdx.x / 32), lane = static_cast<int>(threadIdx.x % 32);
    for (int row = warp; row < rows; row += WARPS) {
        const int y = first_row + row;
        const bool row_inside = y >= 0 && y < height;
        float* const row_to = to + row * pixels * STRIDE;
        for (int i = lane; i < pixels * PIECES; i += 32) {
            const int pixel = i / PIECES, piece = i % PIECES * 4, column = first_column + pixel;
            const bool inside = row_inside && column >= 0 && column < width && channel + piece < pitch;
            const float* const from = inside ? image + (y * width + column) * pitch + channel + piece : image;
            __pipeline_memcpy_async(row_to + pixel * STRIDE + piece, from, 16, inside ? 0 : 16);
        }
    }
}

template <class P, int WM, int WN>
__host__ __device__ constexpr int input_strip(int rows, int columns) {
    return rows * (columns + 2) * (16 * WN + P::PAD);
}
template <class P, int WM, int WN>
__host__ __device__ constexpr int strip_floats(int rows, int columns) {
    return input_strip<P, WM, WN>(rows, columns) + (rows + 2) * columns * (16 * WM + P::PAD);
}

template <class P, int WM, int WN, int WT, int BLOCKS>
__global__ void __launch_bounds__(32 * WM * WN * WT, BLOCKS)
    conv2d_backward_weights_3x3(Conv2d s, int strip_rows, int lanes, const float* __restrict__ input,
                                const float* __restrict__ output_gradient, float* __restrict__ partials,
                                float* __restrict__ shares) {
    using Tile = typename P::Tile;
    constexpr int WARPS = WM * WN * WT, IS = 16 * WN + P::PAD, GS = 16 * WM + P::PAD;
    GS_DYNAMIC_SHARED(memory);
    float* const strips = reinterpret_cast<float*>(memory);
    const int columns = round_up(s.width, P::DEPTH), strip = strip_floats<P, WM, WN>(strip_rows, columns);
    const int gradient_strip = input_strip<P, WM, WN>(strip_rows, columns);
    const int warp = static_cast<int>(threadIdx.x / 32), part = warp % WT, m = warp / WT % WM, n = warp / WT / WM;
    const int tiles_m = ceil_div(s.out_pitch, 16 * WM), tiles = tiles_m * ceil_div(s.pitch, 16 * WN);
    const int tile = static_cast<int>(blockIdx.x) % tiles, lane = static_cast<int>(blockIdx.x) / tiles;
    const int first_output = tile % tiles_m * 16 * WM, first_input = tile / tiles_m * 16 * WN;
    const size_t pixels = static_cast<size_t>(s.height * s.width);
    const size_t input_sample = pixels * static_cast<size_t>(s.pitch), gradient_sample = pixels * static_cast<size_t>(s.out_pitch);

    int copied_sample = lane, copied_row = 0;
    const auto copy_next = [&](int buffer) {
        if (copied_sample < s.batch) {
            float* const to = strips + buffer * strip;
            const size_t sample = static_cast<size_t>(copied_sample);
            copy_rows<16 * WN, IS, WARPS>(to, strip_rows, columns + 2, input + sample * input_sample, s.pitch, first_input,
                                          copied_row, -1, s.height, s.width);
            copy_rows<16 * WM, GS, WARPS>(to + gradient_strip, strip_rows + 2, columns, output_gradient + sample * gradient_sample,
                                          s.out_pitch, first_output, copied_row - 1, 0, s.height, s.width);
            copied_row += strip_rows;
            if (copied_row >= s.height) {
                copied_row = 0;
                copied_sample += lanes;
            }
        }
        __pipeline_commit();
    };

    Tile sum, total;
    sum.clear();
    total.clear();
    typename Tile::Lane places;
    places.learn(strips, IS, GS);
    __syncthreads(); /* before the first strip comes */
    int buffer = 0;
    copy_next(0);
    for (int sample = lane; sample < s.batch; sample += lanes) {
        for (int row = 0; row < s.height; row += strip_rows) {
            __pipeline_wait_prior(0);
            __syncthreads(); /* the strip is there for all, and nobody reads the other one any more */
            copy_next(buffer ^ 1);
            const float* const from = strips + buffer * strip;
            const int rows = min(strip_rows, s.height - row);
            sum.template accumulate<IS, GS>(places, from + 16 * n, from + gradient_strip + 16 * m, rows, columns, part);
            buffer ^= 1;
        }
        const float squares = warp_sum(sum.squares());
        if (shares && threadIdx.x % 32 == 0)
            shares[(static_cast<size_t>(sample) * static_cast<size_t>(tiles) + static_cast<size_t>(tile)) * WARPS +
                   static_cast<size_t>(warp)] = squares;
        total.add(sum);
        sum.clear();
    }
    float* const to = partials + static_cast<size_t>(lane) * static_cast<size_t>(s.out_pitch) * static_cast<size_t>(s.row());
    total.store(to, s, first_output + 16 * m, first_input + 16 * n, part);
}

constexpr int MULTIPROCESSORS = 132, SHARED_OF_MULTIPROCESSOR = 228 * 1024; /* an H200's; a constant, for the order of sums */
constexpr int SHARED_RESERVED = 1024;                                      /* by CUDA, of every block's share */

/* One compiled tile. */
struct Form {
    int wm, wn, wt, blocks; /* blocks: that a multiprocessor should hold */
    int depth;
    size_t (*shared)(int rows, int columns);
    int (*launch)(const BackwardWeightsPlan& plan, const Conv2d& shape, const float* input, const float* output_gradient,
                  float* partials, float* shares, void* stream);
};

template <class P, int WM, int WN, int WT, int BOUND>
struct Compiled {
    static size_t shared(int rows, int columns) {
        return 2 * sizeof(float) * static_cast<size_t>(strip_floats<P, WM, WN>(rows, columns));
    }
    static int launch(const BackwardWeightsPlan& plan, const Conv2d& s, const float* input, const float* output_gradient,
                      float* partials, float* shares, void* stream) {
        return GS_LAUNCH((conv2d_backward_weights_3x3<P, WM, WN, WT, BOUND>), plan.tiles * plan.lanes, 32 * WM * WN * WT,
                         plan.shared, stream, s, plan.rows, plan.lanes, input, output_gradient, partials, shares);
    }
    static constexpr Form form(int blocks) { return {WM, WN, WT, blocks, P::DEPTH, shared, launch}; }
};

/* Measured best on an H200 (docs/gpu.md), three for fp32 and three for tf32. */
enum { SMALL, MIDDLE, LARGE, FORMS_OF_PRECISION };
constexpr Form FORMS[] = {Compiled<Plain<3>, 1, 1, 3, 5>::form(5),  Compiled<Plain<1>, 2, 2, 1, 2>::form(2),
                          Compiled<Plain<1>, 4, 2, 1, 1>::form(1),  Compiled<Matrix<3>, 1, 1, 3, 5>::form(2),
                          Compiled<Matrix<1>, 2, 2, 1, 2>::form(2), Compiled<Matrix<1>, 4, 2, 1, 1>::form(1)};

/* Small tiles where there are few channels, or so few samples that large ones would leave multiprocessors idle. */
int form_of(const Conv2d& s, bool tf32) {
    if (s.out_pitch <= 16 || s.pitch <= 16) return SMALL;
    const bool few = static_cast<int64_t>(s.batch) * ceil_div(s.out_pitch, 32) * ceil_div(s.pitch, 32) <= 4 * MULTIPROCESSORS;
    const bool large = round_up(s.out_pitch, 64) == round_up(s.out_pitch, 32) && (tf32 || s.pitch > 32);
    if (few) return tf32 ? MIDDLE : SMALL;
    return large ? LARGE : MIDDLE;
}

}  // namespace

bool plan_3x3(const Conv2d& s, int precision, BackwardWeightsPlan* plan) {
    if (!s.is_3x3() || s.channels <= 8) return false;
    const bool tf32 = precision == GS_CUDA_TF32 && s.pitch % 16 == 0 && s.out_pitch % 16 == 0;
    plan->form = form_of(s, tf32) + (tf32 ? FORMS_OF_PRECISION : 0);
    const Form& f = FORMS[plan->form];
    const size_t card = static_cast<size_t>(max_shared());
    const size_t wanted = static_cast<size_t>(SHARED_OF_MULTIPROCESSOR / f.blocks - SHARED_RESERVED);
    const int columns = round_up(s.width, f.depth);
    for (int parts = 1;; parts *= 2) { /* as many rows as let so many blocks lie side by side; at least one row */
        plan->rows = ceil_div(s.height, parts);
        plan->shared = f.shared(plan->rows, columns);
        if (plan->shared <= card && plan->shared <= wanted) break;
        if (plan->rows == 1) {
            if (plan->shared > card) return false;
            break;
        }
    }
    plan->tiles = ceil_div(s.out_pitch, 16 * f.wm) * ceil_div(s.pitch, 16 * f.wn);
    plan->lanes = lanes_of(s.batch, plan->tiles, f.blocks * MULTIPROCESSORS);
    plan->shares = plan->tiles * f.wm * f.wn * f.wt;
    return true;
}

int launch_3x3(const BackwardWeightsPlan& plan, const Conv2d& shape, const float* input, const float* output_gradient,
               float* partials, float* shares, void* stream) {
    return FORMS[plan.form].launch(plan, shape, input, output_gradient, partials, shares, stream);
}

}  // namespace gradsieve
