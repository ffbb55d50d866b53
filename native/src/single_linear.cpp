/*
 * gs_linear_*: the products are OpenBLAS's on the calling thread, the rest our kernels.
 */
#include "single.h"

using namespace gradsieve;

namespace {

int check(const char* operation, int64_t batch, int64_t in_pitch, int64_t out, int64_t out_pitch, bool present) {
    /* OpenBLAS counts in int. */
    const bool sizes = batch > 0 && in_pitch > 0 && out > 0 && out_pitch >= out && batch <= INT_MAX && in_pitch <= INT_MAX &&
                       out_pitch <= INT_MAX && fits(batch, in_pitch) && fits(batch, out_pitch) && fits(out, in_pitch);
    GS_REQUIRE(sizes, "%s: batch %lld, in_pitch %lld, out %lld, out_pitch %lld: all must be positive and below 2^31, out_pitch "
                      "at least out", operation, (long long)batch, (long long)in_pitch, (long long)out, (long long)out_pitch);
    GS_REQUIRE(present, "%s: a buffer that it needs is NULL", operation);
    if (!opened()) return fail(GS_MISSING_LIBRARY, "%s: OpenBLAS is not loaded: call gs_open with its path first", operation);
    return GS_OK;
}

}  // namespace

int gs_linear_forward(int64_t batch, int64_t in_pitch, int64_t out, int64_t out_pitch, const float* input,
                      const float* weights, const float* bias, int activation, float* output) {
    const int status = check("linear_forward", batch, in_pitch, out, out_pitch, input && weights && output);
    if (status != GS_OK) return status;
    GS_REQUIRE(is_activation(activation), "linear_forward: activation %d is none of gs_activation", activation);
    sgemm(false, true, batch, out, in_pitch, input, in_pitch, weights, in_pitch, 0, output, out_pitch);
    kernels().linear_epilogue(batch, out, out_pitch, bias, activation, output);
    return GS_OK;
}

int gs_linear_backward_input(int64_t batch, int64_t in_pitch, int64_t out, int64_t out_pitch,
                             const float* output_gradient, const float* weights, int gradient, float* input_gradient) {
    const int status = check("linear_backward_input", batch, in_pitch, out, out_pitch,
                             output_gradient && weights && (input_gradient || gradient == GS_GRADIENT_NONE));
    if (status != GS_OK) return status;
    GS_REQUIRE(is_gradient(gradient), "linear_backward_input: gradient %d is none of gs_gradient", gradient);
    if (gradient == GS_GRADIENT_NONE) return GS_OK;
    sgemm(false, false, batch, in_pitch, out, output_gradient, out_pitch, weights, in_pitch,
          gradient == GS_GRADIENT_ADD ? 1 : 0, input_gradient, in_pitch);
    return GS_OK;
}

int gs_linear_backward_weights(int64_t batch, int64_t in_pitch, int64_t out, int64_t out_pitch, const float* input,
                               const float* output_gradient, float* weights_gradient, float* bias_gradient, float* norm2) {
    const int status = check("linear_backward_weights", batch, in_pitch, out, out_pitch,
                             input && output_gradient && weights_gradient);
    if (status != GS_OK) return status;
    sgemm(true, false, out, in_pitch, batch, output_gradient, out_pitch, input, in_pitch, 1, weights_gradient, in_pitch);
    if (bias_gradient) kernels().column_sums(batch, out_pitch, 0, out, output_gradient, bias_gradient);
    if (norm2) kernels().linear_norm(batch, in_pitch, out_pitch, input, output_gradient, bias_gradient != nullptr, norm2);
    return GS_OK;
}
