/*
 * The functions of CUDA's runtime that kernel-cases-cuda calls, declared here so that it also builds where the toolkit is not
 * installed, against the stand-ins of cuda-kernels/emulation. An error is an int, 0 is none; streams and events are pointers.
 */
#ifndef GRADSIEVE_CASES_RUNTIME_API_H
#define GRADSIEVE_CASES_RUNTIME_API_H

#include <stddef.h>

extern "C" {
int cudaMalloc(void** memory, size_t bytes);
int cudaFree(void* memory);
int cudaMemcpy(void* to, const void* from, size_t bytes, int kind);
int cudaMemcpyAsync(void* to, const void* from, size_t bytes, int kind, void* stream);
int cudaMemsetAsync(void* memory, int value, size_t bytes, void* stream);
int cudaStreamCreateWithFlags(void** stream, unsigned flags);
int cudaStreamDestroy(void* stream);
int cudaStreamSynchronize(void* stream);
int cudaEventCreateWithFlags(void** event, unsigned flags);
int cudaEventRecord(void* event, void* stream);
int cudaEventSynchronize(void* event);
int cudaEventElapsedTime(float* milliseconds, void* start, void* end);
int cudaEventDestroy(void* event);
int cudaSetDevice(int device);
int cudaGetLastError(void);
const char* cudaGetErrorString(int error);
}

namespace cases {

enum { TO_DEVICE = 1, TO_HOST = 2, ON_DEVICE = 3 }; /* cudaMemcpyKind */
enum { NON_BLOCKING = 1 };                          /* cudaStreamNonBlocking */

}  // namespace cases
#endif
