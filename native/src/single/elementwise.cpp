/*
 * gs_activation_*, gs_pool2d_*, gs_dropout, gs_add, gs_all_reduce, gs_bf16_*, gs_input.
 */
#include "single/single.h"

using namespace gradsieve;

namespace {

int check_pool(const char* operation, int64_t batch, int64_t height, int64_t width, int64_t channels, int64_t pitch, int pool,
               int64_t kernel_height, int64_t kernel_width) {
    GS_REQUIRE(fits(height, width) && sound({batch, height * width, channels, pitch}),
               "%s: batch %lld, height %lld, width %lld, channels %lld, pitch %lld: all must be positive, the pitch at least the "
               "channels, the whole under 2^40 floats", operation, (long long)batch, (long long)height, (long long)width,
               (long long)channels, (long long)pitch);
    GS_REQUIRE(pool == GS_MAX_POOL || pool == GS_AVERAGE_POOL, "%s: pool %d is none of gs_pool", operation, pool);
    GS_REQUIRE(kernel_height > 0 && kernel_width > 0 && kernel_height <= height && kernel_width <= width,
               "%s: a window of %lld x %lld does not fit %lld x %lld", operation, (long long)kernel_height,
               (long long)kernel_width, (long long)height, (long long)width);
    GS_REQUIRE(pool == GS_AVERAGE_POOL || kernel_height * kernel_width <= 256,
               "%s: a window of %lld x %lld has more than the 256 places that a choice can name", operation,
               (long long)kernel_height, (long long)kernel_width);
    return GS_OK;
}

}  // namespace

int gs_activation_forward(int64_t batch, int64_t positions, int64_t channels, int64_t pitch, int activation,
                          const float* input, float* output) {
    const Extent extent = {batch, positions, channels, pitch};
    GS_REQUIRE_EXTENT("activation_forward", extent);
    GS_REQUIRE(is_activation(activation), "activation_forward: activation %d is none of gs_activation", activation);
    GS_REQUIRE_POINTERS("activation_forward", input && output);
    kernels().activation_forward(extent, activation, input, output);
    return GS_OK;
}

int gs_activation_backward(int64_t batch, int64_t positions, int64_t channels, int64_t pitch, int activation,
                           const float* input, const float* output, const float* output_gradient, int gradient,
                           float* input_gradient) {
    const Extent extent = {batch, positions, channels, pitch};
    GS_REQUIRE_EXTENT("activation_backward", extent);
    GS_REQUIRE(is_activation(activation), "activation_backward: activation %d is none of gs_activation", activation);
    GS_REQUIRE(is_gradient(gradient), "activation_backward: gradient %d is none of gs_gradient", gradient);
    const bool present = activation == GS_IDENTITY || (activation == GS_GELU ? input : output) != nullptr;
    GS_REQUIRE_POINTERS("activation_backward", present && output_gradient && (input_gradient || gradient == GS_GRADIENT_NONE));
    kernels().activation_backward(extent, activation, input, output, output_gradient, gradient, input_gradient);
    return GS_OK;
}

int gs_pool2d_forward(int64_t batch, int64_t height, int64_t width, int64_t channels, int64_t pitch, int pool,
                      int64_t kernel_height, int64_t kernel_width, const float* input, float* output, uint8_t* choice) {
    const int status = check_pool("pool2d_forward", batch, height, width, channels, pitch, pool, kernel_height, kernel_width);
    if (status != GS_OK) return status;
    GS_REQUIRE_POINTERS("pool2d_forward", input && output && (choice || pool == GS_AVERAGE_POOL));
    kernels().pool2d_forward(batch, height, width, channels, pitch, pool, kernel_height, kernel_width, input, output, choice);
    return GS_OK;
}

int gs_pool2d_backward(int64_t batch, int64_t height, int64_t width, int64_t channels, int64_t pitch, int pool,
                       int64_t kernel_height, int64_t kernel_width, const uint8_t* choice,
                       const float* output_gradient, int gradient, float* input_gradient) {
    const int status = check_pool("pool2d_backward", batch, height, width, channels, pitch, pool, kernel_height, kernel_width);
    if (status != GS_OK) return status;
    GS_REQUIRE(is_gradient(gradient), "pool2d_backward: gradient %d is none of gs_gradient", gradient);
    GS_REQUIRE_POINTERS("pool2d_backward", (choice || pool == GS_AVERAGE_POOL) && output_gradient &&
                                               (input_gradient || gradient == GS_GRADIENT_NONE));
    kernels().pool2d_backward(batch, height, width, channels, pitch, pool, kernel_height, kernel_width, choice,
                              output_gradient, gradient, input_gradient);
    return GS_OK;
}

int gs_dropout(int64_t batch, int64_t positions, int64_t channels, int64_t pitch, double p, int64_t seed, int64_t epoch,
               int64_t place, const int64_t* ids, const float* input, int gradient, float* output) {
    const Extent extent = {batch, positions, channels, pitch};
    GS_REQUIRE_EXTENT("dropout", extent);
    GS_REQUIRE(p >= 0 && p <= 1, "dropout: p %g is not in [0, 1]", p);
    GS_REQUIRE(gradient == GS_GRADIENT_STORE || gradient == GS_GRADIENT_ADD, "dropout: gradient %d is neither store (1) nor add (2)",
               gradient);
    GS_REQUIRE_POINTERS("dropout", ids && input && output);
    kernels().dropout(extent, p, seed, epoch, place, ids, input, gradient, output);
    return GS_OK;
}

int gs_add(int64_t count, const float* a, const float* b, float* output) {
    GS_REQUIRE(count >= 0, "add: count %lld is negative", (long long)count);
    GS_REQUIRE_POINTERS("add", (a && b && output) || count == 0);
    kernels().add(count, a, b, output);
    return GS_OK;
}

int gs_all_reduce(int64_t count, int64_t parts, float* const* part) {
    GS_REQUIRE(count >= 0 && parts > 0, "all_reduce: count %lld, parts %lld: there is at least one part", (long long)count,
               (long long)parts);
    GS_REQUIRE_POINTERS("all_reduce", part);
    for (int64_t k = 0; k < parts; k++) GS_REQUIRE_POINTERS("all_reduce", part[k] || count == 0);
    kernels().all_reduce(count, parts, part);
    return GS_OK;
}

int gs_bf16_round(int64_t count, const float* values, uint16_t* rounded) {
    GS_REQUIRE(count >= 0, "bf16_round: count %lld is negative", (long long)count);
    GS_REQUIRE_POINTERS("bf16_round", (values && rounded) || count == 0);
    kernels().bf16_round(count, values, rounded);
    return GS_OK;
}

int gs_bf16_add(int64_t count, const uint16_t* rounded, int gradient, float* target) {
    GS_REQUIRE(count >= 0, "bf16_add: count %lld is negative", (long long)count);
    GS_REQUIRE(gradient == GS_GRADIENT_STORE || gradient == GS_GRADIENT_ADD, "bf16_add: gradient %d is neither store (1) nor add (2)",
               gradient);
    GS_REQUIRE_POINTERS("bf16_add", (rounded && target) || count == 0);
    kernels().bf16_add(count, rounded, gradient, target);
    return GS_OK;
}

int gs_input(int64_t batch, int64_t positions, int64_t channels, int64_t pitch, int element, const void* input,
             const float* scale, const float* shift, float* output) {
    const Extent extent = {batch, positions, channels, pitch};
    GS_REQUIRE_EXTENT("input", extent);
    GS_REQUIRE(element == GS_UINT8 || element == GS_FLOAT32, "input: element %d is none of gs_element", element);
    GS_REQUIRE_POINTERS("input", input && output && ((scale && shift) || element == GS_FLOAT32));
    kernels().input(extent, element, input, scale, shift, output);
    return GS_OK;
}
