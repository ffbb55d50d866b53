/* gs_pool2d_forward, gs_pool2d_backward. */
#include "device_call.h"

using cases::DeviceCall;
using cases::device_pitch;

namespace {

/* Of a size that is none a number that no array can have, or 0. */
int64_t area(int64_t a, int64_t b) { return a > 0 && b > 0 && a < (1 << 20) && b < (1 << 20) ? a * b : -1; }
int64_t outputs(int64_t height, int64_t width, int64_t kernel_height, int64_t kernel_width) {
    return kernel_height > 0 && kernel_width > 0 ? area(height / kernel_height, width / kernel_width) : -1;
}

}  // namespace

int gs_pool2d_forward(int64_t batch, int64_t height, int64_t width, int64_t channels, int64_t pitch, int pool,
                      int64_t kernel_height, int64_t kernel_width, const float* input, float* output, uint8_t* choice) {
    DeviceCall call;
    const int64_t p = device_pitch(channels, pitch), positions = outputs(height, width, kernel_height, kernel_width);
    const float* x = call.in_value(input, batch, area(height, width), channels, pitch);
    float* y = call.out_value(output, batch, positions, channels, pitch);
    uint8_t* places = call.out_choice(choice, batch, positions, channels, pitch);
    return call.run([&](void* stream) {
        return gs_cuda_pool2d_forward(batch, height, width, channels, p, pool, kernel_height, kernel_width, x, y, places, stream);
    });
}

int gs_pool2d_backward(int64_t batch, int64_t height, int64_t width, int64_t channels, int64_t pitch, int pool,
                       int64_t kernel_height, int64_t kernel_width, const uint8_t* choice, const float* output_gradient,
                       int gradient, float* input_gradient) {
    DeviceCall call;
    const int64_t p = device_pitch(channels, pitch), positions = outputs(height, width, kernel_height, kernel_width);
    const uint8_t* places = call.in_choice(choice, batch, positions, channels, pitch);
    const float* g = call.in_value(output_gradient, batch, positions, channels, pitch);
    float* dx = call.gradient_value(input_gradient, gradient, batch, area(height, width), channels, pitch);
    return call.run([&](void* stream) {
        return gs_cuda_pool2d_backward(batch, height, width, channels, p, pool, kernel_height, kernel_width, places, g, gradient,
                                       dx, stream);
    });
}
