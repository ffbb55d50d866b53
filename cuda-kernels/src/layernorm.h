/* Layer norm's two forms, each in a file of its own: layernorm.cu over all features of a sample, layernorm_spatial.cu over W. */
#ifndef GRADSIEVE_CUDA_LAYERNORM_H
#define GRADSIEVE_CUDA_LAYERNORM_H

#include "quads.h"

namespace gradsieve {

struct LayerNorm {
    int64_t batch;
    int height, width, channels, pitch;
};

struct LayerNormGradients {
    const float *input, *gamma, *saved, *output_gradient;
    float *input_gradient, *partials, *norm2; /* input_gradient and norm2 NULL: none; partials [2][pieces][parameters] */
    int add;
};

int layernorm_spatial_forward(const LayerNorm& n, float eps, const float* input, const float* gamma, const float* beta,
                              float* output, float* saved, void* stream);
/* pieces: how many of the batch's pieces, of `samples` each, leave sums. */
int layernorm_spatial_backward(const LayerNorm& n, int64_t pieces, int64_t samples, const LayerNormGradients& of, void* stream);

}  // namespace gradsieve
#endif
