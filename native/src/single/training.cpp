/*
 * gs_softmax_cross_entropy, gs_sgd_update, gs_adamw_update, gs_lamb_direction.
 */
#include "single/single.h"

using namespace gradsieve;

int gs_softmax_cross_entropy(int64_t batch, int64_t classes, int64_t pitch, float label_smoothing, const float* logits,
                             const int32_t* labels, const float* plan_weights, const float* sample_weights,
                             float* gradient, float* probabilities, float* records, int64_t capacity) {
    const Extent extent = {batch, 1, classes, pitch};
    GS_REQUIRE_EXTENT("softmax_cross_entropy", extent);
    GS_REQUIRE(label_smoothing >= 0 && label_smoothing <= 1, "softmax_cross_entropy: label smoothing %g is not in [0, 1]",
               (double)label_smoothing);
    GS_REQUIRE(capacity >= batch, "softmax_cross_entropy: records for %lld samples, batch %lld", (long long)capacity,
               (long long)batch);
    GS_REQUIRE_POINTERS("softmax_cross_entropy", logits && labels && plan_weights && sample_weights && records);
    for (int64_t i = 0; i < batch; i++) {
        GS_REQUIRE(labels[i] >= 0 && labels[i] < classes, "softmax_cross_entropy: label %d of sample %lld is not in 0..%lld",
                   labels[i], (long long)i, (long long)classes - 1);
    }
    kernels().softmax_cross_entropy(batch, classes, pitch, label_smoothing, logits, labels, plan_weights, sample_weights,
                                    gradient, probabilities, records, capacity);
    return GS_OK;
}

int gs_sgd_update(int64_t count, float scale, float rate, float momentum, int nesterov, float decay,
                  const float* gradient, float* velocity, float* theta) {
    GS_REQUIRE(count >= 0, "sgd_update: count %lld is negative", (long long)count);
    GS_REQUIRE_POINTERS("sgd_update", count == 0 || (gradient && theta && (velocity || momentum == 0)));
    kernels().sgd_update(count, scale, rate, momentum, nesterov, decay, gradient, velocity, theta);
    return GS_OK;
}

/* What the rules with Adam's moments have in common; GS_OK if all is well. */
static int check_moments(const char* name, int64_t count, double beta1, double beta2, int64_t step, bool pointers) {
    GS_REQUIRE(count >= 0, "%s: count %lld is negative", name, (long long)count);
    GS_REQUIRE(step >= 1, "%s: step %lld: the first is 1", name, (long long)step);
    GS_REQUIRE(beta1 >= 0 && beta1 < 1 && beta2 >= 0 && beta2 < 1, "%s: betas %g, %g are not in [0, 1)", name, beta1, beta2);
    GS_REQUIRE(count == 0 || pointers, "%s: a buffer that it needs is NULL", name);
    return GS_OK;
}

int gs_adamw_update(int64_t count, float scale, float rate, double beta1, double beta2, float eps, float decay,
                    int64_t step, const float* gradient, float* first, float* second, float* theta) {
    const int status = check_moments("adamw_update", count, beta1, beta2, step, gradient && first && second && theta);
    if (status != GS_OK) return status;
    kernels().adamw_update(count, scale, rate, beta1, beta2, eps, decay, step, gradient, first, second, theta);
    return GS_OK;
}

int gs_lamb_direction(int64_t count, float scale, double beta1, double beta2, float eps, float decay, int64_t step,
                      const float* theta, float* first, float* second, float* gradient) {
    const int status = check_moments("lamb_direction", count, beta1, beta2, step, gradient && first && second && theta);
    if (status != GS_OK) return status;
    kernels().lamb_direction(count, scale, beta1, beta2, eps, decay, step, theta, first, second, gradient);
    return GS_OK;
}
