/*
 * The updates of gradsieve_cuda.h beyond what the CPU library has as single functions: clipping, LARS and LAMB whole, several steps
 * against their formulas in double precision, and that a step that is not fine changes nothing.
 */
#include "device_call.h"

#include <math.h>
#include <string.h>

#include <algorithm>

namespace cases {
namespace {

const int STEPS = 3;
enum Rule { SGD, ADAMW, LARS, LAMB };
const char* const OPERATIONS[] = {"sgd_update", "adamw_update", "lars_update", "lamb_update"};
const double BETA1 = 0.9, BETA2 = 0.999, RATE = 0.05, TRUST = 0.02, DIVISOR = 96.5;
const float EPS = 1e-6f;

struct Setting {
    Rule rule;
    float momentum, decay;
    double clip;    /* of clip_norm over the norm; 0: no clipping */
    int what;       /* of the outcome */
    bool zero;      /* gradients and weights are, so that no norm gives a ratio */
};

/* The weights: parameters one after the other, with gaps of NaN that nothing may touch where a rule goes by the table. */
struct Weights {
    std::vector<gs_cuda_parameter> table;
    int64_t floats = 0, chunks = 0;
    Buffer<float> theta, gradient, state1, state2, next; /* next: the gradient as the call leaves it */
};

Weights weights_of(Run& run, const Setting& setting, const std::vector<int64_t>& counts) {
    Weights w;
    const bool gaps = setting.rule == LARS || setting.rule == LAMB;
    for (int64_t count : counts) {
        w.table.push_back({w.floats + (gaps ? 4 * run.below(3) : 0), count, static_cast<int64_t>(w.table.size() % 3 != 1)});
        w.floats = w.table.back().offset + count;
        w.chunks += (count + GS_CUDA_CHUNK - 1) / GS_CUDA_CHUNK;
    }
    const auto fill = [&](const char* name, double scale) {
        auto values = run.random(name, w.floats, setting.zero ? 0 : scale), spread = run.unwritten(name, w.floats);
        for (const gs_cuda_parameter& p : w.table) std::copy_n(values.data + p.offset, p.count, spread.data + p.offset);
        return spread;
    };
    w.theta = fill("theta", 1);
    w.gradient = fill("gradient", 100);
    w.state1 = fill("first state", 0);
    w.state2 = fill("second state", 0);
    w.next = fill("next", 1);
    return w;
}

int update(const Setting& s, Weights& w, const gs_cuda_step& now, const gs_cuda_outcome& judged) {
    DeviceCall call;
    const int64_t parameters = static_cast<int64_t>(w.table.size()), floats = w.floats, chunks = w.chunks;
    std::copy_n(w.gradient.data, floats, w.next.data);
    const gs_cuda_step* step = call.in(&now, 1);
    const gs_cuda_outcome* outcome = call.in(&judged, 1);
    const gs_cuda_parameter* table = call.in(w.table.data(), parameters);
    float *t = call.in_out(w.theta.data, floats), *g = call.in_out(w.next.data, floats);
    float *first = call.in_out(w.state1.data, floats), *second = call.in_out(w.state2.data, floats);
    float* velocity = s.momentum != 0 ? first : nullptr;
    void* workspace = call.workspace(gs_cuda_trust_workspace(parameters, chunks));
    return call.run([&](void* stream) {
        switch (s.rule) {
            case SGD: return gs_cuda_sgd_update(floats, step, outcome, s.momentum, 0, s.decay, g, velocity, t, stream);
            case ADAMW: return gs_cuda_adamw_update(floats, step, outcome, BETA1, BETA2, EPS, s.decay, g, first, second, t, stream);
            case LARS:
                return gs_cuda_lars_update(parameters, table, chunks, step, outcome, s.momentum, s.decay,
                                           static_cast<float>(TRUST), g, velocity, t, workspace, stream);
            default:
                return gs_cuda_lamb_update(parameters, table, chunks, step, outcome, BETA1, BETA2, EPS, s.decay, g, first,
                                           second, t, workspace, stream);
        }
    });
}

struct Reference {
    std::vector<double> theta, first, second, gradient;
};

double norm(const std::vector<double>& values, const gs_cuda_parameter& p) {
    double squares = 0;
    for (size_t i = static_cast<size_t>(p.offset); i < static_cast<size_t>(p.offset + p.count); i++)
        squares += values[i] * values[i];
    return sqrt(squares);
}

/* One step of one parameter; reference.gradient is the raw one, and LAMB's direction afterwards. */
void advance(const Setting& s, const gs_cuda_parameter& p, double scale, int count, Reference& r) {
    const bool by_table = s.rule == LARS || s.rule == LAMB, moments = s.rule == ADAMW || s.rule == LAMB;
    const double decay = by_table && !p.matrix ? 0 : static_cast<double>(s.decay), momentum = static_cast<double>(s.momentum);
    double ratio = 1;
    if (s.rule == LARS && p.matrix) {
        const double theta = norm(r.theta, p), gradient = norm(r.gradient, p);
        if (theta > 0 && gradient > 0) ratio = TRUST * theta / (scale * gradient + decay * theta);
    }
    for (size_t i = static_cast<size_t>(p.offset); i < static_cast<size_t>(p.offset + p.count); i++) {
        double& theta = r.theta[i];
        if (moments) {
            const double g = scale * r.gradient[i];
            r.first[i] = BETA1 * r.first[i] + (1 - BETA1) * g;
            r.second[i] = BETA2 * r.second[i] + (1 - BETA2) * g * g;
            const double root = sqrt(r.second[i] / (1 - pow(BETA2, count)));
            const double adam = r.first[i] / (1 - pow(BETA1, count)) / (root + static_cast<double>(EPS));
            if (s.rule == ADAMW) theta = theta * (1 - RATE * decay) - RATE * adam;
            else r.gradient[i] = adam + decay * theta;
        } else {
            const double g = ratio * (scale * r.gradient[i] + decay * theta);
            r.first[i] = momentum * r.first[i] + g;
            theta -= RATE * r.first[i];
        }
    }
    if (s.rule != LAMB) return;
    const double theta = norm(r.theta, p), toward = norm(r.gradient, p);
    if (p.matrix && theta > 0 && toward > 0) ratio = theta / toward;
    for (size_t i = static_cast<size_t>(p.offset); i < static_cast<size_t>(p.offset + p.count); i++)
        r.theta[i] -= RATE * ratio * r.gradient[i];
}

Case update_case(const Setting& s, const std::vector<int64_t>& counts, const char* name, bool timed) {
    double floats = 0;
    for (int64_t count : counts) floats += static_cast<double>(count);
    const double traffic[] = {s.momentum != 0 ? 20.0 : 12.0, 28, s.momentum != 0 ? 28.0 : 20.0, 40};
    Case result = {OPERATIONS[s.rule], text("%s, %zu tensors, momentum %g decay %g", name, counts.size(), (double)s.momentum,
                                                (double)s.decay),
                   0, traffic[s.rule] * floats, 1, timed, nullptr};
    result.body = [=](Run& run) {
        Weights w = weights_of(run, s, counts);
        const gs_cuda_outcome outcome = {s.what, -1, -1, 37.5 * DIVISOR * DIVISOR, 0};
        const double own = sqrt(37.5), most = s.clip * own;
        gs_cuda_step step = {1, 1, 1, RATE, DIVISOR, most, -1};
        const auto doubles = [](const Buffer<float>& b) { return std::vector<double>(b.data, b.data + b.size); };
        Reference r = {doubles(w.theta), doubles(w.state1), doubles(w.state2), doubles(w.gradient)};
        run.call([&] { return update(s, w, step, outcome); });
        if (run.timing()) return;
        for (step.count = 2; step.count <= STEPS; step.count++) run.expect(update(s, w, step, outcome) == GS_OK, gs_last_error());
        const double scale = (most > 0 && own > most ? most / own : 1) / DIVISOR;
        for (int k = 1; k <= STEPS && s.what == GS_CUDA_FINE; k++) {
            r.gradient = doubles(w.gradient);
            for (const gs_cuda_parameter& p : w.table) advance(s, p, scale, k, r);
        }
        const Tolerance tolerance = s.what == GS_CUDA_FINE ? Tolerance{2e-6, "three steps of a dozen roundings"} : EXACT;
        run.compare(w.theta, tolerance, [&] { return r.theta; });
        if (s.rule == ADAMW || s.rule == LAMB || s.momentum != 0) run.compare(w.state1, tolerance, [&] { return r.first; });
        if (s.rule == ADAMW || s.rule == LAMB) run.compare(w.state2, tolerance, [&] { return r.second; });
        run.compare(w.next, s.rule == LAMB ? tolerance : EXACT, [&] { return r.gradient; });
    };
    return result;
}

Case refusals_case() {
    Case result = {"lars_update", "refuses, as do the others", 0, 0, 1, false, nullptr};
    result.body = [](Run& run) {
        auto floats = run.random("floats", 64);
        const gs_cuda_parameter one = {0, 64, 1};
        using Step = const gs_cuda_step*;
        using Outcome = const gs_cuda_outcome*;
        using Table = const gs_cuda_parameter*;
        const auto refused = [&](const std::function<int(float*, Step, Outcome, Table, void*)>& queue) {
            run.refuses(GS_INVALID_ARGUMENT, [&] {
                DeviceCall call;
                float* f = call.in_out(floats.data, 64);
                const gs_cuda_step* step = static_cast<gs_cuda_step*>(call.workspace(sizeof(gs_cuda_step)));
                const gs_cuda_outcome* outcome = static_cast<gs_cuda_outcome*>(call.workspace(sizeof(gs_cuda_outcome)));
                const gs_cuda_parameter* table = call.in(&one, 1);
                return call.run([&](void* stream) { return queue(f, step, outcome, table, stream); });
            });
        };
        refused([](float* f, Step s, Outcome o, Table, void* q) {
            return gs_cuda_sgd_update(7, s, o, 0, 0, 0, f, f, f, q);
        });
        refused([](float* f, Step, Outcome o, Table, void* q) {
            return gs_cuda_sgd_update(8, nullptr, o, 0, 0, 0, f, f, f, q);
        });
        refused([](float* f, Step s, Outcome o, Table, void* q) {
            return gs_cuda_adamw_update(8, s, o, 0.9, 0.99, 0, 0, f, f, f, f, q);
        });
        refused([](float* f, Step s, Outcome o, Table t, void* q) {
            return gs_cuda_lars_update(1, t, 1, s, o, 0.9f, 0, 0.1f, f, nullptr, f, f, q);
        });
        refused([](float* f, Step s, Outcome o, Table t, void* q) {
            return gs_cuda_lars_update(1, t, 1, s, o, 0.9f, 0, 0, f, f, f, f, q);
        });
        refused([](float* f, Step s, Outcome o, Table t, void* q) {
            return gs_cuda_lars_update(0, t, 1, s, o, 0.9f, 0, 0.1f, f, f, f, f, q);
        });
        refused([](float* f, Step s, Outcome o, Table t, void* q) {
            return gs_cuda_lars_update(1, t, 1, s, o, 0.9f, 0, 0.1f, f, f, f, nullptr, q);
        });
        refused([](float* f, Step s, Outcome o, Table t, void* q) {
            return gs_cuda_lamb_update(1, t, 1, s, o, 1, 0.99, 1, 0, f, f, f, f, f, q);
        });
        refused([](float* f, Step s, Outcome o, Table t, void* q) {
            return gs_cuda_lamb_update(1, t, 1, s, o, 0.9, 0.99, 1, 0, f, nullptr, f, f, f, q);
        });
    };
    return result;
}

void declare(std::vector<Case>& cases) {
    std::vector<int64_t> many(70), resnet(20, 9216);
    for (size_t i = 0; i < many.size(); i++) many[i] = 4 * static_cast<int64_t>(1 + i * 37 % 600);
    for (Rule rule : {SGD, ADAMW, LARS, LAMB}) {
        const bool by_momentum = rule == SGD || rule == LARS;
        for (float momentum : {0.9f, 0.0f}) {
            if (momentum == 0 && !by_momentum) continue;
            for (float decay : {5e-4f, 0.0f})
                for (double clip : {0.0, 0.25, 4.0}) {
                    const Setting s = {rule, momentum, decay, clip, GS_CUDA_FINE, false};
                    const char* name = clip == 0 ? "no clipping" : clip < 1 ? "clipped" : "clipping out of reach";
                    cases.push_back(update_case(s, {4, 12, 2048, 2052, 10000, 2044}, name, false));
                }
            const Setting plain = {rule, momentum, 5e-4f, 0.5, GS_CUDA_FINE, false};
            cases.push_back(update_case(plain, many, "clipped", false));
            for (int what : {GS_CUDA_LOSS, GS_CUDA_NORM, GS_CUDA_GRADIENT, GS_CUDA_BEHIND})
                cases.push_back(update_case({rule, momentum, 5e-4f, 0.5, what, false}, {2048, 12, 5000},
                                            text("not fine: %d", what).c_str(), false));
        }
        const Setting zero = {rule, by_momentum ? 0.9f : 0, 5e-4f, 0, GS_CUDA_FINE, true};
        cases.push_back(update_case(zero, {64, 8, 3000}, "all zero", false));
        const Setting timed = {rule, by_momentum ? 0.9f : 0, 5e-4f, 0, GS_CUDA_FINE, false};
        cases.push_back(update_case(timed, resnet, "resnet20", true));
    }
    cases.push_back(refusals_case());
}

const Registration registration(declare);

}  // namespace
}  // namespace cases
