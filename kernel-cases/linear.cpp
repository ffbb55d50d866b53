/* linear_forward, linear_backward_input, linear_backward_weights. */
#include "shapes.h"

#include <math.h>

namespace cases {

struct Linear {
    int64_t batch, in, out, out_pitch;
    bool blank = false; /* half of what is multiplied is zero, in stretches as in images: whole tiles are skipped */

    /* Larger batches are there for their time; what they compute, a batch of 128 has shown. */
    bool tested() const { return batch <= 128; }
    double flops() const { return 2.0 * static_cast<double>(batch * in * out); }
    double bytes(double weights) const { return 4.0 * (static_cast<double>(batch * (in + out_pitch)) + weights * static_cast<double>(in * out)); }
    std::string name() const {
        return text("%lld x %lld-%lld/%lld%s", (long long)batch, (long long)in, (long long)out, (long long)out_pitch,
                    blank ? " blank" : "");
    }
    size_t x(int64_t i, int64_t k) const { return static_cast<size_t>(i * in + k); }
    size_t y(int64_t i, int64_t o) const { return static_cast<size_t>(i * out_pitch + o); }
    int64_t weights() const { return (out + 15) / 16 * 16 * in; }
    size_t w(int64_t o, int64_t k) const { return static_cast<size_t>((o / 16 * in + k) * 16 + o % 16); }
};

static double activated(double x, int activation) {
    switch (activation) {
        case GS_RELU: return x < 0 ? 0 : x;
        case GS_GELU: return 0.5 * x * erfc(-x / sqrt(2.0));
        case GS_TANH: return tanh(x);
        case GS_SIGMOID: return 1 / (1 + exp(-x));
        default: return x;
    }
}

/* Zeros in half of every row of values: in stretches of 11, which move on by 3 from row to row; one row has nothing else. */
static void blank(const Linear& c, int64_t row, Buffer<float>& rows) {
    for (int64_t i = 0; c.blank && i < c.batch; i++)
        for (int64_t k = 0; k < row; k++)
            if ((k + 3 * i) / 11 % 2 == 0 || i == 1) rows[static_cast<size_t>(i * row + k)] = 0;
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

static Case backward_weights_case(const Linear& c, bool with_bias, bool with_norms, bool timed) {
    Case result = {"linear_backward_weights", c.name() + (with_bias ? " bias" : "") + (with_norms ? "" : " without norms"), c.flops(),
                   c.bytes(2), c.batch, timed, nullptr};
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
    const Linear odd[] = {{1, 1, 1, 1}, {1, 16, 1, 16}, {3, 7, 5, 5}, {2, 33, 17, 32}, {5, 100, 10, 16}, {70, 48, 31, 33}, {9, 1100, 20, 32}, {131, 40, 33, 48}, {3, 4100, 18, 32}, {130, 2050, 3, 16},
                          {1, 5, 3, 16, true}, {7, 40, 70, 80, true}, {131, 50, 100, 112, true}, {300, 35, 17, 32, true}, {6, 1100, 20, 32, true}};
    for (const Linear& c : odd) {
        for (int activation = GS_IDENTITY; activation <= GS_SIGMOID; activation++)
            cases.push_back(forward_case(c, activation != GS_TANH, activation, false));
        cases.push_back(backward_input_case(c, GS_GRADIENT_STORE, false));
        cases.push_back(backward_input_case(c, GS_GRADIENT_ADD, false));
        cases.push_back(backward_weights_case(c, true, true, false));
        cases.push_back(backward_weights_case(c, false, true, false));
        cases.push_back(backward_weights_case(c, true, false, false));
    }
    cases.push_back(refusals_case());
    std::vector<Linear> layers;
    for (int64_t batch : {128, 512, 2048}) /* mlp on Fashion-MNIST */
        for (const Linear& c : {Linear{batch, 784, 512, 512}, {batch, 512, 256, 256}, {batch, 256, 10, 16}, {batch, 784, 512, 512, true}}) layers.push_back(c);
    /* cnn on Fashion-MNIST, then on CIFAR-10; its classifier; resnet20's */
    for (const Linear& c : {Linear{512, 3136, 128, 128}, {512, 4096, 128, 128}, {512, 128, 10, 16}, {512, 64, 10, 16}}) layers.push_back(c);
    for (const Linear& c : layers) {
        cases.push_back(forward_case(c, true, GS_RELU, true));
        cases.push_back(backward_input_case(c, GS_GRADIENT_STORE, true));
        cases.push_back(backward_weights_case(c, true, true, true));
    }
}

static const Registration registration(declare);

}  // namespace cases
