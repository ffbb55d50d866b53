/*
 * Stochastic gradient descent as PyTorch's: g = scale * gradient + decay * theta; v = momentum * v + g;
 * theta -= rate * (nesterov ? g + momentum * v : v). velocity NULL: momentum 0, v = g and is not kept. theta and velocity
 * are "=". Moves 20 bytes a parameter (12 without velocity).
 */
#include "operations.h"

namespace gradsieve::GS_ISA {

void sgd_update(int64_t count, float scale, float rate, float momentum, int nesterov, float decay,
                const float* __restrict gradient, float* __restrict velocity, float* __restrict theta) {
    if (!velocity) {
        for (int64_t i = 0; i < count; i++) {
            theta[i] -= rate * (scale * gradient[i] + decay * theta[i]);
        }
    } else if (nesterov) {
        for (int64_t i = 0; i < count; i++) {
            const float g = scale * gradient[i] + decay * theta[i];
            const float v = momentum * velocity[i] + g;
            velocity[i] = v;
            theta[i] -= rate * (g + momentum * v);
        }
    } else {
        for (int64_t i = 0; i < count; i++) {
            const float g = scale * gradient[i] + decay * theta[i];
            const float v = momentum * velocity[i] + g;
            velocity[i] = v;
            theta[i] -= rate * v;
        }
    }
}

}  // namespace gradsieve::GS_ISA
