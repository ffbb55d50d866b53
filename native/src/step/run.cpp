/* How a step runs: the caller's side puts commands into the queue, every worker executes them on its share. */
#include <math.h>
#include <string.h>
#include <time.h>

#include <algorithm>

#include "step/step.h"

namespace gradsieve {

/* ---- the caller's side ------------------------------------------------------------------------------------------------ */

Step::~Step() {
    if (!started_) return;
    if (share_ != 0) points_.abandon(); /* nobody answers any more */
    workers_.wait();
    workers_.stop();
}

void Step::bind(const Memory& bound_memory, float* scratch_memory) {
    seal();
    for (const Segment& segment : segments)
        for (const Parameter& update : segment.updates)
            if (update.offset + update.count > bound_memory.trainable)
                refuse(GS_INVALID_ARGUMENT, "bind: a parameter ends at float %lld of %lld trainable ones",
                       static_cast<long long>(update.offset + update.count),
                       static_cast<long long>(bound_memory.trainable));
    if (started_) workers_.wait();
    begun_ = waited_ = 0;
    points_.forget();
    memory = bound_memory;
    scratch.bind(scratch_memory, threads);
    zero_labels.assign(static_cast<size_t>(capacity), 0);
    unit_weights.assign(static_cast<size_t>(capacity), 1.0f);
    count_chunks();
    if (started_) return;
    points_.make_room(segments.size() + 2 * normalizers.size() + 1);
    contexts_.reserve(static_cast<size_t>(threads));
    for (int t = 0; t < threads; t++) contexts_.push_back(Worker{*this, t, Run(), 0, 0});
    started_ = workers_.start(
        [this](int thread, const Command& command) { measured(contexts_[static_cast<size_t>(thread)], command); },
        [this](const Command& command) { finished(command); });
    if (!started_) {
        memory = Memory();
        contexts_.clear();
        refuse(GS_OUT_OF_MEMORY, "bind: the system refuses to start %d threads", threads);
    }
}

static void check_samples(const Run& asked) {
    if (asked.batch > 0 && asked.samples == nullptr) refuse(GS_INVALID_ARGUMENT, "begin: no samples");
    for (int64_t i = 0; i < asked.batch; i++)
        if (asked.samples[i] == nullptr)
            refuse(GS_INVALID_ARGUMENT, "begin: sample %lld lies nowhere", static_cast<long long>(i));
}

void Step::begin(const Run& asked) {
    if (!bound()) refuse(GS_INVALID_ARGUMENT, "begin: the step has no memory yet: gs_step_bind comes first");
    if (begun_ - waited_ == STEPS_UNDER_WAY)
        refuse(GS_INVALID_ARGUMENT, "begin: %u steps are under way: gs_step_wait comes first", STEPS_UNDER_WAY);
    if (asked.batch < 0 || asked.batch > capacity)
        refuse(GS_INVALID_ARGUMENT, "begin: a batch of %lld in a step for %lld samples",
               static_cast<long long>(asked.batch), static_cast<long long>(capacity));
    if (asked.mode != GS_EVALUATION && asked.mode != GS_TRAINING)
        refuse(GS_INVALID_ARGUMENT, "begin: mode %d is not one of gs_mode", asked.mode);
    if (!(asked.statistics_momentum <= 1))
        refuse(GS_INVALID_ARGUMENT, "begin: statistics_momentum %g is above 1", asked.statistics_momentum);
    for (const Segment& segment : segments) {
        for (const auto& operation : segment.operations) {
            if (operation->input_bytes > 0) check_samples(asked);
            if (operation->check(asked) != GS_OK) throw Refusal{GS_INVALID_ARGUMENT};
        }
    }
    if (begun_ != waited_) end();
    run_ = asked;
    run_.labelled = asked.labels != nullptr;
    if (asked.labels == nullptr) run_.labels = zero_labels.data();
    if (asked.plan_weights == nullptr) run_.plan_weights = unit_weights.data();
    if (asked.sample_weights == nullptr) run_.sample_weights = unit_weights.data();
    run_.set = static_cast<int>(begun_ % STEPS_UNDER_WAY);
    run_.follows = begun_ != waited_;
    if (run_.follows) {
        workers_.put(Command{Command::JUDGE, 0, Run(), gs_update_rule()});
        first_end_ = workers_.queued();
    }
    run_.number = ++begun_;
    run_.all_ids = run_.ids;
    run_.shared = share_ != 0 && run_.training();
    run_.exchange = run_.shared && (share_ & GS_SHARE_BATCHNORM) ? exchange_ : nullptr;
    parts_ = WHOLE;
    backward_ = ended_ = false;
    points_.begun(begun_);
    put(Command::BEGIN, 0);
}

/* The segment of a call, in a step that has begun. */
const Segment& Step::begun_segment(int32_t number) const {
    if (begun_ == 0) refuse(GS_INVALID_ARGUMENT, "step: gs_step_begin comes first");
    if (number < 0 || static_cast<size_t>(number) >= segments.size())
        refuse(GS_INVALID_ARGUMENT, "step: segment %d of %zu", number, segments.size());
    return segments[static_cast<size_t>(number)];
}

void Step::put(Command::Kind kind, int32_t number) {
    const Segment& segment = begun_segment(number);
    if (kind == Command::BACKWARD) {
        if (!segment.forward_only.empty())
            refuse(GS_INVALID_ARGUMENT, "segment %d has no backward pass: %s", number, segment.forward_only.c_str());
        if (loss_logits >= 0 && !run_.labelled && run_.batch > 0)
            refuse(GS_INVALID_ARGUMENT, "segment %d: backward without labels", number);
    }
    if ((kind == Command::BACKWARD || kind == Command::UPDATE) && !segment.updates.empty() && !memory.gradients)
        refuse(GS_INVALID_ARGUMENT, "segment %d: the step is bound without gradients", number);
    Command command{kind, number, Run(), gs_update_rule()};
    if (kind == Command::BEGIN) command.run = run_;
    if (kind == Command::BACKWARD) {
        backward_ = true;
        command.parts = parts_;
        command.sum = sum_;
    }
    workers_.put(command);
    if (kind == Command::BACKWARD && parts_ != WHOLE && !segment.updates.empty()) {
        command.kind = Command::ACCUMULATE;
        workers_.put(command);
    }
    if (kind == Command::BACKWARD && number == 0) end(); /* nothing comes after it but a rule */
}

void Step::profile(int64_t* times) {
    if (!bound()) refuse(GS_INVALID_ARGUMENT, "profile: the step has no memory yet: gs_step_bind comes first");
    workers_.wait();
    times_ = times;
}

int Step::wait(double* gradient_norm2) {
    if (gradient_norm2) *gradient_norm2 = 0;
    if (begun_ == 0) return GS_OK;
    if (begun_ - waited_ == STEPS_UNDER_WAY) {
        workers_.wait_for(first_end_);
    } else {
        end();
        workers_.wait();
        settle(contexts_[0].run);
    }
    if (waited_ != begun_) waited_++;
    const Verdict& verdict = verdicts_[(waited_ - 1) % STEPS_UNDER_WAY];
    if (gradient_norm2) *gradient_norm2 = verdict.gradient_norm2;
    return report(verdict);
}

int Step::report(const Verdict& verdict) const {
    const char* value = verdict.what == Verdict::LOSS ? "loss" : "gradient norm";
    long long sample = verdict.sample, id = verdict.id;
    switch (verdict.what) {
        case Verdict::LOSS:
        case Verdict::NORM:
            if (sample < 0)
                return fail(GS_DIVERGED, "the %s of the sample with id %lld, in another participant's share, is not finite", value, id);
            if (share_ != 0)
                return fail(GS_DIVERGED, "the %s of sample index %lld of the batch (id %lld) is not finite", value, sample, id);
            return fail(GS_DIVERGED, "the %s of sample index %lld of the batch is not finite", value, sample);
        case Verdict::GRADIENT:
            return fail(GS_DIVERGED, "the gradient of the batch is not finite");
        case Verdict::ABORTED:
            return fail(GS_ABORTED, "the step was aborted");
        default:
            return GS_OK;
    }
}

/* ---- places ----------------------------------------------------------------------------------------------------------- */

float* Step::place(const Block& block, int storage, int64_t offset, int64_t floats) const {
    if (storage == GS_ARENA) return memory.arena + offset + block.first * floats;
    return scratch.own(tensor_region_, block.worker.index) + offset + (block.first - block.origin) * floats;
}

float* Step::value(const Block& block, int number) const {
    const Tensor& tensor = tensors[static_cast<size_t>(number)];
    return place(block, tensor.storage, tensor.offset, tensor.floats());
}

float* Step::gradient(const Block& block, int number) const {
    const Tensor& tensor = tensors[static_cast<size_t>(number)];
    return place(block, tensor.gradient_storage, tensor.gradient_offset, tensor.floats());
}

float* Step::norm2(const Block& block) const {
    return norms ? records(block.worker.run) + GS_RECORD_NORM2 * capacity + block.first : nullptr;
}

float* Step::probabilities(const Run& run) const {
    if (memory.probabilities == nullptr) return nullptr;
    return memory.probabilities + run.set * capacity * tensors[static_cast<size_t>(loss_logits)].pitch;
}

/* ---- on the workers ------------------------------------------------------------------------------------------------- */

int64_t now() {
    timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * INT64_C(1000000000) + time.tv_nsec;
}

/* The phase that a command is part of; -1: none that is measured. */
static int phase_of(Command::Kind kind) {
    switch (kind) {
        case Command::FORWARD: return GS_PHASE_FORWARD;
        case Command::BACKWARD: return GS_PHASE_BACKWARD;
        case Command::UPDATE: return GS_PHASE_UPDATE;
        default: return -1;
    }
}

void Step::measured(Worker& worker, const Command& command) {
    int phase = phase_of(command.kind);
    if (times_ == nullptr || phase < 0) return run(worker, command);
    size_t segment = static_cast<size_t>(worker.index) * segments.size() + static_cast<size_t>(command.segment);
    segment += static_cast<size_t>(worker.run.set * threads) * segments.size();
    int64_t* times = times_ + (segment * GS_PHASES + static_cast<size_t>(phase)) * GS_PHASE_TIMES;
    worker.waited = 0;
    times[GS_PHASE_BEGAN] = now();
    run(worker, command);
    times[GS_PHASE_ENDED] = now();
    times[GS_PHASE_WAITED] = worker.waited;
}

void Step::barrier(Worker& worker) {
    if (times_ == nullptr) return workers_.barrier();
    int64_t arrived = now();
    workers_.barrier();
    worker.waited += now() - arrived;
}

void Step::run(Worker& worker, const Command& command) {
    Segment& segment = segments[static_cast<size_t>(command.segment)];
    switch (command.kind) {
        case Command::FORWARD:
        case Command::CHOOSE:
        case Command::BACKWARD:
        case Command::ACCUMULATE:
        case Command::SQUARES:
            if (verdicts_[worker.run.set].refused()) return; /* all threads see the same: it changes in between */
            break;
        default:
            break;
    }
    switch (command.kind) {
        case Command::BEGIN:
            start(worker, command.run);
            break;
        case Command::FORWARD:
            forward(worker, segment);
            break;
        case Command::BACKWARD:
            if (segment.has_backward) backward(worker, segment);
            break;
        case Command::CHOOSE:
            choose(worker, command);
            break;
        case Command::ACCUMULATE:
            accumulate(worker, segment, command.parts, command.sum);
            break;
        case Command::AGREE:
            if (worker.index == 0) agree(worker.run);
            break;
        case Command::SQUARES:
            square(worker);
            break;
        case Command::RULE:
            if (worker.index != 0) break;
            rule_ = command.rule;
            settle(worker.run);
            scale_ = static_cast<float>(scale_of(rule_, verdicts_[worker.run.set].gradient_norm2));
            break;
        case Command::UPDATE:
            if (verdicts_[worker.run.set].what == Verdict::FINE) update(worker, segment);
            break;
        case Command::JUDGE:
            if (worker.index == 0) settle(worker.run);
            break;
    }
}

void Step::start(Worker& worker, const Run& run) {
    worker.run = run;
    worker.run.forwarded = run.batch;
    const Verdict& before = verdicts_[1 - run.set];
    bool lost = run.follows && before.refused(); /* the caller does not know yet */
    if (lost) {
        worker.run.batch = worker.run.forwarded = 0;
        worker.run.shared = false;
    }
    Range range = samples(worker.run, worker.index);
    worker.first = range.from;
    worker.last = range.to;
    size_t bytes = static_cast<size_t>(range.to - range.from) * sizeof(float);
    for (int record = 0; record < GS_RECORDS; record++)
        memset(records(run) + record * capacity + range.from, 0, bytes);
    for (Segment& segment : segments)
        for (auto& operation : segment.operations) operation->squares[static_cast<size_t>(worker.index)] = 0;
    if (worker.index != 0) return;
    verdicts_[run.set] = lost ? before : Verdict();
    float* kept = running_before_.data();
    for (const Parameter& statistic : running) {
        memcpy(kept, weights(statistic.offset), static_cast<size_t>(statistic.count) * sizeof(float));
        kept += statistic.count;
    }
}

void Step::forward(Worker& worker, Segment& segment) {
    for (auto& operation : segment.operations) operation->forward_begin(worker);
    if (segment.prepares_forward) barrier(worker);
    for (int64_t first = worker.first; first < worker.last && !abandoned(worker.run); first += segment.block) {
        Block block{worker, first, std::min(segment.block, worker.last - first), first};
        for (auto& operation : segment.operations) operation->forward(block);
    }
    if (!segment.joins_forward) return;
    barrier(worker);
    for (auto& operation : segment.operations)
        if (operation->joins_forward) operation->forward_end(worker);
}

void Step::backward(Worker& worker, Segment& segment) {
    for (int32_t i = 0; i < segment.recompute; i++) segment.operations[static_cast<size_t>(i)]->forward_begin(worker);
    for (auto& operation : segment.operations)
        if (operation->has_backward) operation->backward_begin(worker);
    if (segment.prepares_backward) barrier(worker);
    for (int64_t first = worker.first; first < worker.last && !abandoned(worker.run); first += segment.block) {
        Block block{worker, first, std::min(segment.block, worker.last - first), first};
        for (int32_t i = 0; i < segment.recompute; i++) segment.operations[static_cast<size_t>(i)]->forward(block);
        for (size_t i = segment.operations.size(); i-- > 0;)
            if (segment.operations[i]->has_backward) segment.operations[i]->backward(block);
    }
    if (!segment.joins_backward) return;
    barrier(worker);
    for (size_t i = segment.operations.size(); i-- > 0;)
        if (!segment.operations[i]->parameters.empty()) segment.operations[i]->backward_end(worker);
}

/* The verdict on a run whose commands are done so far, unless there is one. */
void Step::settle(const Run& run) {
    if (verdicts_[run.set].what != Verdict::NONE) return;
    Verdict verdict;
    verdict.what = Verdict::ABORTED;
    decide(run, abandoned(run) ? verdict : judge(run));
}

void Step::decide(const Run& run, const Verdict& verdict) {
    verdicts_[run.set] = verdict;
    if (!verdict.refused()) return;
    const float* kept = running_before_.data();
    for (const Parameter& statistic : running) {
        memcpy(memory.weights + statistic.offset, kept, static_cast<size_t>(statistic.count) * sizeof(float));
        kept += statistic.count;
    }
}

Verdict Step::judge(const Run& run) const {
    Verdict verdict;
    verdict.what = Verdict::FINE;
    const struct {
        int record;
        int64_t samples;
        Verdict::What what;
        const int64_t* ids;
    } watched[] = {{GS_RECORD_LOSS, run.forwarded, Verdict::LOSS, run.all_ids}, {GS_RECORD_NORM2, run.batch, Verdict::NORM, run.ids}};
    for (const auto& watch : watched) {
        const float* values = records(run) + watch.record * capacity;
        for (int64_t i = 0; i < watch.samples && verdict.what == Verdict::FINE; i++) {
            if (isfinite(values[i])) continue;
            verdict.what = watch.what;
            verdict.sample = i;
            verdict.id = watch.ids ? watch.ids[i] : i;
        }
    }
    if (run.in_chunks) {
        for (double norm2 : chunk_norms_) verdict.gradient_norm2 += norm2;
    } else {
        for (const Segment& segment : segments)
            for (const auto& operation : segment.operations)
                for (double square : operation->squares) verdict.gradient_norm2 += square;
    }
    if (verdict.what == Verdict::FINE && !isfinite(verdict.gradient_norm2)) verdict.what = Verdict::GRADIENT;
    return verdict;
}

}  // namespace gradsieve
