/* conv2d_maxpool_forward, conv2d_maxpool_backward_input, conv2d_maxpool_backward_weights. */
#include "conv2d.h"

#include <math.h>

namespace cases {

struct Pooled {
    std::vector<double> output;
    std::vector<uint8_t> choice;
};

/* NaN wins, the first of equals wins. relu after the maximum is relu before it. */
static Pooled pooled_reference(const Convolution& c, const std::vector<double>& unpooled, int activation) {
    Pooled result = {std::vector<double>(static_cast<size_t>(c.pooled())), std::vector<uint8_t>(static_cast<size_t>(c.pooled()))};
    const int64_t height = c.height() / c.pool, width = c.width() / c.pool, pitch = c.shape.out_pitch;
    for (int64_t i = 0; i < c.batch; i++)
        for (int64_t y = 0; y < height; y++)
            for (int64_t x = 0; x < width; x++)
                for (int64_t o = 0; o < pitch; o++) {
                    double best = -INFINITY;
                    int64_t place = 0;
                    for (int64_t k = 0; k < c.pool * c.pool; k++) {
                        double v = unpooled[c.output(i, y * c.pool + k / c.pool, x * c.pool + k % c.pool, o)];
                        if (activation == GS_RELU && v < 0) v = 0;
                        if (k == 0 || v > best || (isnan(v) && !isnan(best))) {
                            best = v;
                            place = k;
                        }
                    }
                    const size_t at = static_cast<size_t>(((i * height + y) * width + x) * pitch + o);
                    result.output[at] = best;
                    result.choice[at] = static_cast<uint8_t>(place);
                }
    return result;
}

/* The gradient before pooling and activation. */
static std::vector<double> spread(const Convolution& c, const float* output, const uint8_t* choice, const float* gradient, int activation) {
    std::vector<double> result(static_cast<size_t>(c.outputs()), 0.0);
    const int64_t height = c.height() / c.pool, width = c.width() / c.pool, pitch = c.shape.out_pitch;
    for (int64_t at = 0; at < c.pooled(); at++) {
        if (activation == GS_RELU && output[at] <= 0) continue;
        const int64_t o = at % pitch, x = at / pitch % width, y = at / pitch / width % height, i = at / pitch / width / height;
        const int64_t k = choice[at];
        result[c.output(i, y * c.pool + k / c.pool, x * c.pool + k % c.pool, o)] = gradient[at];
    }
    return result;
}

static Case forward_case(const Convolution& c, int activation, bool timed) {
    Case result = {"conv2d_maxpool_forward", c.name() + (activation == GS_RELU ? " relu" : ""), c.flops(),
                   4.0 * static_cast<double>(c.inputs() + c.weights()) + 5.0 * static_cast<double>(c.pooled()), c.batch, timed, nullptr};
    result.body = [=](Run& run) {
        auto input = input_of(run, c, "input");
        auto weights = weights_of(run, c, "weights");
        auto bias = run.random("bias", c.shape.out_channels);
        auto output = run.unwritten("output", c.pooled());
        auto choice = run.bytes("choice", c.pooled());
        run.call([&] {
            return gs_conv2d_maxpool_forward(&c.shape, c.pool, c.batch, input.data, weights.data, bias.data, activation, output.data, choice.data);
        });
        if (run.timing()) return;
        const std::vector<double> unpooled = forward_reference(c, input.data, weights.data, bias.data);
        const Pooled wanted = pooled_reference(c, unpooled, activation);
        run.compare(output, tolerance_of(c, GS_PASS_FORWARD, static_cast<double>(c.terms())), [&] { return wanted.output; });
        /* Rounding may choose the other of two nearly equal ones: the chosen value must be the largest up to rounding. */
        for (size_t at = 0; at < choice.size; at++) {
            const int64_t pitch = c.shape.out_pitch, width = c.width() / c.pool, height = c.height() / c.pool, p = static_cast<int64_t>(at);
            const int64_t o = p % pitch, x = p / pitch % width, y = p / pitch / width % height, i = p / pitch / width / height, k = choice[at];
            if (k >= c.pool * c.pool) {
                run.expect(false, text("choice[%zu] is %d", at, (int)k));
                break;
            }
            if (activation == GS_RELU && !(wanted.output[at] > 0)) continue;
            const double chosen = unpooled[c.output(i, y * c.pool + k / c.pool, x * c.pool + k % c.pool, o)];
            run.expect(fabs(chosen - wanted.output[at]) <= 1e-4, text("choice[%zu] is %d, a smaller value", at, (int)k));
        }
    };
    return result;
}

/* What backward gets: a pooled output of which the given share is alive, choices and a gradient. */
struct Backward {
    Buffer<float> output, gradient;
    Buffer<uint8_t> choice;
};

static Backward backward_inputs(Run& run, const Convolution& c, double alive) {
    const int64_t rows = c.pooled() / c.shape.out_pitch;
    Backward b = {run.rows("output", rows, c.shape.out_channels, c.shape.out_pitch),
                  run.rows("output_gradient", rows, c.shape.out_channels, c.shape.out_pitch), run.bytes("choice", c.pooled())};
    for (size_t i = 0; i < b.choice.size; i++) {
        b.choice[i] = static_cast<uint8_t>(run.below(c.pool * c.pool));
        b.output[i] = run.uniform() < alive ? fabsf(b.output[i]) : 0.0f;
    }
    return b;
}

static Case backward_input_case(const Convolution& c, int activation, int gradient, double alive, bool timed) {
    Case result = {"conv2d_maxpool_backward_input", c.name() + text("%s%s alive %.1f", activation == GS_RELU ? " relu" : "", gradient == GS_GRADIENT_ADD ? " add" : "", alive),
                   c.flops(), 4.0 * static_cast<double>(c.inputs() + c.weights()) + 9.0 * static_cast<double>(c.pooled()), c.batch, timed, nullptr};
    result.body = [=](Run& run) {
        auto b = backward_inputs(run, c, alive);
        auto weights = weights_of(run, c, "weights");
        auto input_gradient = gradient == GS_GRADIENT_ADD ? input_of(run, c, "input_gradient") : run.unwritten("input_gradient", c.inputs());
        run.call([&] {
            return gs_conv2d_maxpool_backward_input(&c.shape, c.pool, c.batch, b.output.data, b.choice.data, b.gradient.data, weights.data, activation,
                                                    gradient, input_gradient.data);
        });
        run.compare(input_gradient, tolerance_of(c, GS_PASS_BACKWARD_INPUT, static_cast<double>(c.terms() / c.shape.channels * c.shape.out_channels)), [&] {
            return input_reference(c, spread(c, b.output.data, b.choice.data, b.gradient.data, activation), weights.data, input_gradient.before);
        });
    };
    return result;
}

static Case backward_weights_case(const Convolution& c, int activation, double alive, bool timed) {
    Case result = {"conv2d_maxpool_backward_weights", c.name() + text("%s alive %.1f", activation == GS_RELU ? " relu" : "", alive), c.flops(),
                   4.0 * static_cast<double>(c.inputs() + 2 * c.weights()) + 9.0 * static_cast<double>(c.pooled()), c.batch, timed, nullptr};
    result.body = [=](Run& run) {
        auto input = input_of(run, c, "input");
        auto b = backward_inputs(run, c, alive);
        auto weights_gradient = weights_of(run, c, "weights_gradient");
        auto bias_gradient = run.random("bias_gradient", c.shape.out_channels);
        auto norm2 = run.filled("norm2", c.batch, 2);
        run.call([&] {
            return gs_conv2d_maxpool_backward_weights(&c.shape, c.pool, c.batch, input.data, b.output.data, b.choice.data, b.gradient.data, activation,
                                                      weights_gradient.data, bias_gradient.data, norm2.data);
        });
        if (run.timing()) return;
        const WeightGradients g = weights_reference(c, input.data, spread(c, b.output.data, b.choice.data, b.gradient.data, activation));
        const Tolerance tolerance = summation(static_cast<double>(c.batch * c.height() * c.width()));
        run.compare(weights_gradient, tolerance, [&] { return summed(g.weights, weights_gradient.before); });
        run.compare(bias_gradient, tolerance, [&] { return summed(g.bias, bias_gradient.before); });
        run.compare(norm2, tolerance, [&] { return norms(c, g, true, norm2.before); });
    };
    return result;
}

static Case nan_case() {
    const Convolution c = convolution(1, 6, 6, 2, 3, 1, 1, 1, 0, 2);
    Case result = {"conv2d_maxpool_forward", "a NaN survives relu and pooling", 0, 0, 1, false, nullptr};
    result.body = [=](Run& run) {
        for (int64_t k = 0; k < 4; k++) {
            auto input = input_of(run, c, "input");
            auto weights = weights_of(run, c, "weights");
            auto output = run.unwritten("output", c.pooled());
            auto choice = run.bytes("choice", c.pooled());
            input[c.input(0, 2 + k / 2, 4 + k % 2, 1)] = NAN;
            run.call([&] {
                return gs_conv2d_maxpool_forward(&c.shape, 2, 1, input.data, weights.data, nullptr, GS_RELU, output.data, choice.data);
            });
            for (int64_t at = 0; at < c.pooled(); at++) {
                if (at % 16 >= 3) continue; /* zero weights times NaN */
                const bool reads = at / 16 == 5;
                run.expect(isnan(output[static_cast<size_t>(at)]) == reads, text("NaN at place %d: output[%d] is wrong", (int)k, (int)at));
                run.expect(!reads || choice[static_cast<size_t>(at)] == k, "the choice is not the NaN");
            }
        }
    };
    return result;
}

static void declare_all(std::vector<Case>& cases, const Convolution& c, bool timed) {
    cases.push_back(forward_case(c, GS_RELU, timed));
    cases.push_back(backward_input_case(c, GS_RELU, GS_GRADIENT_STORE, 0.7, timed && c.shape.channels > 3));
    cases.push_back(backward_weights_case(c, GS_RELU, 0.7, timed));
    if (timed) return;
    cases.push_back(forward_case(c, GS_IDENTITY, false));
    cases.push_back(backward_input_case(c, GS_IDENTITY, GS_GRADIENT_ADD, 0.4, false));
    cases.push_back(backward_input_case(c, GS_RELU, GS_GRADIENT_ADD, 0.0, false));
    cases.push_back(backward_weights_case(c, GS_IDENTITY, 0.4, false));
    cases.push_back(backward_weights_case(c, GS_RELU, 0.0, false));
}

static void declare(std::vector<Case>& cases) {
    const int64_t channels[][2] = {{1, 32}, {3, 5}, {5, 17}, {8, 16}, {16, 32}, {20, 33}, {32, 64}, {40, 16}, {64, 16}};
    for (const auto& pair : channels) {
        declare_all(cases, convolution(3, 8, 10, pair[0], pair[1], 3, 3, 1, 1, 2), false);
        declare_all(cases, convolution(2, 7, 9, pair[0], pair[1], 3, 3, 1, 0, 2, true), false); /* a border left out */
    }
    declare_all(cases, convolution(2, 11, 9, 16, 16, 3, 3, 1, 1, 3), false);
    declare_all(cases, convolution(2, 9, 12, 16, 20, 5, 5, 1, 2, 2), false);
    declare_all(cases, convolution(2, 6, 6, 16, 20, 2, 4, 1, 1, 4), false);
    declare_all(cases, convolution(2, 12, 11, 17, 20, 3, 3, 2, 1, 2), false);
    declare_all(cases, convolution(2, 5, 5, 32, 16, 1, 1, 1, 0, 2), false);
    declare_all(cases, convolution(2, 5, 5, 16, 16, 3, 3, 1, 3, 2), false);
    cases.push_back(nan_case());

    declare_all(cases, convolution(16, 28, 28, 1, 32, 3, 3, 1, 1, 2, true), true); /* cnn on Fashion-MNIST */
    declare_all(cases, convolution(16, 14, 14, 32, 64, 3, 3, 1, 1, 2), true);
    declare_all(cases, convolution(16, 32, 32, 3, 32, 3, 3, 1, 1, 2, true), true); /* cnn on CIFAR-10 */
    declare_all(cases, convolution(16, 16, 16, 32, 64, 3, 3, 1, 1, 2), true);
    declare_all(cases, convolution(1, 14, 14, 32, 64, 3, 3, 1, 1, 2), true); /* sample by sample */
    cases.push_back(backward_input_case(convolution(16, 14, 14, 32, 64, 3, 3, 1, 1, 2), GS_RELU, GS_GRADIENT_STORE, 0.4, true));
    cases.push_back(backward_weights_case(convolution(16, 14, 14, 32, 64, 3, 3, 1, 1, 2), GS_RELU, 0.4, true));
}

static const Registration registration(declare);

}  // namespace cases
