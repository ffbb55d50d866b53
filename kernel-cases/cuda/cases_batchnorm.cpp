/* gs_cuda_batchnorm_backward_*: what the CPU's functions of one call have not; no samples; refusals. */
#include "cases_batchnorm.h"

#include <math.h>
#include <string.h>

namespace cases {
namespace {

/* The sums of parts of a batch, as shares of a step have them, and a gradient for the skip; then the input's, of more values. */
struct Backward {
    Shape shape;
    int activation, skip, input; /* gs_gradient; GS_GRADIENT_NONE: no skip */
    int64_t more;                /* count beyond B*T */
    bool timed;
};

Case backward_case(const Backward& b) {
    const Shape& s = b.shape;
    const bool relu = b.activation == GS_RELU, add = b.input == GS_GRADIENT_ADD, skips = b.skip != GS_GRADIENT_NONE;
    const double floats = (relu ? 4 : 2) + (!skips ? 0 : b.skip == GS_GRADIENT_ADD ? 2 : 1) + (add ? 4 : 3);
    Case result = {"batchnorm_backward", s.name(), 10 * static_cast<double>(s.used()), 4 * floats * static_cast<double>(s.count()),
                   s.batch, b.timed, nullptr};
    if (relu) result.shape += " relu";
    if (skips) result.shape += text(" skip%s", mode_name(b.skip));
    if (add) result.shape += ", add";
    if (b.more) result.shape += text(", %lld more", static_cast<long long>(b.more));
    result.body = [=](Run& run) {
        const Shape& s = b.shape;
        auto input = s.random(run, "input"), output = s.random(run, "output"), gradient = s.random(run, "output_gradient");
        auto statistics = run.rows("statistics", 2, s.channels, s.pitch), gamma = run.random("gamma", s.channels);
        auto skip = s.gradient(run, "skip_gradient", b.skip), dx = s.gradient(run, "input_gradient", b.input);
        auto dgamma = run.unwritten("gamma_gradient", s.channels), dbeta = run.unwritten("beta_gradient", s.channels);
        auto norm2 = run.filled("norm2", s.batch, 3), own = run.filled("norm2 of one sample", 1, 3);
        const int64_t p = pitch_of(s), last = s.batch - 1;
        for (int64_t c = 0; c < s.channels; c++)
            statistics[static_cast<size_t>(s.pitch + c)] = static_cast<float>(0.2 + run.uniform());
        std::vector<double> sums = sums_room(s), again = sums_room(s);
        const auto backward = [&](int64_t first, int64_t batch, std::vector<double>& of, Buffer<float>& norms, bool whole) {
            DeviceCall call;
            const size_t at = static_cast<size_t>(first * s.positions * s.pitch);
            const float* x = call.in_value(input.data + at, batch, s.positions, s.channels, s.pitch);
            const float* y = call.in_value(output.data + at, batch, s.positions, s.channels, s.pitch);
            const float* st = call.in_vectors(statistics.data, 2, s.pitch, p);
            const float* g = call.in_vectors(gamma.data, 1, s.channels, p);
            std::vector<float> copy(gradient.before.begin(), gradient.before.end());
            float* d = call.in_out_value(whole ? gradient.data : copy.data() + at, batch, s.positions, s.channels, s.pitch);
            float* to_skip = whole ? call.gradient_value(skip.data, b.skip, batch, s.positions, s.channels, s.pitch) : nullptr;
            float* to = whole ? call.gradient_value(dx.data, b.input, batch, s.positions, s.channels, s.pitch) : nullptr;
            float* dg = call.out_vectors(dgamma.data, 1, s.channels, p);
            float* db = call.out_vectors(dbeta.data, 1, s.channels, p);
            float* n = call.in_out(norms.data, batch);
            double* both = call.out(of.data(), 1 + 2 * p);
            void* const workspace = call.workspace(gs_cuda_batchnorm_workspace(batch, s.positions, p));
            const int64_t count = b.more == 0 ? 0 : batch * s.positions + b.more;
            return call.run([&](void* stream) {
                const int status =
                    gs_cuda_batchnorm_backward_sums(batch, s.positions, s.channels, p, count, x, st, y, b.activation, d, d, b.skip,
                                                    to_skip, workspace, both, dg, db, n, stream);
                if (status || !to) return status;
                return gs_cuda_batchnorm_backward_input(batch, s.positions, s.channels, p, x, st, g, d, both, b.input, to, stream);
            });
        };
        run.call([&] { return backward(0, s.batch, sums, norm2, true); });
        if (run.timing()) return;
        std::vector<double> masked(gradient.size), total(static_cast<size_t>(2 * s.channels));
        std::vector<double> squares(static_cast<size_t>(s.batch), 3), each(static_cast<size_t>(s.batch * 2 * s.channels));
        const auto x_hat = [&](int64_t c, size_t at) {
            const double deviation = static_cast<double>(input[at]) - statistics[static_cast<size_t>(c)];
            return deviation * statistics[static_cast<size_t>(s.pitch + c)];
        };
        s.each([&](int64_t i, int64_t, int64_t c, size_t at) {
            masked[at] = b.activation == GS_RELU && output[at] <= 0 ? 0 : gradient.before[at];
            each[static_cast<size_t>(2 * i * s.channels + c)] += masked[at];
            each[static_cast<size_t>((2 * i + 1) * s.channels + c)] += masked[at] * x_hat(c, at);
        });
        for (size_t k = 0; k < each.size(); k++) {
            total[k % total.size()] += each[k];
            squares[k / total.size()] += each[k] * each[k];
        }
        const double count = values_of(s) + static_cast<double>(b.more);
        run.expect(sums[0] == count, text("a count of %g", sums[0]));
        run.compare(gradient, EXACT, [&] { return masked; });
        const Tolerance tolerance = summation(values_of(s));
        run.compare(dbeta, tolerance, [&] { return std::vector<double>(total.begin(), total.begin() + s.channels); });
        run.compare(dgamma, tolerance, [&] { return std::vector<double>(total.begin() + s.channels, total.end()); });
        for (size_t c = 0; c < static_cast<size_t>(s.channels); c++) {
            const double sum0 = sums[1 + c], sum1 = sums[1 + static_cast<size_t>(p) + c];
            run.expect(static_cast<float>(sum0) == dbeta[c] && static_cast<float>(sum1) == dgamma[c],
                       text("the sums of channel %zu are not its gradients", c));
        }
        run.compare(norm2, summation(static_cast<double>(s.positions)), [&] { return squares; });
        if (b.skip != GS_GRADIENT_NONE)
            run.compare(skip, few_roundings(s, 5e-7), [&] {
                std::vector<double> wanted = s.start(skip, b.skip);
                for (size_t k = 0; k < wanted.size(); k++) wanted[k] += masked[k];
                return wanted;
            });
        run.compare(dx, few_roundings(s, 3e-6), [&] {
            std::vector<double> wanted = s.start(dx, b.input);
            s.each([&](int64_t, int64_t, int64_t channel, size_t at) {
                const size_t c = static_cast<size_t>(channel);
                const double coupled = (total[c] + x_hat(channel, at) * total[static_cast<size_t>(s.channels) + c]) / count;
                const double scale = gamma[c] * static_cast<double>(statistics[static_cast<size_t>(s.pitch) + c]);
                wanted[at] += scale * (masked[at] - coupled);
            });
            return wanted;
        });
        /* Once more, and the last sample alone. */
        const std::vector<float> first(norm2.data, norm2.data + s.batch);
        for (size_t i = 0; i < norm2.size; i++) norm2[i] = 3;
        run.expect(backward(0, s.batch, again, norm2, false) == GS_OK, gs_last_error());
        run.expect(memcmp(sums.data(), again.data(), 8 * sums.size()) == 0, "a second call's sums have other bits");
        run.expect(memcmp(first.data(), norm2.data, 4 * first.size()) == 0, "a second call's norms have other bits");
        run.expect(backward(last, 1, again, own, false) == GS_OK, gs_last_error());
        run.expect(own[0] == first[static_cast<size_t>(last)], "the last sample alone has another norm");
    };
    return result;
}

/* In evaluation; and a share of a step without samples, whose sums are none. */
Case evaluation_case() {
    Case result = {"batchnorm_backward_input", "evaluation, add", 0, 0, 1, false, nullptr};
    result.body = [](Run& run) {
        const Shape s = {5, 9, 21, 24};
        auto g = s.random(run, "masked_gradient"), statistics = run.rows("statistics", 2, s.channels, s.pitch);
        auto gamma = run.random("gamma", s.channels), dx = s.random(run, "input_gradient");
        run.call([&] {
            DeviceCall call;
            const float* d = call.in_value(g.data, s.batch, s.positions, s.channels, s.pitch);
            const float *st = call.in(statistics.data, 2 * s.pitch), *a = call.in_vectors(gamma.data, 1, s.channels, s.pitch);
            float* to = call.in_out_value(dx.data, s.batch, s.positions, s.channels, s.pitch);
            return call.run([&](void* stream) {
                return gs_cuda_batchnorm_backward_input(s.batch, s.positions, s.channels, s.pitch, nullptr, st, a, d, nullptr,
                                                        GS_CUDA_ADD, to, stream);
            });
        });
        run.compare(dx, few_roundings(s, 3e-7), [&] {
            std::vector<double> wanted = s.start(dx, GS_GRADIENT_ADD);
            s.each([&](int64_t, int64_t, int64_t c, size_t at) {
                const double inverse = statistics[static_cast<size_t>(s.pitch + c)];
                wanted[at] += gamma[static_cast<size_t>(c)] * inverse * g[at];
            });
            return wanted;
        });
    };
    return result;
}

Case nothing_case() {
    Case result = {"batchnorm_backward", "no samples", 0, 0, 1, false, nullptr};
    result.body = [](Run& run) {
        auto gradients = run.unwritten("gradients", 16);
        std::vector<double> sums(17, -7), back(17, -7);
        run.call([&] {
            DeviceCall call;
            double *first = call.out(sums.data(), 17), *second = call.out(back.data(), 17);
            float* g = call.out(gradients.data, 16);
            return call.run([&](void* stream) {
                if (gs_cuda_batchnorm_moments(0, 3, 8, 8, nullptr, nullptr, first, stream)) return 1;
                if (gs_cuda_batchnorm_normalize(0, 3, 8, 8, nullptr, nullptr, nullptr, nullptr, nullptr, 0, nullptr, stream))
                    return 1;
                return gs_cuda_batchnorm_backward_sums(0, 3, 8, 8, 0, nullptr, nullptr, nullptr, 1, nullptr, nullptr, 0, nullptr,
                                                       nullptr, second, g, g + 8, nullptr, stream);
            });
        });
        for (size_t k = 0; k < 17; k++)
            run.expect(sums[k] == 0 && back[k] == 0 && (k == 0 || gradients[k - 1] == 0), text("sum %zu", k));
    };
    return result;
}

Case refusals_case() {
    Case result = {"batchnorm_backward", "refuses", 0, 0, 1, false, nullptr};
    result.body = [](Run& run) {
        auto floats = run.random("floats", 64);
        const auto refused = [&](const std::function<int(float*, double*, void*)>& queue) {
            run.refuses(GS_INVALID_ARGUMENT, [&] {
                DeviceCall call;
                float* f = call.in_out(floats.data, 64);
                double* d = static_cast<double*>(call.workspace(8 * 64));
                return call.run([&](void* stream) { return queue(f, d, stream); });
            });
        };
        const auto sums = [&](int64_t batch, int64_t pitch, int64_t count, int activation, int gradient, bool output, bool room) {
            refused([=](float* f, double* d, void* s) {
                return gs_cuda_batchnorm_backward_sums(batch, 2, 4, pitch, count, f, f, output ? f : nullptr, activation, f, f,
                                                       gradient, f, room ? d : nullptr, d, f, f, f, s);
            });
        };
        sums(-1, 4, 0, 0, 1, true, true);
        sums(2, 6, 0, 0, 1, true, true);
        sums(2, 4, 3, 0, 1, true, true);
        sums(2, 4, -4, 0, 1, true, true);
        sums(2, 4, 0, GS_CUDA_TANH, 1, true, true);
        sums(2, 4, 0, 0, 3, true, true);
        sums(2, 4, 0, GS_CUDA_RELU, 1, false, true);
        sums(2, 4, 0, 0, 1, true, false);
        const auto statistics = [&](int64_t channels, float eps, float momentum) {
            refused([=](float* f, double* d, void* s) {
                return gs_cuda_batchnorm_statistics(channels, 4, eps, momentum, nullptr, d, f, f, f, f, s);
            });
        };
        statistics(5, 1e-5f, 0.1f);
        statistics(4, 0, 0.1f);
        statistics(4, NAN, 0.1f);
        statistics(4, 1e-5f, 1.5f);
        statistics(4, 1e-5f, NAN);
        refused([](float* f, double* d, void* s) { return gs_cuda_batchnorm_moments(2, 0, 4, 4, f, d, d, s); });
        refused([](float* f, double*, void* s) { return gs_cuda_batchnorm_moments(2, 2, 4, 4, f, nullptr, nullptr, s); });
        refused([](float* f, double*, void* s) { return gs_cuda_batchnorm_running(4, 4, -1, f, f, f, s); });
        refused([](float* f, double*, void* s) { return gs_cuda_batchnorm_commit(4, 4, nullptr, f, f, f, s); });
        refused([](float* f, double* d, void* s) { return gs_cuda_batchnorm_backward_input(2, 2, 4, 4, f, f, f, f, d, 0, f, s); });
        refused([](float* f, double* d, void* s) {
            return gs_cuda_batchnorm_backward_input(2, 2, 4, 4, nullptr, f, f, f, d, 1, f, s);
        });
    };
    return result;
}

void declare(std::vector<Case>& cases) {
    for (const Shape& s : tiled_shapes()) {
        cases.push_back(backward_case({s, GS_RELU, GS_GRADIENT_NONE, GS_GRADIENT_STORE, 0, false}));
        cases.push_back(backward_case({s, GS_RELU, GS_GRADIENT_ADD, GS_GRADIENT_ADD, 77, false}));
    }
    for (int activation : {GS_IDENTITY, GS_RELU})
        for (int skip : {GS_GRADIENT_STORE, GS_GRADIENT_ADD})
            cases.push_back(backward_case({{7, 10, 9, 12}, activation, skip, GS_GRADIENT_STORE, 0, false}));
    cases.push_back(evaluation_case());
    cases.push_back(nothing_case());
    cases.push_back(refusals_case());
    for (const Shape& s : large_shapes()) cases.push_back(backward_case({s, GS_RELU, GS_GRADIENT_ADD, GS_GRADIENT_STORE, 0, true}));
}

const Registration registration(declare);

}  // namespace
}  // namespace cases
