/*
 * A warp's share of a 3x3 weight gradient, 16 outputs x 16 inputs of all nine taps or a third of them, in registers: clear(),
 * squares(), add(), store(), and accumulate() over a strip of rows in shared memory. PlainTile multiplies on the ordinary units,
 * MatrixTile on the matrix units; where a card has none for tf32, PlainTile serves both.
 */
#ifndef GRADSIEVE_CUDA_CONV2D_BACKWARD_WEIGHTS_3X3_H
#define GRADSIEVE_CUDA_CONV2D_BACKWARD_WEIGHTS_3X3_H

#include "conv2d.h"
#include "matrix.h"

namespace gradsieve {

/* A lane owns 2 outputs x 4 inputs; ROWS: the ky it owns, all three or the one called part. */
template <int ROWS>
struct PlainTile {
    float sum[ROWS][3][2][4]; /* [ky][kx][output][input] */

    struct Lane {
        __device__ __forceinline__ void learn(float*, int, int) {}
    };

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
                const float value = sum[ky][i / 8][i / 4 % 2][i % 4];
                total = fmaf(value, value, total);
            }
        return total;
    }

    __device__ __forceinline__ void add(const PlainTile& other) {
#pragma unroll
        for (int ky = 0; ky < ROWS; ky++)
#pragma unroll
            for (int i = 0; i < 24; i++) sum[ky][i / 8][i / 4 % 2][i % 4] += other.sum[ky][i / 8][i / 4 % 2][i % 4];
    }

    /* to: the weights [P_out][9][P_in]; output, input: the tile's first. */
    __device__ __forceinline__ void store(float* to, const Conv2d& s, int output, int input, int part) const {
        const int lane = static_cast<int>(threadIdx.x % 32), c = input + lane % 4 * 4;
#pragma unroll
        for (int ky = 0; ky < ROWS; ky++)
#pragma unroll
            for (int kx = 0; kx < 3; kx++)
#pragma unroll
                for (int k = 0; k < 2; k++) {
                    const float* const v = sum[ky][kx][k];
                    const int o = output + lane / 4 * 2 + k, tap = (ROWS == 3 ? ky : part) * 3 + kx;
                    if (o < s.out_pitch && c < s.pitch)
                        store4(to + (static_cast<size_t>(o) * 9 + static_cast<size_t>(tap)) * static_cast<size_t>(s.pitch) + c,
                               make_float4(v[0], v[1], v[2], v[3]));
                }
    }

    /* input: `rows` rows of columns + 2 pixels of IS floats, from column -1 on; gradient: rows + 2 of columns pixels of GS. */
    template <int IS, int GS>
    __device__ __forceinline__ void accumulate(const Lane&, const float* input, const float* gradient, int rows, int columns,
                                               int part) {
        const int lane = static_cast<int>(threadIdx.x % 32), input_row = (columns + 2) * IS, gradient_row = columns * GS;
        input += lane % 4 * 4;
        gradient += lane / 4 * 2 + (ROWS == 3 ? 0 : (2 - part) * gradient_row);
#pragma unroll 1
        for (int row = 0; row < rows; row++, input += input_row, gradient += gradient_row) {
            float4 pixels[3] = {load4(input), load4(input + IS), {}}; /* columns - 1, 0, + 1 */
            const float *values = input + 2 * IS, *next = gradient;
#pragma unroll 3
            for (int column = 0; column < columns; column++, values += IS, next += GS) {
                pixels[2] = load4(values);
#pragma unroll
                for (int ky = 0; ky < ROWS; ky++) {
                    const float2 d = *reinterpret_cast<const float2*>(next + (ROWS == 3 ? 2 - ky : 0) * gradient_row);
#pragma unroll
                    for (int kx = 0; kx < 3; kx++) {
                        const float v[4] = {pixels[kx].x, pixels[kx].y, pixels[kx].z, pixels[kx].w};
#pragma unroll
                        for (int c = 0; c < 4; c++) {
                            sum[ky][kx][0][c] = fmaf(d.x, v[c], sum[ky][kx][0][c]);
                            sum[ky][kx][1][c] = fmaf(d.y, v[c], sum[ky][kx][1][c]);
                        }
                    }
                }
                pixels[0] = pixels[1];
                pixels[1] = pixels[2];
            }
        }
    }
};

#if GS_TF32
/* COLUMNS: the kx it owns, all three or the one called part. Going down a column of DEPTH pixels the three rows of gradients slide,
 * so that four operands are loaded for nine products. Weights are whole tiles: pitches are multiples of 16. */
template <class Units, int COLUMNS>
struct MatrixTile {
    using Element = typename Units::Element;
    using Gradients = typename Units::template Operand<wmma::matrix_a, wmma::col_major>;
    using Pixels = typename Units::template Operand<wmma::matrix_b, wmma::row_major>;

    typename Units::Sum sum[3][COLUMNS]; /* [ky][kx] */

    struct Lane {
        typename Gradients::Places gradients;
        typename Pixels::Places pixels;

        __device__ __forceinline__ void learn(float* numbers, int input_stride, int gradient_stride) {
            count_up(numbers);
            gradients.learn(numbers, gradient_stride);
            pixels.learn(numbers, input_stride);
        }
    };

    __device__ __forceinline__ void clear() {
#pragma unroll
        for (int i = 0; i < 3 * COLUMNS; i++) wmma::fill_fragment(sum[i / COLUMNS][i % COLUMNS], 0.0f);
    }

    __device__ __forceinline__ float squares() const {
        float total = 0;
#pragma unroll
        for (int i = 0; i < 3 * COLUMNS; i++)
#pragma unroll
            for (int k = 0; k < sum[0][0].num_elements; k++) {
                const float value = sum[i / COLUMNS][i % COLUMNS].x[k];
                total = fmaf(value, value, total);
            }
        return total;
    }

    __device__ __forceinline__ void add(const MatrixTile& other) {
#pragma unroll
        for (int i = 0; i < 3 * COLUMNS; i++)
#pragma unroll
            for (int k = 0; k < sum[0][0].num_elements; k++)
                sum[i / COLUMNS][i % COLUMNS].x[k] += other.sum[i / COLUMNS][i % COLUMNS].x[k];
    }

    __device__ __forceinline__ void store(float* to, const Conv2d& s, int output, int input, int part) const {
        if (output >= s.out_pitch || input >= s.pitch) return;
        float* const first = to + static_cast<size_t>(output) * 9 * static_cast<size_t>(s.pitch) + input;
#pragma unroll
        for (int ky = 0; ky < 3; ky++)
#pragma unroll
            for (int kx = 0; kx < COLUMNS; kx++) {
                const int tap = ky * 3 + (COLUMNS == 3 ? kx : part);
                wmma::store_matrix_sync(first + tap * s.pitch, sum[ky][kx], static_cast<unsigned>(9 * s.pitch),
                                        wmma::mem_row_major);
            }
    }

    template <int IS, int GS>
    __device__ __forceinline__ void accumulate(const Lane& places, const Element* input, const Element* gradient, int rows,
                                               int columns, int part) {
        const int input_row = (columns + 2) * IS, gradient_row = columns * GS;
        if (COLUMNS == 1) input += part * IS;
#pragma unroll 1
        for (int column = 0; column < columns; column += Units::DEPTH) {
            const Element *values = input + column * IS, *next = gradient + column * GS;
            Gradients above, here, below;
            above.load(next, places.gradients);
            here.load(next + gradient_row, places.gradients);
            next += 2 * gradient_row;
#pragma unroll(Units::ROWS)
            for (int row = 0; row < rows; row++, values += input_row, next += gradient_row) {
                below.load(next, places.gradients);
#pragma unroll
                for (int kx = 0; kx < COLUMNS; kx++) {
                    Pixels pixels;
                    pixels.load(values + kx * IS, places.pixels);
                    Units::multiply(sum[0][kx], below, pixels);
                    Units::multiply(sum[1][kx], here, pixels);
                    Units::multiply(sum[2][kx], above, pixels);
                }
                above = here;
                here = below;
            }
        }
    }
};
#endif

/* Element: of the operands. DEPTH: pixels of a row that it takes at a time. PAD: elements between pixels, so that an operand's rows
 * lie in different banks. */
template <int THIRDS>
struct Plain {
    using Element = float;
    static constexpr int DEPTH = 1, PAD = 0;
    using Tile = PlainTile<3 / THIRDS>;
};
template <class Units, int THIRDS>
struct Matrix {
    using Element = typename Units::Element;
    static constexpr int DEPTH = Units::DEPTH, PAD = 8;
#if GS_TF32
    using Tile = MatrixTile<Units, 3 / THIRDS>;
#else
    using Tile = PlainTile<3 / THIRDS>;
#endif
};

}  // namespace gradsieve
#endif
