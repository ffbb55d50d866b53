/*
 * Stochastic gradient descent as PyTorch's, over all weights at once: g = scale * gradient + decay * theta; v = momentum * v + g;
 * theta -= rate * (nesterov ? g + momentum * v : v), scale = clip / divisor. velocity NULL: momentum 0, v = g and is not kept.
 * theta and velocity are "=". Moves 20 bytes a float (12 without velocity): 4.8 us a million on 4,200 GB/s.
 */
#include "update.h"

namespace gradsieve {
namespace {

template <bool VELOCITY, bool NESTEROV>
__global__ void __launch_bounds__(UPDATE_THREADS)
    sgd_kernel(int64_t total, const gs_cuda_step* step, const gs_cuda_outcome* outcome, float momentum, float decay,
               const float* __restrict__ gradient, float* __restrict__ velocity, float* __restrict__ theta) {
    GS_SHARED(Descent, rule, 1);
    const size_t from = static_cast<size_t>(blockIdx.x) * CHUNK;
    const int count = floats_of_block(total, outcome);
    Slope<VELOCITY, NESTEROV> slope;
    slope.load(count, gradient + from, VELOCITY ? velocity + from : nullptr, theta + from);
    if (threadIdx.x == 0) rule[0] = {scale_of(step, outcome), static_cast<float>(step->rate), momentum, decay};
    __syncthreads();
    slope.descend(rule[0], count, VELOCITY ? velocity + from : nullptr, theta + from);
}

}  // namespace
}  // namespace gradsieve

using namespace gradsieve;

extern "C" int gs_cuda_sgd_update(int64_t count, const gs_cuda_step* step, const gs_cuda_outcome* outcome, float momentum,
                                  int nesterov, float decay, const float* gradient, float* velocity, float* theta, void* stream) {
    if (const int status = check_count("sgd_update", count)) return status;
    if (count == 0) return GS_CUDA_OK;
    if (!step || !outcome || !gradient || !theta) return refuse("sgd_update", "a buffer that it needs is NULL");
    if (!velocity && momentum != 0)
        return refuse("sgd_update", "a momentum of %g without a velocity", static_cast<double>(momentum));
    const int grid = static_cast<int>(ceil_div<int64_t>(count, CHUNK));
    if (!velocity)
        return GS_LAUNCH((sgd_kernel<false, false>), grid, UPDATE_THREADS, 0, stream, count, step, outcome, momentum, decay,
                         gradient, velocity, theta);
    if (nesterov)
        return GS_LAUNCH((sgd_kernel<true, true>), grid, UPDATE_THREADS, 0, stream, count, step, outcome, momentum, decay, gradient,
                         velocity, theta);
    return GS_LAUNCH((sgd_kernel<true, false>), grid, UPDATE_THREADS, 0, stream, count, step, outcome, momentum, decay, gradient,
                     velocity, theta);
}
