/*
 * gs_batchnorm_*: the whole batch as one block; the sums of a step's threads are merged by the executor instead.
 */
#include <math.h>
#include <stdlib.h>

#include "moments.h"
#include "single/single.h"

using namespace gradsieve;

namespace {

/* float[2][P] or double[2][P] for the time of a call. */
class Sums {
public:
    explicit Sums(int64_t count) : values_(static_cast<double*>(calloc(static_cast<size_t>(count), sizeof(double)))) {}
    ~Sums() { free(values_); }
    Sums(const Sums&) = delete;
    Sums& operator=(const Sums&) = delete;
    double* get() const { return values_; }

private:
    double* values_;
};

int no_memory(const char* operation, int64_t pitch) {
    return fail(GS_OUT_OF_MEMORY, "%s: no memory for the sums of pitch %lld", operation, (long long)pitch);
}

bool is_fused(int activation) {
    return activation == GS_IDENTITY || activation == GS_RELU;
}

}  // namespace

int gs_batchnorm_statistics(int64_t batch, int64_t positions, int64_t channels, int64_t pitch, const float* input,
                            float eps, float momentum, float* running_mean, float* running_variance, float* statistics) {
    const Extent extent = {batch, positions, channels, pitch};
    GS_REQUIRE_EXTENT("batchnorm_statistics", extent);
    GS_REQUIRE_POINTERS("batchnorm_statistics", input && statistics && (running_mean == nullptr) == (running_variance == nullptr));
    Sums moments(2 * pitch);
    if (!moments.get()) return no_memory("batchnorm_statistics", pitch);
    kernels().batchnorm_moments(extent, input, moments.get());
    const double count = static_cast<double>(batch) * static_cast<double>(positions);
    for (int64_t c = 0; c < pitch; c++) {
        const Moments of = {count, moments.get()[c], moments.get()[pitch + c]};
        statistics[c] = c < channels ? static_cast<float>(of.mean()) : 0;
        statistics[pitch + c] = c < channels ? static_cast<float>(1 / sqrt(of.deviations() / count + eps)) : 0;
        if (running_mean && c < channels) {
            /* The running variance is the unbiased one; of a single value PyTorch refuses it, here it stays. */
            running_mean[c] += momentum * static_cast<float>(of.mean() - running_mean[c]);
            if (count > 1) running_variance[c] += momentum * static_cast<float>(of.deviations() / (count - 1) - running_variance[c]);
        }
    }
    return GS_OK;
}

int gs_batchnorm_normalize(int64_t batch, int64_t positions, int64_t channels, int64_t pitch, const float* input,
                           const float* statistics, const float* gamma, const float* beta, const float* skip,
                           int activation, float* output) {
    const Extent extent = {batch, positions, channels, pitch};
    GS_REQUIRE_EXTENT("batchnorm_normalize", extent);
    GS_REQUIRE_POINTERS("batchnorm_normalize", input && statistics && gamma && beta && output);
    GS_REQUIRE(is_fused(activation), "batchnorm_normalize: activation %d: only identity (0) and relu (1) are fused", activation);
    kernels().batchnorm_normalize(extent, input, statistics, gamma, beta, skip, activation, output);
    return GS_OK;
}

int gs_batchnorm_backward_sums(int64_t batch, int64_t positions, int64_t channels, int64_t pitch, const float* input,
                               const float* statistics, const float* output, int activation,
                               const float* output_gradient, float* masked_gradient, float* sums, float* gamma_gradient,
                               float* beta_gradient, float* norm2) {
    const Extent extent = {batch, positions, channels, pitch};
    GS_REQUIRE_EXTENT("batchnorm_backward_sums", extent);
    GS_REQUIRE_POINTERS("batchnorm_backward_sums",
                        input && statistics && (output || activation != GS_RELU) && output_gradient && masked_gradient && sums);
    GS_REQUIRE(is_fused(activation), "batchnorm_backward_sums: activation %d: only identity (0) and relu (1) are fused", activation);
    Sums totals(2 * pitch);
    if (!totals.get()) return no_memory("batchnorm_backward_sums", pitch);
    kernels().batchnorm_backward_sums(extent, input, statistics, output, activation, output_gradient, masked_gradient,
                                      GS_GRADIENT_NONE, nullptr, totals.get(), norm2);
    for (int64_t c = 0; c < 2 * pitch; c++) sums[c] = static_cast<float>(totals.get()[c]);
    for (int64_t c = 0; c < channels; c++) {
        if (beta_gradient) beta_gradient[c] += sums[c];
        if (gamma_gradient) gamma_gradient[c] += sums[pitch + c];
    }
    return GS_OK;
}

int gs_batchnorm_backward_input(int64_t batch, int64_t positions, int64_t channels, int64_t pitch, const float* input,
                                const float* statistics, const float* gamma, const float* masked_gradient,
                                const float* sums, int mode, float* input_gradient) {
    const Extent extent = {batch, positions, channels, pitch};
    GS_REQUIRE_EXTENT("batchnorm_backward_input", extent);
    GS_REQUIRE(mode == GS_TRAINING || mode == GS_EVALUATION, "batchnorm_backward_input: mode %d is none of gs_mode", mode);
    GS_REQUIRE_POINTERS("batchnorm_backward_input", input && statistics && gamma && masked_gradient &&
                                                        (sums || mode == GS_EVALUATION) && input_gradient);
    Sums room(pitch);
    if (!room.get()) return no_memory("batchnorm_backward_input", pitch);
    float* means = reinterpret_cast<float*>(room.get());
    const double count = static_cast<double>(batch) * static_cast<double>(positions);
    for (int64_t c = 0; mode == GS_TRAINING && c < 2 * pitch; c++) means[c] = static_cast<float>(sums[c] / count);
    kernels().batchnorm_backward_input(extent, input, statistics, gamma, masked_gradient,
                                       mode == GS_TRAINING ? means : nullptr, GS_GRADIENT_STORE, input_gradient);
    return GS_OK;
}
