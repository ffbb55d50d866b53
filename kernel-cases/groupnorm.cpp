/* groupnorm_forward, groupnorm_backward. */
#include "shapes.h"

#include <math.h>

namespace cases {

struct GroupNorm {
    Shape shape;
    int64_t groups;

    int64_t width() const { return shape.channels / groups; }
    double terms() const { return static_cast<double>(shape.positions * width()); }
    size_t group(int64_t i, int64_t c) const { return static_cast<size_t>(i * groups + c / width()); }
    std::string name() const { return shape.name() + text(" in %lld groups", (long long)groups); }
};

static const float EPS = 1e-5f;

/* [B][G] means and inverse deviations of x. */
struct Moments {
    std::vector<double> mean, inverse;
};

static Moments moments_of(const GroupNorm& n, const Buffer<float>& x) {
    Moments m = {std::vector<double>(static_cast<size_t>(n.shape.batch * n.groups)), {}};
    std::vector<double> squares(m.mean.size());
    n.shape.each([&](int64_t i, int64_t, int64_t c, size_t at) { m.mean[n.group(i, c)] += x[at] / n.terms(); });
    n.shape.each([&](int64_t i, int64_t, int64_t c, size_t at) { squares[n.group(i, c)] += pow(x[at] - m.mean[n.group(i, c)], 2); });
    for (double s : squares) m.inverse.push_back(1 / sqrt(s / n.terms() + EPS));
    return m;
}

static Case forward_case(const GroupNorm& n, bool timed) {
    const Shape& s = n.shape;
    Case result = {"groupnorm_forward", n.name(), 6.0 * static_cast<double>(s.used()), 8.0 * static_cast<double>(s.count()), s.batch,
                   timed, nullptr};
    result.body = [=](Run& run) {
        auto input = s.random(run, "input");
        s.each([&](int64_t, int64_t, int64_t c, size_t at) { input[at] += static_cast<float>(c % 5); });
        auto gamma = run.random("gamma", s.channels), beta = run.random("beta", s.channels);
        auto output = run.unwritten("output", s.count()), saved = run.unwritten("saved", s.batch * 2 * n.groups);
        run.call([&] {
            return gs_groupnorm_forward(s.batch, s.positions, s.channels, s.pitch, n.groups, EPS, input.data, gamma.data, beta.data,
                                        output.data, saved.data);
        });
        const Moments m = moments_of(n, input);
        /* One element a group: its deviation is rounding noise times 1/sqrt(eps). */
        const Tolerance tolerance = {n.terms() < 3 ? 1e-4 : 3e-6, "float sums, multiplied by up to 1/sqrt(eps) in groups of few elements"};
        run.compare(output, tolerance, [&] {
            std::vector<double> wanted(output.size);
            s.each([&](int64_t i, int64_t, int64_t c, size_t at) {
                const size_t g = n.group(i, c), k = static_cast<size_t>(c);
                wanted[at] = (input[at] - m.mean[g]) * m.inverse[g] * gamma[k] + beta[k];
            });
            return wanted;
        });
        run.compare(saved, tolerance, [&] {
            std::vector<double> wanted;
            for (int64_t i = 0; i < s.batch; i++) {
                wanted.insert(wanted.end(), m.mean.begin() + i * n.groups, m.mean.begin() + (i + 1) * n.groups);
                wanted.insert(wanted.end(), m.inverse.begin() + i * n.groups, m.inverse.begin() + (i + 1) * n.groups);
            }
            return wanted;
        });
    };
    return result;
}

static Case backward_case(const GroupNorm& n, int mode, bool norms, bool timed) {
    const Shape& s = n.shape;
    Case result = {"groupnorm_backward", n.name() + mode_name(mode) + (norms ? "" : " without norms"), 10.0 * static_cast<double>(s.used()),
                   12.0 * static_cast<double>(s.count()), s.batch, timed, nullptr};
    result.body = [=](Run& run) {
        auto input = s.random(run, "input"), gradient = s.random(run, "output_gradient");
        auto gamma = run.random("gamma", s.channels);
        auto saved = run.random("saved", s.batch * 2 * n.groups);
        auto dx = s.gradient(run, "input_gradient", mode);
        auto gamma_gradient = parameter_gradient(run, "gamma_gradient", s.channels);
        auto beta_gradient = parameter_gradient(run, "beta_gradient", s.channels);
        auto norm2 = run.filled("norm2", s.batch, 3);
        for (int64_t i = 0; i < s.batch * 2 * n.groups; i++)
            if (i / n.groups % 2 == 1) saved[static_cast<size_t>(i)] = static_cast<float>(0.2 + 2 * run.uniform());
        run.call([&] {
            return gs_groupnorm_backward(s.batch, s.positions, s.channels, s.pitch, n.groups, input.data, gamma.data, saved.data,
                                         gradient.data, mode, mode == GS_GRADIENT_NONE ? nullptr : dx.data, gamma_gradient.data,
                                         beta_gradient.data, norms ? norm2.data : nullptr);
        });
        if (run.timing()) return;
        const auto mean = [&](int64_t i, int64_t c) { return static_cast<double>(saved[static_cast<size_t>(i * 2 * n.groups + c / n.width())]); };
        const auto inverse = [&](int64_t i, int64_t c) { return static_cast<double>(saved[static_cast<size_t>((i * 2 + 1) * n.groups + c / n.width())]); };
        const auto x_hat = [&](int64_t i, int64_t c, size_t at) { return (input[at] - mean(i, c)) * inverse(i, c); };
        std::vector<double> sum0(static_cast<size_t>(s.batch * s.channels)), sum1(sum0), mean0(static_cast<size_t>(s.batch * n.groups)), mean1(mean0);
        s.each([&](int64_t i, int64_t, int64_t c, size_t at) {
            const size_t own = static_cast<size_t>(i * s.channels + c);
            const double g = gradient[at], scaled = g * gamma[static_cast<size_t>(c)] / n.terms();
            sum0[own] += g;
            sum1[own] += g * x_hat(i, c, at);
            mean0[n.group(i, c)] += scaled;
            mean1[n.group(i, c)] += scaled * x_hat(i, c, at);
        });
        const auto added = [&](const Buffer<float>& to, const std::vector<double>& sums) {
            std::vector<double> wanted(to.before.begin(), to.before.end());
            for (size_t k = 0; k < sums.size(); k++) wanted[k % wanted.size()] += sums[k];
            return wanted;
        };
        const Tolerance tolerance = summation(static_cast<double>(s.batch * s.positions));
        run.compare(beta_gradient, tolerance, [&] { return added(beta_gradient, sum0); });
        run.compare(gamma_gradient, tolerance, [&] { return added(gamma_gradient, sum1); });
        run.compare(norm2, summation(static_cast<double>(s.positions)), [&] {
            std::vector<double> wanted(norm2.before.begin(), norm2.before.end());
            for (size_t k = 0; norms && k < sum0.size(); k++)
                wanted[k / static_cast<size_t>(s.channels)] += sum0[k] * sum0[k] + sum1[k] * sum1[k];
            return wanted;
        });
        if (mode == GS_GRADIENT_NONE) return;
        run.compare(dx, few_roundings(s, 5e-6), [&] {
            std::vector<double> wanted = s.start(dx, mode);
            s.each([&](int64_t i, int64_t, int64_t c, size_t at) {
                const size_t k = n.group(i, c);
                const double g = static_cast<double>(gradient[at]) * gamma[static_cast<size_t>(c)];
                wanted[at] += inverse(i, c) * (g - mean0[k] - x_hat(i, c, at) * mean1[k]);
            });
            return wanted;
        });
    };
    return result;
}

static Case refusals_case() {
    Case result = {"groupnorm_forward", "refuses groups that do not divide the channels", 0, 0, 1, false, nullptr};
    result.body = [](Run& run) {
        auto f = run.random("floats", 4096);
        for (int64_t groups : {INT64_C(0), INT64_C(-2), INT64_C(5), INT64_C(16), INT64_MIN})
            run.refuses(GS_INVALID_ARGUMENT, [&] {
                return gs_groupnorm_forward(2, 3, 12, 16, groups, EPS, f.data, f.data, f.data, f.data, f.data);
            });
    };
    return result;
}

static void declare(std::vector<Case>& cases) {
    const GroupNorm odd[] = {{{1, 1, 1, 1}, 1},     {{2, 3, 16, 16}, 1},   {{2, 5, 16, 16}, 16},  {{3, 9, 16, 16}, 8},  {{2, 4, 32, 32}, 8},
                             {{2, 7, 21, 32}, 7},   {{2, 7, 21, 21}, 3},   {{2, 6, 48, 48}, 2},   {{2, 3, 50, 64}, 2},  {{2, 3, 120, 128}, 5},
                             {{1, 1100, 6, 16}, 3}, {{2, 9, 64, 64}, 8},   {{2, 2, 100, 112}, 1}, {{3, 4, 12, 16}, 4},
                             /* More channels, and more samples, than a block of a GPU's is made for. */
                             {{2, 3, 1100, 1104}, 11}, {{1, 2, 2048, 2048}, 32}, {{1030, 3, 6, 16}, 2}};
    for (const GroupNorm& n : odd) {
        cases.push_back(forward_case(n, false));
        cases.push_back(backward_case(n, GS_GRADIENT_STORE, true, false));
        cases.push_back(backward_case(n, GS_GRADIENT_ADD, true, false));
        cases.push_back(backward_case(n, GS_GRADIENT_NONE, false, false));
    }
    cases.push_back(refusals_case());
    for (const Shape& s : timed_shapes()) {
        cases.push_back(forward_case({s, 8}, true));
        cases.push_back(backward_case({s, 8}, GS_GRADIENT_STORE, true, true));
    }
}

static const Registration registration(declare);

}  // namespace cases
