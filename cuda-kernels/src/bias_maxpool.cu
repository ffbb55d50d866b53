/*
 * What follows a convolution that is pooled: input [B][H][W][P], output [B][H/k][W/k][P] "=" the largest of
 * activation(input + bias), identity or relu, in windows of k x k, stride k, the rest of the border left out; choice, bytes of the
 * output's shape, its place in the window (row by row), the first of equals, the first NaN before any number. bias [P] or NULL:
 * none. Backward: input_gradient "=" output_gradient at the chosen places where relu's output is above 0 (or NaN), else 0. Forward
 * moves 4 bytes a float of the input and 5 of the output, backward 4 more of the output with relu: for 2 x 2 1.3 and 1.5 us a
 * million floats of input on 4,200 GB/s.
 */
#include "pooling.h"

namespace gradsieve {
namespace {

struct Call {
    int64_t batch, height, width, pitch, kernel;

    Images in() const { return Images(height, width, pitch); }
    Images out() const { return Images(height / kernel, width / kernel, pitch); }
    Window outputs() const { return {static_cast<unsigned>(height / kernel), static_cast<unsigned>(width / kernel)}; }
};

template <int KERNEL, Before BEFORE>
int forward(const Call& c, const float* input, const float* bias, float* output, uchar4* choice, void* stream) {
    const int64_t words = c.batch * (c.height / c.kernel) * (c.width / c.kernel) * (c.pitch / 4);
    const unsigned kernel = static_cast<unsigned>(c.kernel);
    return GS_LAUNCH((pool_kernel<GS_CUDA_MAX_POOL, KERNEL, BEFORE>),
                     static_cast<int>(ceil_div<int64_t>(words, THREADS * POOL_EACH<KERNEL>)), THREADS, 0, stream, words, c.out(),
                     c.in(), (Window{kernel, kernel}), input, bias, output, choice);
}

template <Before BEFORE>
int forward_of(const Call& c, const float* input, const float* bias, float* output, uchar4* choice, void* stream) {
    const auto run = c.kernel == 2 ? forward<2, BEFORE> : c.kernel == 3 ? forward<3, BEFORE> : forward<0, BEFORE>;
    return run(c, input, bias, output, choice, stream);
}

template <bool RELU>
int backward(const Call& c, const float* output, const uchar4* choice, const float* gradient, float* input_gradient, void* stream) {
    const int64_t words = c.batch * c.height * c.width * (c.pitch / 4);
    return GS_LAUNCH((pool_backward_kernel<GS_CUDA_MAX_POOL, RELU, false>), blocks_of(words), THREADS, 0, stream, words, c.in(),
                     c.out(), Divisor(c.kernel), Divisor(c.kernel), c.outputs(), output, choice, gradient, input_gradient);
}

int check(const char* name, const Call& c, int64_t channels, int activation) {
    if (const int status = check_pool(name, c.batch, c.height, c.width, channels, c.pitch, c.kernel, c.kernel)) return status;
    if (activation != GS_CUDA_IDENTITY && activation != GS_CUDA_RELU)
        return refuse(name, "activation %d is neither identity (0) nor relu (1)", activation);
    return check_places(name, c.kernel, c.kernel);
}

}  // namespace
}  // namespace gradsieve

using namespace gradsieve;

extern "C" int gs_cuda_bias_maxpool_forward(int64_t batch, int64_t height, int64_t width, int64_t channels, int64_t pitch,
                                            int64_t kernel, int activation, const float* input, const float* bias, float* output,
                                            uint8_t* choice, void* stream) {
    const char* const name = "bias_maxpool_forward";
    const Call call = {batch, height, width, pitch, kernel};
    if (const int status = check(name, call, channels, activation)) return status;
    if (batch == 0) return GS_CUDA_OK;
    if (!input || !output || !choice) return refuse(name, "a buffer that it needs is NULL");
    uchar4* const places = reinterpret_cast<uchar4*>(choice);
    return activation == GS_CUDA_RELU ? forward_of<Before::BIAS_RELU>(call, input, bias, output, places, stream)
                                      : forward_of<Before::BIAS>(call, input, bias, output, places, stream);
}

extern "C" int gs_cuda_bias_maxpool_backward(int64_t batch, int64_t height, int64_t width, int64_t channels, int64_t pitch,
                                             int64_t kernel, int activation, const float* output, const uint8_t* choice,
                                             const float* output_gradient, float* input_gradient, void* stream) {
    const char* const name = "bias_maxpool_backward";
    const Call call = {batch, height, width, pitch, kernel};
    if (const int status = check(name, call, channels, activation)) return status;
    if (batch == 0) return GS_CUDA_OK;
    const bool relu = activation == GS_CUDA_RELU;
    if ((!output && relu) || !choice || !output_gradient || !input_gradient) return refuse(name, "a buffer that it needs is NULL");
    const uchar4* const places = reinterpret_cast<const uchar4*>(choice);
    return relu ? backward<true>(call, output, places, output_gradient, input_gradient, stream)
                : backward<false>(call, output, places, output_gradient, input_gradient, stream);
}
