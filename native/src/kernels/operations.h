/*
 * Declares every kernel that table.cpp collects, with the signatures of gradsieve::Kernels, so that a definition that
 * differs from the table does not link. To add one: a member in ../kernels.h, a line here and in table.cpp, its file, its
 * case in kernel-cases/, its row in docs/operations.md.
 *
 * Rules of these files: each is compiled once for every instruction set with GS_ISA naming its namespace. Besides the
 * kernels declared here all functions are static and nothing of the STL is used: an inline function would become a weak
 * symbol, of which the linker keeps one copy for all instruction sets, perhaps the AVX-512 one.
 */
#ifndef GRADSIEVE_KERNELS_OPERATIONS_H
#define GRADSIEVE_KERNELS_OPERATIONS_H

#include "../kernels.h"

namespace gradsieve::GS_ISA {

template <typename Pointer>
struct FunctionOf;
template <typename Result, typename... Arguments>
struct FunctionOf<Result (*)(Arguments...)> {
    typedef Result Type(Arguments...);
};

#define GS_KERNEL(name) FunctionOf<decltype(Kernels::name)>::Type name

GS_KERNEL(linear_scratch);
GS_KERNEL(linear_forward);
GS_KERNEL(linear_transposed);
GS_KERNEL(linear_transpose);
GS_KERNEL(linear_backward_input);
GS_KERNEL(linear_backward_weights);
GS_KERNEL(column_sums);
GS_KERNEL(batchnorm_moments);
GS_KERNEL(batchnorm_normalize);
GS_KERNEL(batchnorm_backward_sums);
GS_KERNEL(batchnorm_backward_input);
GS_KERNEL(groupnorm_forward);
GS_KERNEL(groupnorm_backward);
GS_KERNEL(layernorm_forward);
GS_KERNEL(layernorm_backward);
GS_KERNEL(activation_forward);
GS_KERNEL(activation_backward);
GS_KERNEL(pool2d_forward);
GS_KERNEL(pool2d_backward);
GS_KERNEL(dropout);
GS_KERNEL(add);
GS_KERNEL(pass_gradient);
GS_KERNEL(input);
GS_KERNEL(softmax_cross_entropy);
GS_KERNEL(reduce);
GS_KERNEL(squared_norm);
GS_KERNEL(chunk_norms);
GS_KERNEL(row_norms);
GS_KERNEL(sgd_update);
GS_KERNEL(adamw_update);
GS_KERNEL(lamb_direction);

#undef GS_KERNEL

}  // namespace gradsieve::GS_ISA
#endif
