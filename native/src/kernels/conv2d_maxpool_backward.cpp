/*
 * conv2d_maxpool_backward: both gradients of convolution + activation (identity or relu) + max-pooling, from the pooled
 * output, the choices and the pooled gradient. Sparse (conv2d_sparse.h) where is_sparse; else dense, where the input gradient,
 * which no built-in network asks of its first layer, is the plain pass over the spread gradient of one sample.
 */
#include "conv2d_sparse.h"
#include "conv2d_winograd.h"

namespace gradsieve {
namespace GS_ISA {

int64_t conv2d_dense_transposed(const gs_conv2d& shape);
void conv2d_dense_transpose(const gs_conv2d& shape, int64_t part, int64_t parts, const float* weights, float* transposed);

int64_t conv2d_maxpool_backward_scratch(const gs_conv2d& s, int64_t pool) {
    if (pool <= 1) return 0;
    if (is_sparse(s, pool)) return larger(conv2d_sparse_weights_scratch(s), conv2d_sparse_input_scratch(s, pool));
    return larger(conv2d_narrow_weights_scratch(s, pool),
                  round_up(output_height(s) * output_width(s) * s.out_pitch, BLOCK) + conv2d_backward_input_scratch(s));
}

int conv2d_algorithm(const gs_conv2d& s, int64_t pool, int pass) {
    if (pass != GS_PASS_FORWARD && is_sparse(s, pool)) return GS_SPARSE;
    const bool pays = pass == GS_PASS_FORWARD          ? winograd_forward_pays(s, pool)
                      : pass == GS_PASS_BACKWARD_INPUT ? winograd_backward_input_pays(s)
                                                       : pool == 1 && winograd_backward_weights_pays(s);
    return pays ? GS_WINOGRAD : GS_DIRECT;
}

int64_t conv2d_scratch(const gs_conv2d& s, int64_t pool) {
    const int64_t passes[] = {conv2d_forward_scratch(s, pool), conv2d_backward_input_scratch(s),
                              conv2d_backward_weights_scratch(s), conv2d_maxpool_backward_scratch(s, pool)};
    int64_t most = 0;
    for (int64_t floats : passes) most = larger(most, floats);
    return most;
}

int64_t conv2d_transposed(const gs_conv2d& s, int64_t pool) {
    return is_sparse(s, pool) ? conv2d_sparse_transposed(s) : conv2d_dense_transposed(s);
}

void conv2d_transpose(const gs_conv2d& s, int64_t pool, int64_t part, int64_t parts, const float* weights, float* transposed) {
    if (is_sparse(s, pool))
        conv2d_sparse_transpose(s, part, parts, weights, transposed);
    else
        conv2d_dense_transpose(s, part, parts, weights, transposed);
}

/* δ of one sample before pooling and activation, [H'][W'][P']: zero but where a window chose. */
static void spread(const gs_conv2d& s, int64_t pool, const PooledSample& p, float* spread_gradient) {
    const int64_t height = output_height(s), width = output_width(s);
    zero_floats(spread_gradient, height * width * s.out_pitch);
    for (int64_t y = 0; y < height / pool; y++)
        for (int64_t x = 0; x < width / pool; x++) {
            const int64_t at = (y * (width / pool) + x) * s.out_pitch;
            float* window = spread_gradient + (y * pool * width + x * pool) * s.out_pitch;
            for (int64_t c = 0; c < s.out_channels; c += LANES) {
                const Vector d = alive(p, at + c) ? load(p.output_gradient + at + c) : Vector{};
                const IntVector place = load_bytes(p.choice + at + c);
                for (int64_t k = 0; k < pool * pool; k++)
                    store(window + (k / pool * width + k % pool) * s.out_pitch + c,
                          place == broadcast_int(static_cast<int32_t>(k)) ? d : Vector{});
            }
        }
}

void conv2d_maxpool_backward(const gs_conv2d& s, int64_t pool, int64_t batch, const float* input, const float* output,
                             const uint8_t* choice, const float* output_gradient, const float* transposed, int activation,
                             int gradient, float* input_gradient, float* weights_gradient, float* bias_gradient,
                             float* norm2, float* scratch) {
    const PooledSample first = {output, choice, output_gradient, activation};
    if (weights_gradient != nullptr) {
        if (is_sparse(s, pool))
            conv2d_sparse_backward_weights(s, pool, batch, input, first, weights_gradient, bias_gradient, norm2, scratch);
        else
            conv2d_narrow_backward_weights(s, pool, batch, input, first, weights_gradient, bias_gradient, norm2, scratch);
    }
    if (input_gradient == nullptr || gradient == GS_GRADIENT_NONE) return;
    if (is_sparse(s, pool)) {
        conv2d_sparse_backward_input(s, pool, batch, first, transposed, gradient, input_gradient, scratch);
        return;
    }
    float* rest = scratch + round_up(output_height(s) * output_width(s) * s.out_pitch, BLOCK);
    for (int64_t i = 0; i < batch; i++) {
        spread(s, pool, sample_of(s, pool, first, i), scratch);
        conv2d_backward_input(s, 1, scratch, transposed, gradient, input_gradient + i * s.height * s.width * s.pitch, rest);
    }
}

}  // namespace GS_ISA
}  // namespace gradsieve
