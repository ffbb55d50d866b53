/* gs_conv2d_backward_weights with a precision. */
#ifndef GRADSIEVE_CASES_CUDA_CONV2D_BACKWARD_WEIGHTS_H
#define GRADSIEVE_CASES_CUDA_CONV2D_BACKWARD_WEIGHTS_H

#include "device_call.h"

namespace cases {

int conv2d_backward_weights(const gs_conv2d* shape, int64_t batch, int precision, const float* input, const float* output_gradient,
                            float* weights_gradient, float* bias_gradient, float* norm2);

}  // namespace cases
#endif
