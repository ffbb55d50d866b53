/*
 * gs_sgd_update, gs_adamw_update, gs_lamb_direction by the kernels that read scale, rate and count from device memory. What is
 * beyond the last float up to a multiple of 4 is zero and must stay zero.
 */
#include "device_call.h"

namespace {

using cases::DeviceCall;

/* A count that is no count stays one; the kernels refuse it. */
int64_t padded(int64_t count) { return count < 0 ? count : (count + 3) / 4 * 4; }

gs_cuda_step step_of(float scale, float rate, int64_t count) {
    return {0, 0, count, static_cast<double>(rate), 1 / static_cast<double>(scale), 0, -1};
}

const gs_cuda_outcome FINE = {GS_CUDA_FINE, -1, -1, 1, 0};

}  // namespace

int gs_sgd_update(int64_t count, float scale, float rate, float momentum, int nesterov, float decay, const float* gradient,
                  float* velocity, float* theta) {
    DeviceCall call;
    const gs_cuda_step now = step_of(scale, rate, 1);
    const gs_cuda_step* step = call.in(&now, 1);
    const gs_cuda_outcome* outcome = call.in(&FINE, 1);
    const int64_t floats = padded(count);
    const float* g = call.in_vectors(gradient, 1, count, floats);
    float* v = call.in_out_vectors(velocity, 1, count, floats);
    float* t = call.in_out_vectors(theta, 1, count, floats);
    return call.run([&](void* stream) {
        return gs_cuda_sgd_update(floats, step, outcome, momentum, nesterov, decay, g, v, t, stream);
    });
}

int gs_adamw_update(int64_t count, float scale, float rate, double beta1, double beta2, float eps, float decay, int64_t step,
                    const float* gradient, float* first, float* second, float* theta) {
    DeviceCall call;
    const gs_cuda_step now = step_of(scale, rate, step);
    const gs_cuda_step* on_device = call.in(&now, 1);
    const gs_cuda_outcome* outcome = call.in(&FINE, 1);
    const int64_t floats = step < 1 ? -1 : padded(count); /* a step on the device is none that a call can refuse */
    const float* g = call.in_vectors(gradient, 1, count, padded(count));
    float* m = call.in_out_vectors(first, 1, count, padded(count));
    float* v = call.in_out_vectors(second, 1, count, padded(count));
    float* t = call.in_out_vectors(theta, 1, count, padded(count));
    return call.run([&](void* stream) {
        return gs_cuda_adamw_update(floats, on_device, outcome, beta1, beta2, eps, decay, g, m, v, t, stream);
    });
}

/* A rate of 0 leaves theta as it is; the direction is in the gradient. */
int gs_lamb_direction(int64_t count, float scale, double beta1, double beta2, float eps, float decay, int64_t step,
                      const float* theta, float* first, float* second, float* gradient) {
    DeviceCall call;
    const gs_cuda_step now = step_of(scale, 0, step);
    const gs_cuda_step* on_device = call.in(&now, 1);
    const gs_cuda_outcome* outcome = call.in(&FINE, 1);
    const int64_t floats = padded(count), chunks = step < 1 ? -1 : (floats + GS_CUDA_CHUNK - 1) / GS_CUDA_CHUNK;
    const gs_cuda_parameter matrix = {0, floats, 1};
    const gs_cuda_parameter* table = call.in(&matrix, 1);
    float* t = const_cast<float*>(call.in_vectors(theta, 1, count, floats));
    float* m = call.in_out_vectors(first, 1, count, floats);
    float* v = call.in_out_vectors(second, 1, count, floats);
    float* g = call.in_out_vectors(gradient, 1, count, floats);
    void* workspace = call.workspace(gs_cuda_trust_workspace(1, chunks));
    return call.run([&](void* stream) {
        return gs_cuda_lamb_update(1, table, chunks, on_device, outcome, beta1, beta2, eps, decay, g, m, v, t, workspace, stream);
    });
}
