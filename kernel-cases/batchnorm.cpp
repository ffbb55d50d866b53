/* batchnorm_statistics, batchnorm_normalize, batchnorm_backward_sums, batchnorm_backward_input. */
#include "shapes.h"

#include <math.h>

namespace cases {

/* What a channel sums over. */
static double terms(const Shape& s) { return static_cast<double>(s.batch * s.positions); }

static double bytes(const Shape& s, double floats) { return 4 * floats * static_cast<double>(s.count()); }

/* offset: a mean so far from zero, in deviations, that squares without a pivot would lose all digits. */
static Case statistics_case(const Shape& s, double offset, bool timed) {
    Case result = {"batchnorm_statistics", s.name() + (offset != 0 ? text(" mean %g", offset) : ""), 3.0 * static_cast<double>(s.used()),
                   bytes(s, 1), s.batch, timed, nullptr};
    result.body = [=](Run& run) {
        auto input = s.random(run, "input");
        s.each([&](int64_t, int64_t, int64_t c, size_t at) { input[at] += static_cast<float>(offset * (1 + c % 3)); });
        auto mean = run.random("running_mean", s.channels), variance = run.filled("running_variance", s.channels, 0.7f);
        auto statistics = run.unwritten("statistics", 2 * s.pitch);
        const float eps = 1e-5f, momentum = 0.1f;
        run.call([&] {
            return gs_batchnorm_statistics(s.batch, s.positions, s.channels, s.pitch, input.data, eps, momentum, mean.data,
                                           variance.data, statistics.data);
        });
        std::vector<double> means(static_cast<size_t>(s.pitch)), squares(static_cast<size_t>(s.pitch));
        s.each([&](int64_t, int64_t, int64_t c, size_t at) { means[static_cast<size_t>(c)] += input[at] / terms(s); });
        s.each([&](int64_t, int64_t, int64_t c, size_t at) {
            squares[static_cast<size_t>(c)] += pow(input[at] - means[static_cast<size_t>(c)], 2);
        });
        const Tolerance tolerance = {1e-6, "float sums of at most 1024 terms, merged in double"};
        run.compare(statistics, tolerance, [&] {
            std::vector<double> wanted = means;
            for (size_t c = 0; c < squares.size(); c++)
                wanted.push_back(c < static_cast<size_t>(s.channels) ? 1 / sqrt(squares[c] / terms(s) + eps) : 0);
            return wanted;
        });
        run.compare(mean, tolerance, [&] {
            std::vector<double> wanted(mean.before.begin(), mean.before.end());
            for (size_t c = 0; c < wanted.size(); c++) wanted[c] += static_cast<double>(momentum) * (means[c] - wanted[c]);
            return wanted;
        });
        run.compare(variance, tolerance, [&] {
            std::vector<double> wanted(variance.before.begin(), variance.before.end());
            for (size_t c = 0; terms(s) > 1 && c < wanted.size(); c++)
                wanted[c] += static_cast<double>(momentum) * (squares[c] / (terms(s) - 1) - wanted[c]);
            return wanted;
        });
    };
    return result;
}

static Buffer<float> statistics_of(Run& run, const Shape& s) {
    auto statistics = run.rows("statistics", 2, s.channels, s.pitch);
    for (size_t c = 0; c < static_cast<size_t>(s.channels); c++)
        statistics[static_cast<size_t>(s.pitch) + c] = static_cast<float>(0.2 + 2 * run.uniform());
    return statistics;
}

static Case normalize_case(const Shape& s, bool skip, int activation, bool timed) {
    Case result = {"batchnorm_normalize", s.name() + (skip ? " skip" : "") + (activation == GS_RELU ? " relu" : ""),
                   3.0 * static_cast<double>(s.used()), bytes(s, skip ? 3 : 2), s.batch, timed, nullptr};
    result.body = [=](Run& run) {
        auto input = s.random(run, "input"), added = s.random(run, "skip"), statistics = statistics_of(run, s);
        auto gamma = run.random("gamma", s.channels), beta = run.random("beta", s.channels);
        auto output = run.unwritten("output", s.count());
        const bool nan = !timed && s.count() > 100;
        if (nan) input[1] = NAN; /* position 0, channel 1: it must show, relu or not */
        run.call([&] {
            return gs_batchnorm_normalize(s.batch, s.positions, s.channels, s.pitch, input.data, statistics.data, gamma.data,
                                          beta.data, skip ? added.data : nullptr, activation, output.data);
        });
        run.compare(output, few_roundings(s, 2e-6), [&] {
            std::vector<double> wanted(output.size);
            s.each([&](int64_t, int64_t, int64_t channel, size_t at) {
                const size_t c = static_cast<size_t>(channel);
                const double scale = static_cast<double>(statistics[static_cast<size_t>(s.pitch) + c]) * gamma[c];
                const double y = (static_cast<double>(input[at]) - statistics[c]) * scale + beta[c] + (skip ? added[at] : 0);
                wanted[at] = activation == GS_RELU && y < 0 ? 0 : y;
            });
            return wanted;
        });
    };
    return result;
}

static Case backward_sums_case(const Shape& s, int activation, bool in_place, bool timed) {
    Case result = {"batchnorm_backward_sums", s.name() + (activation == GS_RELU ? " relu" : "") + (in_place ? " in place" : ""),
                   5.0 * static_cast<double>(s.used()), bytes(s, activation == GS_RELU ? 4 : 3), s.batch, timed, nullptr};
    result.body = [=](Run& run) {
        auto input = s.random(run, "input"), output = s.random(run, "output"), gradient = s.random(run, "output_gradient");
        auto statistics = statistics_of(run, s);
        auto apart = run.unwritten("masked_gradient", s.count());
        auto sums = run.unwritten("sums", 2 * s.pitch);
        auto gamma_gradient = parameter_gradient(run, "gamma_gradient", s.channels);
        auto beta_gradient = parameter_gradient(run, "beta_gradient", s.channels);
        auto norm2 = run.filled("norm2", s.batch, 3);
        Buffer<float>& masked = in_place ? gradient : apart;
        run.call([&] {
            return gs_batchnorm_backward_sums(s.batch, s.positions, s.channels, s.pitch, input.data, statistics.data, output.data,
                                              activation, gradient.data, masked.data, sums.data, gamma_gradient.data,
                                              beta_gradient.data, norm2.data);
        });
        std::vector<double> g(gradient.size), total(sums.size), squares(norm2.before.begin(), norm2.before.end());
        std::vector<double> own(static_cast<size_t>(s.batch) * sums.size); /* [B][2][P] */
        s.each([&](int64_t i, int64_t, int64_t c, size_t at) {
            g[at] = activation == GS_RELU && output[at] <= 0 ? 0 : gradient.before[at];
            const double x_hat = (static_cast<double>(input[at]) - statistics[static_cast<size_t>(c)]) *
                                 statistics[static_cast<size_t>(s.pitch + c)];
            own[static_cast<size_t>(2 * i * s.pitch + c)] += g[at];
            own[static_cast<size_t>((2 * i + 1) * s.pitch + c)] += g[at] * x_hat;
        });
        for (size_t k = 0; k < own.size(); k++) {
            total[k % total.size()] += own[k];
            squares[k / total.size()] += own[k] * own[k];
        }
        const Tolerance tolerance = summation(terms(s));
        run.compare(masked, EXACT, [&] { return g; });
        run.compare(sums, tolerance, [&] { return total; });
        run.compare(norm2, summation(static_cast<double>(s.positions)), [&] { return squares; });
        const auto added = [&](const Buffer<float>& to, size_t from) {
            std::vector<double> wanted(to.before.begin(), to.before.end());
            for (size_t c = 0; c < wanted.size(); c++) wanted[c] += total[from + c];
            return wanted;
        };
        run.compare(beta_gradient, tolerance, [&] { return added(beta_gradient, 0); });
        run.compare(gamma_gradient, tolerance, [&] { return added(gamma_gradient, static_cast<size_t>(s.pitch)); });
    };
    return result;
}

static Case backward_input_case(const Shape& s, int mode, bool timed) {
    Case result = {"batchnorm_backward_input", s.name() + (mode == GS_TRAINING ? "" : " evaluation"), 5.0 * static_cast<double>(s.used()),
                   bytes(s, mode == GS_TRAINING ? 3 : 2), s.batch, timed, nullptr};
    result.body = [=](Run& run) {
        auto input = s.random(run, "input"), g = s.random(run, "masked_gradient"), statistics = statistics_of(run, s);
        auto gamma = run.random("gamma", s.channels), sums = run.rows("sums", 2, s.channels, s.pitch, terms(s));
        auto dx = run.unwritten("input_gradient", s.count());
        run.call([&] {
            return gs_batchnorm_backward_input(s.batch, s.positions, s.channels, s.pitch, input.data, statistics.data, gamma.data,
                                               g.data, mode == GS_TRAINING ? sums.data : nullptr, mode, dx.data);
        });
        run.compare(dx, few_roundings(s, 2e-6), [&] {
            std::vector<double> wanted(dx.size);
            s.each([&](int64_t, int64_t, int64_t channel, size_t at) {
                const size_t c = static_cast<size_t>(channel), p = static_cast<size_t>(s.pitch) + c;
                const double inverse = statistics[p], x_hat = (static_cast<double>(input[at]) - statistics[c]) * inverse;
                const double coupled = mode == GS_TRAINING ? sums[c] / terms(s) + x_hat * sums[p] / terms(s) : 0;
                wanted[at] = gamma[c] * inverse * (g[at] - coupled);
            });
            return wanted;
        });
    };
    return result;
}

static Case refusals_case() {
    Case result = {"batchnorm_normalize", "refuses what it cannot do", 0, 0, 1, false, nullptr};
    result.body = [](Run& run) {
        auto f = run.random("floats", 4096);
        const auto refused = [&](int64_t batch, int64_t positions, int64_t channels, int64_t pitch, int activation) {
            run.refuses(GS_INVALID_ARGUMENT, [&] {
                return gs_batchnorm_normalize(batch, positions, channels, pitch, f.data, f.data, f.data, f.data, nullptr, activation,
                                              f.data);
            });
        };
        for (int64_t bad : {INT64_MIN, INT64_C(-1), INT64_C(0), INT64_C(1) << 41, INT64_MAX}) {
            refused(bad, 2, 3, 16, 0);
            refused(2, bad, 3, 16, 0);
            refused(2, 2, bad, 16, 0);
        }
        refused(2, 2, 17, 16, 0);
        refused(2, 2, 16, 16, GS_TANH);
    };
    return result;
}

static void declare(std::vector<Case>& cases) {
    for (const Shape& s : odd_shapes()) {
        cases.push_back(statistics_case(s, 0, false));
        cases.push_back(statistics_case(s, 300, false));
        for (int activation : {GS_IDENTITY, GS_RELU}) {
            cases.push_back(normalize_case(s, false, activation, false));
            cases.push_back(normalize_case(s, true, activation, false));
            cases.push_back(backward_sums_case(s, activation, false, false));
            cases.push_back(backward_sums_case(s, activation, true, false));
        }
        cases.push_back(backward_input_case(s, GS_TRAINING, false));
        cases.push_back(backward_input_case(s, GS_EVALUATION, false));
    }
    cases.push_back(refusals_case());
    for (const Shape& s : timed_shapes()) {
        cases.push_back(statistics_case(s, 0, true));
        cases.push_back(normalize_case(s, false, GS_RELU, true));
        cases.push_back(normalize_case(s, true, GS_RELU, true));
        cases.push_back(backward_sums_case(s, GS_RELU, true, true));
        cases.push_back(backward_input_case(s, GS_TRAINING, true));
    }
}

static const Registration registration(declare);

}  // namespace cases
