/* linear_forward, linear_backward_input. */
#include "linear.h"

#include <math.h>

namespace cases {

static double activated(double x, int activation) {
    switch (activation) {
        case GS_RELU: return x < 0 ? 0 : x;
        case GS_GELU: return 0.5 * x * erfc(-x / sqrt(2.0));
        case GS_TANH: return tanh(x);
        case GS_SIGMOID: return 1 / (1 + exp(-x));
        default: return x;
    }
}

/* Lanes beyond the outputs are zero. */
static Buffer<float> weights_of(Run& run, const Linear& c, double scale) {
    Buffer<float> weights = run.random("weights", c.weights(), scale);
    for (int64_t o = c.out; o % 16 != 0; o++)
        for (int64_t k = 0; k < c.in; k++) weights[c.w(o, k)] = 0;
    return weights;
}

static Case forward_case(const Linear& c, bool with_bias, int activation, bool timed) {
    Case result = {"linear_forward", c.name() + text("%s activation %d", with_bias ? " bias" : "", activation), c.flops(), c.bytes(1),
                   c.batch, timed, nullptr};
    result.body = [=](Run& run) {
        if (!run.timing() && !c.tested()) return;
        auto input = run.random("input", c.batch * c.in);
        blank(c, c.in, input);
        auto weights = weights_of(run, c, 1 / sqrt(static_cast<double>(c.in)));
        /* A single output of a bias that cancels its product would be no measure of the rounding error. */
        auto bias = c.out < 8 ? run.filled("bias", c.out, 3) : run.random("bias", c.out);
        auto output = run.unwritten("output", c.batch * c.out_pitch);
        run.call([&] {
            return gs_linear_forward(c.batch, c.in, c.out, c.out_pitch, input.data, weights.data, with_bias ? bias.data : nullptr,
                                     activation, output.data);
        });
        run.compare(output, summation(static_cast<double>(c.in)), [&] {
            std::vector<double> wanted(output.size);
            for (int64_t i = 0; i < c.batch; i++)
                for (int64_t o = 0; o < c.out; o++) {
                    double sum = with_bias ? bias[static_cast<size_t>(o)] : 0;
                    for (int64_t k = 0; k < c.in; k++) sum += static_cast<double>(input[c.x(i, k)]) * weights[c.w(o, k)];
                    wanted[c.y(i, o)] = activated(sum, activation);
                }
            return wanted;
        });
    };
    return result;
}

static Case backward_input_case(const Linear& c, int gradient, bool timed) {
    Case result = {"linear_backward_input", c.name() + (gradient == GS_GRADIENT_ADD ? " add" : ""), c.flops(), c.bytes(1), c.batch,
                   timed, nullptr};
    result.body = [=](Run& run) {
        if (!run.timing() && !c.tested()) return;
        auto output_gradient = run.rows("output_gradient", c.batch, c.out, c.out_pitch);
        blank(c, c.out_pitch, output_gradient);
        auto weights = weights_of(run, c, 1);
        auto input_gradient =
            gradient == GS_GRADIENT_ADD ? run.random("input_gradient", c.batch * c.in) : run.unwritten("input_gradient", c.batch * c.in);
        run.call([&] {
            return gs_linear_backward_input(c.batch, c.in, c.out, c.out_pitch, output_gradient.data, weights.data, gradient,
                                            input_gradient.data);
        });
        run.compare(input_gradient, summation(static_cast<double>(c.out)), [&] {
            std::vector<double> wanted(input_gradient.size);
            for (int64_t i = 0; i < c.batch; i++)
                for (int64_t k = 0; k < c.in; k++) {
                    double sum = gradient == GS_GRADIENT_ADD ? input_gradient.before[c.x(i, k)] : 0;
                    for (int64_t o = 0; o < c.out; o++) sum += static_cast<double>(output_gradient[c.y(i, o)]) * weights[c.w(o, k)];
                    wanted[c.x(i, k)] = sum;
                }
            return wanted;
        });
    };
    return result;
}

static Case refusals_case() {
    Case result = {"linear_forward", "refuses shapes that are none", 0, 0, 1, false, nullptr};
    result.body = [](Run& run) {
        auto floats = run.random("floats", 4096);
        const auto refused = [&](int64_t batch, int64_t in, int64_t out, int64_t pitch, int activation) {
            run.refuses(GS_INVALID_ARGUMENT, [&] {
                return gs_linear_forward(batch, in, out, pitch, floats.data, floats.data, nullptr, activation, floats.data);
            });
        };
        for (int64_t bad : {INT64_MIN, INT64_C(-1), INT64_C(0), INT64_C(1) << 40, INT64_MAX}) {
            refused(bad, 3, 3, 16, 0);
            refused(2, bad, 3, 16, 0);
            refused(2, 3, bad, 16, 0);
        }
        refused(2, 3, 17, 16, 0);
        refused(2, 3, 3, 16, 5);
        refused(2, 3, 3, 16, -1);
        run.refuses(GS_INVALID_ARGUMENT, [&] { return gs_linear_forward(1, 1, 1, 1, nullptr, floats.data, nullptr, 0, floats.data); });
        run.refuses(GS_INVALID_ARGUMENT, [&] {
            return gs_linear_backward_input(1, 1, 1, 1, floats.data, floats.data, 3, floats.data);
        });
    };
    return result;
}

static void declare(std::vector<Case>& cases) {
    for (const Linear& c : odd_layers()) {
        for (int activation = GS_IDENTITY; activation <= GS_SIGMOID; activation++)
            cases.push_back(forward_case(c, activation != GS_TANH, activation, false));
        cases.push_back(backward_input_case(c, GS_GRADIENT_STORE, false));
        cases.push_back(backward_input_case(c, GS_GRADIENT_ADD, false));
    }
    cases.push_back(refusals_case());
    for (const Linear& c : timed_layers()) {
        cases.push_back(forward_case(c, true, GS_RELU, true));
        cases.push_back(backward_input_case(c, GS_GRADIENT_STORE, true));
    }
}

static const Registration registration(declare);

}  // namespace cases
