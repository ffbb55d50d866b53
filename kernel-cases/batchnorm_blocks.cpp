/* What the executor asks of batch norm beyond the single operations: moments block by block, skip gradients, "+=". */
#include "shapes.h"

#include "../native/src/kernels.h"
#include "../native/src/moments.h"

#include <math.h>

namespace cases {

using gradsieve::Extent;
using gradsieve::kernels;

static Case moments_case(const Shape& s, int64_t block, double offset) {
    Case result = {"batchnorm_statistics", s.name() + text(" in blocks of %lld mean %g", (long long)block, offset), 0, 0, 1, false, nullptr};
    result.body = [=](Run& run) {
        auto input = s.random(run, "input");
        /* The first sample is all zero, as a blank image is: its mean is the worst of pivots. */
        s.each([&](int64_t i, int64_t, int64_t, size_t at) { input[at] = i == 0 ? 0 : input[at] + static_cast<float>(offset); });
        std::vector<double> moments(static_cast<size_t>(2 * s.pitch));
        run.call([&] {
            for (int64_t i = 0; i < s.batch; i += block) {
                const int64_t samples = i + block < s.batch ? block : s.batch - i;
                kernels().batchnorm_moments(Extent{samples, s.positions, s.channels, s.pitch}, input.data + i * s.positions * s.pitch,
                                            moments.data());
            }
            return GS_OK;
        });
        const double n = static_cast<double>(s.batch * s.positions);
        std::vector<double> mean(static_cast<size_t>(s.channels)), squares(mean);
        s.each([&](int64_t, int64_t, int64_t c, size_t at) { mean[static_cast<size_t>(c)] += input[at] / n; });
        s.each([&](int64_t, int64_t, int64_t c, size_t at) { squares[static_cast<size_t>(c)] += pow(input[at] - mean[static_cast<size_t>(c)], 2); });
        for (size_t c = 0; c < mean.size(); c++) {
            const gradsieve::Moments of = {n, moments[c], moments[static_cast<size_t>(s.pitch) + c]};
            const double deviation = sqrt(squares[c] / n), m = of.mean(), q = of.deviations();
            run.expect(fabs(m - mean[c]) <= 1e-6 * deviation + 1e-7 * fabs(mean[c]), text("mean[%zu] is %.12g instead of %.12g", c, m, mean[c]));
            run.expect(fabs(q - squares[c]) <= 5e-6 * squares[c], text("squares[%zu] is %.9g instead of %.9g", c, q, squares[c]));
        }
    };
    return result;
}

static Case skip_case(const Shape& s, int activation, int mode) {
    Case result = {"batchnorm_backward_sums", s.name() + text(" activation %d skip gradient", activation) + mode_name(mode), 0, 0, 1, false, nullptr};
    result.body = [=](Run& run) {
        auto input = s.random(run, "input"), output = s.random(run, "output"), gradient = s.random(run, "output_gradient");
        auto statistics = run.rows("statistics", 2, s.channels, s.pitch);
        auto skip = s.gradient(run, "skip_gradient", mode);
        std::vector<double> sums(static_cast<size_t>(2 * s.pitch), 5.0);
        run.call([&] {
            kernels().batchnorm_backward_sums(Extent{s.batch, s.positions, s.channels, s.pitch}, input.data, statistics.data, output.data,
                                              activation, gradient.data, gradient.data, mode, skip.data, sums.data(), nullptr);
            return GS_OK;
        });
        std::vector<double> masked(gradient.size), total(sums.size(), 5.0);
        s.each([&](int64_t, int64_t, int64_t c, size_t at) {
            masked[at] = activation == GS_RELU && output[at] <= 0 ? 0 : gradient.before[at];
            total[static_cast<size_t>(c)] += masked[at];
            total[static_cast<size_t>(s.pitch + c)] += masked[at] * (static_cast<double>(input[at]) - statistics[static_cast<size_t>(c)]) *
                                                       statistics[static_cast<size_t>(s.pitch + c)];
        });
        run.compare(gradient, EXACT, [&] { return masked; });
        run.compare(skip, few_roundings(s, 5e-7), [&] {
            std::vector<double> wanted = s.start(skip, mode);
            for (size_t k = 0; k < wanted.size(); k++) wanted[k] += masked[k];
            return wanted;
        });
        const double slack = 1e-6 * sqrt(static_cast<double>(s.batch * s.positions));
        for (size_t c = 0; c < sums.size(); c++)
            run.expect(fabs(sums[c] - total[c]) <= slack * (fabs(total[c]) + 3), text("sums[%zu] is %.9g instead of %.9g", c, sums[c], total[c]));
    };
    return result;
}

static Case add_case(const Shape& s, bool training) {
    Case result = {"batchnorm_backward_input", s.name() + " add" + (training ? "" : " evaluation"), 0, 0, 1, false, nullptr};
    result.body = [=](Run& run) {
        auto input = s.random(run, "input"), g = s.random(run, "masked_gradient"), statistics = run.rows("statistics", 2, s.channels, s.pitch);
        auto gamma = run.random("gamma", s.channels), means = run.rows("mean_sums", 2, s.channels, s.pitch);
        auto dx = s.random(run, "input_gradient");
        run.call([&] {
            kernels().batchnorm_backward_input(Extent{s.batch, s.positions, s.channels, s.pitch}, input.data, statistics.data, gamma.data,
                                               g.data, training ? means.data : nullptr, GS_GRADIENT_ADD, dx.data);
            return GS_OK;
        });
        run.compare(dx, few_roundings(s, 3e-6), [&] {
            std::vector<double> wanted = s.start(dx, GS_GRADIENT_ADD);
            s.each([&](int64_t, int64_t, int64_t channel, size_t at) {
                const size_t c = static_cast<size_t>(channel), p = static_cast<size_t>(s.pitch) + c;
                const double inverse = statistics[p], x_hat = (static_cast<double>(input[at]) - statistics[c]) * inverse;
                wanted[at] += gamma[c] * inverse * (g[at] - (training ? means[c] + x_hat * means[p] : 0));
            });
            return wanted;
        });
    };
    return result;
}

static void declare(std::vector<Case>& cases) {
    const Shape blocks[] = {{7, 49, 16, 16}, {40, 1, 20, 32}, {9, 30, 5, 16}, {5, 784, 33, 48}, {4, 1500, 3, 3}};
    for (const Shape& s : blocks)
        for (int64_t block : {1, 2, 3, 64})
            for (double offset : {0.5, 1000.0}) cases.push_back(moments_case(s, block, offset));
    for (const Shape& s : odd_shapes()) {
        for (int activation : {GS_IDENTITY, GS_RELU})
            for (int mode : {GS_GRADIENT_STORE, GS_GRADIENT_ADD}) cases.push_back(skip_case(s, activation, mode));
        cases.push_back(add_case(s, true));
        cases.push_back(add_case(s, false));
    }
}

static const Registration registration(declare);

}  // namespace cases
