/*
 * The kernel of conv2d_backward_weights for 3x3, stride 1, padding 1. Input and output gradient are read once for every block tile
 * (the rows of the gradient at a strip's edges twice), all nine taps come from the same copy. A block owns 16 WM outputs x 16 WN
 * inputs of all taps and goes through its samples in strips of rows, which are copied to shared memory one ahead; a warp owns
 * 16 x 16 channels and all taps (WT 1) or a third (WT 3). Row r of the input meets rows r - 1, r, r + 1 of the gradient, for
 * ky = 2, 1, 0.
 */
#ifndef GRADSIEVE_CUDA_CONV2D_STRIPS_H
#define GRADSIEVE_CUDA_CONV2D_STRIPS_H

#include "conv2d_backward_weights_3x3.h"

namespace gradsieve {

/*
 * Starts the copy of rows x pixels pixels of CHANNELS channels to shared memory, STRIDE elements a pixel, from (row, column) of the
 * image and `channel` on; what lies outside becomes zero. A warp copies whole rows.
 */
template <int CHANNELS, int STRIDE, int WARPS, class Element>
__device__ __forceinline__ void copy_rows(Element* to, int rows, int pixels, const Element* image, int pitch, int channel,
                                          int first_row, int first_column, int height, int width) {
    constexpr int PIECE = 16 / static_cast<int>(sizeof(Element)), PIECES = CHANNELS / PIECE;
    const int warp = static_cast<int>(threadIdx.x / 32), lane = static_cast<int>(threadIdx.x % 32);
    for (int row = warp; row < rows; row += WARPS) {
        const int y = first_row + row;
        const bool row_inside = y >= 0 && y < height;
        Element* const row_to = to + row * pixels * STRIDE;
        for (int i = lane; i < pixels * PIECES; i += 32) {
            const int pixel = i / PIECES, piece = i % PIECES * PIECE, column = first_column + pixel;
            const bool inside = row_inside && column >= 0 && column < width && channel + piece < pitch;
            const Element* const from = inside ? image + (y * width + column) * pitch + channel + piece : image;
            __pipeline_memcpy_async(row_to + pixel * STRIDE + piece, from, 16, inside ? 0 : 16);
        }
    }
}

template <class P, int WM, int WN>
__host__ __device__ constexpr int input_strip(int rows, int columns) {
    return rows * (columns + 2) * (16 * WN + P::PAD);
}
template <class P, int WM, int WN>
__host__ __device__ constexpr int strip_elements(int rows, int columns) {
    return input_strip<P, WM, WN>(rows, columns) + (rows + 2) * columns * (16 * WM + P::PAD);
}

/* What is a block's and a warp's: a tile of the weights and a lane of the samples; a part of the tile's channels and of its taps. */
struct StripsPlace {
    int tiles, tile, lane;
    int warp, part, m, n;
    int first_output, first_input; /* of the block */
};

template <int WM, int WN, int WT>
__device__ __forceinline__ StripsPlace strips_place(const Conv2d& s) {
    const int warp = static_cast<int>(threadIdx.x / 32), block = static_cast<int>(blockIdx.x);
    const int tiles_m = ceil_div(s.out_pitch, 16 * WM), tiles = tiles_m * ceil_div(s.pitch, 16 * WN), tile = block % tiles;
    return {tiles, tile, block / tiles, warp, warp % WT, warp / WT % WM, warp / WT / WM, tile % tiles_m * 16 * WM,
            tile / tiles_m * 16 * WN};
}

/* A warp's share of the weights to `weights`, all of them [P_out][9][P_in]. */
template <class Tile>
__device__ __forceinline__ void store_share(const Tile& sum, float* weights, const Conv2d& s, const StripsPlace& place) {
    sum.store(weights, s, place.first_output + 16 * place.m, place.first_input + 16 * place.n, place.part);
}

/*
 * Goes through the samples lane, lane + lanes, ...; adds each one's share of the weight gradient to `sum` and calls done(sample).
 * memory: two strips.
 */
template <class P, int WM, int WN, int WT, class Done>
__device__ __forceinline__ void for_samples(const Conv2d& s, const StripsPlace& place, int strip_rows, int lanes,
                                            const typename P::Element* input, const typename P::Element* output_gradient,
                                            unsigned char* memory, typename P::Tile& sum, const Done& done) {
    using Element = typename P::Element;
    constexpr int WARPS = WM * WN * WT, IS = 16 * WN + P::PAD, GS = 16 * WM + P::PAD;
    Element* const strips = reinterpret_cast<Element*>(memory);
    const int columns = round_up(s.width, P::DEPTH), strip = strip_elements<P, WM, WN>(strip_rows, columns);
    const int gradient_strip = input_strip<P, WM, WN>(strip_rows, columns);
    const size_t pixels = static_cast<size_t>(s.height * s.width);
    const size_t input_sample = pixels * static_cast<size_t>(s.pitch), gradient_sample = pixels * static_cast<size_t>(s.out_pitch);

    int copied_sample = place.lane, copied_row = 0;
    const auto copy_next = [&](int buffer) {
        if (copied_sample < s.batch) {
            Element* const to = strips + buffer * strip;
            const size_t sample = static_cast<size_t>(copied_sample);
            copy_rows<16 * WN, IS, WARPS>(to, strip_rows, columns + 2, input + sample * input_sample, s.pitch, place.first_input,
                                          copied_row, -1, s.height, s.width);
            copy_rows<16 * WM, GS, WARPS>(to + gradient_strip, strip_rows + 2, columns, output_gradient + sample * gradient_sample,
                                          s.out_pitch, place.first_output, copied_row - 1, 0, s.height, s.width);
            copied_row += strip_rows;
            if (copied_row >= s.height) {
                copied_row = 0;
                copied_sample += lanes;
            }
        }
        __pipeline_commit();
    };

    typename P::Tile::Lane places;
    places.learn(reinterpret_cast<float*>(memory), IS, GS);
    __syncthreads(); /* before the first strip comes */
    int buffer = 0;
    copy_next(0);
    for (int sample = place.lane; sample < s.batch; sample += lanes) {
        for (int row = 0; row < s.height; row += strip_rows) {
            __pipeline_wait_prior(0);
            __syncthreads(); /* the strip is there for all, and nobody reads the other one any more */
            copy_next(buffer ^ 1);
            const Element* const from = strips + buffer * strip;
            const int rows = min(strip_rows, s.height - row);
            sum.template accumulate<IS, GS>(places, from + 16 * place.n, from + gradient_strip + 16 * place.m, rows, columns,
                                            place.part);
            buffer ^= 1;
        }
        done(sample);
    }
}

/* partials [lane][P_out][9][P_in] = the sum over the lane's samples; shares [B][tiles][warps] (NULL: none) = squares of each. */
template <class P, int WM, int WN, int WT, int BLOCKS>
__global__ void __launch_bounds__(32 * WM * WN * WT, BLOCKS)
    conv2d_backward_weights_3x3(Conv2d s, int strip_rows, int lanes, const typename P::Element* __restrict__ input,
                                const typename P::Element* __restrict__ output_gradient, float* __restrict__ partials,
                                float* __restrict__ shares) {
    constexpr int WARPS = WM * WN * WT;
    GS_DYNAMIC_SHARED(memory);
    const StripsPlace place = strips_place<WM, WN, WT>(s);
    typename P::Tile sum, total;
    sum.clear();
    total.clear();
    for_samples<P, WM, WN, WT>(s, place, strip_rows, lanes, input, output_gradient, memory, sum, [&](int sample) {
        const float squares = warp_sum(sum.squares());
        if (shares && threadIdx.x % 32 == 0)
            shares[(static_cast<size_t>(sample) * static_cast<size_t>(place.tiles) + static_cast<size_t>(place.tile)) * WARPS +
                   static_cast<size_t>(place.warp)] = squares;
        total.add(sum);
        sum.clear();
    });
    const size_t weights = static_cast<size_t>(s.out_pitch) * static_cast<size_t>(s.row());
    store_share(total, partials + static_cast<size_t>(place.lane) * weights, s, place);
}

}  // namespace gradsieve
#endif
