/*
 * The convolutions of gradsieve.h as single operations: check the arguments, take scratch, run the kernel on the calling
 * thread. The executor checks with check_conv2d too, and brings scratch of its own.
 */
#include "conv2d_check.h"
#include "single/single.h"

namespace gradsieve {
namespace {

const int64_t LARGEST_SIDE = int64_t{1} << 24;   /* of any one number of a shape: products of two stay far from 2^63 */
const int64_t LARGEST_SAMPLE = int64_t{1} << 32; /* floats of one sample or of the weights */

bool too_large(int64_t a, int64_t b, int64_t c) { return a * b > LARGEST_SAMPLE || a * b * c > LARGEST_SAMPLE; }

int64_t to_block(int64_t channels) { return (channels + 15) / 16 * 16; }

long long ll(int64_t value) { return static_cast<long long>(value); }

/* The weights as forward wants them. */
class Prepared {
public:
    Prepared(const gs_conv2d& shape, int64_t pool, const float* weights)
        : own_(kernels().conv2d_prepared(shape, pool)), weights_(weights) {
        if (kernels().conv2d_prepared(shape, pool) == 0 || status() != GS_OK) return;
        kernels().conv2d_prepare(shape, pool, 0, 1, weights, own_.data());
        weights_ = own_.data();
    }
    int status() const { return own_.status; }
    const float* weights() const { return weights_; }

private:
    Floats own_;
    const float* weights_;
};

int check_gradient(const char* operation, int gradient) {
    if (gradient < GS_GRADIENT_NONE || gradient > GS_GRADIENT_ADD)
        return fail(GS_INVALID_ARGUMENT, "%s: gradient %d is none of 0 (none), 1 (store), 2 (add)", operation, gradient);
    return GS_OK;
}

int check_activation(const char* operation, int64_t pool, int activation) {
    if (activation < GS_IDENTITY || activation > GS_SIGMOID)
        return fail(GS_INVALID_ARGUMENT, "%s: there is no activation number %d", operation, activation);
    if (pool > 1 && activation != GS_IDENTITY && activation != GS_RELU)
        return fail(GS_INVALID_ARGUMENT, "%s: activation %d before a max-pool; identity and relu can be", operation,
                    activation);
    return GS_OK;
}

int null_argument(const char* operation) { return fail(GS_INVALID_ARGUMENT, "%s: a buffer is NULL", operation); }

}  // namespace

int check_conv2d(const char* operation, const gs_conv2d* s, int64_t pool, int64_t batch) {
    if (s == nullptr) return null_argument(operation);
    if (batch < 0) return fail(GS_INVALID_ARGUMENT, "%s: batch of %lld", operation, ll(batch));
    const int64_t positive[] = {s->height, s->width, s->channels, s->kernel_height, s->kernel_width, s->stride,
                                s->out_channels, pool};
    bool in_range = s->padding >= 0 && s->padding <= LARGEST_SIDE;
    for (int64_t value : positive) in_range = in_range && value >= 1 && value <= LARGEST_SIDE;
    if (!in_range)
        return fail(GS_INVALID_ARGUMENT,
                    "%s: input %lldx%lldx%lld, kernel %lldx%lld, stride %lld, padding %lld, %lld outputs, pool %lld: a "
                    "number is out of range",
                    operation, ll(s->height), ll(s->width), ll(s->channels), ll(s->kernel_height), ll(s->kernel_width),
                    ll(s->stride), ll(s->padding), ll(s->out_channels), ll(pool));
    const int64_t height = s->height + 2 * s->padding, width = s->width + 2 * s->padding;
    if (s->kernel_height > height || s->kernel_width > width)
        return fail(GS_INVALID_ARGUMENT, "%s: kernel %lldx%lld is larger than the padded input %lldx%lld", operation,
                    ll(s->kernel_height), ll(s->kernel_width), ll(height), ll(width));
    if (s->pitch < s->channels || s->pitch > to_block(s->channels))
        return fail(GS_INVALID_ARGUMENT, "%s: input pitch %lld for %lld channels; %lld to %lld can be", operation,
                    ll(s->pitch), ll(s->channels), ll(s->channels), ll(to_block(s->channels)));
    if (s->out_pitch != to_block(s->out_channels))
        return fail(GS_INVALID_ARGUMENT, "%s: output pitch %lld for %lld channels; it must be %lld", operation,
                    ll(s->out_pitch), ll(s->out_channels), ll(to_block(s->out_channels)));
    const int64_t out_height = (height - s->kernel_height) / s->stride + 1;
    const int64_t out_width = (width - s->kernel_width) / s->stride + 1;
    if (too_large(height, width, to_block(s->channels)) || too_large(out_height, out_width, s->out_pitch) ||
        too_large(s->kernel_height, s->kernel_width, 1) ||
        too_large(s->kernel_height * s->kernel_width, to_block(s->channels), s->out_pitch))
        return fail(GS_INVALID_ARGUMENT, "%s: input %lldx%lldx%lld with kernel %lldx%lld and %lld outputs is too large",
                    operation, ll(s->height), ll(s->width), ll(s->channels), ll(s->kernel_height), ll(s->kernel_width),
                    ll(s->out_channels));
    if (pool > 16 || pool > out_height || pool > out_width)
        return fail(GS_INVALID_ARGUMENT, "%s: pool %lld over an output of %lldx%lld; at most 16 and its size can be",
                    operation, ll(pool), ll(out_height), ll(out_width));
    return GS_OK;
}

}  // namespace gradsieve

using namespace gradsieve;

int gs_conv2d_algorithm(const gs_conv2d* shape, int64_t pool, int pass) {
    return check_conv2d("conv2d_algorithm", shape, pool, 0) == GS_OK ? kernels().conv2d_algorithm(*shape, pool, pass) : GS_DIRECT;
}

int gs_conv2d_forward(const gs_conv2d* shape, int64_t batch, const float* input, const float* weights, const float* bias,
                      int activation, float* output) {
    int status = check_conv2d("conv2d_forward", shape, 1, batch);
    if (status == GS_OK) status = check_activation("conv2d_forward", 1, activation);
    if (status != GS_OK) return status;
    if (input == nullptr || weights == nullptr || output == nullptr) return null_argument("conv2d_forward");
    Floats scratch(kernels().conv2d_scratch(*shape, 1));
    if (scratch.status != GS_OK) return scratch.status;
    Prepared prepared(*shape, 1, weights);
    if (prepared.status() != GS_OK) return prepared.status();
    kernels().conv2d_forward(*shape, batch, input, prepared.weights(), bias, activation, output, scratch.data());
    return GS_OK;
}

int gs_conv2d_backward_input(const gs_conv2d* shape, int64_t batch, const float* output_gradient, const float* weights,
                             int gradient, float* input_gradient) {
    int status = check_conv2d("conv2d_backward_input", shape, 1, batch);
    if (status == GS_OK) status = check_gradient("conv2d_backward_input", gradient);
    if (status != GS_OK || gradient == GS_GRADIENT_NONE) return status;
    if (output_gradient == nullptr || weights == nullptr || input_gradient == nullptr)
        return null_argument("conv2d_backward_input");
    Floats scratch(kernels().conv2d_scratch(*shape, 1)), transposed(kernels().conv2d_transposed(*shape, 1));
    if (scratch.status != GS_OK) return scratch.status;
    if (transposed.status != GS_OK) return transposed.status;
    kernels().conv2d_transpose(*shape, 1, 0, 1, weights, transposed.data());
    kernels().conv2d_backward_input(*shape, batch, output_gradient, transposed.data(), gradient, input_gradient,
                                    scratch.data());
    return GS_OK;
}

int gs_conv2d_backward_weights(const gs_conv2d* shape, int64_t batch, const float* input, const float* output_gradient,
                               float* weights_gradient, float* bias_gradient, float* norm2) {
    int status = check_conv2d("conv2d_backward_weights", shape, 1, batch);
    if (status != GS_OK) return status;
    if (input == nullptr || output_gradient == nullptr || weights_gradient == nullptr)
        return null_argument("conv2d_backward_weights");
    Floats scratch(kernels().conv2d_scratch(*shape, 1));
    if (scratch.status != GS_OK) return scratch.status;
    kernels().conv2d_backward_weights(*shape, batch, input, output_gradient, weights_gradient, bias_gradient, norm2,
                                      scratch.data());
    return GS_OK;
}

int gs_conv2d_maxpool_forward(const gs_conv2d* shape, int64_t pool, int64_t batch, const float* input,
                              const float* weights, const float* bias, int activation, float* output, uint8_t* choice) {
    int status = check_conv2d("conv2d_maxpool_forward", shape, pool, batch);
    if (status == GS_OK) status = check_activation("conv2d_maxpool_forward", 2, activation);
    if (status != GS_OK) return status;
    if (input == nullptr || weights == nullptr || output == nullptr || choice == nullptr)
        return null_argument("conv2d_maxpool_forward");
    Floats scratch(kernels().conv2d_scratch(*shape, pool));
    if (scratch.status != GS_OK) return scratch.status;
    Prepared prepared(*shape, pool, weights);
    if (prepared.status() != GS_OK) return prepared.status();
    kernels().conv2d_maxpool_forward(*shape, pool, batch, input, prepared.weights(), bias, activation, output, choice,
                                     scratch.data());
    return GS_OK;
}

int gs_conv2d_maxpool_backward_input(const gs_conv2d* shape, int64_t pool, int64_t batch, const float* output,
                                     const uint8_t* choice, const float* output_gradient, const float* weights,
                                     int activation, int gradient, float* input_gradient) {
    int status = check_conv2d("conv2d_maxpool_backward_input", shape, pool, batch);
    if (status == GS_OK) status = check_activation("conv2d_maxpool_backward_input", 2, activation);
    if (status == GS_OK) status = check_gradient("conv2d_maxpool_backward_input", gradient);
    if (status != GS_OK || gradient == GS_GRADIENT_NONE) return status;
    if (output == nullptr || choice == nullptr || output_gradient == nullptr || weights == nullptr ||
        input_gradient == nullptr)
        return null_argument("conv2d_maxpool_backward_input");
    Floats scratch(kernels().conv2d_scratch(*shape, pool)), transposed(kernels().conv2d_transposed(*shape, pool));
    if (scratch.status != GS_OK) return scratch.status;
    if (transposed.status != GS_OK) return transposed.status;
    kernels().conv2d_transpose(*shape, pool, 0, 1, weights, transposed.data());
    kernels().conv2d_maxpool_backward(*shape, pool, batch, nullptr, output, choice, output_gradient, transposed.data(),
                                      activation, gradient, input_gradient, nullptr, nullptr, nullptr, scratch.data());
    return GS_OK;
}

int gs_conv2d_maxpool_backward_weights(const gs_conv2d* shape, int64_t pool, int64_t batch, const float* input,
                                       const float* output, const uint8_t* choice, const float* output_gradient,
                                       int activation, float* weights_gradient, float* bias_gradient, float* norm2) {
    int status = check_conv2d("conv2d_maxpool_backward_weights", shape, pool, batch);
    if (status == GS_OK) status = check_activation("conv2d_maxpool_backward_weights", 2, activation);
    if (status != GS_OK) return status;
    if (input == nullptr || output == nullptr || choice == nullptr || output_gradient == nullptr ||
        weights_gradient == nullptr)
        return null_argument("conv2d_maxpool_backward_weights");
    Floats scratch(kernels().conv2d_scratch(*shape, pool));
    if (scratch.status != GS_OK) return scratch.status;
    kernels().conv2d_maxpool_backward(*shape, pool, batch, input, output, choice, output_gradient, nullptr, activation,
                                      GS_GRADIENT_NONE, nullptr, weights_gradient, bias_gradient, norm2, scratch.data());
    return GS_OK;
}
