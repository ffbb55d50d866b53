/* conv2d_forward, conv2d_backward_input, conv2d_backward_weights. */
#include "conv2d.h"

#include <math.h>

namespace cases {

static double activated(double x, int activation) {
    switch (activation) {
        case GS_RELU: return x < 0 ? 0 : x;
        case GS_GELU: return 0.5 * x * (1 + erf(x / sqrt(2.0)));
        case GS_TANH: return tanh(x);
        case GS_SIGMOID: return 1 / (1 + exp(-x));
        default: return x;
    }
}

static const char* const ACTIVATIONS[] = {"", " relu", " gelu", " tanh", " sigmoid"};

/* values read and written, weights as often as given */
static double bytes(const Convolution& c, double weights) {
    return 4.0 * (static_cast<double>(c.inputs() + c.outputs()) + weights * static_cast<double>(c.weights()));
}

static Case forward_case(const Convolution& c, bool with_bias, int activation, bool timed) {
    Case result = {"conv2d_forward", c.name() + (with_bias ? " bias" : "") + ACTIVATIONS[activation], c.flops(),
                   bytes(c, 1), c.batch, timed, nullptr};
    result.body = [=](Run& run) {
        auto input = input_of(run, c, "input");
        auto weights = weights_of(run, c, "weights");
        auto bias = run.random("bias", c.shape.out_channels);
        auto output = run.unwritten("output", c.outputs());
        const float* b = with_bias ? bias.get() : nullptr;
        run.call([&] { return gs_conv2d_forward(&c.shape, c.batch, input.data, weights.data, b, activation, output.data); });
        run.compare(output, tolerance_of(c, GS_PASS_FORWARD, static_cast<double>(c.terms())), [&] {
            std::vector<double> wanted = forward_reference(c, input.data, weights.data, b);
            for (size_t i = 0; i < wanted.size(); i++)
                if (static_cast<int64_t>(i) % c.shape.out_pitch < c.shape.out_channels) wanted[i] = activated(wanted[i], activation);
            return wanted;
        });
    };
    return result;
}

static Case backward_input_case(const Convolution& c, int gradient, bool timed) {
    Case result = {"conv2d_backward_input", c.name() + (gradient == GS_GRADIENT_ADD ? " add" : ""), c.flops(),
                   bytes(c, 1), c.batch, timed, nullptr};
    result.body = [=](Run& run) {
        auto output_gradient = run.rows("output_gradient", c.batch * c.height() * c.width(), c.shape.out_channels, c.shape.out_pitch);
        auto weights = weights_of(run, c, "weights");
        auto input_gradient = gradient == GS_GRADIENT_ADD ? input_of(run, c, "input_gradient") : run.unwritten("input_gradient", c.inputs());
        run.call([&] {
            return gs_conv2d_backward_input(&c.shape, c.batch, output_gradient.data, weights.data, gradient, input_gradient.data);
        });
        run.compare(input_gradient, tolerance_of(c, GS_PASS_BACKWARD_INPUT, static_cast<double>(c.terms() / c.shape.channels * c.shape.out_channels)), [&] {
            return input_reference(c, {output_gradient.data, output_gradient.data + output_gradient.size}, weights.data, input_gradient.before);
        });
    };
    return result;
}

static Case backward_weights_case(const Convolution& c, bool with_bias, bool with_norms, bool timed) {
    Case result = {"conv2d_backward_weights", c.name() + (with_bias ? " bias" : "") + (with_norms ? "" : " without norms"), c.flops(),
                   bytes(c, 2), c.batch, timed, nullptr};
    result.body = [=](Run& run) {
        auto input = input_of(run, c, "input");
        auto output_gradient = run.rows("output_gradient", c.batch * c.height() * c.width(), c.shape.out_channels, c.shape.out_pitch);
        auto weights_gradient = weights_of(run, c, "weights_gradient");
        auto bias_gradient = run.random("bias_gradient", c.shape.out_channels);
        auto norm2 = run.filled("norm2", c.batch, 3);
        float* b = with_bias ? bias_gradient.get() : nullptr;
        float* n = with_norms ? norm2.get() : nullptr;
        run.call([&] {
            return gs_conv2d_backward_weights(&c.shape, c.batch, input.data, output_gradient.data, weights_gradient.data, b, n);
        });
        if (run.timing()) return;
        const WeightGradients g = weights_reference(c, input.data, {output_gradient.data, output_gradient.data + output_gradient.size});
        const Tolerance tolerance = tolerance_of(c, GS_PASS_BACKWARD_WEIGHTS, static_cast<double>(c.batch * c.height() * c.width()));
        run.compare(weights_gradient, tolerance, [&] { return summed(g.weights, weights_gradient.before); });
        if (with_bias) run.compare(bias_gradient, tolerance, [&] { return summed(g.bias, bias_gradient.before); });
        if (with_norms) run.compare(norm2, tolerance, [&] { return norms(c, g, with_bias, norm2.before); });
    };
    return result;
}

/* A NaN in one input must show in every output that reads it, through relu too. */
static Case nan_case() {
    const Convolution c = convolution(2, 9, 7, 5, 21, 3, 3, 1, 1);
    Case result = {"conv2d_forward", "a NaN survives relu", 0, 0, 1, false, nullptr};
    result.body = [=](Run& run) {
        auto input = input_of(run, c, "input");
        auto weights = weights_of(run, c, "weights");
        auto output = run.unwritten("output", c.outputs());
        input[c.input(1, 4, 3, 2)] = NAN;
        run.call([&] { return gs_conv2d_forward(&c.shape, c.batch, input.data, weights.data, nullptr, GS_RELU, output.data); });
        for (int64_t y = 0; y < c.height(); y++)
            for (int64_t x = 0; x < c.width(); x++) {
                const bool reads = llabs(y - 4) <= 1 && llabs(x - 3) <= 1;
                for (int64_t o = 0; o < c.shape.out_channels; o++)
                    run.expect(isnan(output[c.output(1, y, x, o)]) == reads, text("output[1][%d][%d][%d] is wrong", (int)y, (int)x, (int)o));
            }
    };
    return result;
}

static Case refusals_case() {
    Case result = {"conv2d_forward", "refuses shapes that are none", 0, 0, 1, false, nullptr};
    result.body = [](Run& run) {
        auto floats = run.random("floats", 4096);
        const auto forward = [&](gs_conv2d s, int64_t batch, int activation) {
            run.refuses(GS_INVALID_ARGUMENT, [&] {
                return gs_conv2d_forward(&s, batch, floats.data, floats.data, nullptr, activation, floats.data);
            });
        };
        const gs_conv2d good = convolution(1, 4, 4, 3, 5, 3, 3, 1, 1).shape;
        int64_t gs_conv2d::*const numbers[] = {&gs_conv2d::height, &gs_conv2d::width, &gs_conv2d::channels, &gs_conv2d::pitch,
                                               &gs_conv2d::kernel_height, &gs_conv2d::kernel_width, &gs_conv2d::stride,
                                               &gs_conv2d::padding, &gs_conv2d::out_channels, &gs_conv2d::out_pitch};
        for (auto number : numbers)
            for (int64_t value : {INT64_MIN, INT64_C(-1), INT64_C(0), INT64_C(1) << 40, INT64_MAX}) {
                gs_conv2d bad = good;
                bad.*number = value;
                if (number != &gs_conv2d::padding || value != 0) forward(bad, 1, GS_IDENTITY);
            }
        forward(good, -1, GS_IDENTITY);
        forward(good, 1, 5);
        forward(good, 1, -1);
        run.refuses(GS_INVALID_ARGUMENT, [&] { return gs_conv2d_forward(nullptr, 1, floats.data, floats.data, nullptr, 0, floats.data); });
        run.refuses(GS_INVALID_ARGUMENT, [&] { return gs_conv2d_forward(&good, 1, nullptr, floats.data, nullptr, 0, floats.data); });
    };
    return result;
}

static void declare_all(std::vector<Case>& cases, const Convolution& c, bool timed) {
    cases.push_back(forward_case(c, true, GS_RELU, timed));
    cases.push_back(backward_input_case(c, GS_GRADIENT_STORE, timed && c.shape.channels > 3)); /* no step asks for an image's gradient */
    cases.push_back(backward_weights_case(c, true, true, timed));
    if (timed) return;
    cases.push_back(forward_case(c, false, GS_IDENTITY, false));
    cases.push_back(backward_input_case(c, GS_GRADIENT_ADD, false));
    cases.push_back(backward_weights_case(c, false, false, false));
}

static void declare(std::vector<Case>& cases) {
    for (int64_t stride : {1, 2, 3})
        for (int64_t padding : {0, 1, 2})
            for (int64_t kernel : {1, 2, 3, 5}) declare_all(cases, convolution(2, 7, 9, 5, 19, kernel, kernel, stride, padding), false);
    const int64_t channels[][2] = {{1, 1}, {1, 32}, {2, 16}, {3, 17}, {7, 48}, {8, 15}, {9, 33}, {16, 16}, {20, 64}, {31, 5}, {33, 80}};
    for (const auto& pair : channels) {
        declare_all(cases, convolution(3, 8, 5, pair[0], pair[1], 3, 3, 1, 1), false);
        declare_all(cases, convolution(2, 6, 7, pair[0], pair[1], 3, 3, 2, 1, 1, true), false);
    }
    declare_all(cases, convolution(2, 5, 11, 6, 18, 2, 5, 2, 1), false);
    declare_all(cases, convolution(2, 13, 4, 18, 18, 4, 1, 1, 0), false);
    declare_all(cases, convolution(1, 1, 1, 4, 3, 1, 1, 1, 0), false);
    declare_all(cases, convolution(1, 2, 2, 4, 3, 3, 3, 1, 4), false);
    for (int64_t width = 1; width <= 33; width++) declare_all(cases, convolution(1, 2, width, 17, 16, 3, 3, 1, 1), false);
    declare_all(cases, convolution(11, 4, 4, 96, 96, 3, 3, 1, 1), false); /* samples in groups */
    declare_all(cases, convolution(3, 9, 6, 32, 48, 3, 3, 1, 2), false);
    declare_all(cases, convolution(5, 13, 12, 17, 20, 3, 3, 1, 0), false);
    for (int activation : {GS_GELU, GS_TANH, GS_SIGMOID})
        cases.push_back(forward_case(convolution(2, 5, 6, 3, 10, 3, 3, 1, 1), true, activation, false));
    cases.push_back(nan_case());
    cases.push_back(refusals_case());

    declare_all(cases, convolution(16, 28, 28, 1, 16, 3, 3, 1, 1, 1, true), true); /* resnet20 on Fashion-MNIST */
    declare_all(cases, convolution(16, 32, 32, 3, 16, 3, 3, 1, 1, 1, true), true); /* resnet20 on CIFAR-10 */
    declare_all(cases, convolution(16, 28, 28, 16, 16, 3, 3, 1, 1), true);
    declare_all(cases, convolution(16, 28, 28, 16, 32, 3, 3, 2, 1), true);
    declare_all(cases, convolution(16, 28, 28, 16, 32, 1, 1, 2, 0), true);
    declare_all(cases, convolution(16, 14, 14, 32, 32, 3, 3, 1, 1), true);
    declare_all(cases, convolution(16, 14, 14, 32, 64, 3, 3, 2, 1), true);
    declare_all(cases, convolution(16, 14, 14, 32, 64, 1, 1, 2, 0), true);
    declare_all(cases, convolution(16, 7, 7, 64, 64, 3, 3, 1, 1), true);
    declare_all(cases, convolution(16, 14, 14, 32, 64, 3, 3, 1, 1), true);
    declare_all(cases, convolution(16, 32, 32, 16, 16, 3, 3, 1, 1), true); /* the rest of resnet20 on CIFAR-10 */
    declare_all(cases, convolution(16, 32, 32, 16, 32, 3, 3, 2, 1), true);
    declare_all(cases, convolution(16, 32, 32, 16, 32, 1, 1, 2, 0), true);
    declare_all(cases, convolution(16, 16, 16, 32, 32, 3, 3, 1, 1), true);
    declare_all(cases, convolution(16, 16, 16, 32, 64, 3, 3, 2, 1), true);
    declare_all(cases, convolution(16, 16, 16, 32, 64, 1, 1, 2, 0), true);
    declare_all(cases, convolution(16, 8, 8, 64, 64, 3, 3, 1, 1), true);
    declare_all(cases, convolution(4, 32, 32, 64, 64, 3, 3, 1, 1), true); /* resnet18 */
    declare_all(cases, convolution(4, 16, 16, 128, 128, 3, 3, 1, 1), true);
    declare_all(cases, convolution(4, 8, 8, 256, 256, 3, 3, 1, 1), true);
    declare_all(cases, convolution(4, 4, 4, 512, 512, 3, 3, 1, 1), true);
    declare_all(cases, convolution(1, 28, 28, 16, 16, 3, 3, 1, 1), true); /* sample by sample */
    declare_all(cases, convolution(1, 7, 7, 64, 64, 3, 3, 1, 1), true);
}

static const Registration registration(declare);

}  // namespace cases
