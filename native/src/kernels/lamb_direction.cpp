/*
 * Where LAMB goes (You et al. 2020), before its trust ratio: g = scale * gradient; m and v as adamw_update; gradient "=" the
 * direction m / (1 - beta1^step) / (sqrt(v / (1 - beta2^step)) + eps) + decay * theta. first and second are "=". Moves 28
 * bytes a parameter.
 */
#include "operations.h"

namespace gradsieve::GS_ISA {

void lamb_direction(int64_t count, float scale, double beta1, double beta2, float eps, float decay, int64_t step,
                    const float* __restrict theta, float* __restrict first, float* __restrict second,
                    float* __restrict gradient) {
    const float b1 = (float)beta1, c1 = (float)(1 - beta1), b2 = (float)beta2, c2 = (float)(1 - beta2);
    const float first_correction = (float)(1 / (1 - __builtin_pow(beta1, (double)step)));
    const float second_correction = (float)(1 / __builtin_sqrt(1 - __builtin_pow(beta2, (double)step)));
    for (int64_t i = 0; i < count; i++) {
        const float g = scale * gradient[i];
        const float m = b1 * first[i] + c1 * g;
        const float v = b2 * second[i] + c2 * (g * g);
        first[i] = m;
        second[i] = v;
        gradient[i] = first_correction * m / (__builtin_sqrtf(v) * second_correction + eps) + decay * theta[i];
    }
}

}  // namespace gradsieve::GS_ISA
