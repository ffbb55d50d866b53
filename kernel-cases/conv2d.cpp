/* conv2d_forward, conv2d_backward_input. */
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

static Case forward_case(const Convolution& c, bool with_bias, int activation, bool timed) {
    Case result = {"conv2d_forward", c.name() + (with_bias ? " bias" : "") + ACTIVATIONS[activation], c.flops(),
                   c.bytes(1), c.batch, timed, nullptr};
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
                   c.bytes(1), c.batch, timed, nullptr};
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
    if (timed) return;
    cases.push_back(forward_case(c, false, GS_IDENTITY, false));
    cases.push_back(backward_input_case(c, GS_GRADIENT_ADD, false));
}

static void declare(std::vector<Case>& cases) {
    for (const Convolution& c : odd_convolutions()) declare_all(cases, c, false);
    for (int activation : {GS_GELU, GS_TANH, GS_SIGMOID})
        cases.push_back(forward_case(convolution(2, 5, 6, 3, 10, 3, 3, 1, 1), true, activation, false));
    cases.push_back(nan_case());
    cases.push_back(refusals_case());
    for (const Convolution& c : timed_convolutions()) declare_all(cases, c, true);
}

static const Registration registration(declare);

}  // namespace cases
