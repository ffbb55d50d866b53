/* Adam's moments, as adamw_update and lamb_update have them. */
#ifndef GRADSIEVE_CUDA_MOMENTS_H
#define GRADSIEVE_CUDA_MOMENTS_H

#include "update.h"

namespace gradsieve {

/* Constants are worked out in double: 1 - 0.999f is off by 1e-5. */
struct Moments {
    double beta1, beta2;
    float keep1, add1, keep2, add2, eps;
};

inline Moments moments(double beta1, double beta2, float eps) {
    return {beta1, beta2, static_cast<float>(beta1), static_cast<float>(1 - beta1), static_cast<float>(beta2),
            static_cast<float>(1 - beta2), eps};
}

/* What a step adds to them; in shared memory. */
struct MomentsStep {
    float scale, first, second; /* of gradients; numerator / (1 - beta1^count); 1 / sqrt(1 - beta2^count) */
};

/* A warp for each, since doubles are slow on some cards; a barrier comes after. */
__device__ __forceinline__ void begin_moments(const Moments& rule, double numerator, const gs_cuda_step* step,
                                              const gs_cuda_outcome* outcome, MomentsStep* result) {
    if (threadIdx.x == 0) result->scale = scale_of(step, outcome);
    if (threadIdx.x == 32) result->first = static_cast<float>(numerator / (1 - power(rule.beta1, step->count)));
    if (threadIdx.x == 64) result->second = static_cast<float>(1 / sqrt(1 - power(rule.beta2, step->count)));
}

/* Both moments go on; the bias-corrected direction, times the numerator. */
__device__ __forceinline__ float direction(const Moments& rule, const MomentsStep& now, float gradient, float& first,
                                           float& second) {
    const float g = now.scale * gradient;
    first = fmaf(rule.keep1, first, rule.add1 * g);
    second = fmaf(rule.keep2, second, rule.add2 * (g * g));
    return now.first * first / fmaf(sqrtf(second), now.second, rule.eps);
}

inline int check_moments(const char* operation, double beta1, double beta2, float eps) {
    if (!(beta1 >= 0 && beta1 < 1 && beta2 >= 0 && beta2 < 1))
        return refuse(operation, "betas %g, %g are not in [0, 1)", beta1, beta2);
    if (!(eps > 0)) return refuse(operation, "eps %g is not above 0", static_cast<double>(eps));
    return GS_CUDA_OK;
}

}  // namespace gradsieve
#endif
