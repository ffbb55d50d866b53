/*
 * Layer norm over PyTorch's last axis, x [B][H][W][P], two forms:
 *   spatial 0: all features of a sample, [T][P] with C of P lanes in use, one mean; gamma, beta [T][P]; saved [B][2][1]
 *   spatial 1: over W, apart for every row h and channel; gamma, beta [W]; saved [B][2][H*P]
 * forward  y = (x - mean) * inv * gamma_j + beta_j "=", saved "=": mean, 1/sqrt(variance + eps). 8 bytes an element
 * backward gradients of gamma and beta "+=" sum g * x_hat and sum g over what shares the parameter; norm2 += the squares of
 *          the sample's own sums; dx by its mode = inv * (gamma g - mean(gamma g) - x_hat mean(gamma g x_hat)). 12 bytes
 */
#include "layernorm.h"

#include "operations.h"

namespace gradsieve::GS_ISA {

void layernorm_forward(const Extent& extent, int64_t width, int spatial, float eps, const float* input, const float* gamma,
                       const float* beta, float* output, float* saved) {
    const int64_t size = extent.positions * extent.pitch;
    const int64_t rows = spatial ? extent.positions / width * extent.pitch : 1;
    for (int64_t i = 0; i < extent.batch; i++) {
        const LayerNormSample sample = {extent.positions, width, extent.channels, extent.pitch, input + i * size, gamma,
                                        saved + i * 2 * rows, saved + (i * 2 + 1) * rows};
        if (spatial) {
            spatial_forward(sample, eps, beta, output + i * size);
        } else {
            features_forward(sample, eps, beta, output + i * size);
        }
    }
}

void layernorm_backward(const Extent& extent, int64_t width, int spatial, const float* input, const float* gamma,
                        const float* saved, const float* output_gradient, int gradient, float* input_gradient,
                        float* gamma_gradient, float* beta_gradient, float* norm2) {
    const int64_t size = extent.positions * extent.pitch;
    const int64_t rows = spatial ? extent.positions / width * extent.pitch : 1;
    for (int64_t i = 0; i < extent.batch; i++) {
        const LayerNormSample sample = {extent.positions, width, extent.channels, extent.pitch, input + i * size, gamma,
                                        const_cast<float*>(saved) + i * 2 * rows,
                                        const_cast<float*>(saved) + (i * 2 + 1) * rows};
        const LayerNormGradient out = {output_gradient + i * size, gradient, input_gradient + i * size, gamma_gradient,
                                       beta_gradient};
        const double squares = spatial ? spatial_backward(sample, out) : features_backward(sample, out);
        if (norm2) norm2[i] += (float)squares;
    }
}

}  // namespace gradsieve::GS_ISA
