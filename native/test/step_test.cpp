/*
 * The executor against plain double-precision networks: gradients and every sample's norm, threads, updates, divergence.
 * step_test [part of a network's name]; GRADSIEVE_ISA forces an instruction set. Prints "N passed, M failed".
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <algorithm>
#include <functional>

#include "compiled.h"
#include "difference.h"
#include "networks.h"
#include "refusals.h"
#include "shares.h"

namespace {

int passed = 0, failed = 0;

void check(bool good, const std::string& network, const char* sentence, double got, double bound) {
    (good ? passed : failed)++;
    if (!good) printf("FAILED %s: %s: %g against %g\n", network.c_str(), sentence, got, bound);
}

/* ---- checks --------------------------------------------------------------------------------------------------------- */

const int64_t BATCH = 7;

/* fp32 sums of a few hundred products, through at most ten layers: 1e-5 relative and some room. */
const double TOLERANCE = 5e-5;

void gradients_are_right(const Network& n, int mode) {
    Reference reference = evaluate(n, mode, Nudge());
    std::vector<std::vector<double>> terms = terms_of(n, mode);
    std::vector<double> total(static_cast<size_t>(n.trainable), 0.0);
    for (const auto& term : terms)
        for (size_t p = 0; p < total.size(); p++) total[p] += term[p];
    for (int threads = 1; threads <= 3; threads++) {
        Compiled compiled(n, threads, BATCH + 2);
        Outcome got = compiled.run(mode, 0, BATCH);
        check(got.status == GS_OK, n.name, "a step works", got.status, GS_OK);
        double worst = 0, worst_norm = 0, worst_running = 0;
        for (size_t i = 0; i < terms.size(); i++) {
            worst = fmax(worst, fabs(static_cast<double>(got.record(GS_RECORD_LOSS)[i]) - reference.losses[i]));
            double norm = norm_of(terms[i]), measured = sqrt(static_cast<double>(got.record(GS_RECORD_NORM2)[i]));
            worst_norm = fmax(worst_norm, fabs(measured - norm) / norm);
        }
        for (size_t i = 0; i < reference.running.size(); i++)
            worst_running = fmax(worst_running, fabs(static_cast<double>(got.weights[static_cast<size_t>(n.trainable) + i]) -
                                                     reference.running[i]));
        check(worst < TOLERANCE, n.name, "losses are those of the reference", worst, TOLERANCE);
        double relative = difference(got.gradients, total) / norm_of(total);
        check(relative < TOLERANCE, n.name, "the gradient is that of finite differences", relative, TOLERANCE);
        check(worst_norm < TOLERANCE, n.name, "every sample's norm is that of its own term", worst_norm, TOLERANCE);
        check(worst_running < TOLERANCE, n.name, "running statistics move as the reference's", worst_running, TOLERANCE);
        double norm = sqrt(got.gradient_norm2) / norm_of(total);
        check(fabs(norm - 1) < TOLERANCE, n.name, "wait returns the gradient's norm", norm, 1);
    }
}

void one_sample_at_a_time_agrees(const Network& n) {
    Compiled batch(n, 2, BATCH), single(n, 2, BATCH);
    Outcome all = batch.run(GS_EVALUATION, 0, BATCH);
    std::vector<double> sum(static_cast<size_t>(n.trainable), 0.0);
    double worst = 0;
    for (int64_t i = 0; i < BATCH; i++) {
        Outcome one = single.run(GS_EVALUATION, i, 1);
        for (size_t p = 0; p < sum.size(); p++) sum[p] += static_cast<double>(one.gradients[p]);
        double norm2 = static_cast<double>(all.record(GS_RECORD_NORM2)[i]);
        worst = fmax(worst, fabs(norm2 - one.gradient_norm2) / one.gradient_norm2);
    }
    double relative = difference(all.gradients, sum) / norm_of(sum);
    check(relative < TOLERANCE, n.name, "gradients of single samples add up to the batch's", relative, TOLERANCE);
    check(worst < 2 * TOLERANCE, n.name, "a sample's norm is that of a batch of it alone", worst, 2 * TOLERANCE);
}

void runs_repeat(const Network& n) {
    gs_update_rule rule{GS_SGD, 1, 0.05, 0.9, 0, 0, 1e-3, 9.0, 1.0, 1, 0};
    for (int threads = 1; threads <= 3; threads++) {
        Compiled first(n, threads, BATCH), second(n, threads, BATCH);
        bool equal = true;
        for (int i = 0; i < 5; i++) {
            Outcome a = first.run(GS_TRAINING, i % 2, BATCH - 1 - i % 3, &rule);
            Outcome b = second.run(GS_TRAINING, i % 2, BATCH - 1 - i % 3, &rule);
            equal &= same(a.weights, b.weights) && same(a.records, b.records) && same(a.gradients, b.gradients);
        }
        check(equal, n.name, "two runs with one number of threads give the same bits", threads, threads);
    }
}

/* The second of two steps under way starts from the weights of the first, with the bits of one after the other. */
void queued_steps_are_the_same(const Network& n) {
    gs_update_rule rule{GS_SGD, 1, 0.05, 0.9, 0, 0, 1e-3, 9.0, 1.0, 1, 0};
    Compiled apart(n, 2, BATCH), queued(n, 2, BATCH);
    std::vector<Outcome> expected;
    for (int i = 0; i < 6; i++) expected.push_back(apart.run(GS_TRAINING, i % 2, BATCH - 1 - i % 3, &rule));
    bool equal = true;
    for (int i = 0; i <= 6; i++) {
        if (i < 6) queued.begin(GS_TRAINING, i % 2, BATCH - 1 - i % 3, &rule);
        if (i == 0) continue;
        Outcome got = queued.wait();
        const Outcome& wanted = expected[static_cast<size_t>(i) - 1];
        equal &= same(got.records, wanted.records) && same(got.probabilities, wanted.probabilities) &&
                 got.gradient_norm2 == wanted.gradient_norm2;
        if (i == 6) equal &= same(got.weights, wanted.weights) && same(got.gradients, wanted.gradients);
    }
    check(equal, n.name, "queued steps give the bits of steps apart", 1, 0);
}

void a_third_step_has_to_wait(const Network& n) {
    Compiled compiled(n, 2, BATCH);
    compiled.begin(GS_TRAINING, 0, BATCH, nullptr, false);
    compiled.begin(GS_TRAINING, 0, BATCH, nullptr, false);
    int status = gs_step_begin(compiled.step(), 0, GS_TRAINING, nullptr, nullptr, nullptr, nullptr, nullptr, 0, 0, -1);
    check(status == GS_INVALID_ARGUMENT, n.name, "a third step under way is refused", status, GS_INVALID_ARGUMENT);
    check(compiled.wait().status == GS_OK && compiled.wait().status == GS_OK, n.name, "both end well", 1, 0);
}

void samples_that_lie_nowhere_are_refused(const Network& n) {
    Compiled compiled(n, 2, BATCH);
    const void* samples[2] = {n.parameters.data(), nullptr};
    for (auto given : {static_cast<const void* const*>(nullptr), static_cast<const void* const*>(samples)})
        check(gs_step_begin(compiled.step(), 2, GS_EVALUATION, given, nullptr, nullptr, nullptr, nullptr, 0, 0, -1) != GS_OK,
              n.name, "a sample that lies nowhere is refused", 0, 1);
}

void small_batches_work(const Network& n) {
    Compiled many(n, 5, BATCH), one(n, 1, BATCH);
    for (int64_t batch : {2, 1, 0}) {
        Outcome a = many.run(GS_EVALUATION, 1, batch), b = one.run(GS_EVALUATION, 1, batch);
        std::vector<double> expected(b.gradients.begin(), b.gradients.end());
        double off = difference(a.gradients, expected), bound = TOLERANCE * norm_of(expected);
        check(off <= bound, n.name, "fewer samples than threads give the gradient of one thread", off, bound);
        if (batch == 0) check(a.gradient_norm2 == 0 && norm_of(expected) == 0, n.name, "no sample, no gradient", 1, 0);
    }
}

void norms_change_nothing(const Network& n) {
    Compiled with(n, 2, BATCH, true), without(n, 2, BATCH, false);
    Outcome a = with.run(GS_TRAINING, 0, BATCH), b = without.run(GS_TRAINING, 0, BATCH);
    check(same(a.gradients, b.gradients), n.name, "norms leave the gradient as it is", 1, 0);
    bool zero = true;
    for (int64_t i = 0; i < BATCH; i++) zero &= b.record(GS_RECORD_NORM2)[i] == 0;
    check(zero, n.name, "without norms none is recorded", 1, 0);
    int64_t forward[2], backward[2];
    with.traffic(&forward[0], &backward[0]);
    without.traffic(&forward[1], &backward[1]);
    check(forward[0] == forward[1] && backward[0] == backward[1] && forward[0] > 0 && backward[0] > 0, n.name,
          "norms move no byte more", static_cast<double>(backward[0]), static_cast<double>(backward[1]));
}

void updates_follow_their_formulas(const Network& n) {
    Compiled compiled(n, 2, BATCH);
    std::vector<double> theta(n.parameters.begin(), n.parameters.end()), v(theta.size(), 0.0);
    gs_update_rule rule{GS_SGD, 0, 0.1, 0.9, 0, 0, 0.01, 5.0, 0.25, 1, 0};
    double worst = 0;
    for (int i = 0; i < 3; i++) {
        Outcome got = compiled.run(GS_EVALUATION, 0, BATCH, &rule);
        double norm = sqrt(got.gradient_norm2) / 5.0, clip = norm > 0.25 ? 0.25 / norm : 1;
        for (int64_t p : n.live_parameters()) {
            size_t k = static_cast<size_t>(p);
            v[k] = 0.9 * v[k] + clip / 5.0 * static_cast<double>(got.gradients[k]) + 0.01 * theta[k];
            theta[k] -= 0.1 * v[k];
            worst = fmax(worst, fabs(theta[k] - static_cast<double>(got.weights[k])));
        }
    }
    check(worst < 1e-5, n.name, "sgd clips, divides, decays and keeps momentum", worst, 1e-5);
}

/* Those with the largest el2n go on, of all or of each class, in evaluation, where no sample sees another. */
void the_chosen_alone_go_backward(const Network& n, bool by_class) {
    const int64_t classes = n.tensors[static_cast<size_t>(n.logits)].channels;
    for (int threads : {1, 2, 5}) {
        for (int64_t count : {int64_t{0}, int64_t{1}, int64_t{3}, BATCH}) {
            Compiled compiled(n, threads, BATCH), whole(n, threads, BATCH), single(n, 1, BATCH);
            Outcome all = whole.run(GS_EVALUATION, 0, BATCH, nullptr, false);
            std::vector<int32_t> chosen(BATCH, -1), of_class(static_cast<size_t>(classes));
            for (int64_t i = 0; i < count; i++) of_class[static_cast<size_t>(n.labels[static_cast<size_t>(i)])]++;
            Outcome got = compiled.run_chosen(GS_EVALUATION, BATCH, GS_RECORD_EL2N, count, by_class ? &of_class : nullptr,
                                              chosen.data());
            std::vector<double> sum(got.gradients.size(), 0.0);
            double norms = 0;
            bool largest = true;
            const float* el2n = all.record(GS_RECORD_EL2N);
            for (int64_t j = 0; j < count; j++) {
                const int32_t sample = chosen[static_cast<size_t>(j)];
                Outcome one = single.run(GS_EVALUATION, sample, 1);
                for (size_t k = 0; k < sum.size(); k++) sum[k] += static_cast<double>(one.gradients[k]);
                double expected = static_cast<double>(one.record(GS_RECORD_NORM2)[0]);
                norms = fmax(norms, fabs(static_cast<double>(got.record(GS_RECORD_NORM2)[j]) - expected) / (expected + 1e-6));
                const int32_t label = n.labels[static_cast<size_t>(sample)];
                int64_t larger = 0;
                for (size_t i = 0; i < BATCH; i++) larger += (!by_class || n.labels[i] == label) && el2n[i] > el2n[sample];
                largest &= larger < (by_class ? of_class[static_cast<size_t>(label)] : count);
            }
            double bound = 4 * TOLERANCE * (norm_of(sum) + 1e-6), off = difference(got.gradients, sum);
            check(off <= bound, n.name, "the gradient is that of the chosen", off, bound);
            check(norms <= 4 * TOLERANCE, n.name, "each norm is that of the sample it is said to be", norms, 4 * TOLERANCE);
            check(largest, n.name, "the chosen are the largest", 1, 0);
            of_class[0]++; /* one more than count */
            compiled.begin(GS_EVALUATION, 0, BATCH, nullptr, false);
            int status = gs_step_choose(compiled.step(), GS_RECORD_EL2N, count, of_class.data(), classes, chosen.data());
            check(status == GS_INVALID_ARGUMENT, n.name, "classes that do not add up are refused", status, GS_INVALID_ARGUMENT);
            compiled.wait();
            bool kept = memcmp(got.record(0), all.record(0), GS_RECORD_NORM2 * BATCH * sizeof(float)) == 0;
            check(kept, n.name, "a choice leaves all other records as they were", 1, 0);
        }
    }
}

/* Three parts, the second queued behind the first; in evaluation, where no sample sees another. */
void parts_add_up_to_the_whole(const Network& n) {
    Compiled whole(n, 2, BATCH), cut(n, 2, BATCH);
    Outcome expected = whole.run(GS_EVALUATION, 0, BATCH);
    std::vector<float> sum(static_cast<size_t>(n.trainable), NAN);
    const auto part = [&](int64_t from, int64_t count, int parts) {
        cut.begin(GS_EVALUATION, from, count, nullptr, false);
        must(gs_step_part(cut.step(), parts, sum.data()));
        for (int32_t s = cut.segments(); s-- > 0;) must(gs_segment_backward(cut.step(), s));
    };
    part(0, 2, GS_PART_FIRST);
    part(2, 3, 0);
    cut.wait();
    cut.wait();
    part(5, BATCH - 5, GS_PART_LAST);
    Outcome got = cut.wait();
    std::vector<double> wanted(expected.gradients.begin(), expected.gradients.end());
    double off = difference(got.gradients, wanted), bound = TOLERANCE * norm_of(wanted);
    check(off <= bound, n.name, "the gradients of parts add up to the whole batch's", off, bound);
    double norm_off = fabs(got.gradient_norm2 - expected.gradient_norm2);
    check(norm_off <= 2 * TOLERANCE * expected.gradient_norm2, n.name, "and so does their norm", norm_off, expected.gradient_norm2);
    part(0, BATCH, GS_PART_FIRST | GS_PART_LAST);
    check(same(cut.wait().gradients, expected.gradients), n.name, "a step of one part is itself", 1, 0);
}

void divergence_leaves_weights_alone(const Network& n) {
    gs_update_rule rule{GS_SGD, 0, 0.1, 0.9, 0, 0, 0.01, 5.0, 0, 1, 0};
    for (float bad : {INFINITY, NAN, 1e30f}) {
        Network broken = n;
        size_t last = broken.nodes.size() - 2; /* the linear layer before the loss */
        broken.parameters[static_cast<size_t>(broken.nodes[last].weights)] = bad;
        Compiled compiled(broken, 2, BATCH);
        std::vector<float> before(broken.parameters);
        Outcome got = compiled.run(GS_EVALUATION, 0, BATCH, &rule);
        check(got.status == GS_DIVERGED && strlen(gs_last_error()) > 10, n.name, "a step that diverges says so", got.status,
              GS_DIVERGED);
        check(same(got.weights, before), n.name, "a step that diverges leaves the weights alone", 1, 0);
    }
}

/* The loss of the first sample is not finite; the step behind leaves it out, but starts before anybody knows. */
void divergence_stops_the_step_behind(const Network& n) {
    gs_update_rule rule{GS_SGD, 0, 0.1, 0.9, 0, 0, 0.01, 5.0, 0, 1, 0};
    Network broken = n;
    broken.sample_weights[0] = NAN;
    Compiled compiled(broken, 2, BATCH);
    for (const gs_update_rule* first : {static_cast<const gs_update_rule*>(&rule), static_cast<const gs_update_rule*>(nullptr)}) {
        compiled.begin(GS_TRAINING, 0, BATCH, first, true, 0);
        compiled.begin(GS_TRAINING, 1, BATCH - 1, &rule, true, 0);
        Outcome one = compiled.wait(), two = compiled.wait();
        check(one.status == GS_DIVERGED && two.status == GS_DIVERGED, n.name, "both steps say that the first diverged", two.status,
              GS_DIVERGED);
        check(same(two.weights, broken.parameters), n.name, "neither changes weights or statistics", 1, 0);
    }
    Outcome fine = compiled.run(GS_TRAINING, 1, BATCH - 1, &rule);
    check(fine.status == GS_OK && !same(fine.weights, broken.parameters), n.name, "a step after that goes on", fine.status, GS_OK);
}

void statistics_obey_the_momentum(const Network& n) {
    if (n.running_floats == 0) return;
    Compiled compiled(n, 2, BATCH);
    Outcome kept = compiled.run(GS_TRAINING, 0, BATCH, nullptr, false, 0);
    check(same(kept.weights, n.parameters), n.name, "a momentum of 0 keeps running statistics", 1, 0);
    Outcome taken = compiled.run(GS_TRAINING, 0, BATCH, nullptr, false, 1);
    check(!same(taken.weights, n.parameters), n.name, "a momentum of 1 takes the batch's", 1, 0);
}

/* At the edges of what a convolution takes; each would read or count beyond its memory. */
int64_t now() {
    timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * INT64_C(1000000000) + time.tv_nsec;
}

void times_lie_within_the_step(const Network& network) {
    const int threads = 2;
    Compiled compiled(network, threads, BATCH);
    const size_t segments = static_cast<size_t>(compiled.segments());
    std::vector<int64_t> times(2 * threads * segments * GS_PHASES * GS_PHASE_TIMES, -1); /* two sets; the first is written */
    auto of = [&](size_t thread, size_t segment, int phase) {
        return &times[((thread * segments + segment) * GS_PHASES + static_cast<size_t>(phase)) * GS_PHASE_TIMES];
    };
    must(gs_step_profile(compiled.step(), times.data()));
    gs_update_rule rule{GS_SGD, 0, 0.1, 0.9, 0, 0, 0.01, 5.0, 0, 1, 0};
    int64_t before = now();
    compiled.run(GS_TRAINING, 0, BATCH, &rule);
    int64_t after = now();
    for (size_t t = 0; t < threads; t++) {
        for (size_t s = 0; s < segments; s++) {
            for (int phase = 0; phase < GS_PHASES; phase++) {
                const int64_t* at = of(t, s, phase);
                int64_t took = at[GS_PHASE_ENDED] - at[GS_PHASE_BEGAN];
                check(before <= at[GS_PHASE_BEGAN] && at[GS_PHASE_ENDED] <= after, network.name, "a phase within the step",
                      static_cast<double>(at[GS_PHASE_BEGAN]), static_cast<double>(before));
                check(0 <= at[GS_PHASE_WAITED] && at[GS_PHASE_WAITED] <= took, network.name, "waiting within the phase",
                      static_cast<double>(at[GS_PHASE_WAITED]), static_cast<double>(took));
            }
            for (size_t other = 0; other < threads && s + 1 < segments; other++)
                check(of(t, s, GS_PHASE_FORWARD)[GS_PHASE_ENDED] <= of(other, s + 1, GS_PHASE_FORWARD)[GS_PHASE_BEGAN], network.name,
                      "a segment after the one before, on all threads", static_cast<double>(t), static_cast<double>(s));
        }
    }
    must(gs_step_profile(compiled.step(), nullptr));
    std::vector<int64_t> kept = times;
    compiled.run(GS_TRAINING, 0, BATCH, &rule);
    check(kept == times, network.name, "no times once they are not asked for", 0, 0);
}

}  // namespace

int main(int count, char** arguments) {
    const char* isa = getenv("GRADSIEVE_ISA");
    int status = gs_open(isa && *isa ? isa : nullptr);
    if (status == GS_UNSUPPORTED) {
        printf("skipped: %s\n", gs_last_error());
        return 77;
    }
    must(status);
    const unsigned seed = 20201;
    printf("%s\nseed %u\n", gs_describe(), seed);
    for (std::unique_ptr<Network>& network : networks()) {
        if (count > 1 && network->name.find(arguments[1]) == std::string::npos) continue;
        network->fill(seed, BATCH);
        gradients_are_right(*network, GS_TRAINING);
        gradients_are_right(*network, GS_EVALUATION);
        one_sample_at_a_time_agrees(*network);
        runs_repeat(*network);
        queued_steps_are_the_same(*network);
        a_third_step_has_to_wait(*network);
        samples_that_lie_nowhere_are_refused(*network);
        parts_add_up_to_the_whole(*network);
        for (bool by_class : {false, true}) the_chosen_alone_go_backward(*network, by_class);
        small_batches_work(*network);
        norms_change_nothing(*network);
        updates_follow_their_formulas(*network);
        divergence_leaves_weights_alone(*network);
        divergence_stops_the_step_behind(*network);
        statistics_obey_the_momentum(*network);
        times_lie_within_the_step(*network);
        shares_meet_at_points(*network, check);
    }
    convolutions_that_do_not_fit_are_refused(check);
    an_operation_refuses_a_dataflow_that_lacks_what_it_needs(check);
    printf("%d passed, %d failed\n", passed, failed);
    return failed == 0 ? 0 : 1;
}
