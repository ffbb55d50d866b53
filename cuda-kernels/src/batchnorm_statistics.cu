/*
 * What batch norm makes of a channel's sums, one thread a channel: statistics float[2][P] "=" mean, 1 / sqrt(variance + eps), and
 * pending float[2][P] "=" what the running mean and the (unbiased) running variance become, as PyTorch's; commit puts them there
 * once the step is known to be fine; running: the statistics of an evaluation. Sums of no values at all (a share without samples)
 * leave the running ones as they are; a single value leaves the running variance. Lanes beyond the channels are zero. A few bytes.
 */
#include "values.h"

namespace gradsieve {
namespace {

constexpr int THREADS = 128;

__global__ void __launch_bounds__(THREADS)
    statistics_kernel(int channels, int pitch, float eps, float own_momentum, const gs_cuda_step* step,
                      const double* __restrict__ sums, const float* __restrict__ running_mean,
                      const float* __restrict__ running_variance, float* __restrict__ statistics, float* __restrict__ pending) {
    const int c = static_cast<int>(blockIdx.x * THREADS + threadIdx.x);
    if (c >= pitch) return;
    const double count = sums[0];
    float mean = 0, inverse = 0, next_mean = 0, next_variance = 0;
    if (c < channels) {
        next_mean = running_mean[c];
        next_variance = running_variance[c];
    }
    if (c < channels && count > 0) {
        const double step_momentum = step ? step->statistics_momentum : -1;
        const double momentum = step_momentum >= 0 ? step_momentum : static_cast<double>(own_momentum);
        const double sum = sums[1 + c], exact = sum / count, squares = sums[1 + pitch + c] - sum * exact;
        const double deviations = squares < 0 ? 0 : squares; /* a rounding; NaN stays */
        mean = static_cast<float>(exact);
        inverse = static_cast<float>(1 / sqrt(deviations / count + static_cast<double>(eps)));
        const double old_mean = static_cast<double>(next_mean), old_variance = static_cast<double>(next_variance);
        if (momentum > 0) next_mean = static_cast<float>(old_mean + momentum * (exact - old_mean));
        if (momentum > 0 && count > 1)
            next_variance = static_cast<float>(old_variance + momentum * (deviations / (count - 1) - old_variance));
    }
    statistics[c] = mean;
    statistics[pitch + c] = inverse;
    pending[c] = next_mean;
    pending[pitch + c] = next_variance;
}

__global__ void __launch_bounds__(THREADS)
    running_kernel(int channels, int pitch, float eps, const float* __restrict__ running_mean,
                   const float* __restrict__ running_variance, float* __restrict__ statistics) {
    const int c = static_cast<int>(blockIdx.x * THREADS + threadIdx.x);
    if (c >= pitch) return;
    statistics[c] = c < channels ? running_mean[c] : 0;
    const double variance = c < channels ? static_cast<double>(running_variance[c]) : 0;
    statistics[pitch + c] = c < channels ? static_cast<float>(1 / sqrt(variance + static_cast<double>(eps))) : 0;
}

__global__ void __launch_bounds__(THREADS)
    commit_kernel(int channels, int pitch, const gs_cuda_outcome* outcome, const float* __restrict__ pending,
                  float* __restrict__ running_mean, float* __restrict__ running_variance) {
    const int c = static_cast<int>(blockIdx.x * THREADS + threadIdx.x);
    if (c >= channels || outcome->what != GS_CUDA_FINE) return;
    running_mean[c] = pending[c];
    running_variance[c] = pending[pitch + c];
}

int check(const char* name, int64_t channels, int64_t pitch, bool buffers) {
    if (const int status = check_values(name, 1, 1, channels, pitch)) return status;
    return buffers ? static_cast<int>(GS_CUDA_OK) : refuse(name, "a buffer that it needs is NULL");
}

int check_eps(const char* name, float eps) {
    return eps > 0 ? static_cast<int>(GS_CUDA_OK) : refuse(name, "eps %g is not above 0", static_cast<double>(eps));
}

int blocks(int64_t pitch) { return static_cast<int>(ceil_div<int64_t>(pitch, THREADS)); }

}  // namespace
}  // namespace gradsieve

using namespace gradsieve;

extern "C" int gs_cuda_batchnorm_statistics(int64_t channels, int64_t pitch, float eps, float momentum, const gs_cuda_step* step,
                                            const double* sums, const float* running_mean, const float* running_variance,
                                            float* statistics, float* pending, void* stream) {
    const char* const name = "batchnorm_statistics";
    if (const int status = check(name, channels, pitch, sums && running_mean && running_variance && statistics && pending))
        return status;
    if (const int status = check_eps(name, eps)) return status;
    if (!(momentum >= 0 && momentum <= 1))
        return refuse(name, "momentum %g is not in [0, 1]", static_cast<double>(momentum));
    return GS_LAUNCH(statistics_kernel, blocks(pitch), THREADS, 0, stream, static_cast<int>(channels), static_cast<int>(pitch), eps,
                     momentum, step, sums, running_mean, running_variance, statistics, pending);
}

extern "C" int gs_cuda_batchnorm_running(int64_t channels, int64_t pitch, float eps, const float* running_mean,
                                         const float* running_variance, float* statistics, void* stream) {
    const char* const name = "batchnorm_running";
    if (const int status = check(name, channels, pitch, running_mean && running_variance && statistics)) return status;
    if (const int status = check_eps(name, eps)) return status;
    return GS_LAUNCH(running_kernel, blocks(pitch), THREADS, 0, stream, static_cast<int>(channels), static_cast<int>(pitch), eps,
                     running_mean, running_variance, statistics);
}

extern "C" int gs_cuda_batchnorm_commit(int64_t channels, int64_t pitch, const gs_cuda_outcome* outcome, const float* pending,
                                        float* running_mean, float* running_variance, void* stream) {
    const char* const name = "batchnorm_commit";
    if (const int status = check(name, channels, pitch, outcome && pending && running_mean && running_variance)) return status;
    return GS_LAUNCH(commit_kernel, blocks(pitch), THREADS, 0, stream, static_cast<int>(channels), static_cast<int>(pitch), outcome,
                     pending, running_mean, running_variance);
}
