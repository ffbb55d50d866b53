/* gs_activation_forward, gs_activation_backward, gs_add, gs_dropout. */
#include "device_call.h"

using cases::DeviceCall;
using cases::device_pitch;

int gs_activation_forward(int64_t batch, int64_t positions, int64_t channels, int64_t pitch, int activation, const float* input,
                          float* output) {
    DeviceCall call;
    const int64_t p = device_pitch(channels, pitch);
    const float* x = call.in_value(input, batch, positions, channels, pitch);
    float* y = call.out_value(output, batch, positions, channels, pitch);
    return call.run([&](void* stream) {
        return gs_cuda_activation_forward(batch, positions, channels, p, activation, x, y, stream);
    });
}

int gs_activation_backward(int64_t batch, int64_t positions, int64_t channels, int64_t pitch, int activation, const float* input,
                           const float* output, const float* output_gradient, int gradient, float* input_gradient) {
    DeviceCall call;
    const int64_t p = device_pitch(channels, pitch);
    const float* x = call.in_value(input, batch, positions, channels, pitch);
    const float* y = call.in_value(output, batch, positions, channels, pitch);
    const float* g = call.in_value(output_gradient, batch, positions, channels, pitch);
    float* dx = call.gradient_value(input_gradient, gradient, batch, positions, channels, pitch);
    return call.run([&](void* stream) {
        return gs_cuda_activation_backward(batch, positions, channels, p, activation, x, y, g, gradient, dx, stream);
    });
}

/* The last word of four is filled up with zeros. */
int gs_add(int64_t count, const float* a, const float* b, float* output) {
    DeviceCall call;
    const int64_t floats = count < 0 ? count : (count + 3) / 4 * 4;
    const float* one = call.in_vectors(a, 1, count, floats);
    const float* other = call.in_vectors(b, 1, count, floats);
    float* sum = call.out_vectors(output, 1, count, floats);
    return call.run([&](void* stream) { return gs_cuda_add(floats, one, other, sum, stream); });
}

int gs_dropout(int64_t batch, int64_t positions, int64_t channels, int64_t pitch, double p, int64_t seed, int64_t epoch,
               int64_t place, const int64_t* ids, const float* input, int gradient, float* output) {
    DeviceCall call;
    const gs_cuda_step now = {seed, epoch, 1, 0, 1, 0, -1};
    const gs_cuda_step* step = call.in(&now, 1);
    const int64_t* samples = call.in(ids, batch);
    const int64_t device = device_pitch(channels, pitch);
    const float* x = call.in_value(input, batch, positions, channels, pitch);
    float* y = call.gradient_value(output, gradient, batch, positions, channels, pitch);
    return call.run([&](void* stream) {
        return gs_cuda_dropout(batch, positions, channels, device, p, place, step, samples, x, gradient, y, stream);
    });
}
