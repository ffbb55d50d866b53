/* The table of this instruction set: every kernel by its name. */
#include "conv2d.h"
#include "operations.h"

#define GS_JOIN_NAMES(a, b) a##b
#define GS_JOIN(a, b) GS_JOIN_NAMES(a, b)
#define GS_TEXT_OF(name) #name
#define GS_TEXT(name) GS_TEXT_OF(name)

namespace gradsieve {

const Kernels GS_JOIN(kernels_, GS_ISA) = {
    .name = GS_TEXT(GS_ISA),
    .conv2d_algorithm = GS_ISA::conv2d_algorithm,
    .conv2d_scratch = GS_ISA::conv2d_scratch,
    .conv2d_prepared = GS_ISA::conv2d_prepared,
    .conv2d_prepare = GS_ISA::conv2d_prepare,
    .conv2d_transposed = GS_ISA::conv2d_transposed,
    .conv2d_transpose = GS_ISA::conv2d_transpose,
    .conv2d_forward = GS_ISA::conv2d_forward,
    .conv2d_backward_input = GS_ISA::conv2d_backward_input,
    .conv2d_backward_weights = GS_ISA::conv2d_backward_weights,
    .conv2d_maxpool_forward = GS_ISA::conv2d_maxpool_forward,
    .conv2d_maxpool_backward = GS_ISA::conv2d_maxpool_backward,
    .linear_scratch = GS_ISA::linear_scratch,
    .linear_forward = GS_ISA::linear_forward,
    .linear_transposed = GS_ISA::linear_transposed,
    .linear_transpose = GS_ISA::linear_transpose,
    .linear_backward_input = GS_ISA::linear_backward_input,
    .linear_backward_weights = GS_ISA::linear_backward_weights,
    .column_sums = GS_ISA::column_sums,
    .batchnorm_moments = GS_ISA::batchnorm_moments,
    .batchnorm_normalize = GS_ISA::batchnorm_normalize,
    .batchnorm_backward_sums = GS_ISA::batchnorm_backward_sums,
    .batchnorm_backward_input = GS_ISA::batchnorm_backward_input,
    .groupnorm_forward = GS_ISA::groupnorm_forward,
    .groupnorm_backward = GS_ISA::groupnorm_backward,
    .layernorm_forward = GS_ISA::layernorm_forward,
    .layernorm_backward = GS_ISA::layernorm_backward,
    .activation_forward = GS_ISA::activation_forward,
    .activation_backward = GS_ISA::activation_backward,
    .pool2d_forward = GS_ISA::pool2d_forward,
    .pool2d_backward = GS_ISA::pool2d_backward,
    .dropout = GS_ISA::dropout,
    .add = GS_ISA::add,
    .pass_gradient = GS_ISA::pass_gradient,
    .input = GS_ISA::input,
    .softmax_cross_entropy = GS_ISA::softmax_cross_entropy,
    .reduce = GS_ISA::reduce,
    .squared_norm = GS_ISA::squared_norm,
    .chunk_norms = GS_ISA::chunk_norms,
    .row_norms = GS_ISA::row_norms,
    .sgd_update = GS_ISA::sgd_update,
    .adamw_update = GS_ISA::adamw_update,
    .lamb_direction = GS_ISA::lamb_direction,
};

}  // namespace gradsieve
