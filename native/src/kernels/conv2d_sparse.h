/*
 * The backward pass of a max-pooled convolution, as sparse as its δ: of a window's gradients at most one is not zero, fewer
 * after relu. Used by conv2d_maxpool_backward wherever the input has a block of channels to vectorise over.
 */
#ifndef GRADSIEVE_CONV2D_SPARSE_H
#define GRADSIEVE_CONV2D_SPARSE_H

#include "conv2d_plane.h"

namespace gradsieve {
namespace GS_ISA {

/* A constant of the shape: the loops run over blocks of input channels, and a pooled δ is at most a quarter full. */
static inline bool is_sparse(const gs_conv2d& s, int64_t pool) { return pool > 1 && s.channels >= NARROW; }

/* One pooled sample, and what its δ is relative to. */
struct PooledSample {
    const float* output;
    const uint8_t* choice;
    const float* output_gradient;
    int activation;
};

int64_t conv2d_sparse_weights_scratch(const gs_conv2d& shape);
int64_t conv2d_sparse_input_scratch(const gs_conv2d& shape, int64_t pool);
/* Weights [C_out][blocks of C_in][kh][kw][16]: for one δ, all it is multiplied with lies in one piece. */
int64_t conv2d_sparse_transposed(const gs_conv2d& shape);
void conv2d_sparse_transpose(const gs_conv2d& shape, int64_t part, int64_t parts, const float* weights, float* transposed);
void conv2d_sparse_backward_weights(const gs_conv2d& shape, int64_t pool, int64_t batch, const float* input,
                                    const PooledSample& first, float* weights_gradient, float* bias_gradient, float* norm2,
                                    float* scratch);
void conv2d_sparse_backward_input(const gs_conv2d& shape, int64_t pool, int64_t batch, const PooledSample& first,
                                  const float* transposed, int gradient, float* input_gradient, float* scratch);

/* The same for inputs that are not: conv2d_narrow_weights.cpp. */
int64_t conv2d_narrow_weights_scratch(const gs_conv2d& shape, int64_t pool);
void conv2d_narrow_backward_weights(const gs_conv2d& shape, int64_t pool, int64_t batch, const float* input,
                                    const PooledSample& first, float* weights_gradient, float* bias_gradient, float* norm2,
                                    float* scratch);

static inline int64_t pooled_floats(const gs_conv2d& s, int64_t pool) {
    return (output_height(s) / pool) * (output_width(s) / pool) * s.out_pitch;
}

static inline PooledSample sample_of(const gs_conv2d& s, int64_t pool, const PooledSample& first, int64_t sample) {
    const int64_t at = sample * pooled_floats(s, pool);
    return {first.output + at, first.choice + at, first.output_gradient + at, first.activation};
}

/* Lanes whose gradient passes the activation; a NaN output passes it on, as PyTorch's does. */
static inline IntVector alive(const PooledSample& p, int64_t at) {
    return p.activation == GS_RELU ? ~(load(p.output + at) <= Vector{}) : ~IntVector{};
}

}  // namespace GS_ISA
}  // namespace gradsieve
#endif
