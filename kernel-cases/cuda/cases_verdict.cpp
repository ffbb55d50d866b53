/* gs_cuda_gradient_squares (the CPU's bits), gs_cuda_verdict (what comes first), gs_cuda_not_finite. */
#include "device_call.h"

#include <float.h>
#include <math.h>

#include <algorithm>

namespace cases {
namespace {

/* Parameters of unlike sizes; what lies between them is NaN, and nothing may read it. */
Case squares_case(int64_t parameters, int64_t most, bool timed) {
    Case result = {"gradient_squares", text("%lld parameters up to %lld floats", (long long)parameters, (long long)most), 0, 0, 1,
                   timed, nullptr};
    if (parameters == 1) {
        result.flops = 2 * static_cast<double>(most);
        result.bytes = 4 * static_cast<double>(most);
    }
    result.body = [=](Run& run) {
        std::vector<gs_cuda_parameter> table;
        int64_t floats = 0, chunks = 0;
        for (int64_t p = 0; p < parameters; p++) {
            const int64_t count = parameters == 1 ? most : 4 * (1 + run.below(most / 4));
            table.push_back({floats + 4 * run.below(3), count, 0});
            floats = table.back().offset + count;
            chunks += (count + GS_CUDA_CHUNK - 1) / GS_CUDA_CHUNK;
        }
        auto values = run.random("values", floats), gradient = run.unwritten("gradient", floats);
        for (const gs_cuda_parameter& p : table) std::copy_n(values.data + p.offset, p.count, gradient.data + p.offset);
        std::vector<double> sums(static_cast<size_t>(chunks), -1);
        run.call([&] {
            DeviceCall call;
            const gs_cuda_parameter* t = call.in(table.data(), parameters);
            const float* g = call.in(gradient.data, floats);
            double* s = call.out(sums.data(), chunks);
            return call.run([&](void* stream) { return gs_cuda_gradient_squares(parameters, t, chunks, g, s, stream); });
        });
        if (run.timing()) return;
        size_t k = 0;
        for (const gs_cuda_parameter& p : table)
            for (int64_t from = 0; from < p.count; from += GS_CUDA_CHUNK, k++) {
                double parts[16] = {}, wanted = 0;
                for (int64_t i = from; i < std::min<int64_t>(p.count, from + GS_CUDA_CHUNK); i++) {
                    const double value = static_cast<double>(gradient[static_cast<size_t>(p.offset + i)]);
                    parts[i % 16] += value * value;
                }
                for (double part : parts) wanted += part;
                run.expect(sums[k] == wanted, text("sums[%zu] is %.17g instead of %.17g", k, sums[k], wanted));
            }
    };
    return result;
}

struct Trial {
    const char* name;
    int64_t batch, norms, chunks; /* norms -1: NULL; chunks -1: NULL */
    bool choice, ids;
    std::vector<int64_t> losses, norm2, sums; /* places of what is not finite */
    int32_t halted;
    gs_cuda_outcome wanted; /* sums are worked out */
};

int64_t id_of(int64_t place) { return (INT64_C(1) << 40) + 3 * place; }

Case verdict_case(const Trial& trial) {
    Case result = {"verdict", trial.name, 0, 0, 1, false, nullptr};
    result.body = [=](Run& run) {
        const auto spoil = [&](float* values, const std::vector<int64_t>& places) {
            const float bad[] = {NAN, INFINITY, -INFINITY};
            for (int64_t place : places) values[place] = bad[run.below(3)];
        };
        const int64_t norms = std::max<int64_t>(trial.norms, 0), chunks = std::max<int64_t>(trial.chunks, 0);
        auto losses = run.random("losses", trial.batch), norm2 = run.random("norm2", norms, 1e18);
        auto floats = run.random("sums", chunks);
        auto chosen = run.ints("chosen", norms);
        auto ids = run.longs("ids", trial.batch);
        for (int64_t j = 0; j < norms; j++) chosen[static_cast<size_t>(j)] = static_cast<int32_t>(trial.batch - 1 - j);
        for (int64_t i = 0; i < trial.batch; i++) ids[static_cast<size_t>(i)] = id_of(i);
        spoil(losses.data, trial.losses);
        spoil(norm2.data, trial.norm2);
        spoil(floats.data, trial.sums);
        std::vector<double> sums(floats.data, floats.data + chunks);
        int32_t halted = trial.halted;
        gs_cuda_outcome outcome;
        run.call([&] {
            DeviceCall call;
            const float *l = call.in(losses.data, trial.batch), *n = trial.norms < 0 ? nullptr : call.in(norm2.data, norms);
            const int32_t* c = trial.choice ? call.in(chosen.data, norms) : nullptr;
            const int64_t* i = trial.ids ? call.in(ids.data, trial.batch) : nullptr;
            const double* s = trial.chunks < 0 ? nullptr : call.in(sums.data(), chunks);
            int32_t* h = call.in_out(&halted, 1);
            gs_cuda_outcome* o = call.out(&outcome, 1);
            return call.run([&](void* stream) { return gs_cuda_verdict(trial.batch, l, norms, n, c, i, chunks, s, h, o, stream); });
        });
        const gs_cuda_outcome& wanted = trial.wanted;
        run.expect(outcome.what == wanted.what && outcome.place == wanted.place && outcome.id == wanted.id,
                   text("what %d of place %d, id %lld instead of %d, %d, %lld", outcome.what, outcome.place, (long long)outcome.id,
                        wanted.what, wanted.place, (long long)wanted.id));
        run.expect(halted == (wanted.what != GS_CUDA_FINE), text("halted is %d", halted));
        double norm2_sum = 0, gradient_norm2 = 0, squares = 1;
        for (int64_t j = 0; j < norms && !trial.halted; j++) {
            norm2_sum += static_cast<double>(norm2[static_cast<size_t>(j)]);
            squares += fabs(static_cast<double>(norm2[static_cast<size_t>(j)]));
        }
        for (int64_t k = 0; k < chunks && !trial.halted; k++) gradient_norm2 += sums[static_cast<size_t>(k)];
        if (trial.norm2.empty())
            run.expect(fabs(outcome.norm2_sum - norm2_sum) <= 1e-13 * squares,
                       text("norm2_sum is %.17g instead of %.17g", outcome.norm2_sum, norm2_sum));
        if (trial.sums.empty())
            run.expect(fabs(outcome.gradient_norm2 - gradient_norm2) <= 1e-12 * (1 + static_cast<double>(chunks)),
                       text("gradient_norm2 is %.17g instead of %.17g", outcome.gradient_norm2, gradient_norm2));
    };
    return result;
}

Case not_finite_case(int64_t count, std::vector<int64_t> places, bool timed) {
    Case result = {"not_finite", text("%lld, %zu places", (long long)count, places.size()), static_cast<double>(count),
                   4 * static_cast<double>(count), 1, timed, nullptr};
    if (!places.empty()) result.shape += text(" from %lld", (long long)places[0]);
    result.body = [=](Run& run) {
        const float bad[] = {NAN, INFINITY, -INFINITY};
        auto values = run.filled("values", count, FLT_MAX);
        for (int64_t place : places) values[static_cast<size_t>(place)] = bad[run.below(3)];
        int64_t found = 7;
        run.call([&] {
            DeviceCall call;
            const float* v = call.in(values.data, count);
            int64_t* f = call.out(&found, 1);
            return call.run([&](void* stream) { return gs_cuda_not_finite(count, v, f, stream); });
        });
        const int64_t wanted = places.empty() ? -1 : *std::min_element(places.begin(), places.end());
        run.expect(found == wanted, text("found %lld instead of %lld", (long long)found, (long long)wanted));
    };
    return result;
}

Case refusals_case() {
    Case result = {"verdict", "refuses", 0, 0, 1, false, nullptr};
    result.body = [](Run& run) {
        auto floats = run.random("floats", 64);
        const auto refused = [&](int64_t batch, int64_t norms, int64_t chunks, bool losses, bool halted) {
            run.refuses(GS_INVALID_ARGUMENT, [&] {
                DeviceCall call;
                float* f = call.in_out(floats.data, 64);
                int32_t* h = static_cast<int32_t*>(call.workspace(4));
                gs_cuda_outcome* o = static_cast<gs_cuda_outcome*>(call.workspace(sizeof(gs_cuda_outcome)));
                return call.run([&](void* stream) {
                    return gs_cuda_verdict(batch, losses ? f : nullptr, norms, f, nullptr, nullptr, chunks, nullptr,
                                           halted ? h : nullptr, o, stream);
                });
            });
        };
        refused(-1, 0, 0, true, true);
        refused(8, 9, 0, true, true);
        refused(8, 8, -1, true, true);
        refused(8, 8, 0, false, true);
        refused(8, 8, 0, true, false);
        const auto none = [&](const std::function<int(void*)>& queue) {
            run.refuses(GS_INVALID_ARGUMENT, [&] { return DeviceCall().run(queue); });
        };
        none([](void* s) { return gs_cuda_gradient_squares(0, nullptr, 1, nullptr, nullptr, s); });
        none([](void* s) { return gs_cuda_gradient_squares(1, nullptr, -1, nullptr, nullptr, s); });
        none([](void* s) { return gs_cuda_not_finite(-1, nullptr, nullptr, s); });
        none([](void* s) { return gs_cuda_not_finite(4, nullptr, nullptr, s); });
    };
    return result;
}

void declare(std::vector<Case>& cases) {
    for (int64_t count : {4, 12, 16, 20, 2044, 2048, 2052, 10000}) cases.push_back(squares_case(1, count, false));
    for (int64_t parameters : {2, 31, 32, 33, 100}) cases.push_back(squares_case(parameters, 5000, false));
    for (int64_t count : {272184, 11173960}) cases.push_back(squares_case(1, count, count == 272184)); /* resnet20, resnet18 */
    cases.back().timed = true;

    const gs_cuda_outcome fine = {GS_CUDA_FINE, -1, -1, 0, 0}, gradient = {GS_CUDA_GRADIENT, -1, -1, 0, 0},
                          behind = {GS_CUDA_BEHIND, -1, -1, 0, 0};
    for (const Trial& trial : std::vector<Trial>{
             {"fine", 100, 100, 7, false, true, {}, {}, {}, 0, fine},
             {"fine without norms and gradient", 33, -1, -1, false, false, {}, {}, {}, 0, fine},
             {"fine, no samples", 0, 0, 3, false, false, {}, {}, {}, 0, fine},
             {"fine, many", 5000, 2500, 4000, true, true, {}, {}, {}, 0, fine},
             {"the first loss", 2000, 2000, 5, false, true, {1999, 1030, 1031, 1500}, {3}, {2}, 0,
              {GS_CUDA_LOSS, 1030, id_of(1030), 0, 0}},
             {"a loss without ids", 40, -1, -1, false, false, {39}, {}, {}, 0, {GS_CUDA_LOSS, 39, 39, 0, 0}},
             {"a loss of a sample that was not chosen", 40, 20, 2, true, true, {1}, {}, {}, 0, {GS_CUDA_LOSS, 1, id_of(1), 0, 0}},
             {"the first norm", 2000, 2000, 5, false, true, {}, {1024, 7, 1999}, {0}, 0, {GS_CUDA_NORM, 7, id_of(7), 0, 0}},
             {"a norm of a chosen sample", 50, 20, 5, true, true, {}, {19, 4}, {}, 0, {GS_CUDA_NORM, 45, id_of(45), 0, 0}},
             {"a norm of a chosen sample without ids", 50, 20, 5, true, false, {}, {19}, {}, 0, {GS_CUDA_NORM, 30, 30, 0, 0}},
             {"the gradient", 50, 50, 2000, false, true, {}, {}, {1999}, 0, gradient},
             {"the gradient without norms", 50, -1, 3, false, true, {}, {}, {1}, 0, gradient},
             {"behind", 50, 50, 3, false, true, {}, {}, {}, 1, behind},
             {"behind, whatever is not finite", 50, 50, 3, false, true, {3}, {4}, {1}, 1, behind},
         })
        cases.push_back(verdict_case(trial));
    cases.push_back(refusals_case());

    for (int64_t count : {0, 1, 3, 4, 4095, 4096, 4099, 10000}) {
        cases.push_back(not_finite_case(count, {}, false));
        if (count > 0) cases.push_back(not_finite_case(count, {count - 1}, false));
        if (count > 1) cases.push_back(not_finite_case(count, {count / 2, count - 1, count / 2 + 1}, false));
        if (count > 4) cases.push_back(not_finite_case(count, {count - 2, 2, 1}, false));
    }
    cases.push_back(not_finite_case(11173960, {}, true));
}

const Registration registration(declare);

}  // namespace
}  // namespace cases
