/* activation_forward, activation_backward. */
#include "shapes.h"

#include <math.h>

namespace cases {

static const char* const NAMES[] = {"identity", "relu", "gelu", "tanh", "sigmoid"};

static double value_of(double x, int activation) {
    switch (activation) {
        case GS_RELU: return x < 0 ? 0 : x;
        case GS_GELU: return 0.5 * x * erfc(-x / sqrt(2.0));
        case GS_TANH: return tanh(x);
        case GS_SIGMOID: return 1 / (1 + exp(-x));
        default: return x;
    }
}

/* x: what backward takes, gelu's input or the output (a float, whose rounding is not backward's error). */
static double slope_of(double x, int activation) {
    switch (activation) {
        case GS_RELU: return x <= 0 ? 0 : 1;
        case GS_GELU: return 0.5 * erfc(-x / sqrt(2.0)) + x * exp(-0.5 * x * x) / sqrt(2 * M_PI);
        case GS_TANH: return 1 - x * x;
        case GS_SIGMOID: return x * (1 - x);
        default: return 1;
    }
}

static Case forward_case(const Shape& s, int activation, bool timed) {
    Case result = {"activation_forward", s.name() + " " + NAMES[activation], static_cast<double>(s.used()), 8.0 * static_cast<double>(s.count()),
                   s.batch, timed, nullptr};
    result.body = [=](Run& run) {
        auto input = s.random(run, "input", 1.2);
        auto output = run.unwritten("output", s.count());
        run.call([&] { return gs_activation_forward(s.batch, s.positions, s.channels, s.pitch, activation, input.data, output.data); });
        run.compare(output, {2e-6, "own functions, relative in gelu's tail too"}, [&] {
            std::vector<double> wanted(output.size);
            s.each([&](int64_t, int64_t, int64_t, size_t at) { wanted[at] = value_of(input[at], activation); });
            return wanted;
        });
    };
    return result;
}

static Case backward_case(const Shape& s, int activation, int mode, bool timed) {
    Case result = {"activation_backward", s.name() + " " + NAMES[activation] + mode_name(mode), 2.0 * static_cast<double>(s.used()),
                   12.0 * static_cast<double>(s.count()), s.batch, timed, nullptr};
    result.body = [=](Run& run) {
        auto input = s.random(run, "input", 1.2), gradient = s.random(run, "output_gradient"), output = s.random(run, "output");
        s.each([&](int64_t, int64_t, int64_t, size_t at) { output[at] = static_cast<float>(value_of(input[at], activation)); });
        auto dx = s.gradient(run, "input_gradient", mode);
        run.call([&] {
            return gs_activation_backward(s.batch, s.positions, s.channels, s.pitch, activation,
                                          activation == GS_GELU ? input.data : nullptr, activation == GS_GELU ? nullptr : output.data,
                                          gradient.data, mode, dx.data);
        });
        run.compare(dx, few_roundings(s, 1e-6), [&] {
            std::vector<double> wanted = s.start(dx, mode);
            s.each([&](int64_t, int64_t, int64_t, size_t at) { wanted[at] += gradient[at] * slope_of(activation == GS_GELU ? input[at] : output[at], activation); });
            return wanted;
        });
    };
    return result;
}

/* Everything a float can be: the ends, zeros, denormals, NaN, infinities; each function's whole curved part in small steps. */
static Case everywhere_case(int activation) {
    Case result = {"activation_forward", text("%s everywhere", NAMES[activation]), 0, 0, 1, false, nullptr};
    result.body = [=](Run& run) {
        std::vector<float> points = {NAN, INFINITY, -INFINITY, 0.0f, -0.0f, 1e-45f, -1e-45f, 1e-39f, 1e-30f, -1e-30f, 3e38f, -3e38f, 88, -88, 104, -104};
        for (double x = -15; x < 15; x += 0.0007) points.push_back(static_cast<float>(x));
        const int64_t count = static_cast<int64_t>(points.size());
        auto input = run.unwritten("input", count), output = run.unwritten("output", count);
        for (size_t i = 0; i < points.size(); i++) input[i] = points[i];
        run.call([&] { return gs_activation_forward(1, count, 1, 1, activation, input.data, output.data); });
        for (size_t i = 0; i < points.size(); i++) {
            const double x = points[i], got = output[i];
            double wanted = value_of(x, activation);
            if (isnan(wanted) && !isnan(x)) wanted = 0; /* gelu(-inf) is -inf * 0 here */
            const bool near = (isnan(got) && isnan(wanted)) || got == wanted || fabs(got - wanted) <= 4e-7 * fmax(fabs(wanted), 1);
            run.expect(near, text("%s(%.9g) is %.9g instead of %.9g", NAMES[activation], x, got, wanted));
        }
    };
    return result;
}

static Case nan_case(int activation) {
    Case result = {"activation_backward", text("a NaN goes through %s", NAMES[activation]), 0, 0, 1, false, nullptr};
    result.body = [=](Run& run) {
        const Shape s = {3, 7, 16, 16};
        auto value = s.random(run, "value"), gradient = s.random(run, "output_gradient"), dx = run.unwritten("input_gradient", s.count());
        s.each([&](int64_t, int64_t, int64_t, size_t at) { value[at] = fabsf(value[at]) + 0.01f; });
        gradient[19] = NAN;
        run.call([&] {
            return gs_activation_backward(s.batch, s.positions, s.channels, s.pitch, activation, value.data, value.data, gradient.data,
                                          GS_GRADIENT_STORE, dx.data);
        });
        for (size_t i = 0; i < dx.size; i++) run.expect(isnan(dx[i]) == (i == 19), text("input_gradient[%zu] is %g", i, dx[i]));
    };
    return result;
}

static Case refusals_case() {
    Case result = {"activation_forward", "refuses a function that is none", 0, 0, 1, false, nullptr};
    result.body = [](Run& run) {
        auto f = run.random("floats", 64);
        for (int activation : {-1, 5, INT32_MAX})
            run.refuses(GS_INVALID_ARGUMENT, [&] { return gs_activation_forward(1, 1, 1, 1, activation, f.data, f.data); });
        run.refuses(GS_INVALID_ARGUMENT, [&] { return gs_activation_forward(1, 1, 3, 2, GS_RELU, f.data, f.data); });
        run.refuses(GS_INVALID_ARGUMENT, [&] { return gs_activation_forward(1, 1, 1, 1, GS_RELU, nullptr, f.data); });
        run.refuses(GS_INVALID_ARGUMENT, [&] { return gs_activation_backward(1, 1, 1, 1, GS_RELU, f.data, nullptr, f.data, GS_GRADIENT_STORE, f.data); });
    };
    return result;
}

static void declare(std::vector<Case>& cases) {
    for (int activation = GS_IDENTITY; activation <= GS_SIGMOID; activation++) {
        for (const Shape& s : odd_shapes()) {
            cases.push_back(forward_case(s, activation, false));
            cases.push_back(backward_case(s, activation, GS_GRADIENT_STORE, false));
            cases.push_back(backward_case(s, activation, GS_GRADIENT_ADD, false));
        }
        cases.push_back(everywhere_case(activation));
        cases.push_back(nan_case(activation));
        if (activation == GS_IDENTITY) continue;
        for (const Shape& s : timed_shapes()) {
            cases.push_back(forward_case(s, activation, true));
            cases.push_back(backward_case(s, activation, GS_GRADIENT_STORE, true));
        }
    }
    cases.push_back(refusals_case());
}

static const Registration registration(declare);

}  // namespace cases
