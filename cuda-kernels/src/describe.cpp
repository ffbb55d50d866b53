/* gs_cuda_describe: what this library of kernels is, as its build says it; no kernel. */
#include "status.h"

/* From the build: GS_ARCHITECTURES is a literal, a list of JSON strings; empty where kernels are emulated. */
#ifdef GS_EMULATED
#define GS_IS_EMULATED "true"
#define GS_ARCHITECTURES ""
#else
#define GS_IS_EMULATED "false"
#endif

extern "C" const char* gs_cuda_describe(void) {
    return "{\"emulated\":" GS_IS_EMULATED ",\"architectures\":[" GS_ARCHITECTURES "]}";
}
