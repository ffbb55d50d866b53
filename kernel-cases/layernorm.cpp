/* layernorm_forward, layernorm_backward, over all features of a sample and over W. */
#include "shapes.h"

#include <math.h>

namespace cases {

struct LayerNorm {
    int64_t batch, height, width, channels, pitch;
    int spatial;

    Shape shape() const { return {batch, height * width, channels, pitch}; }
    /* Means a sample, of which the mean of (t, c) is number row; parameters, of which (t, c) has number parameter. */
    int64_t rows() const { return spatial ? height * pitch : 1; }
    int64_t parameters() const { return spatial ? width : height * width * pitch; }
    double terms() const { return static_cast<double>(spatial ? width : height * width * channels); }
    int64_t row(int64_t t, int64_t c) const { return spatial ? t / width * pitch + c : 0; }
    size_t parameter(int64_t t, int64_t c) const { return static_cast<size_t>(spatial ? t % width : t * pitch + c); }
    std::string name() const {
        return text("%lldx%lldx%lldx%lld/%lld%s", (long long)batch, (long long)height, (long long)width, (long long)channels,
                    (long long)pitch, spatial ? " over W" : "");
    }
};

static const float EPS = 1e-5f;

/* Parameters in the network's layout: those of padding lanes are zero. */
static Buffer<float> parameter(Run& run, const LayerNorm& n, const char* what) {
    return n.spatial ? run.random(what, n.width) : run.rows(what, n.height * n.width, n.channels, n.pitch);
}

static Case forward_case(const LayerNorm& n, bool timed) {
    const Shape s = n.shape();
    Case result = {"layernorm_forward", n.name(), 6.0 * static_cast<double>(s.used()), 8.0 * static_cast<double>(s.count()), s.batch,
                   timed, nullptr};
    result.body = [=](Run& run) {
        auto input = s.random(run, "input");
        s.each([&](int64_t, int64_t, int64_t, size_t at) { input[at] += 2; });
        auto gamma = parameter(run, n, "gamma"), beta = parameter(run, n, "beta");
        auto output = run.unwritten("output", s.count()), saved = run.unwritten("saved", s.batch * 2 * n.rows());
        run.call([&] {
            return gs_layernorm_forward(n.batch, n.height, n.width, n.channels, n.pitch, n.spatial, EPS, input.data, gamma.data,
                                        beta.data, output.data, saved.data);
        });
        if (run.timing()) return;
        const size_t rows = static_cast<size_t>(n.batch * n.rows());
        std::vector<double> mean(rows), squares(rows), inverse;
        const auto row = [&](int64_t i, int64_t t, int64_t c) { return static_cast<size_t>(i * n.rows() + n.row(t, c)); };
        s.each([&](int64_t i, int64_t t, int64_t c, size_t at) { mean[row(i, t, c)] += input[at] / n.terms(); });
        s.each([&](int64_t i, int64_t t, int64_t c, size_t at) { squares[row(i, t, c)] += pow(input[at] - mean[row(i, t, c)], 2); });
        for (double q : squares) inverse.push_back(1 / sqrt(q / n.terms() + EPS));
        const Tolerance tolerance = {n.terms() < 3 ? 1e-4 : 1e-5, "float sums, multiplied by up to 1/sqrt(eps) over few elements"};
        run.compare(output, tolerance, [&] {
            std::vector<double> wanted(output.size);
            s.each([&](int64_t i, int64_t t, int64_t c, size_t at) {
                const size_t p = n.parameter(t, c);
                wanted[at] = (input[at] - mean[row(i, t, c)]) * inverse[row(i, t, c)] * gamma[p] + beta[p];
            });
            return wanted;
        });
        run.compare(saved, tolerance, [&] {
            std::vector<double> wanted;
            for (int64_t i = 0; i < n.batch; i++) {
                wanted.insert(wanted.end(), mean.begin() + i * n.rows(), mean.begin() + (i + 1) * n.rows());
                wanted.insert(wanted.end(), inverse.begin() + i * n.rows(), inverse.begin() + (i + 1) * n.rows());
            }
            return wanted;
        });
    };
    return result;
}

static Case backward_case(const LayerNorm& n, int mode, bool norms, bool timed) {
    const Shape s = n.shape();
    Case result = {"layernorm_backward", n.name() + mode_name(mode) + (norms ? "" : " without norms"), 10.0 * static_cast<double>(s.used()),
                   12.0 * static_cast<double>(s.count()), s.batch, timed, nullptr};
    result.body = [=](Run& run) {
        auto input = s.random(run, "input"), gradient = s.random(run, "output_gradient");
        auto gamma = parameter(run, n, "gamma"), saved = run.random("saved", n.batch * 2 * n.rows());
        auto dx = s.gradient(run, "input_gradient", mode);
        auto gamma_gradient = parameter_gradient(run, "gamma_gradient", n.parameters());
        auto beta_gradient = parameter_gradient(run, "beta_gradient", n.parameters());
        auto norm2 = run.filled("norm2", n.batch, 3);
        for (int64_t i = 0; i < n.batch * 2 * n.rows(); i++)
            if (i / n.rows() % 2 == 1) saved[static_cast<size_t>(i)] = static_cast<float>(0.2 + 2 * run.uniform());
        run.call([&] {
            return gs_layernorm_backward(n.batch, n.height, n.width, n.channels, n.pitch, n.spatial, input.data, gamma.data, saved.data,
                                         gradient.data, mode, mode == GS_GRADIENT_NONE ? nullptr : dx.data, gamma_gradient.data,
                                         beta_gradient.data, norms ? norm2.data : nullptr);
        });
        if (run.timing()) return;
        const auto inverse = [&](int64_t i, int64_t t, int64_t c) { return static_cast<double>(saved[static_cast<size_t>((2 * i + 1) * n.rows() + n.row(t, c))]); };
        const auto x_hat = [&](int64_t i, int64_t t, int64_t c, size_t at) {
            return (input[at] - static_cast<double>(saved[static_cast<size_t>(2 * i * n.rows() + n.row(t, c))])) * inverse(i, t, c);
        };
        const auto row = [&](int64_t i, int64_t t, int64_t c) { return static_cast<size_t>(i * n.rows() + n.row(t, c)); };
        const size_t parameters = static_cast<size_t>(n.parameters()), rows = static_cast<size_t>(n.batch * n.rows());
        std::vector<double> sum0(static_cast<size_t>(n.batch) * parameters), sum1(sum0), mean0(rows), mean1(rows);
        s.each([&](int64_t i, int64_t t, int64_t c, size_t at) {
            const size_t p = n.parameter(t, c), own = static_cast<size_t>(i) * parameters + p;
            const double g = gradient[at], scaled = g * gamma[p] / n.terms(), x = x_hat(i, t, c, at);
            sum0[own] += g;
            sum1[own] += g * x;
            mean0[row(i, t, c)] += scaled;
            mean1[row(i, t, c)] += scaled * x;
        });
        const auto added = [&](const Buffer<float>& to, const std::vector<double>& sums) {
            std::vector<double> wanted(to.before.begin(), to.before.end());
            for (size_t k = 0; k < sums.size(); k++) wanted[k % parameters] += sums[k];
            return wanted;
        };
        const Tolerance tolerance = summation(static_cast<double>(n.batch) * (n.spatial ? static_cast<double>(n.height * n.channels) : 4));
        run.compare(beta_gradient, tolerance, [&] { return added(beta_gradient, sum0); });
        run.compare(gamma_gradient, tolerance, [&] { return added(gamma_gradient, sum1); });
        run.compare(norm2, summation(n.terms()), [&] {
            std::vector<double> wanted(norm2.before.begin(), norm2.before.end());
            for (size_t k = 0; norms && k < sum0.size(); k++) wanted[k / parameters] += sum0[k] * sum0[k] + sum1[k] * sum1[k];
            return wanted;
        });
        if (mode == GS_GRADIENT_NONE) return;
        run.compare(dx, few_roundings(s, 5e-6), [&] {
            std::vector<double> wanted = s.start(dx, mode);
            s.each([&](int64_t i, int64_t t, int64_t c, size_t at) {
                const double g = static_cast<double>(gradient[at]) * gamma[n.parameter(t, c)];
                wanted[at] += inverse(i, t, c) * (g - mean0[row(i, t, c)] - x_hat(i, t, c, at) * mean1[row(i, t, c)]);
            });
            return wanted;
        });
    };
    return result;
}

static void declare(std::vector<Case>& cases) {
    const LayerNorm odd[] = {{1, 1, 1, 1, 1, 0},     {2, 1, 1, 64, 64, 0},   {3, 1, 1, 50, 64, 0},  {2, 1, 1, 3000, 3008, 0}, {2, 3, 4, 5, 16, 0},
                             {2, 3, 4, 16, 16, 0},   {2, 2, 3, 7, 7, 0},     {3, 5, 2, 21, 32, 0},  {1, 1, 1, 1, 1, 1},       {2, 3, 4, 5, 16, 1},
                             {2, 5, 7, 16, 16, 1},   {2, 2, 9, 33, 48, 1},   {2, 4, 1, 3, 3, 1},    {1, 1, 40, 2, 2, 1}};
    for (const LayerNorm& n : odd) {
        cases.push_back(forward_case(n, false));
        cases.push_back(backward_case(n, GS_GRADIENT_STORE, true, false));
        cases.push_back(backward_case(n, GS_GRADIENT_ADD, true, false));
        cases.push_back(backward_case(n, GS_GRADIENT_NONE, false, false));
    }
    for (const LayerNorm& n : {LayerNorm{128, 1, 1, 512, 512, 0}, LayerNorm{16, 28, 28, 16, 16, 1}}) {
        cases.push_back(forward_case(n, true));
        cases.push_back(backward_case(n, GS_GRADIENT_STORE, true, true));
    }
}

static const Registration registration(declare);

}  // namespace cases
