/*
 * Convolution: no unfolding, no matrix product of a library; directly, or by Winograd's transforms where they pay. What the
 * functions do is said in gradsieve.h, their arguments in kernel_list.h. Read first: conv2d_plane.h (the bordered copy of a
 * sample), then conv2d_tile.h (the loop that forward and input gradient share), then one file a pass; conv2d_winograd.h for
 * the transforms.
 */
#ifndef GRADSIEVE_CONV2D_H
#define GRADSIEVE_CONV2D_H

#include "operations.h"
#include "simd.h"

namespace gradsieve {
namespace GS_ISA {

/* Floats of scratch of one pass; conv2d_scratch is the largest. */
int64_t conv2d_forward_scratch(const gs_conv2d& shape, int64_t pool);
int64_t conv2d_backward_input_scratch(const gs_conv2d& shape);
int64_t conv2d_backward_weights_scratch(const gs_conv2d& shape);
int64_t conv2d_maxpool_backward_scratch(const gs_conv2d& shape, int64_t pool);

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
