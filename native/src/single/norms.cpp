/*
 * gs_groupnorm_* and gs_layernorm_*.
 */
#include "single/single.h"

using namespace gradsieve;

namespace {

int check_groups(const char* operation, const Extent& extent, int64_t groups) {
    GS_REQUIRE(groups > 0 && extent.channels % groups == 0, "%s: %lld channels do not divide into %lld groups", operation,
               (long long)extent.channels, (long long)groups);
    return GS_OK;
}

int check_layer(const char* operation, int64_t batch, int64_t height, int64_t width, int64_t channels, int64_t pitch,
                int spatial) {
    GS_REQUIRE(fits(height, width) && sound({batch, height * width, channels, pitch}),
               "%s: batch %lld, height %lld, width %lld, channels %lld, pitch %lld: all must be positive, the pitch at least the "
               "channels, the whole under 2^40 floats", operation, (long long)batch, (long long)height, (long long)width,
               (long long)channels, (long long)pitch);
    GS_REQUIRE(spatial == 0 || spatial == 1, "%s: spatial %d is neither 0 nor 1", operation, spatial);
    return GS_OK;
}

}  // namespace

int gs_groupnorm_forward(int64_t batch, int64_t positions, int64_t channels, int64_t pitch, int64_t groups, float eps,
                         const float* input, const float* gamma, const float* beta, float* output, float* saved) {
    const Extent extent = {batch, positions, channels, pitch};
    GS_REQUIRE_EXTENT("groupnorm_forward", extent);
    const int status = check_groups("groupnorm_forward", extent, groups);
    if (status != GS_OK) return status;
    GS_REQUIRE_POINTERS("groupnorm_forward", input && gamma && beta && output && saved);
    kernels().groupnorm_forward(extent, groups, eps, input, gamma, beta, output, saved);
    return GS_OK;
}

int gs_groupnorm_backward(int64_t batch, int64_t positions, int64_t channels, int64_t pitch, int64_t groups,
                          const float* input, const float* gamma, const float* saved, const float* output_gradient,
                          int gradient, float* input_gradient, float* gamma_gradient, float* beta_gradient, float* norm2) {
    const Extent extent = {batch, positions, channels, pitch};
    GS_REQUIRE_EXTENT("groupnorm_backward", extent);
    const int status = check_groups("groupnorm_backward", extent, groups);
    if (status != GS_OK) return status;
    GS_REQUIRE(is_gradient(gradient), "groupnorm_backward: gradient %d is none of gs_gradient", gradient);
    GS_REQUIRE_POINTERS("groupnorm_backward", input && gamma && saved && output_gradient && gamma_gradient && beta_gradient &&
                                                  (input_gradient || gradient == GS_GRADIENT_NONE));
    kernels().groupnorm_backward(extent, groups, input, gamma, saved, output_gradient, gradient, input_gradient,
                                 gamma_gradient, beta_gradient, norm2);
    return GS_OK;
}

int gs_layernorm_forward(int64_t batch, int64_t height, int64_t width, int64_t channels, int64_t pitch, int spatial,
                         float eps, const float* input, const float* gamma, const float* beta, float* output, float* saved) {
    const int status = check_layer("layernorm_forward", batch, height, width, channels, pitch, spatial);
    if (status != GS_OK) return status;
    GS_REQUIRE_POINTERS("layernorm_forward", input && gamma && beta && output && saved);
    kernels().layernorm_forward({batch, height * width, channels, pitch}, width, spatial, eps, input, gamma, beta, output,
                                saved);
    return GS_OK;
}

int gs_layernorm_backward(int64_t batch, int64_t height, int64_t width, int64_t channels, int64_t pitch, int spatial,
                          const float* input, const float* gamma, const float* saved, const float* output_gradient,
                          int gradient, float* input_gradient, float* gamma_gradient, float* beta_gradient, float* norm2) {
    const int status = check_layer("layernorm_backward", batch, height, width, channels, pitch, spatial);
    if (status != GS_OK) return status;
    GS_REQUIRE(is_gradient(gradient), "layernorm_backward: gradient %d is none of gs_gradient", gradient);
    GS_REQUIRE_POINTERS("layernorm_backward", input && gamma && saved && output_gradient && gamma_gradient && beta_gradient &&
                                                  (input_gradient || gradient == GS_GRADIENT_NONE));
    kernels().layernorm_backward({batch, height * width, channels, pitch}, width, spatial, input, gamma, saved,
                                 output_gradient, gradient, input_gradient, gamma_gradient, beta_gradient, norm2);
    return GS_OK;
}
