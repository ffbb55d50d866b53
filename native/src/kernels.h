/*
 * The table of kernels of one instruction set. Each kernel file in kernels/ is compiled once for every instruction set, inside a
 * namespace of that name, and kernels/table.cpp collects them; machine.cpp chooses one table at load. kernel_list.h says which
 * there are. Names, formulas and "=" or "+=" are those of gradsieve.h; here every function works on a block of samples with the
 * caller's scratch, so the single operations of the C interface and the step's executor run the same code.
 */
#ifndef GRADSIEVE_KERNELS_H
#define GRADSIEVE_KERNELS_H

#include "gradsieve.h"

namespace gradsieve {

/* Values of a block of samples: positions of each, lanes in use, floats from one position to the next. */
struct Extent {
    int64_t batch, positions, channels, pitch;
};

/* A linear layer: rows of features to rows of outputs that are pitch apart. Weights [outputs / 16][features][16], lanes beyond
 * the outputs zero. */
struct LinearShape {
    int64_t features, outputs, pitch;
};

/* Blocks of 16 outputs, and features, that one thread takes of a weight gradient. */
struct LinearPart {
    int64_t first_block, last_block, first_feature, last_feature;
};

const int64_t CHUNK = 2048; /* floats, 8 KiB, whose squares are summed apart */

struct Kernels {
    const char* name;
#define GS_KERNEL(result, kernel, arguments) result (*kernel) arguments;
#include "kernel_list.h"
};

extern const Kernels kernels_baseline, kernels_avx2, kernels_avx512;

/* The table that gs_open chose (baseline before). */
const Kernels& kernels();
/* Whether gs_open has succeeded. */
bool opened();
/* Sets gs_last_error's line (printf) and returns status. */
int fail(int status, const char* format, ...) __attribute__((format(printf, 2, 3)));

}  // namespace gradsieve
#endif
