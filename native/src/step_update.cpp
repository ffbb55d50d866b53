/* What happens to gradients after the backward pass: parts of a step added up, and the rules that change the weights. */
#include <math.h>
#include <string.h>

#include "step.h"

namespace gradsieve {

void Step::accumulate(int32_t number, int parts, float* sum) {
    const Segment& segment = begun_segment(number);
    if (!segment.updates.empty() && (!memory.gradients || !sum))
        refuse(GS_INVALID_ARGUMENT, "segment %d: accumulates gradients without a place for them", number);
    Command command{Command::ACCUMULATE, number, Run(), gs_update_rule()};
    command.parts = parts;
    command.sum = sum;
    workers_.put(command);
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
    workers_.put(Command{Command::RULE, 0, Run(), rule});
}

/* ---- on the workers ------------------------------------------------------------------------------------------------- */

void Step::accumulate(Worker& worker, Segment& segment, int parts, float* sum) {
    const bool last = parts & GS_PART_LAST;
    if (parts == (GS_PART_FIRST | GS_PART_LAST)) return;
    double squares = 0;
    for (const Parameter& parameter : segment.updates) {
        Range range = share(parameter.count, LANES, worker.index, threads);
        int64_t from = parameter.offset + range.from, count = range.to - range.from;
        if (count <= 0) continue;
        float *gradient = memory.gradients + from, *target = (last ? memory.gradients : sum) + from;
        const float* added[] = {sum + from, gradient};
        if (parts & GS_PART_FIRST) {
            memcpy(target, gradient, static_cast<size_t>(count) * sizeof(float));
        } else {
            squares += kernels().reduce(count, 2, added, target);
        }
    }
    if (!last || segment.operations.empty()) return;
    for (auto& operation : segment.operations) operation->squares[static_cast<size_t>(worker.index)] = 0;
    segment.operations[0]->squares[static_cast<size_t>(worker.index)] = squares;
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

/* LARS and LAMB: every thread measures its share of each tensor, all meet, and each adds the shares up for itself. */
void Step::update_by_trust(Worker& worker, Segment& segment) {
    const bool lamb = rule_.optimizer == GS_LAMB;
    const size_t count = segment.parameters.size();
    if (count == 0) return;
    double* squares = segment.trust_squares.data() + static_cast<size_t>(worker.index) * count * 2;
    for (size_t p = 0; p < count; p++) {
        const Parameter& parameter = segment.parameters[p];
        Range range = share(parameter.count, LANES, worker.index, threads);
        int64_t from = parameter.offset + range.from, floats = range.to - range.from;
        if (lamb && floats > 0)
            kernels().lamb_direction(floats, scale_, rule_.momentum, rule_.beta2, static_cast<float>(rule_.eps),
                                     parameter.matrix ? static_cast<float>(rule_.decay) : 0, rule_.step,
                                     memory.weights + from, memory.state1 + from, memory.state2 + from,
                                     memory.gradients + from);
        bool measured = parameter.matrix && floats > 0;
        squares[2 * p] = measured ? kernels().squared_norm(floats, memory.weights + from) : 0;
        squares[2 * p + 1] = measured ? kernels().squared_norm(floats, memory.gradients + from) : 0;
    }
    meet(worker);
    for (size_t p = 0; p < count; p++) {
        const Parameter& parameter = segment.parameters[p];
        Range range = share(parameter.count, LANES, worker.index, threads);
        int64_t from = parameter.offset + range.from, floats = range.to - range.from;
        if (floats <= 0) continue;
        double theta2 = 0, toward2 = 0;
        for (size_t t = 0; t < static_cast<size_t>(threads); t++) {
            theta2 += segment.trust_squares[(t * count + p) * 2];
            toward2 += segment.trust_squares[(t * count + p) * 2 + 1];
        }
        double ratio = parameter.matrix ? trust_ratio(rule_, static_cast<double>(scale_), theta2, toward2) : 1;
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
