/* A step that is the share of a larger one: what its workers tell the other participants, and what they make of the answers. */
#include "step/step.h"

namespace gradsieve {

/* ---- the caller's side ------------------------------------------------------------------------------------------------ */

void Step::participate(int flags, double* exchange) {
    if ((flags & ~(GS_SHARE_GRADIENTS | GS_SHARE_BATCHNORM)) != 0 || flags == GS_SHARE_BATCHNORM)
        refuse(GS_INVALID_ARGUMENT, "share: %d is not made of gs_share", flags);
    if ((flags & GS_SHARE_BATCHNORM) && !exchange && exchange_doubles > 0)
        refuse(GS_INVALID_ARGUMENT, "share: batch norm needs a place of %lld doubles to exchange its sums at",
               static_cast<long long>(exchange_doubles));
    share_ = flags;
    exchange_ = exchange;
}

/* What a step needs once its passes are queued, before there is a verdict on it. */
void Step::end() {
    if (ended_) return;
    ended_ = true;
    if (run_.shared) workers_.put(Command{Command::AGREE, 0, Run(), gs_update_rule()});
    const bool whole = run_.shared || parts_ != WHOLE; /* else the kernels have summed the squares */
    if (backward_ && whole && (parts_ & GS_PART_LAST)) workers_.put(Command{Command::SQUARES, 0, Run(), gs_update_rule()});
}

/* ---- on the workers ------------------------------------------------------------------------------------------------- */

/* Called by one thread after every command, while the others wait: what has to be the same for all of them in the next one. */
void Step::finished(const Command& command) {
    const Run& run = contexts_[0].run;
    if (verdicts_[run.set].what != Verdict::NONE) return;
    if (abandoned(run)) {
        settle(run);
    } else if (run.shared) {
        const bool final = command.kind == Command::BACKWARD ? command.parts == WHOLE
                                                             : command.kind == Command::ACCUMULATE && (command.parts & GS_PART_LAST);
        if (final && !segments[static_cast<size_t>(command.segment)].updates.empty())
            points_.post(run.number, gs_point{GS_POINT_GRADIENTS, command.segment, GS_VERDICT_FINE, 0, 0});
    }
}

void Step::exchange(Worker& worker, int32_t normalizer) {
    barrier(worker);
    if (worker.index == 0) {
        const int64_t arrived = times_ == nullptr ? 0 : now();
        gs_point answer; /* an abandoned step goes on with what it has: nothing comes of it */
        points_.post(worker.run.number, gs_point{GS_POINT_SUMS, normalizer, GS_VERDICT_FINE, 0, 0});
        points_.await(worker.run.number, &answer);
        if (times_ != nullptr) worker.waited += now() - arrived;
    }
    barrier(worker);
}

static int32_t code(Verdict::What what) {
    switch (what) {
        case Verdict::LOSS: return GS_VERDICT_LOSS;
        case Verdict::NORM: return GS_VERDICT_NORM;
        case Verdict::GRADIENT: return GS_VERDICT_GRADIENT;
        default: return GS_VERDICT_FINE;
    }
}

/* The last point: what does not pass here or elsewhere is refused; else the reduced gradient decides. */
void Step::agree(const Run& run) {
    if (!run.shared || verdicts_[run.set].what != Verdict::NONE) return;
    const Verdict own = judge(run);
    points_.post(run.number, gs_point{GS_POINT_VERDICT, 0, code(own.what), own.id, 0});
    gs_point answer;
    if (!points_.await(run.number, &answer) || answer.verdict == GS_VERDICT_FINE) return;
    Verdict agreed = own;
    for (Verdict::What what : {Verdict::LOSS, Verdict::NORM, Verdict::GRADIENT})
        if (code(what) == answer.verdict) agreed.what = what;
    if (own.what != agreed.what || own.id != answer.sample) agreed.sample = -1;
    agreed.id = answer.sample;
    decide(run, agreed);
}

}  // namespace gradsieve
