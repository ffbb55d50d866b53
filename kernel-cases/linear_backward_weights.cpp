/* linear_backward_weights. */
#include "linear.h"

#include <math.h>

namespace cases {

static Case backward_weights_case(const Linear& c, bool with_bias, bool with_norms, bool timed) {
    const std::string shape = c.name() + (with_bias ? " bias" : "") + (with_norms ? "" : " without norms");
    Case result = {"linear_backward_weights", shape, c.flops(), c.bytes(2), c.batch, timed, nullptr};
    result.body = [=](Run& run) {
        if (!run.timing() && !c.tested()) return;
        auto input = run.random("input", c.batch * c.in);
        blank(c, c.in, input);
        auto output_gradient = run.rows("output_gradient", c.batch, c.out, c.out_pitch);
        auto weights_gradient = parameter_gradient(run, "weights_gradient", c.weights());
        auto bias_gradient = parameter_gradient(run, "bias_gradient", c.out);
        auto norm2 = run.filled("norm2", c.batch, 3);
        run.call([&] {
            return gs_linear_backward_weights(c.batch, c.in, c.out, c.out_pitch, input.data, output_gradient.data,
                                              weights_gradient.data, with_bias ? bias_gradient.data : nullptr,
                                              with_norms ? norm2.data : nullptr);
        });
        const Tolerance tolerance = summation(static_cast<double>(c.batch));
        run.compare(weights_gradient, tolerance, [&] {
            std::vector<double> wanted(weights_gradient.before.begin(), weights_gradient.before.end());
            for (int64_t i = 0; i < c.batch; i++)
                for (int64_t o = 0; o < c.out; o++)
                    for (int64_t k = 0; k < c.in; k++)
                        wanted[c.w(o, k)] += static_cast<double>(output_gradient[c.y(i, o)]) * input[c.x(i, k)];
            return wanted;
        });
        run.compare(bias_gradient, tolerance, [&] {
            std::vector<double> wanted(bias_gradient.before.begin(), bias_gradient.before.end());
            for (int64_t i = 0; with_bias && i < c.batch; i++)
                for (int64_t o = 0; o < c.out; o++) wanted[static_cast<size_t>(o)] += output_gradient[c.y(i, o)];
            return wanted;
        });
        /* The reference squares the whole outer product, element by element. */
        run.compare(norm2, summation(static_cast<double>(c.in + c.out)), [&] {
            std::vector<double> wanted(norm2.before.begin(), norm2.before.end());
            for (int64_t i = 0; with_norms && i < c.batch; i++)
                for (int64_t o = 0; o < c.out; o++) {
                    const double g = output_gradient[c.y(i, o)];
                    for (int64_t k = 0; k < c.in; k++) wanted[static_cast<size_t>(i)] += pow(g * input[c.x(i, k)], 2);
                    if (with_bias) wanted[static_cast<size_t>(i)] += g * g;
                }
            return wanted;
        });
    };
    return result;
}

static void declare(std::vector<Case>& cases) {
    for (const Linear& c : odd_layers()) {
        cases.push_back(backward_weights_case(c, true, true, false));
        cases.push_back(backward_weights_case(c, false, true, false));
        cases.push_back(backward_weights_case(c, true, false, false));
    }
    for (const Linear& c : timed_layers()) cases.push_back(backward_weights_case(c, true, true, true));
}

static const Registration registration(declare);

}  // namespace cases
