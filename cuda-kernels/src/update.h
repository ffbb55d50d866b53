/*
 * What the rules that change weights share: whether they may, the scale of gradients, a power, and the step along a gradient. A
 * block takes GS_CUDA_CHUNK floats, a thread two float4 of each array, which are on their way while one thread works out the scale.
 */
#ifndef GRADSIEVE_UPDATE_H
#define GRADSIEVE_UPDATE_H

#include "device.h"

namespace gradsieve {

constexpr int CHUNK = GS_CUDA_CHUNK;
constexpr int UPDATE_THREADS = 256;
constexpr int VECTORS = CHUNK / 4 / UPDATE_THREADS; /* float4 of a thread */

/* clip / divisor, where the norm that is clipped is that of the divided gradient: one division. */
__device__ __forceinline__ float scale_of(const gs_cuda_step* step, const gs_cuda_outcome* outcome) {
    const double norm = sqrt(outcome->gradient_norm2), most = step->clip_norm * step->divisor;
    const bool clipped = step->clip_norm > 0 && norm > most;
    return static_cast<float>((clipped ? step->clip_norm : 1) / (clipped ? norm : step->divisor));
}

/* By squaring: 1 - beta^n is as good as a float takes, in a tenth of pow's instructions. */
__device__ __forceinline__ double power(double base, int64_t exponent) {
    double result = 1;
    for (; exponent > 0; exponent >>= 1, base *= base)
        if (exponent & 1) result *= base;
    return result;
}

/* How many floats of `total` block blockIdx.x has; none unless the step is fine. */
__device__ __forceinline__ int floats_of_block(int64_t total, const gs_cuda_outcome* outcome) {
    const int64_t left = total - static_cast<int64_t>(blockIdx.x) * CHUNK;
    return outcome->what != GS_CUDA_FINE ? 0 : static_cast<int>(left < CHUNK ? left : CHUNK);
}

/* The place of the thread's k-th float4 in its chunk. */
__device__ __forceinline__ int vector_at(int k) { return 4 * (static_cast<int>(threadIdx.x) + k * UPDATE_THREADS); }

inline int check_count(const char* operation, int64_t count) {
    if (count < 0 || count % 4 != 0 || count > INT64_C(0x7fffffff) * CHUNK)
        return refuse(operation, "count %lld is no multiple of 4 from 0 to 2^42", static_cast<long long>(count));
    return GS_CUDA_OK;
}

struct Descent {
    float scale, rate, momentum, decay;
};

/*
 * A thread's share of a chunk: g = scale gradient + decay theta; v = momentum v + g; theta -= rate (nesterov ? g + momentum v : v).
 * Without velocity: v = g and is not kept.
 */
template <bool VELOCITY, bool NESTEROV>
class Slope {
  public:
    __device__ __forceinline__ void load(int count, const float* gradient, const float* velocity, const float* theta) {
#pragma unroll
        for (int k = 0; k < VECTORS; k++) {
            const int at = vector_at(k);
            if (at >= count) continue;
            gradient_[k] = load4(gradient + at);
            if (VELOCITY) velocity_[k] = load4(velocity + at);
            theta_[k] = load4(theta + at);
        }
    }
    __device__ __forceinline__ void descend(const Descent& rule, int count, float* velocity, float* theta) {
#pragma unroll
        for (int k = 0; k < VECTORS; k++) {
            const int at = vector_at(k);
            if (at >= count) continue;
            float4 g = gradient_[k], v = VELOCITY ? velocity_[k] : g, t = theta_[k];
            one(rule, g.x, v.x, t.x);
            one(rule, g.y, v.y, t.y);
            one(rule, g.z, v.z, t.z);
            one(rule, g.w, v.w, t.w);
            if (VELOCITY) store4(velocity + at, v);
            store4(theta + at, t);
        }
    }

  private:
    static __device__ __forceinline__ void one(const Descent& rule, float gradient, float& v, float& theta) {
        const float g = fmaf(rule.decay, theta, rule.scale * gradient);
        v = VELOCITY ? fmaf(rule.momentum, v, g) : g;
        theta = fmaf(-rule.rate, NESTEROV ? fmaf(rule.momentum, v, g) : v, theta);
    }

    float4 gradient_[VECTORS], velocity_[VECTORS], theta_[VECTORS];
};

}  // namespace gradsieve
#endif
