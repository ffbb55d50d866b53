/*
 * norm2[i] += |g_i|^2 of a 3x3 convolution's weight gradient from Gram matrices of pixels: its two precisions, and which shapes
 * take it. conv2d_gram_norms.h has formula and kernel.
 */
#include "conv2d_gram_norms.h"

namespace gradsieve {
namespace {

constexpr int CHANNELS = 32; /* at a time */

template <class Product>
int launch(const Conv2d& shape, const float* input, const float* output_gradient, float* norm2, void* stream) {
    return GS_LAUNCH((conv2d_gram_norms_kernel<Product>), shape.batch, GRAM_THREADS, gram_shared<Product>(), stream, shape, input,
                     output_gradient, norm2);
}

}  // namespace
}  // namespace gradsieve

using namespace gradsieve;

extern "C" int gs_cuda_conv2d_gram_norms(const gs_cuda_conv2d* given, int64_t batch, int precision, const float* input,
                                         const float* output_gradient, float* norm2, void* stream) {
    Conv2d shape = {};
    if (const int status = conv2d_of("conv2d_gram_norms", given, batch, &shape)) return status;
    if (precision != GS_CUDA_FP32 && precision != GS_CUDA_TF32)
        return refuse("conv2d_gram_norms", "precision %d is none", precision);
    if (!has_gram(shape))
        return refuse("conv2d_gram_norms",
                      "%dx%d by %dx%d, stride %d, padding %d: only 3x3, stride 1, padding 1, at most %d pixels", shape.height,
                      shape.width, shape.kernel_height, shape.kernel_width, shape.stride, shape.padding, GRAM_PIXELS);
    if (batch == 0 || !norm2) return GS_CUDA_OK;
    if (!input || !output_gradient) return refuse("conv2d_gram_norms", "a buffer that it needs is NULL");
    return (precision == GS_CUDA_TF32 ? launch<MatrixProduct<Tf32, CHANNELS>> : launch<PlainProduct<CHANNELS>>)(
        shape, input, output_gradient, norm2, stream);
}

/* From 128 channels on cuDNN's gradient and these norms together are faster than one pass: 256 channels at 8x8, 1,024 samples:
 * 948 instead of 1,948 us in fp32, 548 instead of 856 in tf32; 64 channels: 286 instead of 141, 96 instead of 63. */
extern "C" int gs_cuda_conv2d_prefers_gram(const gs_cuda_conv2d* given, int precision) {
    Conv2d shape = {};
    if (conv2d_of("conv2d_prefers_gram", given, 1, &shape) != GS_CUDA_OK) return 0;
    if (precision != GS_CUDA_FP32 && precision != GS_CUDA_TF32) return 0;
    return has_gram(shape) && shape.pitch >= 128 && shape.out_pitch >= 128;
}
