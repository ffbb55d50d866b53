/*
 * weights_gradient [P_out][kh][kw][P_in] = sum over samples i of g_i, norm2[i] += |g_i|^2, where
 *     g_i[o][ky][kx][c] = sum over y, x of
 *         output_gradient[i][y][x][o] * input[i][y * stride + ky - padding][x * stride + kx - padding][c].
 * A block owns a tile of g and goes through its samples: it forms a sample's share in registers, squares it into the norm and adds
 * it to the batch's, so that norms add no pass over memory (docs/gpu.md). Its sum goes to the workspace, [lanes][weights], the
 * shares of norms too, [B][shares]; sum_partials adds both in order. Arithmetic is the floor, but for few channels: there it reads
 * 4 bytes of input and output gradient once or a few times, 32 us for 1,024 samples of 16 -> 16 channels at 32x32.
 */
#include "conv2d.h"
#include "partials.h"

namespace gradsieve {
namespace {

/* Whether the form for 3x3 has it. */
bool plan_of(const Conv2d& shape, int precision, BackwardWeightsPlan* plan) {
    if (plan_3x3(shape, precision, plan)) return true;
    *plan = plan_any(shape, precision);
    return false;
}

int shape_of(const gs_cuda_conv2d* given, int64_t batch, int precision, Conv2d* shape) {
    if (precision != GS_CUDA_FP32 && precision != GS_CUDA_TF32)
        return refuse("conv2d_backward_weights", "precision %d is none", precision);
    return conv2d_of("conv2d_backward_weights", given, batch, shape);
}

}  // namespace
}  // namespace gradsieve

using namespace gradsieve;

extern "C" int gs_cuda_conv2d_backward_weights(const gs_cuda_conv2d* given, int64_t batch, int precision, const float* input,
                                               const float* output_gradient, void* workspace, float* weights_gradient,
                                               float* norm2, void* stream) {
    Conv2d shape = {};
    if (const int status = shape_of(given, batch, precision, &shape)) return status;
    if (!weights_gradient || (batch > 0 && (!input || !output_gradient || !workspace)))
        return refuse("conv2d_backward_weights", "a buffer that it needs is NULL");
    if (reinterpret_cast<uintptr_t>(workspace) % 32 != 0) /* what the matrix units store to */
        return refuse("conv2d_backward_weights", "the workspace at %p is at no multiple of 32 bytes", workspace);
    if (batch == 0) return sum_partials(shape.weights(), 0, nullptr, weights_gradient, 0, 0, nullptr, nullptr, stream);
    BackwardWeightsPlan plan = {};
    const bool is_3x3 = plan_of(shape, precision, &plan);
    float *const partials = static_cast<float*>(workspace), *const shares = norm2 ? partials + plan.partials(shape) : nullptr;
    const int status = (is_3x3 ? launch_3x3 : launch_any)(plan, shape, input, output_gradient, partials, shares, stream);
    if (status != GS_CUDA_OK) return status;
    return sum_partials(shape.weights(), plan.lanes, partials, weights_gradient, batch, norm2 ? plan.shares : 0, shares, norm2,
                        stream);
}

extern "C" int64_t gs_cuda_conv2d_backward_weights_workspace(const gs_cuda_conv2d* given, int64_t batch, int precision) {
    Conv2d shape = {};
    if (shape_of(given, batch, precision, &shape) != GS_CUDA_OK || batch == 0) return 0;
    BackwardWeightsPlan plan = {};
    plan_of(shape, precision, &plan);
    return 4 * (plan.partials(shape) + batch * plan.shares);
}
