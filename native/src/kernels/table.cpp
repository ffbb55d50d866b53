/* The table of this instruction set: every kernel by its name. */
#include "operations.h"

#define GS_JOIN_NAMES(a, b) a##b
#define GS_JOIN(a, b) GS_JOIN_NAMES(a, b)
#define GS_TEXT_OF(name) #name
#define GS_TEXT(name) GS_TEXT_OF(name)

namespace gradsieve {

const Kernels GS_JOIN(kernels_, GS_ISA) = {
    .name = GS_TEXT(GS_ISA),
#define GS_KERNEL(result, kernel, arguments) .kernel = GS_ISA::kernel,
#include "../kernel_list.h"
};

}  // namespace gradsieve
