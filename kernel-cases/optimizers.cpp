/* sgd_update, adamw_update, lamb_direction: several steps against PyTorch's formulas in double precision. */
#include "cases.h"

#include <math.h>

namespace cases {

static const int STEPS = 3;

struct Sgd {
    float momentum;
    int nesterov;
    float decay;
};

static Case sgd_case(int64_t count, const Sgd& rule, bool velocity, bool timed) {
    const double floats = velocity ? 5 : 3;
    Case result = {"sgd_update", text("%lld momentum %g%s decay %g%s", (long long)count, (double)rule.momentum, rule.nesterov ? " nesterov" : "",
                                      (double)rule.decay, velocity ? "" : " without velocity"),
                   6.0 * static_cast<double>(count), 4 * floats * static_cast<double>(count), 1, timed, nullptr};
    result.body = [=](Run& run) {
        const float scale = 1.0f / 128, rate = 0.05f;
        auto gradient = run.random("gradient", count, 100), theta = run.random("theta", count), v = run.filled("velocity", count, 0);
        const auto step = [&] {
            return gs_sgd_update(count, scale, rate, rule.momentum, rule.nesterov, rule.decay, gradient.data, velocity ? v.data : nullptr,
                                 theta.data);
        };
        run.call(step);
        if (run.timing()) return;
        for (int k = 1; k < STEPS; k++) run.expect(step() == GS_OK, gs_last_error());
        std::vector<double> wanted(theta.before.begin(), theta.before.end()), speed(wanted.size());
        for (int k = 0; k < STEPS; k++)
            for (size_t i = 0; i < wanted.size(); i++) {
                const double g = static_cast<double>(scale) * gradient[i] + static_cast<double>(rule.decay) * wanted[i];
                speed[i] = rule.momentum * speed[i] + g;
                wanted[i] -= static_cast<double>(rate) * (rule.nesterov ? g + rule.momentum * speed[i] : speed[i]);
            }
        const Tolerance tolerance = {1e-6, "three steps of four roundings"};
        run.compare(theta, tolerance, [&] { return wanted; });
        if (velocity) run.compare(v, tolerance, [&] { return speed; });
    };
    return result;
}

static Case adamw_case(int64_t count, float decay, float gradient_scale, bool timed) {
    Case result = {"adamw_update", text("%lld decay %g gradients %g", (long long)count, (double)decay, (double)gradient_scale),
                   14.0 * static_cast<double>(count), 28.0 * static_cast<double>(count), 1, timed, nullptr};
    result.body = [=](Run& run) {
        const float scale = 1.0f / 128, rate = 1e-3f, eps = 1e-8f;
        const double beta1 = 0.9, beta2 = 0.999;
        auto gradient = run.random("gradient", count, gradient_scale), theta = run.random("theta", count);
        auto first = run.filled("first", count, 0), second = run.filled("second", count, 0);
        int64_t t = 0;
        const auto step = [&] {
            t = run.timing() ? 1 : t + 1;
            return gs_adamw_update(count, scale, rate, beta1, beta2, eps, decay, t, gradient.data, first.data, second.data, theta.data);
        };
        run.call(step);
        if (run.timing()) return;
        for (int k = 1; k < STEPS; k++) run.expect(step() == GS_OK, gs_last_error());
        std::vector<double> wanted(theta.before.begin(), theta.before.end()), m(wanted.size()), v(wanted.size());
        for (int k = 1; k <= STEPS; k++)
            for (size_t i = 0; i < wanted.size(); i++) {
                const double g = static_cast<double>(scale) * gradient[i];
                wanted[i] *= 1 - static_cast<double>(rate) * decay;
                m[i] = beta1 * m[i] + (1 - beta1) * g;
                v[i] = beta2 * v[i] + (1 - beta2) * g * g;
                wanted[i] -= rate * (m[i] / (1 - pow(beta1, k))) / (sqrt(v[i] / (1 - pow(beta2, k))) + eps);
            }
        const Tolerance tolerance = {1e-6, "three steps of eight roundings"};
        run.compare(theta, tolerance, [&] { return wanted; });
        run.compare(first, tolerance, [&] { return m; });
        run.compare(second, tolerance, [&] { return v; });
    };
    return result;
}

static Case lamb_case(int64_t count, float decay, float gradient_scale, bool timed) {
    Case result = {"lamb_direction", text("%lld decay %g gradients %g", (long long)count, (double)decay, (double)gradient_scale),
                   14.0 * static_cast<double>(count), 28.0 * static_cast<double>(count), 1, timed, nullptr};
    result.body = [=](Run& run) {
        const float scale = 1.0f / 128, eps = 1e-6f;
        const double beta1 = 0.9, beta2 = 0.999;
        auto gradient = run.random("gradient", count, gradient_scale), theta = run.random("theta", count);
        auto first = run.filled("first", count, 0), second = run.filled("second", count, 0);
        int64_t t = 0;
        std::vector<double> m(static_cast<size_t>(count)), v(m.size()), wanted(m.size());
        const auto step = [&] {
            t = run.timing() ? 1 : t + 1;
            if (!run.timing())
                for (size_t i = 0; i < m.size(); i++) { /* the last direction is the next gradient */
                    const double g = static_cast<double>(scale) * gradient[i];
                    m[i] = beta1 * m[i] + (1 - beta1) * g;
                    v[i] = beta2 * v[i] + (1 - beta2) * g * g;
                    wanted[i] = m[i] / (1 - pow(beta1, static_cast<double>(t))) /
                                    (sqrt(v[i] / (1 - pow(beta2, static_cast<double>(t)))) + eps) +
                                static_cast<double>(decay) * theta[i];
                }
            return gs_lamb_direction(count, scale, beta1, beta2, eps, decay, t, theta.data, first.data, second.data, gradient.data);
        };
        run.call(step);
        if (run.timing()) return;
        for (int k = 1; k < STEPS; k++) run.expect(step() == GS_OK, gs_last_error());
        const Tolerance tolerance = {1e-6, "three steps of eight roundings"};
        run.compare(gradient, tolerance, [&] { return wanted; });
        run.compare(first, tolerance, [&] { return m; });
        run.compare(second, tolerance, [&] { return v; });
    };
    return result;
}

static Case refusals_case() {
    Case result = {"adamw_update", "refuses a step before the first", 0, 0, 1, false, nullptr};
    result.body = [](Run& run) {
        auto f = run.random("floats", 64);
        const auto refused = [&](int64_t count, double beta1, double beta2, int64_t step) {
            run.refuses(GS_INVALID_ARGUMENT, [&] {
                return gs_adamw_update(count, 1, 0.1f, beta1, beta2, 1e-8f, 0, step, f.data, f.data + 16, f.data + 32, f.data + 48);
            });
        };
        refused(16, 0.9, 0.999, 0);
        refused(16, 1, 0.999, 1);
        refused(16, 0.9, -0.1, 1);
        refused(-1, 0.9, 0.999, 1);
        run.refuses(GS_INVALID_ARGUMENT, [&] { return gs_lamb_direction(16, 1, 0.9, 0.999, 1e-6f, 0, 0, f.data, f.data + 16, f.data + 32, f.data + 48); });
        run.refuses(GS_INVALID_ARGUMENT, [&] { return gs_lamb_direction(16, 1, 0.9, 0.999, 1e-6f, 0, 1, f.data, nullptr, f.data + 32, f.data + 48); });
        run.refuses(GS_INVALID_ARGUMENT, [&] { return gs_sgd_update(16, 1, 0.1f, 0.9f, 0, 0, f.data, nullptr, f.data); });
        run.refuses(GS_INVALID_ARGUMENT, [&] { return gs_sgd_update(-1, 1, 0.1f, 0.9f, 0, 0, f.data, f.data, f.data); });
    };
    return result;
}

static void declare(std::vector<Case>& cases) {
    for (int64_t count : {1, 7, 16, 17, 1000}) {
        for (const Sgd& rule : {Sgd{0.9f, 0, 5e-4f}, Sgd{0.9f, 1, 5e-4f}, Sgd{0.9f, 0, 0}, Sgd{0, 0, 5e-4f}}) cases.push_back(sgd_case(count, rule, true, false));
        cases.push_back(sgd_case(count, {0, 0, 5e-4f}, false, false));
        for (float decay : {0.0f, 0.1f})
            for (float scale : {100.0f, 1e-5f}) {
                cases.push_back(adamw_case(count, decay, scale, false));
                cases.push_back(lamb_case(count, decay, scale, false));
            }
    }
    cases.push_back(refusals_case());
    for (int64_t count : {535818, 421642, 272186}) { /* the parameters of mlp, cnn and resnet20 */
        cases.push_back(sgd_case(count, {0.9f, 0, 5e-4f}, true, true));
        cases.push_back(adamw_case(count, 0.01f, 100, true));
        cases.push_back(lamb_case(count, 0.01f, 100, true));
    }
}

static const Registration registration(declare);

}  // namespace cases
