/* gs_cuda_batchnorm_moments, _statistics, _commit and _running: what the CPU does in one call. */
#include "cases_batchnorm.h"

#include <math.h>
#include <string.h>

namespace cases {
namespace {

int moments(const Shape& s, int64_t first, int64_t samples, const Buffer<float>& input, std::vector<double>& sums) {
    DeviceCall call;
    const int64_t p = pitch_of(s);
    const float* x = call.in_value(input.data + first * s.positions * s.pitch, samples, s.positions, s.channels, s.pitch);
    void* const workspace = call.workspace(gs_cuda_batchnorm_workspace(samples, s.positions, p));
    double* of = call.out(sums.data(), 1 + 2 * p);
    return call.run([&](void* stream) {
        return gs_cuda_batchnorm_moments(samples, s.positions, s.channels, p, x, workspace, of, stream);
    });
}

/* The whole batch, once more, and in two parts: the same bits, and the same but for roundings of double. */
Case moments_case(const Shape& s, double offset, bool timed) {
    Case result = {"batchnorm_moments", s.name() + text(" mean %g", offset), 3 * static_cast<double>(s.used()),
                   4 * static_cast<double>(s.count()), s.batch, timed, nullptr};
    result.body = [=](Run& run) {
        auto input = s.random(run, "input");
        /* The first sample is all zero, as a blank image is. */
        s.each([&](int64_t i, int64_t, int64_t, size_t at) { input[at] = i == 0 ? 0 : input[at] + static_cast<float>(offset); });
        std::vector<double> sums = sums_room(s), again = sums_room(s), front = sums_room(s), back = sums_room(s);
        run.call([&] { return moments(s, 0, s.batch, input, sums); });
        if (run.timing()) return;
        const int64_t cut = s.batch / 3;
        run.call([&] { return moments(s, 0, s.batch, input, again); });
        run.call([&] { return moments(s, 0, cut, input, front); });
        run.call([&] { return moments(s, cut, s.batch - cut, input, back); });
        run.expect(memcmp(sums.data(), again.data(), 8 * sums.size()) == 0, "a second call has other bits");
        run.expect(sums[0] == values_of(s), text("a count of %g", sums[0]));
        for (size_t k = 0; k < sums.size(); k++)
            run.expect(fabs(front[k] + back[k] - sums[k]) <= 1e-13 * (fabs(sums[k]) + values_of(s) * (1 + offset)),
                       text("sums[%zu] is %.17g, of two parts %.17g", k, sums[k], front[k] + back[k]));
        const double n = values_of(s);
        const size_t channels = static_cast<size_t>(s.channels), p = static_cast<size_t>(pitch_of(s));
        std::vector<double> mean(channels), squares(channels);
        s.each([&](int64_t, int64_t, int64_t c, size_t at) { mean[static_cast<size_t>(c)] += static_cast<double>(input[at]) / n; });
        s.each([&](int64_t, int64_t, int64_t c, size_t at) {
            squares[static_cast<size_t>(c)] += pow(static_cast<double>(input[at]) - mean[static_cast<size_t>(c)], 2);
        });
        for (size_t c = 0; c < p; c++) {
            if (c >= channels) {
                run.expect(sums[1 + c] == 0 && sums[1 + p + c] == 0, text("sums of lane %zu", c));
                continue;
            }
            const double m = sums[1 + c] / n, q = sums[1 + p + c] - sums[1 + c] * m;
            run.expect(fabs(m - mean[c]) <= 1e-6 * sqrt(squares[c] / n) + 1e-9 * fabs(mean[c]),
                       text("mean[%zu] is %.12g instead of %.12g", c, m, mean[c]));
            run.expect(fabs(q - squares[c]) <= 5e-6 * squares[c] + 1e-15 * n * offset * offset,
                       text("squares[%zu] is %.9g instead of %.9g", c, q, squares[c]));
        }
    };
    return result;
}

struct Momentum {
    const char* name;
    float own;
    double step; /* NAN: no step */
    double count;
    int outcome;
};

/* statistics, then commit: pending follows from the sums at once, the running ones only from a fine outcome. */
Case pending_case(const Momentum& m) {
    Case result = {"batchnorm_commit", m.name, 0, 0, 1, false, nullptr};
    result.body = [=](Run& run) {
        const int64_t channels = 7, p = 8;
        auto mean = run.random("running_mean", channels), variance = run.filled("running_variance", channels, 0.7f);
        auto statistics = run.unwritten("statistics", 2 * p), pending = run.unwritten("pending", 2 * p);
        std::vector<double> sums(1 + 2 * p, 0);
        sums[0] = m.count;
        for (size_t c = 0; c < 7; c++) {
            sums[1 + c] = m.count * (static_cast<double>(c) - 2);
            sums[1 + p + c] = m.count * (pow(static_cast<double>(c) - 2, 2) + 0.3);
        }
        const gs_cuda_step step = {0, 0, 1, 0.1, 1, 0, m.step};
        const gs_cuda_outcome outcome = {m.outcome, -1, -1, 1, 0};
        run.call([&] {
            DeviceCall call;
            const gs_cuda_step* now = call.in(isnan(m.step) ? nullptr : &step, 1);
            const gs_cuda_outcome* judged = call.in(&outcome, 1);
            const double* of = call.in(sums.data(), 1 + 2 * p);
            float* running = call.in_out_vectors(mean.data, 1, channels, p);
            float* v = call.in_out_vectors(variance.data, 1, channels, p);
            float *s = call.out(statistics.data, 2 * p), *next = call.out(pending.data, 2 * p);
            return call.run([&](void* stream) {
                const int status = gs_cuda_batchnorm_statistics(channels, p, 1e-5f, m.own, now, of, running, v, s, next, stream);
                return status ? status : gs_cuda_batchnorm_commit(channels, p, judged, next, running, v, stream);
            });
        });
        const double momentum = m.step >= 0 ? m.step : static_cast<double>(m.own);
        std::vector<double> wanted(2 * p), own(2 * p);
        for (size_t c = 0; c < 7; c++) {
            own[c] = m.count > 0 ? static_cast<double>(c) - 2 : 0;
            own[p + c] = m.count > 0 ? 1 / sqrt(0.3 + 1e-5) : 0;
            wanted[c] = static_cast<double>(mean.before[c]);
            wanted[p + c] = static_cast<double>(variance.before[c]);
            if (m.count > 0) wanted[c] += momentum * (own[c] - wanted[c]);
            if (m.count > 1) wanted[p + c] += momentum * (0.3 * m.count / (m.count - 1) - wanted[p + c]);
        }
        const Tolerance tolerance = {3e-7, "worked out in double"};
        run.compare(statistics, tolerance, [&] { return own; });
        run.compare(pending, tolerance, [&] { return wanted; });
        for (size_t c = 0; c < 7; c++) {
            const bool fine = m.outcome == GS_CUDA_FINE;
            const bool moved = mean[c] == pending[c] && variance[c] == pending[p + c];
            const bool kept = mean[c] == mean.before[c] && variance[c] == variance.before[c];
            run.expect(fine ? moved : kept, text("running[%zu] is %g, %g", c, static_cast<double>(mean[c]),
                                                 static_cast<double>(variance[c])));
        }
    };
    return result;
}

Case running_case(int64_t channels) {
    Case result = {"batchnorm_running", text("%lld", static_cast<long long>(channels)), 0, 0, 1, false, nullptr};
    result.body = [=](Run& run) {
        const int64_t p = device_pitch(channels, channels);
        auto mean = run.random("running_mean", channels), variance = run.random("running_variance", channels);
        for (int64_t c = 0; c < channels; c++) variance[static_cast<size_t>(c)] = fabsf(variance[static_cast<size_t>(c)]);
        auto statistics = run.unwritten("statistics", 2 * channels);
        run.call([&] {
            DeviceCall call;
            const float *m = call.in_vectors(mean.data, 1, channels, p), *v = call.in_vectors(variance.data, 1, channels, p);
            float* s = call.out_vectors(statistics.data, 2, channels, p);
            return call.run([&](void* stream) { return gs_cuda_batchnorm_running(channels, p, 1e-3f, m, v, s, stream); });
        });
        run.compare(statistics, {3e-7, "worked out in double"}, [&] {
            std::vector<double> wanted(mean.data, mean.data + channels);
            for (int64_t c = 0; c < channels; c++)
                wanted.push_back(1 / sqrt(static_cast<double>(variance[static_cast<size_t>(c)]) + static_cast<double>(1e-3f)));
            return wanted;
        });
    };
    return result;
}

void declare(std::vector<Case>& cases) {
    for (const Shape& s : tiled_shapes()) {
        cases.push_back(moments_case(s, 0.5, false));
        cases.push_back(moments_case(s, 1000, false));
    }
    cases.push_back(moments_case({3000, 49, 4, 4}, 4000, false)); /* sums of x^2 that float has no digits for */
    for (const Momentum& m : {Momentum{"own momentum", 0.1f, -1, 50, GS_CUDA_FINE},
                              {"no step", 0.25f, NAN, 50, GS_CUDA_FINE},
                              {"the step's momentum", 0.1f, 0.5, 50, GS_CUDA_FINE}, {"momentum 0", 0.1f, 0, 50, GS_CUDA_FINE},
                              {"one value", 0.1f, -1, 1, GS_CUDA_FINE}, {"no values", 0.1f, -1, 0, GS_CUDA_FINE},
                              {"a loss", 0.1f, -1, 50, GS_CUDA_LOSS}, {"behind", 0.1f, 0.5, 50, GS_CUDA_BEHIND}})
        cases.push_back(pending_case(m));
    cases.push_back(running_case(5));
    cases.push_back(running_case(300));
    for (const Shape& s : large_shapes()) cases.push_back(moments_case(s, 0.5, true));
}

const Registration registration(declare);

}  // namespace
}  // namespace cases
