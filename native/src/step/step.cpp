/* How a step is put together and checked; run.cpp runs it. */
#include "step/step.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <algorithm>
#include <set>
#include <utility>

namespace gradsieve {

void refuse(int status, const char* format, ...) {
    char line[900];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    throw Refusal{fail(status, "%s", line)};
}

Range share(int64_t count, int64_t unit, int part, int parts) {
    int64_t units = (count + unit - 1) / unit;
    int64_t from = units * part / parts * unit, to = units * (part + 1) / parts * unit;
    return {std::min(from, count), std::min(to, count)};
}

static int64_t whole_lanes(int64_t floats) { return (floats + LANES - 1) / LANES * LANES; }

/* ---- scratch ------------------------------------------------------------------------------------------------------ */

static const int64_t PAGE = 1024; /* floats; one thread's regions begin on a page of their own */

int Scratch::request(const std::string& name, int64_t floats, bool own) {
    floats = whole_lanes(std::max<int64_t>(floats, 1));
    for (size_t i = 0; i < regions_.size(); i++) {
        if (regions_[i].name != name || regions_[i].own != own) continue;
        regions_[i].floats = std::max(regions_[i].floats, floats);
        return static_cast<int>(i);
    }
    regions_.push_back({name, floats, own, nullptr});
    return static_cast<int>(regions_.size()) - 1;
}

int64_t Scratch::total(bool own) const {
    int64_t sum = 0;
    for (const Region& region : regions_) sum += region.own == own ? region.floats : 0;
    return (sum + PAGE - 1) / PAGE * PAGE;
}

int64_t Scratch::floats(int threads) const { return total(true) * threads + total(false); }

void Scratch::bind(float* memory, int threads) {
    stride_ = total(true);
    memset(memory, 0, static_cast<size_t>(floats(threads)) * sizeof(float));
    float *next_own = memory, *next_shared = memory + stride_ * threads;
    for (Region& region : regions_) {
        float*& next = region.own ? next_own : next_shared;
        region.start = next;
        next += region.floats;
    }
}

/* ---- operations ----------------------------------------------------------------------------------------------------- */

Operation::Operation(Step& step, const char* name, size_t inputs)
    : name(name),
      squares(static_cast<size_t>(step.threads), 0.0),
      step_(step),
      flow_(step.take_dataflow(name, inputs)),
      ordinal_(static_cast<int>(step.open_segment().operations.size())) {}

const Tensor& Operation::tensor(int32_t number) const { return step_.tensors[static_cast<size_t>(number)]; }

void Operation::needs_output() const {
    if (flow_.output < 0) refuse(GS_INVALID_ARGUMENT, "%s: the plan gives it no tensor to write", name);
}

void Operation::needs_saved(int64_t floats) const {
    if (flow_.saved < 0) refuse(GS_INVALID_ARGUMENT, "%s: the plan gives it no tensor to save", name);
    if (tensor(flow_.saved).floats() < floats)
        refuse(GS_INVALID_ARGUMENT, "%s: saved has %lld floats a sample, %lld are needed", name,
               static_cast<long long>(tensor(flow_.saved).floats()), static_cast<long long>(floats));
}

void Operation::needs_backward(int32_t tensor, const char* role) const {
    if (std::find(flow_.read.begin(), flow_.read.end(), tensor) == flow_.read.end())
        refuse(GS_INVALID_ARGUMENT, "%s: backward reads its %s, tensor %d, and the plan does not say so", name, role, tensor);
}

void Operation::follow_dataflow() {
    const auto forward = [this](Access::Kind kind, int32_t tensor) {
        if (tensor >= 0) forward_accesses.push_back({kind, tensor, false, false});
    };
    const auto backward = [this](Access::Kind kind, int32_t tensor, bool gradient, bool apart) {
        if (tensor >= 0) backward_accesses.push_back({kind, tensor, gradient, apart});
    };
    for (int32_t input : flow_.inputs) forward(Access::READ, input);
    forward(Access::WRITE, flow_.output);
    forward(Access::WRITE, flow_.saved);
    backward(Access::READ, flow_.output, true, false);
    for (int32_t read : flow_.read)
        backward(Access::READ, read, false, product_ && read == in());
    backward(Access::READ, flow_.saved, false, false);
    if (masks_) backward(Access::WRITE, flow_.output, true, false);
    for (size_t i = 0; i < flow_.inputs.size(); i++) {
        if (flow_.gradients[i] == GS_GRADIENT_NONE) continue;
        has_backward = true;
        if (flow_.gradients[i] == GS_GRADIENT_ADD) backward(Access::READ, flow_.inputs[i], true, false);
        backward(Access::WRITE, flow_.inputs[i], true, false);
    }
    if (product_ || outlives_) backward(Access::READ, flow_.output, true, true);
}

void Operation::parameter(int64_t offset, int64_t count, const char* role) {
    if (offset < 0) refuse(GS_INVALID_ARGUMENT, "%s: %s at offset %lld", name, role, static_cast<long long>(offset));
    has_backward = true;
    parameters.push_back({offset, count, strcmp(role, "weights") == 0});
}

/* ---- building ------------------------------------------------------------------------------------------------------- */

const Tensor& Step::tensor(const char* operation, const char* role, int32_t number) const {
    if (number < 0 || static_cast<size_t>(number) >= tensors.size())
        refuse(GS_INVALID_ARGUMENT, "%s: %s is tensor %d of %zu", operation, role, number, tensors.size());
    return tensors[static_cast<size_t>(number)];
}

Segment& Step::open_segment() {
    if (sealed) refuse(GS_INVALID_ARGUMENT, "step: nothing can be added any more: its memory is counted");
    if (segments.empty()) refuse(GS_INVALID_ARGUMENT, "step: gs_step_segment comes before the first operation");
    return segments.back();
}

void Step::tell(const Dataflow& flow) {
    for (size_t i = 0; i < flow.inputs.size(); i++) {
        tensor("operation", "an input", flow.inputs[i]);
        if (flow.gradients[i] < GS_GRADIENT_NONE || flow.gradients[i] > GS_GRADIENT_ADD)
            refuse(GS_INVALID_ARGUMENT, "operation: gradient %d is not one of gs_gradient", flow.gradients[i]);
    }
    if (flow.output != -1) tensor("operation", "its output", flow.output);
    if (flow.saved != -1) tensor("operation", "what it saves", flow.saved);
    for (int32_t read : flow.read) {
        bool known = read == flow.output || std::find(flow.inputs.begin(), flow.inputs.end(), read) != flow.inputs.end();
        if (!known) refuse(GS_INVALID_ARGUMENT, "operation: backward reads tensor %d, neither input nor output", read);
    }
    open_segment();
    told_ = flow;
    has_told_ = true;
}

Dataflow Step::take_dataflow(const char* operation, size_t inputs) {
    if (!has_told_) refuse(GS_INVALID_ARGUMENT, "%s: gs_step_operation comes first", operation);
    if (told_.inputs.size() < inputs)
        refuse(GS_INVALID_ARGUMENT, "%s: has %zu inputs, %zu are needed", operation, told_.inputs.size(), inputs);
    has_told_ = false;
    return told_;
}

void Step::add(std::unique_ptr<Operation> operation) {
    Segment& segment = open_segment();
    operation->follow_dataflow();
    segment.joins_forward |= operation->joins_forward;
    segment.prepares_forward |= operation->prepares_forward;
    segment.prepares_backward |= operation->prepares_backward;
    segment.joins_backward |= !operation->parameters.empty();
    segment.has_backward |= operation->has_backward;
    segment.operations.push_back(std::move(operation));
}

/* A place is the same for two tensors that name the same memory. */
typedef std::pair<int, int64_t> Place;

static Place place_of(const Step& step, const Access& access) {
    const Tensor& tensor = step.tensors[static_cast<size_t>(access.tensor)];
    if (access.gradient) return {tensor.gradient_storage, tensor.gradient_offset};
    return {tensor.storage, tensor.offset};
}

static std::set<Place> check_forward(const Step& step, size_t number, std::set<Place>& arena) {
    const Segment& segment = step.segments[number];
    std::set<Place> written, kept;
    for (size_t i = 0; i < segment.operations.size(); i++) {
        const Operation& operation = *segment.operations[i];
        for (const Access& access : operation.forward_accesses) {
            Place place = place_of(step, access);
            if (place.first == GS_NOWHERE)
                refuse(GS_INVALID_ARGUMENT, "segment %zu: %s needs tensor %d, which has no place", number,
                       operation.name, access.tensor);
            if (access.kind == Access::WRITE) {
                (place.first == GS_ARENA ? arena : written).insert(place);
                if (i < static_cast<size_t>(segment.recompute)) kept.insert(place);
            } else if (!(place.first == GS_ARENA ? arena : written).count(place)) {
                refuse(GS_INVALID_ARGUMENT, "segment %zu: %s reads tensor %d before anything writes it%s", number,
                       operation.name, access.tensor, place.first == GS_ARENA ? "" : " in this segment");
            }
        }
    }
    return kept;
}

static void check_backward(const Step& step, size_t number, Segment& segment, const std::set<Place>& kept) {
    std::set<Place> given;
    for (size_t i = segment.operations.size(); i-- > 0;) {
        const Operation& operation = *segment.operations[i];
        if (!operation.has_backward) continue;
        for (const Access& access : operation.backward_accesses) {
            Place place = place_of(step, access);
            if (place.first == GS_NOWHERE) {
                segment.forward_only = std::string(operation.name) + " needs the " +
                                       (access.gradient ? "gradient" : "value") + " of tensor " +
                                       std::to_string(access.tensor) + ", which has no place";
                return;
            }
            bool scratch = place.first == GS_SCRATCH;
            if (scratch && access.apart)
                refuse(GS_INVALID_ARGUMENT, "segment %zu: %s needs the %s of tensor %d for the whole batch: in the arena",
                       number, operation.name, access.gradient ? "gradient" : "value", access.tensor);
            if (access.kind == Access::WRITE) {
                given.insert(place);
            } else if (scratch && !(access.gradient ? given : kept).count(place)) {
                refuse(GS_INVALID_ARGUMENT,
                       "segment %zu: backward of %s reads the %s of tensor %d from scratch, where nothing has put it",
                       number, operation.name, access.gradient ? "gradient" : "value", access.tensor);
            }
        }
    }
}

static void check_parameters(const Step& step) {
    std::vector<Parameter> all;
    for (const Segment& segment : step.segments)
        for (const auto& operation : segment.operations)
            all.insert(all.end(), operation->parameters.begin(), operation->parameters.end());
    std::sort(all.begin(), all.end(), [](const Parameter& a, const Parameter& b) { return a.offset < b.offset; });
    for (size_t i = 1; i < all.size(); i++)
        if (all[i - 1].offset + all[i - 1].count > all[i].offset)
            refuse(GS_INVALID_ARGUMENT, "step: two parameters share the float at offset %lld of the weights",
                   static_cast<long long>(all[i].offset));
}

static std::vector<Parameter> parameters_of(const Segment& segment) {
    std::vector<Parameter> all;
    for (const auto& operation : segment.operations)
        all.insert(all.end(), operation->parameters.begin(), operation->parameters.end());
    std::sort(all.begin(), all.end(), [](const Parameter& a, const Parameter& b) { return a.offset < b.offset; });
    return all;
}

/* The ranges that one update call goes through. */
static std::vector<Parameter> joined(const std::vector<Parameter>& parameters) {
    std::vector<Parameter> joined;
    for (const Parameter& parameter : parameters) {
        if (!joined.empty() && joined.back().offset + joined.back().count == parameter.offset) {
            joined.back().count += parameter.count;
        } else {
            joined.push_back(parameter);
        }
    }
    return joined;
}

/* Backward starts from what forward left: what it reads before it has written it itself. */
void Step::find_kept() {
    std::set<int> written, kept;
    const auto pass = [&](const std::vector<Access>& accesses) {
        for (const Access& access : accesses) {
            if (access.gradient) continue;
            bool arena = tensors[static_cast<size_t>(access.tensor)].storage == GS_ARENA;
            if (access.kind == Access::WRITE) written.insert(access.tensor);
            if (access.kind == Access::READ && arena && !written.count(access.tensor)) kept.insert(access.tensor);
        }
    };
    for (size_t s = segments.size(); s-- > 0;) {
        const Segment& segment = segments[s];
        for (int32_t i = 0; i < segment.recompute; i++) pass(segment.operations[static_cast<size_t>(i)]->forward_accesses);
        for (size_t i = segment.operations.size(); i-- > 0;)
            if (segment.operations[i]->has_backward) pass(segment.operations[i]->backward_accesses);
    }
    kept_.assign(kept.begin(), kept.end());
}

void Step::seal() {
    if (sealed) return;
    if (segments.empty()) refuse(GS_INVALID_ARGUMENT, "step: it has no segment");
    check_parameters(*this);
    std::set<Place> arena;
    int64_t scratch_floats = 0;
    for (size_t number = 0; number < segments.size(); number++) {
        Segment& segment = segments[number];
        if (segment.recompute > static_cast<int32_t>(segment.operations.size()))
            refuse(GS_INVALID_ARGUMENT, "segment %zu: recompute %d of %zu operations", number, segment.recompute,
                   segment.operations.size());
        check_backward(*this, number, segment, check_forward(*this, number, arena));
        for (int32_t i = 0; i < segment.recompute; i++)
            segment.prepares_backward |= segment.operations[static_cast<size_t>(i)]->prepares_forward;
        segment.parameters = parameters_of(segment);
        segment.updates = joined(segment.parameters);
        count_traffic(segment);
        for (const auto& operation : segment.operations) {
            for (const auto* accesses : {&operation->forward_accesses, &operation->backward_accesses}) {
                for (const Access& access : *accesses) {
                    Place place = place_of(*this, access);
                    int64_t floats = tensors[static_cast<size_t>(access.tensor)].floats() * segment.block;
                    if (place.first == GS_SCRATCH) scratch_floats = std::max(scratch_floats, place.second + floats);
                }
            }
        }
    }
    tensor_region_ = scratch.own("tensors", scratch_floats);
    find_kept();
    sealed = true;
}

/* ---- traffic -------------------------------------------------------------------------------------------------------- */

/*
 * Bytes of one pass over one sample. What an operation of the pass has touched is in cache for the later ones; scratch and
 * weights always are. Shares of norms are formed from blocks in cache, so they appear nowhere here; records (28 bytes a
 * sample) stay in cache for the whole step.
 */
class Traffic {
public:
    explicit Traffic(const Step& step) : step_(step) {}
    void pass(const std::vector<Access>& accesses, bool apart) {
        for (const Access& access : accesses) {
            Place place = place_of(step_, access);
            if (access.apart != apart || place.first != GS_ARENA) continue;
            bool fresh = access.kind == Access::WRITE ? written_.insert(place).second : !cached_.count(place);
            cached_.insert(place);
            if (fresh) bytes += step_.tensors[static_cast<size_t>(access.tensor)].floats() * int64_t{sizeof(float)};
        }
    }
    void next_pass() {
        cached_.clear();
        written_.clear();
    }
    int64_t bytes = 0;

private:
    const Step& step_;
    std::set<Place> cached_, written_;
};

void Step::count_traffic(Segment& segment) const {
    Traffic forward(*this), backward(*this);
    for (const auto& operation : segment.operations) {
        forward.pass(operation->forward_accesses, false);
        forward.bytes += operation->input_bytes;
    }
    segment.forward_bytes = forward.bytes;
    if (!segment.forward_only.empty() || !segment.has_backward) return;
    for (int32_t i = 0; i < segment.recompute; i++) {
        const Operation& operation = *segment.operations[static_cast<size_t>(i)];
        backward.pass(operation.forward_accesses, false);
        backward.bytes += operation.input_bytes;
    }
    for (size_t i = segment.operations.size(); i-- > 0;) {
        if (segment.operations[i]->has_backward) backward.pass(segment.operations[i]->backward_accesses, false);
    }
    backward.next_pass();
    for (size_t i = segment.operations.size(); i-- > 0;) {
        if (segment.operations[i]->has_backward) backward.pass(segment.operations[i]->backward_accesses, true);
    }
    segment.backward_bytes = backward.bytes;
}

int64_t Step::arena_floats() const {
    int64_t floats = 0;
    for (const Tensor& tensor : tensors) {
        if (tensor.storage == GS_ARENA) floats = std::max(floats, tensor.offset + capacity * tensor.floats());
        if (tensor.gradient_storage == GS_ARENA)
            floats = std::max(floats, tensor.gradient_offset + capacity * tensor.floats());
    }
    return floats;
}

}  // namespace gradsieve
