/* conv2d_backward_weights. */
#include "conv2d.h"

namespace cases {

static Case backward_weights_case(const Convolution& c, bool with_bias, bool with_norms, bool timed) {
    const std::string shape = c.name() + (with_bias ? " bias" : "") + (with_norms ? "" : " without norms");
    Case result = {"conv2d_backward_weights", shape, c.flops(), c.bytes(2), c.batch, timed, nullptr};
    result.body = [=](Run& run) {
        auto input = input_of(run, c, "input");
        auto output_gradient = run.rows("output_gradient", c.batch * c.height() * c.width(), c.shape.out_channels,
                                        c.shape.out_pitch);
        auto weights_gradient = weights_of(run, c, "weights_gradient");
        auto bias_gradient = run.random("bias_gradient", c.shape.out_channels);
        auto norm2 = run.filled("norm2", c.batch, 3);
        float* b = with_bias ? bias_gradient.get() : nullptr;
        float* n = with_norms ? norm2.get() : nullptr;
        run.call([&] {
            return gs_conv2d_backward_weights(&c.shape, c.batch, input.data, output_gradient.data, weights_gradient.data, b, n);
        });
        if (run.timing()) return;
        const std::vector<double> delta(output_gradient.data, output_gradient.data + output_gradient.size);
        const WeightGradients g = weights_reference(c, input.data, delta);
        const double terms = static_cast<double>(c.batch * c.height() * c.width());
        const Tolerance tolerance = tolerance_of(c, GS_PASS_BACKWARD_WEIGHTS, terms);
        run.compare(weights_gradient, tolerance, [&] { return summed(g.weights, weights_gradient.before); });
        if (with_bias) run.compare(bias_gradient, tolerance, [&] { return summed(g.bias, bias_gradient.before); });
        if (with_norms) run.compare(norm2, tolerance, [&] { return norms(c, g, with_bias, norm2.before); });
    };
    return result;
}

static void declare(std::vector<Case>& cases) {
    for (const Convolution& c : odd_convolutions()) {
        cases.push_back(backward_weights_case(c, true, true, false));
        cases.push_back(backward_weights_case(c, false, false, false));
    }
    for (const Convolution& c : timed_convolutions()) cases.push_back(backward_weights_case(c, true, true, true));
}

static const Registration registration(declare);

}  // namespace cases
