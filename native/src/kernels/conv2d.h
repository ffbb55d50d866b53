/*
 * Convolution: no unfolding, no matrix product of a library; directly, or by Winograd's transforms where they pay. What the
 * functions do is said in gradsieve.h, their arguments in kernels.h. Read first: conv2d_plane.h (the bordered copy of a
 * sample), then conv2d_tile.h (the loop that forward and input gradient share), then one file a pass; conv2d_winograd.h for
 * the transforms.
 */
#ifndef GRADSIEVE_CONV2D_H
#define GRADSIEVE_CONV2D_H

#include "kernels.h"
#include "simd.h"

namespace gradsieve {
namespace GS_ISA {

int conv2d_algorithm(const gs_conv2d& shape, int64_t pool, int pass);
int64_t conv2d_scratch(const gs_conv2d& shape, int64_t pool);
int64_t conv2d_transposed(const gs_conv2d& shape, int64_t pool);
void conv2d_transpose(const gs_conv2d& shape, int64_t pool, int64_t part, int64_t parts, const float* weights,
                      float* transposed);
int64_t conv2d_prepared(const gs_conv2d& shape, int64_t pool);
void conv2d_prepare(const gs_conv2d& shape, int64_t pool, int64_t part, int64_t parts, const float* weights, float* prepared);
void conv2d_forward(const gs_conv2d& shape, int64_t batch, const float* input, const float* weights, const float* bias,
                    int activation, float* output, float* scratch);
void conv2d_backward_input(const gs_conv2d& shape, int64_t batch, const float* output_gradient, const float* transposed,
                           int gradient, float* input_gradient, float* scratch);
void conv2d_backward_weights(const gs_conv2d& shape, int64_t batch, const float* input, const float* output_gradient,
                             float* weights_gradient, float* bias_gradient, float* norm2, float* scratch);
void conv2d_maxpool_forward(const gs_conv2d& shape, int64_t pool, int64_t batch, const float* input, const float* weights,
                            const float* bias, int activation, float* output, uint8_t* choice, float* scratch);
void conv2d_maxpool_backward(const gs_conv2d& shape, int64_t pool, int64_t batch, const float* input, const float* output,
                             const uint8_t* choice, const float* output_gradient, const float* transposed, int activation,
                             int gradient, float* input_gradient, float* weights_gradient, float* bias_gradient,
                             float* norm2, float* scratch);

/* Floats of scratch of one pass; conv2d_scratch is the largest. */
int64_t conv2d_forward_scratch(const gs_conv2d& shape, int64_t pool);
int64_t conv2d_backward_input_scratch(const gs_conv2d& shape);
int64_t conv2d_backward_weights_scratch(const gs_conv2d& shape);
int64_t conv2d_maxpool_backward_scratch(const gs_conv2d& shape, int64_t pool);

/* activation.cpp: for the activations that the convolution's registers do not do (all but relu). */
void activation_forward(const Extent& extent, int activation, const float* input, float* output);

static inline int64_t output_height(const gs_conv2d& s) {
    return (s.height + 2 * s.padding - s.kernel_height) / s.stride + 1;
}
static inline int64_t output_width(const gs_conv2d& s) {
    return (s.width + 2 * s.padding - s.kernel_width) / s.stride + 1;
}
/* Floats of the weights of one block of output channels. */
static inline int64_t weights_block(const gs_conv2d& s) { return s.kernel_height * s.kernel_width * s.channels * BLOCK; }

}  // namespace GS_ISA
}  // namespace gradsieve
#endif
