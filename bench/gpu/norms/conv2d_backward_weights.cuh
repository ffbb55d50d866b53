/*
 * conv2d_backward_weights, 3×3, stride 1, padding 1, channels last: of one sample
 *     g[ky][kx][o][c] = Σ_y,x δ[y][x][o] · input[y + ky − 1][x + kx − 1][c],
 * x [B][H][W][Cin] and δ [B][H][W][Cout] read once per block tile (the rows of δ at a strip's edges twice), channels multiples of the
 * tile's.
 *   GRADIENT  gradients[lane] = Σ g over the samples of the lane                    (the product without norms)
 *   NORMS     the same, and norms[sample][part] = Σ g² over the part's elements     (form A)
 *   EACH      gradients[sample] = g                                                 (first half of form B)
 *
 * A block owns 16·WM output × 16·WN input channels of g, all nine taps, and walks over the samples lane, lane + lanes, …
 * in strips of rows. A warp owns 16 × 16 channels and, of the taps, all nine (WT 1) or a third (WT 3). One sample's share of
 * g stays in registers over all its positions; at the sample's end one multiply-add an element squares it into the norm and
 * one addition takes it to the batch's gradient, which stays in registers too.
 * The strip: row r of the input meets rows r − 1, r, r + 1 of δ, for ky = 2, 1, 0. Going down a column of DEPTH pixels the three δ
 * operands slide, so that four operands are loaded for nine products. Strips are copied to shared memory one ahead.
 */
#pragma once

#include "matrix.cuh"

struct Conv2d {
    int batch, height, width, inputs, outputs; /* inputs and outputs: channels */
};

/* The most shared memory for strips: a block's, less the 128 numbers of Lane::learn. */
constexpr size_t MAX_STRIPS = MAX_SHARED - 512;

enum Mode { GRADIENT, NORMS, EACH };

/*
 * A warp's 16 × 16 channels: clear(), squares(), add(), store(), accumulate() of a strip, and a Lane that knows a lane's places.
 * MatrixTile works on the matrix units; COLUMNS: the kx it owns, all three or the one called part.
 */
template <class P, int COLUMNS>
struct MatrixTile {
    using Input = typename P::Input;
    using Delta = Operand<P, wmma::matrix_a, wmma::col_major>;
    using Values = Operand<P, wmma::matrix_b, wmma::row_major>;

    Sum<P> sum[3][COLUMNS]; /* [ky][kx] */

    __device__ __forceinline__ void clear() {
#pragma unroll
        for (int ky = 0; ky < 3; ky++)
#pragma unroll
            for (int kx = 0; kx < COLUMNS; kx++) wmma::fill_fragment(sum[ky][kx], 0.0f);
    }

    __device__ __forceinline__ float squares() const {
        float total = 0;
#pragma unroll
        for (int ky = 0; ky < 3; ky++)
#pragma unroll
            for (int kx = 0; kx < COLUMNS; kx++)
#pragma unroll
                for (int i = 0; i < sum[0][0].num_elements; i++) total = fmaf(sum[ky][kx].x[i], sum[ky][kx].x[i], total);
        return total;
    }

    __device__ __forceinline__ void add(const MatrixTile& other) {
#pragma unroll
        for (int ky = 0; ky < 3; ky++)
#pragma unroll
            for (int kx = 0; kx < COLUMNS; kx++)
#pragma unroll
                for (int i = 0; i < sum[0][0].num_elements; i++) sum[ky][kx].x[i] += other.sum[ky][kx].x[i];
    }

    /* to: the tile's first element of tap 0; tap: elements from one tap to the next. */
    __device__ __forceinline__ void store(float* to, size_t tap, int row, int part) const {
#pragma unroll
        for (int ky = 0; ky < 3; ky++)
#pragma unroll
            for (int kx = 0; kx < COLUMNS; kx++) {
                int column = COLUMNS == 3 ? kx : part;
                wmma::store_matrix_sync(to + static_cast<size_t>(ky * 3 + column) * tap, sum[ky][kx], static_cast<unsigned>(row),
                                        wmma::mem_row_major);
            }
    }

    template <int XS, int DS>
    struct Lane {
        Places<P, wmma::matrix_a, DS> delta;
        Places<P, wmma::matrix_b, XS> values;

        /* numbers: 128 floats of shared memory that nobody else uses; the whole block calls. */
        __device__ __forceinline__ void learn(float* numbers) {
            if constexpr (sizeof(Input) == 4) {
                for (int i = threadIdx.x; i < 128; i += blockDim.x) numbers[i] = static_cast<float>(i);
                __syncthreads();
                delta.learn(numbers);
                values.learn(numbers);
            }
        }
    };

    /* x: rows rows of columns + 2 pixels of XS elements, from column −1; delta: rows + 2 rows of columns pixels of DS. */
    template <int XS, int DS>
    __device__ __forceinline__ void accumulate(const Lane<XS, DS>& places, const Input* x, const Input* delta, int rows, int columns, int part) {
        const int x_row = (columns + 2) * XS, delta_row = columns * DS;
        if (COLUMNS == 1) x += part * XS;
#pragma unroll 1
        for (int column = 0; column < columns; column += P::DEPTH) {
            const Input* values = x + column * XS;
            const Input* next = delta + column * DS;
            Delta above, here, below;
            above.load(next, places.delta);
            here.load(next + delta_row, places.delta);
            next += 2 * delta_row;
#pragma unroll(P::UNROLL)
            for (int row = 0; row < rows; row++, values += x_row, next += delta_row) {
                below.load(next, places.delta);
#pragma unroll
                for (int kx = 0; kx < COLUMNS; kx++) {
                    Values pixels;
                    pixels.load(values + kx * XS, places.values);
                    multiply<P>(sum[0][kx], below, pixels);
                    multiply<P>(sum[1][kx], here, pixels);
                    multiply<P>(sum[2][kx], above, pixels);
                }
                above = here;
                here = below;
            }
        }
    }
};

/* The same on the ordinary units: a lane owns 2 output × 4 input channels; ROWS: the ky it owns, all three or part. */
template <int ROWS>
struct ScalarTile {
    float sum[ROWS][3][2][4]; /* [ky][kx][output][input] */

    __device__ __forceinline__ void clear() {
#pragma unroll
        for (int ky = 0; ky < ROWS; ky++)
#pragma unroll
            for (int i = 0; i < 24; i++) sum[ky][i / 8][i / 4 % 2][i % 4] = 0;
    }

    __device__ __forceinline__ float squares() const {
        float total = 0;
#pragma unroll
        for (int ky = 0; ky < ROWS; ky++)
#pragma unroll
            for (int i = 0; i < 24; i++) {
                float value = sum[ky][i / 8][i / 4 % 2][i % 4];
                total = fmaf(value, value, total);
            }
        return total;
    }

    __device__ __forceinline__ void add(const ScalarTile& other) {
#pragma unroll
        for (int ky = 0; ky < ROWS; ky++)
#pragma unroll
            for (int i = 0; i < 24; i++) sum[ky][i / 8][i / 4 % 2][i % 4] += other.sum[ky][i / 8][i / 4 % 2][i % 4];
    }

    __device__ __forceinline__ void store(float* to, size_t tap, int row, int part) const {
        const int lane = threadIdx.x % 32;
        to += lane / 4 * 2 * row + lane % 4 * 4;
#pragma unroll
        for (int ky = 0; ky < ROWS; ky++)
#pragma unroll
            for (int kx = 0; kx < 3; kx++)
#pragma unroll
                for (int o = 0; o < 2; o++) {
                    const float* s = sum[ky][kx][o];
                    size_t at = static_cast<size_t>((ROWS == 3 ? ky : part) * 3 + kx) * tap + static_cast<size_t>(o * row);
                    *reinterpret_cast<float4*>(to + at) = make_float4(s[0], s[1], s[2], s[3]);
                }
    }

    template <int XS, int DS>
    struct Lane {
        __device__ __forceinline__ void learn(float*) {}
    };

    template <int XS, int DS>
    __device__ __forceinline__ void accumulate(const Lane<XS, DS>&, const float* x, const float* delta, int rows, int columns, int part) {
        const int lane = threadIdx.x % 32;
        const int x_row = (columns + 2) * XS, delta_row = columns * DS;
        x += lane % 4 * 4;
        delta += lane / 4 * 2 + (ROWS == 3 ? 0 : (2 - part) * delta_row);
#pragma unroll 1
        for (int row = 0; row < rows; row++, x += x_row, delta += delta_row) {
            float4 pixel[3]; /* columns − 1, 0, + 1 */
            pixel[0] = *reinterpret_cast<const float4*>(x);
            pixel[1] = *reinterpret_cast<const float4*>(x + XS);
            const float* values = x + 2 * XS;
            const float* next = delta;
#pragma unroll 3
            for (int column = 0; column < columns; column++, values += XS, next += DS) {
                pixel[2] = *reinterpret_cast<const float4*>(values);
#pragma unroll
                for (int ky = 0; ky < ROWS; ky++) {
                    const float2 d = *reinterpret_cast<const float2*>(next + (ROWS == 3 ? 2 - ky : 0) * delta_row);
#pragma unroll
                    for (int kx = 0; kx < 3; kx++) {
                        const float v[4] = {pixel[kx].x, pixel[kx].y, pixel[kx].z, pixel[kx].w};
#pragma unroll
                        for (int c = 0; c < 4; c++) {
                            sum[ky][kx][0][c] = fmaf(d.x, v[c], sum[ky][kx][0][c]);
                            sum[ky][kx][1][c] = fmaf(d.y, v[c], sum[ky][kx][1][c]);
                        }
                    }
                }
                pixel[0] = pixel[1];
                pixel[1] = pixel[2];
            }
        }
    }
};

template <class P, int WT>
struct TileOf {
    using Type = MatrixTile<P, 3 / WT>;
};
template <int WT>
struct TileOf<Fp32, WT> {
    using Type = ScalarTile<3 / WT>;
};

/*
 * Starts the copy of rows × pixels pixels of CHANNELS channels to shared memory, STRIDE elements a pixel, from (row, column) of
 * the image on; what lies outside the image becomes zero. A warp copies whole rows.
 */
template <int CHANNELS, int STRIDE, int WARPS, class T>
__device__ __forceinline__ void copy_rows(T* to, int rows, int pixels, const T* image, int channels, int first_row,
                                          int first_column, int height, int width) {
    constexpr int PIECE = 16 / static_cast<int>(sizeof(T)), PIECES = CHANNELS / PIECE;
    const int warp = threadIdx.x / 32, lane = threadIdx.x % 32;
    for (int row = warp; row < rows; row += WARPS) {
        const int y = first_row + row;
        const bool row_inside = y >= 0 && y < height;
        T* row_to = to + row * pixels * STRIDE;
        for (int i = lane; i < pixels * PIECES; i += 32) {
            const int pixel = i / PIECES, piece = i % PIECES * PIECE;
            const int column = first_column + pixel;
            const bool inside = row_inside && column >= 0 && column < width;
            const T* from = inside ? image + (y * width + column) * channels + piece : image;
            __pipeline_memcpy_async(row_to + pixel * STRIDE + piece, from, 16, inside ? 0 : 16);
        }
    }
}

template <class P, int WM, int WN>
__host__ __device__ constexpr int strip_elements(int rows, int columns) {
    return rows * (columns + 2) * (16 * WN + P::PAD) + (rows + 2) * columns * (16 * WM + P::PAD);
}

template <class P, int WM, int WN, int WT, int MODE, int BLOCKS>
__global__ void __launch_bounds__(32 * WM * WN * WT, BLOCKS)
    conv2d_backward_weights(Conv2d shape, const typename P::Input* __restrict__ x, const typename P::Input* __restrict__ delta,
                            float* __restrict__ gradients, float* __restrict__ norms, int strip_rows, int lanes) {
    using Input = typename P::Input;
    using Tile = typename TileOf<P, WT>::Type;
    constexpr int WARPS = WM * WN * WT, XS = 16 * WN + P::PAD, DS = 16 * WM + P::PAD;
    DYNAMIC_SHARED(memory);

    const int columns = round_up(shape.width, P::DEPTH);
    const int strip = strip_elements<P, WM, WN>(strip_rows, columns);
    const int strip_x = strip_rows * (columns + 2) * XS;
    Input* const strips = reinterpret_cast<Input*>(memory);

    const int warp = threadIdx.x / 32, part = warp % WT, m = warp / WT % WM, n = warp / WT / WM;
    const int tiles_m = shape.outputs / (16 * WM), tiles = tiles_m * (shape.inputs / (16 * WN));
    const int tile = blockIdx.x % tiles, lane = blockIdx.x / tiles;
    const int output = tile % tiles_m * 16 * WM, input = tile / tiles_m * 16 * WN;
    const size_t x_sample = static_cast<size_t>(shape.height) * shape.width * shape.inputs;
    const size_t delta_sample = static_cast<size_t>(shape.height) * shape.width * shape.outputs;
    const size_t tap = static_cast<size_t>(shape.inputs) * shape.outputs;
    const size_t first = static_cast<size_t>(output + 16 * m) * shape.inputs + input + 16 * n;

    int copied_sample = lane, copied_row = 0;
    auto copy_next = [&](int buffer) {
        if (copied_sample < shape.batch) {
            Input* to = strips + buffer * strip;
            copy_rows<16 * WN, XS, WARPS>(to, strip_rows, columns + 2, x + copied_sample * x_sample + input, shape.inputs, copied_row,
                                          -1, shape.height, shape.width);
            copy_rows<16 * WM, DS, WARPS>(to + strip_x, strip_rows + 2, columns, delta + copied_sample * delta_sample + output,
                                          shape.outputs, copied_row - 1, 0, shape.height, shape.width);
            copied_row += strip_rows;
            if (copied_row >= shape.height) {
                copied_row = 0;
                copied_sample += lanes;
            }
        }
        __pipeline_commit();
    };

    Tile sum;
    Tile total; /* unused, and no registers, where MODE is not NORMS */
    sum.clear();
    if constexpr (MODE == NORMS) total.clear();
    SHARED(float, numbers, 128);
    typename Tile::template Lane<XS, DS> places;
    places.learn(numbers);
    int buffer = 0;
    copy_next(0);
    for (int sample = lane; sample < shape.batch; sample += lanes) {
        for (int row = 0; row < shape.height; row += strip_rows) {
            __pipeline_wait_prior(0);
            __syncthreads(); /* the strip is there for all, and nobody reads the other one any more */
            copy_next(buffer ^ 1);
            const Input* from = strips + buffer * strip;
            const int rows = min(strip_rows, shape.height - row);
            sum.template accumulate<XS, DS>(places, from + 16 * n, from + strip_x + 16 * m, rows, columns, part);
            buffer ^= 1;
        }
        if constexpr (MODE == NORMS) {
            const float norm = warp_sum(sum.squares());
            if (threadIdx.x % 32 == 0) norms[static_cast<size_t>(sample) * (tiles * WARPS) + tile * WARPS + warp] = norm;
            total.add(sum);
            sum.clear();
        }
        if constexpr (MODE == EACH) {
            sum.store(gradients + static_cast<size_t>(sample) * 9 * tap + first, tap, shape.inputs, part);
            sum.clear();
        }
    }
    if constexpr (MODE == NORMS) total.store(gradients + static_cast<size_t>(lane) * 9 * tap + first, tap, shape.inputs, part);
    if constexpr (MODE == GRADIENT) sum.store(gradients + static_cast<size_t>(lane) * 9 * tap + first, tap, shape.inputs, part);
}
