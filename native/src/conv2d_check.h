/* The check of a convolution's shape that the single operations and the step share. */
#ifndef GRADSIEVE_CONV2D_CHECK_H
#define GRADSIEVE_CONV2D_CHECK_H

#include "kernels.h"

namespace gradsieve {

/* GS_OK, or GS_INVALID_ARGUMENT with a line that begins with the operation. pool: 1 for none. */
int check_conv2d(const char* operation, const gs_conv2d* shape, int64_t pool, int64_t batch);

}  // namespace gradsieve
#endif
