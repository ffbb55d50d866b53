/*
 * gs_batchnorm_* by the kernels that take a step apart: statistics = moments, statistics and commit. The sums, double on the
 * device, are float on the CPU. A batch of nothing is refused there; here a share of a step may have no samples.
 */
#include "device_call.h"

namespace {

using cases::device_pitch;
using cases::DeviceCall;

const gs_cuda_outcome FINE = {GS_CUDA_FINE, -1, -1, 1, 0};

int64_t some(int64_t batch) { return batch == 0 ? -1 : batch; }

}  // namespace

int gs_batchnorm_statistics(int64_t batch, int64_t positions, int64_t channels, int64_t pitch, const float* input, float eps,
                            float momentum, float* running_mean, float* running_variance, float* statistics) {
    DeviceCall call;
    const int64_t p = device_pitch(channels, pitch);
    const float* x = call.in_value(input, batch, positions, channels, pitch);
    const gs_cuda_outcome* outcome = call.in(&FINE, 1);
    float* mean = call.in_out_vectors(running_mean, 1, channels, p);
    float* variance = call.in_out_vectors(running_variance, 1, channels, p);
    float *s = call.out_vectors(statistics, 2, pitch, p), *pending = static_cast<float*>(call.workspace(8 * p));
    void* const workspace = call.workspace(gs_cuda_batchnorm_workspace(batch, positions, p));
    double* const sums = static_cast<double*>(call.workspace(8 * (1 + 2 * p)));
    return call.run([&](void* stream) {
        int status = gs_cuda_batchnorm_moments(some(batch), positions, channels, p, x, workspace, sums, stream);
        if (status == GS_CUDA_OK)
            status = gs_cuda_batchnorm_statistics(channels, p, eps, momentum, nullptr, sums, mean, variance, s, pending, stream);
        return status == GS_CUDA_OK ? gs_cuda_batchnorm_commit(channels, p, outcome, pending, mean, variance, stream) : status;
    });
}

int gs_batchnorm_normalize(int64_t batch, int64_t positions, int64_t channels, int64_t pitch, const float* input,
                           const float* statistics, const float* gamma, const float* beta, const float* skip, int activation,
                           float* output) {
    DeviceCall call;
    const int64_t p = device_pitch(channels, pitch);
    const float* x = call.in_value(input, batch, positions, channels, pitch);
    const float *s = call.in_vectors(statistics, 2, pitch, p), *added = call.in_value(skip, batch, positions, channels, pitch);
    const float *g = call.in_vectors(gamma, 1, channels, p), *b = call.in_vectors(beta, 1, channels, p);
    float* y = call.out_value(output, batch, positions, channels, pitch);
    return call.run([&](void* stream) {
        return gs_cuda_batchnorm_normalize(some(batch), positions, channels, p, x, s, g, b, added, activation, y, stream);
    });
}

int gs_batchnorm_backward_sums(int64_t batch, int64_t positions, int64_t channels, int64_t pitch, const float* input,
                               const float* statistics, const float* output, int activation, const float* output_gradient,
                               float* masked_gradient, float* sums, float* gamma_gradient, float* beta_gradient, float* norm2) {
    DeviceCall call;
    const int64_t p = device_pitch(channels, pitch);
    const bool in_place = masked_gradient == output_gradient;
    std::vector<double> doubles(static_cast<size_t>(1 + 2 * p));
    const float* x = call.in_value(input, batch, positions, channels, pitch);
    const float *s = call.in_vectors(statistics, 2, pitch, p), *y = call.in_value(output, batch, positions, channels, pitch);
    float* masked = in_place ? call.in_out_value(masked_gradient, batch, positions, channels, pitch)
                             : call.out_value(masked_gradient, batch, positions, channels, pitch);
    const float* g = in_place ? masked : call.in_value(output_gradient, batch, positions, channels, pitch);
    double* both = call.out(doubles.data(), 1 + 2 * p);
    float *dgamma = call.added_vectors(gamma_gradient, 1, channels, p), *dbeta = call.added_vectors(beta_gradient, 1, channels, p);
    float* norms = call.in_out(norm2, batch);
    void* const workspace = call.workspace(gs_cuda_batchnorm_workspace(batch, positions, p));
    const int status = call.run([&](void* stream) {
        return gs_cuda_batchnorm_backward_sums(some(batch), positions, channels, p, 0, x, s, y, activation, g, masked,
                                               GS_CUDA_STORE, nullptr, workspace, both, dgamma, dbeta, norms, stream);
    });
    for (int64_t c = 0; status == GS_OK && c < 2 * pitch; c++)
        sums[c] = static_cast<float>(doubles[static_cast<size_t>(1 + (c < pitch ? c : p + c - pitch))]);
    return status;
}

int gs_batchnorm_backward_input(int64_t batch, int64_t positions, int64_t channels, int64_t pitch, const float* input,
                                const float* statistics, const float* gamma, const float* masked_gradient, const float* sums,
                                int mode, float* input_gradient) {
    DeviceCall call;
    const int64_t p = device_pitch(channels, pitch);
    std::vector<double> doubles(static_cast<size_t>(1 + 2 * p));
    doubles[0] = static_cast<double>(batch) * static_cast<double>(positions);
    for (int64_t c = 0; sums && c < 2 * pitch; c++)
        doubles[static_cast<size_t>(1 + (c < pitch ? c : p + c - pitch))] = static_cast<double>(sums[c]);
    const float* x = call.in_value(input, batch, positions, channels, pitch);
    const float *s = call.in_vectors(statistics, 2, pitch, p), *a = call.in_vectors(gamma, 1, channels, p);
    const float* g = call.in_value(masked_gradient, batch, positions, channels, pitch);
    const double* both = mode == GS_TRAINING ? call.in(doubles.data(), 1 + 2 * p) : nullptr;
    float* dx = call.out_value(input_gradient, batch, positions, channels, pitch);
    return call.run([&](void* stream) {
        return gs_cuda_batchnorm_backward_input(some(batch), positions, channels, p, x, s, a, g, both, GS_CUDA_STORE, dx, stream);
    });
}
