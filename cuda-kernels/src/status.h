/*
 * Statuses of the C interface. On anything but GS_CUDA_OK the thread's last error is one line: the operation, what is wrong, shapes.
 */
#ifndef GRADSIEVE_STATUS_H
#define GRADSIEVE_STATUS_H

/* What the C interface declares is all that the library shows. */
#pragma GCC visibility push(default)
#include "../include/gradsieve_cuda.h"
#pragma GCC visibility pop

namespace gradsieve {

/* Keeps "<operation>: <text>" as the last error. Returns GS_CUDA_INVALID_ARGUMENT. */
int refuse(const char* operation, const char* format, ...) __attribute__((format(printf, 2, 3)));

/* Keeps "<kernel>: <words>" as the last error, `words` being the runtime's. Returns GS_CUDA_FAILED. */
int failed(const char* kernel, const char* words);

}  // namespace gradsieve
#endif
