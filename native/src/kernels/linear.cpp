/*
 * What a linear layer does beside its products by OpenBLAS.
 *   linear_epilogue output [B][P] = activation(output + bias), lanes C..P-1 "=" 0; bias [C] or NULL. 8 bytes an element
 *   linear_norm     norm2[i] += (|input_i|^2 + with_bias) * |output_gradient_i|^2, the squared norm of the outer product
 *                   that is the sample's weight gradient. 4 bytes an element of both rows
 *   column_sums     sums[c] += sum over rows, from <= c < to: the bias gradient. 4 bytes an element
 */
#include "functions.h"
#include "operations.h"
#include "positions.h"

namespace gradsieve::GS_ISA {

template <int KIND>
static void epilogue(int64_t batch, int64_t channels, int64_t pitch, const float* bias, float* output) {
    for (int64_t i = 0; i < batch; i++) {
        float* row = output + i * pitch;
        int64_t c = 0;
        for (; c + LANES <= channels; c += LANES) {
            const Vector x = load(row + c);
            store(row + c, activate<KIND>(bias ? x + load(bias + c) : x));
        }
        if (c < channels) {
            const int64_t n = channels - c;
            const Vector x = load_partial(row + c, n);
            store_partial(row + c, n, activate<KIND>(bias ? x + load_partial(bias + c, n) : x));
        }
        for (c = channels; c < pitch; c++) row[c] = 0;
    }
}

void linear_epilogue(int64_t batch, int64_t channels, int64_t pitch, const float* bias, int activation, float* output) {
    switch (activation) {
        case GS_RELU: return epilogue<GS_RELU>(batch, channels, pitch, bias, output);
        case GS_GELU: return epilogue<GS_GELU>(batch, channels, pitch, bias, output);
        case GS_TANH: return epilogue<GS_TANH>(batch, channels, pitch, bias, output);
        case GS_SIGMOID: return epilogue<GS_SIGMOID>(batch, channels, pitch, bias, output);
        default: return epilogue<GS_IDENTITY>(batch, channels, pitch, bias, output);
    }
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
