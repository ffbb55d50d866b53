/*
 * gs_conv2d_backward_weights, whose gradients are "+=", by conv2d_backward_weights and bias_backward, whose are "=". The host's
 * weights lie in blocks of 16 output channels, [o / 16][ky][kx][c][o % 16], the device's as [o][ky][kx][c].
 */
#include "conv2d_backward_weights.h"

using namespace cases;

int cases::conv2d_backward_weights(const gs_conv2d* shape, int64_t batch, int precision, const float* input,
                                   const float* output_gradient, float* weights_gradient, float* bias_gradient, float* norm2) {
    DeviceCall call;
    const gs_conv2d& s = *shape;
    gs_cuda_conv2d on_device = {s.height, s.width, s.channels, device_pitch(s.channels, s.pitch), s.kernel_height, s.kernel_width,
                                s.stride, s.padding, s.out_channels, device_pitch(s.out_channels, s.out_pitch)};
    const int64_t height = (s.height + 2 * s.padding - s.kernel_height) / s.stride + 1;
    const int64_t positions = height * ((s.width + 2 * s.padding - s.kernel_width) / s.stride + 1);
    const int64_t taps = s.kernel_height * s.kernel_width, row = taps * on_device.pitch;
    const float* x = call.in_value(input, batch, s.height * s.width, s.channels, s.pitch);
    const float* d = call.in_value(output_gradient, batch, positions, s.out_channels, s.out_pitch);
    std::vector<float> gradient(static_cast<size_t>(on_device.out_pitch * row));
    float* w = call.out(gradient.data(), static_cast<int64_t>(gradient.size()));
    float* b = call.added_vectors(bias_gradient, 1, s.out_channels, on_device.out_pitch);
    float* n = call.in_out(norm2, batch);
    void* workspace = call.workspace(gs_cuda_conv2d_backward_weights_workspace(&on_device, batch, precision));
    void* bias_workspace = call.workspace(gs_cuda_bias_backward_workspace(batch, positions, on_device.out_pitch));
    const int status = call.run([&](void* stream) {
        const int failed = gs_cuda_conv2d_backward_weights(&on_device, batch, precision, x, d, workspace, w, n, stream);
        if (failed || !b) return failed;
        return gs_cuda_bias_backward(batch, positions, s.out_channels, on_device.out_pitch, d, bias_workspace, b, n, stream);
    });
    if (status != GS_OK) return status;
    for (int64_t o = 0; o < on_device.out_pitch; o++)
        for (int64_t tap = 0; tap < taps; tap++)
            for (int64_t c = 0; c < on_device.pitch; c++) {
                const float value = gradient[static_cast<size_t>(o * row + tap * on_device.pitch + c)];
                if (o < s.out_channels && c < s.channels)
                    weights_gradient[((o / 16 * taps + tap) * s.channels + c) * 16 + o % 16] += value;
                else if (value != 0)
                    return GS_CUDA_FAILED; /* what is no element is zero */
            }
    return GS_OK;
}

int gs_conv2d_backward_weights(const gs_conv2d* shape, int64_t batch, const float* input, const float* output_gradient,
                               float* weights_gradient, float* bias_gradient, float* norm2) {
    return conv2d_backward_weights(shape, batch, GS_CUDA_FP32, input, output_gradient, weights_gradient, bias_gradient, norm2);
}

int gs_conv2d_algorithm(const gs_conv2d*, int64_t, int) { return GS_DIRECT; }
