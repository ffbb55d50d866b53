/*
 * Element-wise functions over [B][T][P]: output = f(input) "="; input_gradient = or += output_gradient * f', with f' from the
 * output, for gelu from the input. relu, gelu and tanh are 0 at 0 and so keep lanes C..P-1 zero; sigmoid's lanes are cleared.
 * A NaN stays a NaN, through relu's gradient too. output may be input. 8 bytes an element forward, 12 backward (16 with +=).
 */
#include "functions.h"
#include "operations.h"
#include "positions.h"

namespace gradsieve::GS_ISA {

template <int KIND>
static void forward(int64_t count, const float* x, float* y) {
    int64_t i = 0;
    for (; i + LANES <= count; i += LANES) store(y + i, activate<KIND>(load(x + i)));
    if (i < count) store_partial(y + i, count - i, activate<KIND>(load_partial(x + i, count - i)));
}

void activation_forward(const Extent& extent, int activation, const float* input, float* output) {
    const int64_t rows = extent.batch * extent.positions, pitch = extent.pitch, channels = extent.channels;
    switch (activation) {
        case GS_RELU: return forward<GS_RELU>(rows * pitch, input, output);
        case GS_GELU: return forward<GS_GELU>(rows * pitch, input, output);
        case GS_TANH: return forward<GS_TANH>(rows * pitch, input, output);
        case GS_SIGMOID: break;
        default: return forward<GS_IDENTITY>(rows * pitch, input, output);
    }
    if (channels == pitch) return forward<GS_SIGMOID>(rows * pitch, input, output);
    for (int64_t t = 0; t < rows; t++) {
        forward<GS_SIGMOID>(channels, input + t * pitch, output + t * pitch);
        for (int64_t c = channels; c < pitch; c++) output[t * pitch + c] = 0;
    }
}

template <int KIND, bool ADD>
static void backward(int64_t count, const float* from, const float* g, float* dx) {
    for (int64_t i = 0; i < count; i += LANES) {
        const int64_t n = count - i;
        const Vector value = load_some(from + i, n), gradient = load_some(g + i, n);
        const Vector own = KIND == GS_RELU ? through_relu(value, gradient) : gradient * slope<KIND>(value);
        store_some(dx + i, n, ADD ? load_some(dx + i, n) + own : own);
    }
}

template <bool ADD>
static void backward_of(int activation, int64_t count, const float* input, const float* output, const float* g, float* dx) {
    switch (activation) {
        case GS_RELU: return backward<GS_RELU, ADD>(count, output, g, dx);
        case GS_GELU: return backward<GS_GELU, ADD>(count, input, g, dx);
        case GS_TANH: return backward<GS_TANH, ADD>(count, output, g, dx);
        case GS_SIGMOID: return backward<GS_SIGMOID, ADD>(count, output, g, dx);
        default: return backward<GS_IDENTITY, ADD>(count, g, g, dx);
    }
}

void activation_backward(const Extent& extent, int activation, const float* input, const float* output,
                         const float* output_gradient, int gradient, float* input_gradient) {
    const int64_t count = extent.batch * extent.positions * extent.pitch;
    if (gradient == GS_GRADIENT_ADD) {
        backward_of<true>(activation, count, input, output, output_gradient, input_gradient);
    } else if (gradient == GS_GRADIENT_STORE) {
        backward_of<false>(activation, count, input, output, output_gradient, input_gradient);
    }
}

}  // namespace gradsieve::GS_ISA
