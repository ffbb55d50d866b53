/* gs_linear_*: check the arguments, take scratch, run the kernel on the calling thread. */
#include "linear_norms.h"
#include "single/single.h"

using namespace gradsieve;

namespace {

int check(const char* operation, int64_t batch, const LinearShape& s, bool present) {
    const bool sizes = batch > 0 && s.features > 0 && s.outputs > 0 && s.pitch >= s.outputs && batch <= INT_MAX &&
                       s.features <= INT_MAX && s.pitch <= INT_MAX && fits(batch, s.features) && fits(batch, s.pitch) &&
                       fits(s.outputs, s.features);
    GS_REQUIRE(sizes, "%s: batch %lld, in_pitch %lld, out %lld, out_pitch %lld: all must be positive and below 2^31, out_pitch "
                      "at least out", operation, (long long)batch, (long long)s.features, (long long)s.outputs, (long long)s.pitch);
    GS_REQUIRE(present, "%s: a buffer that it needs is NULL", operation);
    return GS_OK;
}

}  // namespace

int gs_linear_forward(int64_t batch, int64_t in_pitch, int64_t out, int64_t out_pitch, const float* input,
                      const float* weights, const float* bias, int activation, float* output) {
    const LinearShape shape = {in_pitch, out, out_pitch};
    const int status = check("linear_forward", batch, shape, input && weights && output);
    if (status != GS_OK) return status;
    GS_REQUIRE(is_activation(activation), "linear_forward: activation %d is none of gs_activation", activation);
    Floats scratch(kernels().linear_scratch(shape));
    if (scratch.status != GS_OK) return scratch.status;
    kernels().linear_forward(shape, batch, input, weights, bias, activation, output, scratch.data());
    return GS_OK;
}

int gs_linear_backward_input(int64_t batch, int64_t in_pitch, int64_t out, int64_t out_pitch,
                             const float* output_gradient, const float* weights, int gradient, float* input_gradient) {
    const LinearShape shape = {in_pitch, out, out_pitch};
    const int status = check("linear_backward_input", batch, shape,
                             output_gradient && weights && (input_gradient || gradient == GS_GRADIENT_NONE));
    if (status != GS_OK) return status;
    GS_REQUIRE(is_gradient(gradient), "linear_backward_input: gradient %d is none of gs_gradient", gradient);
    if (gradient == GS_GRADIENT_NONE) return GS_OK;
    Floats transposed(kernels().linear_transposed(shape)), scratch(kernels().linear_scratch(shape));
    if (transposed.status != GS_OK) return transposed.status;
    if (scratch.status != GS_OK) return scratch.status;
    kernels().linear_transpose(shape, 0, in_pitch, weights, transposed.data());
    kernels().linear_backward_input(shape, batch, output_gradient, transposed.data(), gradient, input_gradient,
                                    scratch.data());
    return GS_OK;
}

int gs_linear_backward_weights(int64_t batch, int64_t in_pitch, int64_t out, int64_t out_pitch, const float* input,
                               const float* output_gradient, float* weights_gradient, float* bias_gradient, float* norm2) {
    const LinearShape shape = {in_pitch, out, out_pitch};
    const int status = check("linear_backward_weights", batch, shape, input && output_gradient && weights_gradient);
    if (status != GS_OK) return status;
    Floats scratch(kernels().linear_scratch(shape)), input_norms(batch);
    if (scratch.status != GS_OK) return scratch.status;
    if (input_norms.status != GS_OK) return input_norms.status;
    const LinearPart whole = {0, (out + 15) / 16, 0, in_pitch};
    kernels().linear_backward_weights(shape, batch, whole, input, output_gradient, nullptr, nullptr, true, weights_gradient,
                                      scratch.data());
    if (bias_gradient) kernels().column_sums(batch, out_pitch, 0, out, output_gradient, bias_gradient);
    if (!norm2) return GS_OK;
    kernels().row_norms(batch, in_pitch, input, nullptr, input_norms.data());
    add_linear_norms(shape, batch, input_norms.data(), output_gradient, bias_gradient != nullptr, norm2);
    return GS_OK;
}
