/* What happens to gradients after the backward pass: parts of a step added up, and the rules that change the weights. */
#include <math.h>
#include <string.h>

#include <algorithm>

#include "step/step.h"

namespace gradsieve {

void Step::part(int parts, float* sum) {
    if (begun_ == 0 || backward_) refuse(GS_INVALID_ARGUMENT, "part: it comes between gs_step_begin and backward");
    if ((parts & ~WHOLE) != 0) refuse(GS_INVALID_ARGUMENT, "part: %d is not made of gs_part", parts);
    if (parts != WHOLE && (!memory.gradients || !sum))
        refuse(GS_INVALID_ARGUMENT, "part: accumulates gradients without a place for them");
    parts_ = parts;
    sum_ = sum;
}

static bool has_moments(int optimizer) { return optimizer == GS_ADAMW || optimizer == GS_LAMB; }

static void check_rule(const gs_update_rule& rule, const Memory& memory) {
    if (rule.optimizer < GS_SGD || rule.optimizer > GS_LAMB)
        refuse(GS_INVALID_ARGUMENT, "rule: optimizer %d is not one of gs_optimizer", rule.optimizer);
    if (!(rule.divisor > 0) || !isfinite(rule.divisor))
        refuse(GS_INVALID_ARGUMENT, "rule: gradients divided by %g", rule.divisor);
    if (!isfinite(rule.rate)) refuse(GS_INVALID_ARGUMENT, "rule: a learning rate of %g", rule.rate);
    if (has_moments(rule.optimizer) && (!memory.state1 || !memory.state2))
        refuse(GS_INVALID_ARGUMENT, "rule: adamw and lamb need two states, the step is bound without");
    if (has_moments(rule.optimizer) && rule.step < 1)
        refuse(GS_INVALID_ARGUMENT, "rule: adamw and lamb count steps from 1, not %lld", static_cast<long long>(rule.step));
    if (!has_moments(rule.optimizer) && rule.momentum != 0 && !memory.state1)
        refuse(GS_INVALID_ARGUMENT, "rule: momentum needs a state, the step is bound without");
    if (rule.optimizer == GS_LARS && !(rule.trust > 0))
        refuse(GS_INVALID_ARGUMENT, "rule: lars with a trust of %g", rule.trust);
}

void Step::rule(const gs_update_rule& rule) {
    if (begun_ == 0) refuse(GS_INVALID_ARGUMENT, "rule: gs_step_begin comes first");
    check_rule(rule, memory);
    end();
    workers_.put(Command{Command::RULE, 0, Run(), rule});
}

/* ---- on the workers ------------------------------------------------------------------------------------------------- */

void Step::accumulate(Worker& worker, Segment& segment, int parts, float* sum) {
    for (const Parameter& parameter : segment.updates) {
        Range range = share(parameter.count, LANES, worker.index, threads);
        int64_t from = parameter.offset + range.from, count = range.to - range.from;
        if (count <= 0) continue;
        float* gradient = memory.gradients + from;
        if (parts & GS_PART_FIRST) {
            memcpy(sum + from, gradient, static_cast<size_t>(count) * sizeof(float));
        } else {
            kernels().add(count, sum + from, gradient, (parts & GS_PART_LAST) ? gradient : sum + from);
        }
    }
}

/* Every parameter has chunks of its own, so that the sums depend on nothing but its floats. */
void Step::count_chunks() {
    std::vector<Parameter*> all;
    for (Segment& segment : segments)
        for (Parameter& parameter : segment.parameters) all.push_back(&parameter);
    std::sort(all.begin(), all.end(), [](const Parameter* a, const Parameter* b) { return a->offset < b->offset; });
    parameters_.clear();
    int64_t chunks = 0;
    for (Parameter* parameter : all) {
        parameter->chunk = chunks;
        chunks += (parameter->count + CHUNK - 1) / CHUNK;
        parameters_.push_back(*parameter);
    }
    chunk_norms_.assign(static_cast<size_t>(chunks), 0.0);
    theta_norms_.assign(static_cast<size_t>(chunks), 0.0);
    int64_t statistics = 0;
    for (const Parameter& statistic : running) statistics += statistic.count;
    running_before_.assign(static_cast<size_t>(statistics), 0.0f);
}

/* The squares of the gradient, each thread some chunks of every parameter; judge() adds them up. */
void Step::square(Worker& worker) {
    for (const Parameter& parameter : parameters_) {
        Range range = share(parameter.count, CHUNK, worker.index, threads);
        kernels().chunk_norms(range.to - range.from, memory.gradients + parameter.offset + range.from,
                              chunk_norms_.data() + parameter.chunk + range.from / CHUNK);
    }
    worker.run.in_chunks = true;
}

/* The clip factor over the divisor: the norm that is clipped is that of the divided gradient. */
double Step::scale_of(const gs_update_rule& rule, double gradient_norm2) {
    double norm = sqrt(gradient_norm2) / rule.divisor;
    double clip = rule.clip_norm > 0 && norm > rule.clip_norm ? rule.clip_norm / norm : 1;
    return clip / rule.divisor;
}

void Step::update(Worker& worker, Segment& segment) {
    if (rule_.optimizer == GS_LARS || rule_.optimizer == GS_LAMB) return update_by_trust(worker, segment);
    float rate = static_cast<float>(rule_.rate), decay = static_cast<float>(rule_.decay);
    for (const Parameter& parameter : segment.updates) {
        Range range = share(parameter.count, LANES, worker.index, threads);
        int64_t from = parameter.offset + range.from, count = range.to - range.from;
        if (count <= 0) continue;
        float *theta = memory.weights + from, *gradient = memory.gradients + from;
        if (rule_.optimizer == GS_ADAMW) {
            kernels().adamw_update(count, scale_, rate, rule_.momentum, rule_.beta2, static_cast<float>(rule_.eps),
                                   decay, rule_.step, gradient, memory.state1 + from, memory.state2 + from, theta);
        } else {
            float* velocity = rule_.momentum != 0 ? memory.state1 + from : nullptr;
            kernels().sgd_update(count, scale_, rate, static_cast<float>(rule_.momentum), rule_.nesterov, decay,
                                 gradient, velocity, theta);
        }
    }
}

/* What a tensor's step is multiplied by; 1 where a norm is zero. */
static double trust_ratio(const gs_update_rule& rule, double scale, double theta2, double toward2) {
    double theta = sqrt(theta2), toward = sqrt(toward2);
    if (rule.optimizer == GS_LAMB) return theta > 0 && toward > 0 ? theta / toward : 1;
    return theta > 0 && toward > 0 ? rule.trust * theta / (scale * toward + rule.decay * theta) : 1;
}

static double sum_of(const std::vector<double>& norms, const Parameter& parameter) {
    double sum = 0;
    for (int64_t k = 0; k < (parameter.count + CHUNK - 1) / CHUNK; k++) sum += norms[static_cast<size_t>(parameter.chunk + k)];
    return sum;
}

/* LARS and LAMB: every thread measures its chunks of each tensor and, after a barrier, adds all of them up for itself. */
void Step::update_by_trust(Worker& worker, Segment& segment) {
    const bool lamb = rule_.optimizer == GS_LAMB;
    if (segment.parameters.empty()) return;
    for (const Parameter& parameter : segment.parameters) {
        Range range = share(parameter.count, CHUNK, worker.index, threads);
        int64_t from = parameter.offset + range.from, floats = range.to - range.from;
        if (lamb && floats > 0)
            kernels().lamb_direction(floats, scale_, rule_.momentum, rule_.beta2, static_cast<float>(rule_.eps),
                                     parameter.matrix ? static_cast<float>(rule_.decay) : 0, rule_.step,
                                     memory.weights + from, memory.state1 + from, memory.state2 + from,
                                     memory.gradients + from);
        if (!parameter.matrix) continue;
        const int64_t chunk = parameter.chunk + range.from / CHUNK;
        kernels().chunk_norms(floats, memory.weights + from, theta_norms_.data() + chunk);
        kernels().chunk_norms(floats, memory.gradients + from, chunk_norms_.data() + chunk);
    }
    barrier(worker);
    for (const Parameter& parameter : segment.parameters) {
        Range range = share(parameter.count, CHUNK, worker.index, threads);
        int64_t from = parameter.offset + range.from, floats = range.to - range.from;
        if (floats <= 0) continue;
        double ratio = 1;
        if (parameter.matrix)
            ratio = trust_ratio(rule_, static_cast<double>(scale_), sum_of(theta_norms_, parameter), sum_of(chunk_norms_, parameter));
        float *theta = memory.weights + from, *gradient = memory.gradients + from;
        if (lamb) {
            kernels().sgd_update(floats, 1, static_cast<float>(rule_.rate * ratio), 0, 0, 0, gradient, nullptr, theta);
        } else {
            float decay = parameter.matrix ? static_cast<float>(ratio * rule_.decay) : 0;
            kernels().sgd_update(floats, static_cast<float>(ratio) * scale_, static_cast<float>(rule_.rate),
                                 static_cast<float>(rule_.momentum), 0, decay, gradient,
                                 rule_.momentum != 0 ? memory.state1 + from : nullptr, theta);
        }
    }
}

}  // namespace gradsieve
