#include "core.h"

#include <stdio.h>
#include <stdlib.h>

#include "gpu.h"
#include "protection.h"

namespace gradsieve {
namespace {

const uintptr_t STREAM_HANDLES = uintptr_t{1} << 44; /* + 16 * id */

uint64_t seed() {
    const char* const text = getenv("GRADSIEVE_CUDA_SEED");
    return text == nullptr || *text == 0 ? 1 : strtoull(text, nullptr, 10);
}

std::string stream_name(int id) { return id == 0 ? "the default stream" : "stream " + std::to_string(id); }

Use use_of(const Operation& operation, const Range& range, const Stream& stream) {
    Use use;
    use.point = stream.next();
    use.name = intern(operation.name);
    use.begin = range.begin;
    use.end = range.sized ? range.end : range.block->history.end_of(range.begin, range.block->bytes);
    use.write = range.write;
    use.sized = range.sized;
    return use;
}

std::string part_of(const Use& use, const Block& block) {
    return "bytes " + std::to_string(use.begin) + ".." + (use.sized ? std::to_string(use.end - 1) : "") + " of the " +
           std::to_string(block.bytes) + " at " + hex(block.base);
}

}  // namespace

std::string hex(const void* address) {
    char text[32];
    snprintf(text, sizeof text, "%p", address);
    return text;
}

std::string name_of(const Stream& stream) { return stream_name(stream.id); }

Core::Core() : memory(memory_limit()), scheduler(mutex, seed()) {
    report_accesses(memory);
    scheduler.changed = [this](const Operation& operation, const Stream& stream) {
        fault(cudaErrorLaunchFailure, "`" + operation.name + "` on " + name_of(stream) + ": the host changed " +
              std::to_string(operation.sent_bytes) + " bytes at " + hex(operation.sent) + " before they were copied");
    };
    const char* const text = getenv("GRADSIEVE_CUDA_LEAKS");
    if (text != nullptr && atoi(text) != 0) atexit([] {
        Core& core = get();
        Lock lock(core.mutex);
        core.leaks(true);
    });
}

/* Never destroyed: the device's thread runs until the process ends. */
Core& Core::get() {
    static Core* const core = new Core;
    return *core;
}

cudaError_t Core::fault(cudaError_t error, const std::string& report) {
    if (broken_ != cudaSuccess) return broken_;
    fprintf(stderr, "gradsieve CUDA emulation: %s\n", report.c_str());
    last_report_ = report;
    broken_ = error;
    scheduler.run_operations(false);
    return error;
}

cudaError_t Core::refuse(cudaError_t error, const std::string& report) {
    fprintf(stderr, "gradsieve CUDA emulation: %s\n", report.c_str());
    last_report_ = report;
    return error;
}

void Core::forget_fault() {
    broken_ = cudaSuccess;
    last_report_.clear();
    scheduler.run_operations(true);
}

Stream* Core::stream(cudaStream_t handle) {
    if (handle == nullptr || handle == cudaStreamLegacy) return scheduler.find(0);
    const uintptr_t value = reinterpret_cast<uintptr_t>(handle);
    if (value <= STREAM_HANDLES || value % 16 != 0 || value > STREAM_HANDLES + INT32_MAX) return nullptr;
    return scheduler.find(static_cast<int>((value - STREAM_HANDLES) / 16));
}

cudaStream_t Core::handle(const Stream& stream) {
    return stream.id == 0 ? nullptr : reinterpret_cast<cudaStream_t>(STREAM_HANDLES + 16 * static_cast<uintptr_t>(stream.id));
}

/* Whether all that the operation uses is alive and comes after what it must come after. */
cudaError_t Core::check(const Operation& operation, const Stream& stream, bool in_graph) {
    const std::string who = std::string("`") + operation.name + (in_graph ? "` in a graph on " : "` on ") + name_of(stream);
    for (const Range& range : operation.ranges) {
        Block& block = *range.block;
        const Use use = use_of(operation, range, stream);
        if (!block.live) return fault(cudaErrorIllegalAddress, who + " uses " + part_of(use, block) + ", which were freed");
        const Use* const earlier = block.history.conflict(use, stream.clock);
        if (earlier == nullptr) continue;
        return fault(cudaErrorLaunchFailure, who + (use.write ? " writes " : " reads ") + part_of(use, block) +
                     ", but is not ordered after `" + *earlier->name + "` on " + stream_name(earlier->point.stream) + ", which " +
                     (earlier->write ? "writes " : "reads ") + part_of(*earlier, block));
    }
    return cudaSuccess;
}

void Core::note(const Operation& operation, const Stream& stream) {
    for (const Range& range : operation.ranges)
        range.block->history.record(use_of(operation, range, stream), stream.clock);
}

/* Pinned memory that is sent again and holds something else: the host changed it, and must have known it to be sent by then. */
cudaError_t Core::check_sent(const Operation& operation, const Stream& stream, uint64_t* content) {
    if (operation.sent == nullptr) return cudaSuccess;
    *content = content_of(operation.sent, operation.sent_bytes);
    const Range& range = operation.ranges.front();
    const auto at = std::make_pair(range.begin, range.end);
    const auto before = range.block->sent.find(at);
    if (before != range.block->sent.end() && before->second.content != *content && !host.covers(before->second.point))
        return fault(cudaErrorLaunchFailure, "`" + operation.name + "` on " + name_of(stream) + ": the host changed " +
                     std::to_string(operation.sent_bytes) + " pinned bytes at " + hex(operation.sent) +
                     " without knowing that the copy on " + stream_name(before->second.point.stream) + " had read them");
    range.block->sent[at] = {stream.next(), *content};
    return cudaSuccess;
}

cudaError_t Core::push(Stream& stream, std::shared_ptr<const std::vector<Node>> nodes, std::vector<Point> waits, bool in_graph) {
    stream.clock.join(host);
    const bool legacy = stream.id == 0;
    if (stream.blocking) {
        scheduler.each([&](Stream& other) {
            if (&other == &stream || !other.blocking || (!legacy && other.id != 0)) return;
            if (!scheduler.reached(other.last())) waits.push_back(other.last());
            stream.clock.join(other.clock);
            stream.clock.join(other.last());
        });
    }
    auto item = std::make_unique<Item>(nodes, std::move(waits));
    for (size_t node = 0; node < nodes->size(); node++) {
        const Operation& operation = *(*nodes)[node].operation;
        cudaError_t error = check(operation, stream, in_graph);
        if (error == cudaSuccess) error = check_sent(operation, stream, &item->contents[node]);
        if (error != cudaSuccess) return error;
    }
    for (const Node& node : *nodes) note(*node.operation, stream);
    scheduler.push(stream, std::move(item));
    stream.clock.join(stream.last());
    return cudaSuccess;
}

cudaError_t Core::queue(Stream& stream, std::shared_ptr<const Operation> operation) {
    if (stream.capture != nullptr) {
        Capture& capture = *stream.capture;
        if (capture.invalid) return cudaErrorStreamCaptureInvalidated;
        capture.record(stream, std::move(operation));
        return cudaSuccess;
    }
    if (stream.id == 0)
        for (const auto& capture : captures) {
            const Stream* const origin = scheduler.find(capture->origin);
            if (origin != nullptr && origin->blocking)
                return invalidate(*capture, cudaErrorStreamCaptureImplicit,
                                  operation->name + " on the default stream while " + name_of(*origin) + " is captured");
        }
    return push(stream, std::make_shared<std::vector<Node>>(std::vector<Node>{{std::move(operation), {}, {}}}), {}, false);
}

cudaError_t Core::launch(Stream& stream, GraphExec& exec) {
    std::vector<Point> waits;
    if (!scheduler.reached(exec.launched)) waits.push_back(exec.launched);
    stream.clock.join(exec.clock);
    const cudaError_t error = push(stream, exec.nodes, std::move(waits), true);
    if (error != cudaSuccess) return error;
    exec.launched = stream.last();
    exec.clock = stream.clock;
    return cudaSuccess;
}

void Core::wait(Stream& stream, Point point, const Clock& past) {
    auto nodes = std::make_shared<std::vector<Node>>();
    scheduler.push(stream, std::make_unique<Item>(nodes, std::vector<Point>{point}));
    stream.clock.join(past);
    stream.clock.join(stream.last());
}

void Core::synchronize(Lock& lock, Point point, const Clock& clock) {
    const Clock known = clock; /* the stream may go on, or go, while the host waits */
    scheduler.wait(lock, point);
    host.join(known);
    host.join(point);
}

void Core::synchronize_all(Lock& lock) {
    Clock known;
    scheduler.each([&](Stream& stream) {
        known.join(stream.clock);
        known.join(stream.last());
    });
    scheduler.drain(lock);
    host.join(known);
}

cudaError_t Core::unsafe(const char* call) {
    for (const auto& capture : captures) {
        const bool concerned = capture->mode == cudaStreamCaptureModeGlobal ||
                               (capture->mode == cudaStreamCaptureModeThreadLocal && capture->thread == std::this_thread::get_id());
        if (!concerned) continue;
        return invalidate(*capture, cudaErrorStreamCaptureUnsupported,
                          std::string(call) + " is not allowed while " + stream_name(capture->origin) + " is captured");
    }
    return cudaSuccess;
}

cudaError_t Core::invalidate(Capture& capture, cudaError_t error, const std::string& report) {
    capture.invalid = true;
    return refuse(error, report);
}

int Core::leaks(bool print) const {
    int count = 0;
    const auto leak = [&](const std::string& what) {
        count++;
        if (print) fprintf(stderr, "gradsieve CUDA emulation: leaked: %s\n", what.c_str());
    };
    for (const auto& block : memory.live())
        leak(std::to_string(block->bytes) + " bytes of " + (block->device ? "device" : "pinned") + " memory at " + hex(block->base));
    const_cast<Scheduler&>(scheduler).each([&](const Stream& stream) {
        if (stream.id != 0 && !stream.destroyed) leak(name_of(stream));
    });
    for (const auto& event : events) leak("event " + hex(event.first));
    for (const auto& graph : graphs) leak("graph of " + std::to_string(graph.second.nodes->size()) + " nodes");
    for (const auto& exec : execs) leak("instantiated graph of " + std::to_string(exec.second.nodes->size()) + " nodes");
    for (const auto& handle : handles) leak(handle.second);
    return count;
}

}  // namespace gradsieve
