/* Convolutions at the edge: their shape in ints and what is refused; how a weight gradient is planned. */
#ifndef GRADSIEVE_CUDA_CONV2D_H
#define GRADSIEVE_CUDA_CONV2D_H

#include "device.h"

namespace gradsieve {

struct Conv2d {
    int batch, height, width, channels, pitch;
    int kernel_height, kernel_width, stride, padding;
    int out_height, out_width, out_pitch;

    __host__ __device__ int positions() const { return out_height * out_width; }
    __host__ __device__ int taps() const { return kernel_height * kernel_width; }
    __host__ __device__ int row() const { return taps() * pitch; } /* floats of an output channel's weights */
    int64_t weights() const { return static_cast<int64_t>(out_pitch) * row(); }
    bool is_3x3() const { return kernel_height == 3 && kernel_width == 3 && stride == 1 && padding == 1; }
};

/* The shape, each of a sample's values and the weights below 2^31 floats; 0, or the status of a refusal. */
inline int conv2d_of(const char* operation, const gs_cuda_conv2d* shape, int64_t batch, Conv2d* result) {
    if (!shape) return refuse(operation, "no shape");
    const gs_cuda_conv2d& s = *shape;
    const int64_t most = 1 << 24;
    bool fine = s.padding >= 0 && s.padding <= most && batch >= 0 && batch <= 1 << 30;
    for (int64_t value : {s.height, s.width, s.channels, s.kernel_height, s.kernel_width, s.stride, s.out_channels})
        fine = fine && value > 0 && value <= most;
    const auto pitched = [&](int64_t channels, int64_t pitch) { return pitch >= channels && pitch <= most && pitch % 4 == 0; };
    fine = fine && pitched(s.channels, s.pitch) && pitched(s.out_channels, s.out_pitch);
    const int64_t down = fine ? s.height + 2 * s.padding - s.kernel_height : -1;
    const int64_t across = fine ? s.width + 2 * s.padding - s.kernel_width : -1;
    fine = fine && down >= 0 && across >= 0;
    const int64_t out_height = fine ? down / s.stride + 1 : 1, out_width = fine ? across / s.stride + 1 : 1;
    const auto below = [](int64_t a, int64_t b, int64_t c) {
        return a <= INT32_MAX && a * b <= INT32_MAX && a * b * c <= INT32_MAX;
    };
    fine = fine && below(s.height, s.width, s.pitch) && below(out_height, out_width, s.out_pitch) &&
           below(s.kernel_height, s.kernel_width, s.pitch) && below(s.kernel_height * s.kernel_width, s.pitch, s.out_pitch);
    if (!fine)
        return refuse(operation,
                      "%lld samples of %lldx%lldx%lld/%lld by %lldx%lld, stride %lld, padding %lld, to %lld/%lld channels: no "
                      "shape, a pitch that is no multiple of 4, or 2^31 floats",
                      static_cast<long long>(batch), static_cast<long long>(s.height), static_cast<long long>(s.width),
                      static_cast<long long>(s.channels), static_cast<long long>(s.pitch), static_cast<long long>(s.kernel_height),
                      static_cast<long long>(s.kernel_width), static_cast<long long>(s.stride), static_cast<long long>(s.padding),
                      static_cast<long long>(s.out_channels), static_cast<long long>(s.out_pitch));
    const auto number = [](int64_t value) { return static_cast<int>(value); };
    *result = {number(batch), number(s.height), number(s.width), number(s.channels), number(s.pitch), number(s.kernel_height),
               number(s.kernel_width), number(s.stride), number(s.padding), number(out_height), number(out_width),
               number(s.out_pitch)};
    return GS_CUDA_OK;
}

/* How the weight gradient of a shape is made: blocks own a tile of the weights each, and every lanes-th sample. */
struct BackwardWeightsPlan {
    int form;  /* of a file's kernels */
    int tiles, lanes;
    int shares; /* of a sample's norm */
    int rows;   /* of a strip; of no meaning elsewhere */
    size_t shared;

    int64_t partials(const Conv2d& s) const { return lanes * s.weights(); }
};

/* Every lane gets about as many samples. `blocks` is a constant, so that the order of sums depends on the shape alone. */
inline int lanes_of(int batch, int tiles, int blocks) {
    const int most = blocks > tiles ? blocks / tiles : 1, lanes = batch < most ? batch : most;
    return lanes == 0 ? 0 : ceil_div(batch, ceil_div(batch, lanes));
}

/* conv2d_backward_weights_any.cu, for every shape, and conv2d_backward_weights_3x3.cu; false: not for this one, or on this card. */
BackwardWeightsPlan plan_any(const Conv2d& shape, int precision);
bool plan_3x3(const Conv2d& shape, int precision, BackwardWeightsPlan* plan);
int launch_any(const BackwardWeightsPlan& plan, const Conv2d& shape, const float* input, const float* output_gradient,
               float* partials, float* shares, void* stream);
int launch_3x3(const BackwardWeightsPlan& plan, const Conv2d& shape, const float* input, const float* output_gradient,
               float* partials, float* shares, void* stream);

}  // namespace gradsieve
#endif
