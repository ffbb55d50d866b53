/* gs_layernorm_*: gamma is [T][P], or [W rounded up to 4], on the device; its gradient and beta's are "=" there. */
#include "device_call.h"

using namespace cases;

namespace {

/* One sample's means, or parameters, on both sides. */
struct Sizes {
    int64_t pitch, rows, columns, device_columns; /* of gamma: [rows][columns] */
    int64_t saved_rows, saved, device_saved;      /* of saved: [saved_rows][saved] */
};

Sizes sizes_of(int64_t batch, int64_t height, int64_t width, int64_t channels, int64_t pitch, int spatial) {
    const int64_t p = device_pitch(channels, pitch);
    if (spatial) return {p, 1, width, (width + 3) / 4 * 4, batch * 2 * height, pitch, p};
    return {p, height * width, pitch, p, batch * 2, 1, 1};
}

}  // namespace

int gs_layernorm_forward(int64_t batch, int64_t height, int64_t width, int64_t channels, int64_t pitch, int spatial, float eps,
                         const float* input, const float* gamma, const float* beta, float* output, float* saved) {
    DeviceCall call;
    const Sizes n = sizes_of(batch, height, width, channels, pitch, spatial);
    const float* x = call.in_value(input, batch, height * width, channels, pitch);
    const float* a = call.in_vectors(gamma, n.rows, n.columns, n.device_columns);
    const float* b = call.in_vectors(beta, n.rows, n.columns, n.device_columns);
    float* y = call.out_value(output, batch, height * width, channels, pitch);
    /* Lanes that are no channel have a deviation of 0, and an inverse that is not: no padding that must be zero. */
    std::vector<float> wide(static_cast<size_t>(n.saved_rows * n.device_saved));
    float* s = call.out(wide.data(), n.saved_rows * n.device_saved);
    const int status = call.run([&](void* stream) {
        return gs_cuda_layernorm_forward(batch, height, width, channels, n.pitch, spatial, eps, x, a, b, y, s, stream);
    });
    for (int64_t k = 0; status == GS_OK && k < n.saved_rows * n.saved; k++)
        saved[k] = wide[static_cast<size_t>(k / n.saved * n.device_saved + k % n.saved)];
    return status;
}

int gs_layernorm_backward(int64_t batch, int64_t height, int64_t width, int64_t channels, int64_t pitch, int spatial,
                          const float* input, const float* gamma, const float* saved, const float* output_gradient, int gradient,
                          float* input_gradient, float* gamma_gradient, float* beta_gradient, float* norm2) {
    DeviceCall call;
    const Sizes n = sizes_of(batch, height, width, channels, pitch, spatial);
    const float* x = call.in_value(input, batch, height * width, channels, pitch);
    const float* a = call.in_vectors(gamma, n.rows, n.columns, n.device_columns);
    const float* s = call.in_vectors(saved, n.saved_rows, n.saved, n.device_saved);
    const float* g = call.in_value(output_gradient, batch, height * width, channels, pitch);
    float* dx = call.gradient_value(input_gradient, gradient, batch, height * width, channels, pitch);
    void* const workspace = call.workspace(gs_cuda_norm_workspace(batch, n.rows * n.device_columns));
    float* dgamma = call.added_vectors(gamma_gradient, n.rows, n.columns, n.device_columns);
    float* dbeta = call.added_vectors(beta_gradient, n.rows, n.columns, n.device_columns);
    float* norms = call.in_out(norm2, batch);
    return call.run([&](void* stream) {
        return gs_cuda_layernorm_backward(batch, height, width, channels, n.pitch, spatial, x, a, s, g, gradient, dx, workspace,
                                          dgamma, dbeta, norms, stream);
    });
}
