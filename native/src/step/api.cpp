/* The C interface of a step: arguments in, a status out; whatever goes wrong inside ends here. */
#include "operations/operation.h"

using namespace gradsieve;

/* ---- building ------------------------------------------------------------------------------------------------------- */

int gs_step_create(int32_t threads, int64_t capacity, int32_t norms, gs_step** step) {
    if (!step) return fail(GS_INVALID_ARGUMENT, "step: no place for it");
    *step = nullptr;
    if (!opened()) return fail(GS_UNSUPPORTED, "step: gs_open comes first");
    if (threads < 1 || threads > MAX_THREADS)
        return fail(GS_INVALID_ARGUMENT, "step: %d threads, from 1 to %d are possible", threads, MAX_THREADS);
    if (capacity < 1 || capacity > INT32_MAX)
        return fail(GS_INVALID_ARGUMENT, "step: a capacity of %lld samples", static_cast<long long>(capacity));
    return guarded([&] {
        *step = new gs_step(threads, capacity, norms != 0);
        return static_cast<int>(GS_OK);
    });
}

int gs_step_destroy(gs_step* step) {
    return guarded([&] {
        delete step;
        return static_cast<int>(GS_OK);
    });
}

static void check_place(int storage, int64_t offset, const char* what) {
    if (storage < GS_NOWHERE || storage > GS_SCRATCH)
        refuse(GS_INVALID_ARGUMENT, "tensor: %s storage %d is not one of gs_storage", what, storage);
    if (offset < 0 || (storage != GS_NOWHERE && offset % LANES != 0))
        refuse(GS_INVALID_ARGUMENT, "tensor: %s at offset %lld: a multiple of %lld floats is needed", what,
               static_cast<long long>(offset), static_cast<long long>(LANES));
}

static const int64_t LARGEST_SAMPLE = int64_t{1} << 31; /* floats */

int gs_step_tensor(gs_step* step, int64_t positions, int64_t channels, int64_t pitch, int storage, int64_t offset,
                   int gradient_storage, int64_t gradient_offset, int32_t* tensor) {
    return with(step, [&](Step& s) {
        if (!tensor) refuse(GS_INVALID_ARGUMENT, "tensor: no place for its number");
        if (s.sealed) refuse(GS_INVALID_ARGUMENT, "tensor: the step's memory is counted already");
        bool fits = positions > 0 && channels > 0 && pitch >= channels && pitch <= LARGEST_SAMPLE &&
                    positions <= LARGEST_SAMPLE / pitch;
        if (!fits)
            refuse(GS_INVALID_ARGUMENT, "tensor: [%lld][%lld] at a pitch of %lld", static_cast<long long>(positions),
                   static_cast<long long>(channels), static_cast<long long>(pitch));
        check_place(storage, offset, "value");
        check_place(gradient_storage, gradient_offset, "gradient");
        s.tensors.push_back({positions, channels, pitch, storage, offset, gradient_storage, gradient_offset});
        *tensor = static_cast<int32_t>(s.tensors.size()) - 1;
    });
}

int gs_step_segment(gs_step* step, int64_t block, int32_t recompute) {
    return with(step, [&](Step& s) {
        if (s.sealed) refuse(GS_INVALID_ARGUMENT, "segment: the step's memory is counted already");
        if (block < 1 || recompute < 0)
            refuse(GS_INVALID_ARGUMENT, "segment: blocks of %lld samples, %d operations to recompute",
                   static_cast<long long>(block), recompute);
        s.segments.emplace_back();
        s.segments.back().block = block < s.capacity ? block : s.capacity;
        s.segments.back().recompute = recompute;
    });
}

int gs_step_operation(gs_step* step, int32_t count, const int32_t* inputs, const int32_t* gradients, int32_t output,
                      int32_t saved, int32_t reads, const int32_t* read) {
    return with(step, [&](Step& s) {
        if (count < 0 || reads < 0 || (count > 0 && (!inputs || !gradients)) || (reads > 0 && !read))
            refuse(GS_INVALID_ARGUMENT, "operation: %d inputs, %d read in backward, and no list of them", count, reads);
        Dataflow flow;
        flow.output = output;
        flow.saved = saved;
        if (count > 0) {
            flow.inputs.assign(inputs, inputs + count);
            flow.gradients.assign(gradients, gradients + count);
        }
        if (reads > 0) flow.read.assign(read, read + reads);
        s.tell(flow);
    });
}

/* ---- memory --------------------------------------------------------------------------------------------------------- */

int gs_step_memory(gs_step* step, int64_t* arena, int64_t* scratch) {
    return with(step, [&](Step& s) {
        s.seal();
        if (arena) *arena = s.arena_floats() * int64_t{sizeof(float)};
        if (scratch) *scratch = s.scratch.floats(s.threads) * int64_t{sizeof(float)};
    });
}

int gs_step_traffic(gs_step* step, int32_t segment, int64_t* forward, int64_t* backward) {
    return with(step, [&](Step& s) {
        s.seal();
        if (segment < 0 || static_cast<size_t>(segment) >= s.segments.size())
            refuse(GS_INVALID_ARGUMENT, "traffic: segment %d of %zu", segment, s.segments.size());
        if (forward) *forward = s.segments[static_cast<size_t>(segment)].forward_bytes;
        if (backward) *backward = s.segments[static_cast<size_t>(segment)].backward_bytes;
    });
}

int gs_step_profile(gs_step* step, int64_t* times) {
    return with(step, [&](Step& s) { s.profile(times); });
}

int gs_step_bind(gs_step* step, float* arena, float* scratch, float* weights, int64_t trainable, float* gradients,
                 float* state1, float* state2, float* records, float* probabilities) {
    return with(step, [&](Step& s) {
        if (!arena || !scratch || !weights || !records)
            refuse(GS_INVALID_ARGUMENT, "bind: arena, scratch, weights and records are all needed");
        if (trainable < 0) refuse(GS_INVALID_ARGUMENT, "bind: %lld trainable floats", static_cast<long long>(trainable));
        s.bind(Memory{arena, weights, gradients, state1, state2, records, probabilities, trainable}, scratch);
    });
}

/* ---- running -------------------------------------------------------------------------------------------------------- */

int gs_step_begin(gs_step* step, int64_t batch, int mode, const void* const* samples, const int32_t* labels,
                  const int64_t* ids, const float* plan_weights, const float* sample_weights, int64_t seed, int64_t epoch,
                  double statistics_momentum) {
    return with(step, [&](Step& s) {
        s.begin(Run{batch, mode, samples, labels, ids, plan_weights, sample_weights, seed, epoch, statistics_momentum,
                    labels != nullptr});
    });
}

int gs_segment_forward(gs_step* step, int32_t segment) {
    return with(step, [&](Step& s) { s.put(Command::FORWARD, segment); });
}

int gs_segment_backward(gs_step* step, int32_t segment) {
    return with(step, [&](Step& s) { s.put(Command::BACKWARD, segment); });
}

int gs_step_choose(gs_step* step, int record, int64_t count, const int32_t* of_class, int64_t classes, int32_t* chosen) {
    return with(step, [&](Step& s) { s.choose(record, count, of_class, classes, chosen); });
}

int gs_step_part(gs_step* step, int parts, float* sum) {
    return with(step, [&](Step& s) { s.part(parts, sum); });
}

int gs_step_rule(gs_step* step, const gs_update_rule* rule) {
    return with(step, [&](Step& s) {
        if (!rule) refuse(GS_INVALID_ARGUMENT, "rule: NULL");
        s.rule(*rule);
    });
}

int gs_segment_update(gs_step* step, int32_t segment) {
    return with(step, [&](Step& s) { s.put(Command::UPDATE, segment); });
}

int gs_step_wait(gs_step* step, double* gradient_norm2) {
    if (!step) return fail(GS_INVALID_ARGUMENT, "step: NULL");
    return guarded([&] { return step->step.wait(gradient_norm2); });
}

/* ---- with other participants ----------------------------------------------------------------------------------------- */

int gs_step_share(gs_step* step, int flags, double* exchange) {
    return with(step, [&](Step& s) { s.participate(flags, exchange); });
}

int gs_step_next_point(gs_step* step, gs_point* point) {
    if (!step || !point) return fail(GS_INVALID_ARGUMENT, "next_point: NULL");
    return guarded([&] { return step->step.next_point(point); });
}

int gs_step_answer(gs_step* step, const gs_point* point) {
    if (!step || !point) return fail(GS_INVALID_ARGUMENT, "answer: NULL");
    return guarded([&] { return step->step.answer(*point); });
}

int gs_step_abort(gs_step* step) {
    return with(step, [&](Step& s) { s.abandon(); });
}
