/* Norms of a linear layer, for the single call and the step: of rows, without the samples' weight gradients. */
#ifndef GRADSIEVE_LINEAR_NORMS_H
#define GRADSIEVE_LINEAR_NORMS_H

#include "kernels.h"

namespace gradsieve {

/* norm2[i] += (input_norms[i] + with_bias) * |output_gradient_i|^2, the squared norm of the outer product that is sample i's
 * gradient. input_norms: row_norms of the layer's input. */
inline void add_linear_norms(const LinearShape& shape, int64_t batch, const float* input_norms, const float* output_gradient,
                             bool with_bias, float* norm2) {
    const double bias = with_bias ? 1 : 0;
    for (int64_t i = 0; i < batch; i++)
        norm2[i] += static_cast<float>((input_norms[i] + bias) *
                                       kernels().squared_norm(shape.outputs, output_gradient + i * shape.pitch));
}

}  // namespace gradsieve
#endif
