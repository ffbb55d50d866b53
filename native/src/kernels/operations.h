/*
 * Declares every kernel of ../kernel_list.h, which says how to add one. A definition that differs from its line there does
 * not link.
 *
 * Rules of these files: each is compiled once for every instruction set with GS_ISA naming its namespace. Besides the
 * kernels declared here all functions are static and nothing of the STL is used: an inline function would become a weak
 * symbol, of which the linker keeps one copy for all instruction sets, perhaps the AVX-512 one.
 */
#ifndef GRADSIEVE_KERNELS_OPERATIONS_H
#define GRADSIEVE_KERNELS_OPERATIONS_H

#include "../kernels.h"

namespace gradsieve::GS_ISA {

#define GS_KERNEL(result, kernel, arguments) result kernel arguments;
#include "../kernel_list.h"

}  // namespace gradsieve::GS_ISA
#endif
