/*
 * Adam with decoupled decay (Loshchilov and Hutter 2019), as PyTorch's: theta *= 1 - rate * decay; g = scale * gradient;
 * m = beta1 m + (1 - beta1) g; v = beta2 v + (1 - beta2) g^2;
 * theta -= rate / (1 - beta1^step) * m / (sqrt(v / (1 - beta2^step)) + eps). first, second and theta are "=". Moves 28 bytes
 * a parameter. The constants are worked out in double: 1 - 0.999f is off by 1e-5.
 */
#include "operations.h"

namespace gradsieve::GS_ISA {

void adamw_update(int64_t count, float scale, float rate, double beta1, double beta2, float eps, float decay,
                  int64_t step, const float* __restrict gradient, float* __restrict first, float* __restrict second,
                  float* __restrict theta) {
    const float keep = (float)(1 - (double)rate * decay);
    const float b1 = (float)beta1, c1 = (float)(1 - beta1), b2 = (float)beta2, c2 = (float)(1 - beta2);
    const float step_size = (float)(rate / (1 - __builtin_pow(beta1, (double)step)));
    const float correction = (float)(1 / __builtin_sqrt(1 - __builtin_pow(beta2, (double)step)));
    for (int64_t i = 0; i < count; i++) {
        const float g = scale * gradient[i];
        const float m = b1 * first[i] + c1 * g;
        const float v = b2 * second[i] + c2 * (g * g);
        first[i] = m;
        second[i] = v;
        theta[i] = theta[i] * keep - step_size * m / (__builtin_sqrtf(v) * correction + eps);
    }
}

}  // namespace gradsieve::GS_ISA
