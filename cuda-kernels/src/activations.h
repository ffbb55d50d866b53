/* The activations, of one value; a NaN stays one. */
#ifndef GRADSIEVE_CUDA_ACTIVATIONS_H
#define GRADSIEVE_CUDA_ACTIVATIONS_H

#include "device.h"

namespace gradsieve {

template <int ACTIVATION>
__device__ __forceinline__ float activated(float x) {
    if (ACTIVATION == GS_CUDA_RELU) return x < 0 ? 0 : x;
    /* erfc: relative in the tail too. Beyond -20 all is 0, and infinity * 0 would be NaN. */
    if (ACTIVATION == GS_CUDA_GELU) return x < -20 ? 0 : 0.5f * x * erfcf(x * -0.70710678f);
    if (ACTIVATION == GS_CUDA_TANH) return tanhf(x);
    if (ACTIVATION == GS_CUDA_SIGMOID) return 1 / (1 + expf(-x));
    return x;
}

}  // namespace gradsieve
#endif
