/* gs_groupnorm_*: the gradients of gamma and beta are "=" on the device. */
#include "device_call.h"

using namespace cases;

int gs_groupnorm_forward(int64_t batch, int64_t positions, int64_t channels, int64_t pitch, int64_t groups, float eps,
                         const float* input, const float* gamma, const float* beta, float* output, float* saved) {
    DeviceCall call;
    const int64_t p = device_pitch(channels, pitch);
    const float* x = call.in_value(input, batch, positions, channels, pitch);
    const float *a = call.in_vectors(gamma, 1, channels, p), *b = call.in_vectors(beta, 1, channels, p);
    float* y = call.out_value(output, batch, positions, channels, pitch);
    float* s = call.out(saved, groups > 0 ? batch * 2 * groups : 0);
    return call.run([&](void* stream) {
        return gs_cuda_groupnorm_forward(batch, positions, channels, p, groups, eps, x, a, b, y, s, stream);
    });
}

int gs_groupnorm_backward(int64_t batch, int64_t positions, int64_t channels, int64_t pitch, int64_t groups, const float* input,
                          const float* gamma, const float* saved, const float* output_gradient, int gradient,
                          float* input_gradient, float* gamma_gradient, float* beta_gradient, float* norm2) {
    DeviceCall call;
    const int64_t p = device_pitch(channels, pitch);
    const float* x = call.in_value(input, batch, positions, channels, pitch);
    const float *a = call.in_vectors(gamma, 1, channels, p), *s = call.in(saved, batch * 2 * groups);
    const float* g = call.in_value(output_gradient, batch, positions, channels, pitch);
    float* dx = call.gradient_value(input_gradient, gradient, batch, positions, channels, pitch);
    void* const workspace = call.workspace(gs_cuda_norm_workspace(batch, p));
    float* dgamma = call.added_vectors(gamma_gradient, 1, channels, p);
    float* dbeta = call.added_vectors(beta_gradient, 1, channels, p);
    float* norms = call.in_out(norm2, batch);
    return call.run([&](void* stream) {
        return gs_cuda_groupnorm_backward(batch, positions, channels, p, groups, x, a, s, g, gradient, dx, workspace, dgamma, dbeta,
                                          norms, stream);
    });
}
