/* libcudart: streams and events. */
#include <chrono>

#include "core.h"

using namespace gradsieve;

namespace {

double now() {
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

cudaError_t no_stream(const char* call) { return Core::refuse(cudaErrorInvalidResourceHandle, std::string(call) + ": no such stream"); }
cudaError_t no_event(const char* call) { return Core::refuse(cudaErrorInvalidResourceHandle, std::string(call) + ": no such event"); }

Event* find(Core& core, cudaEvent_t event) {
    const auto found = core.events.find(event);
    return found == core.events.end() ? nullptr : &found->second;
}

std::shared_ptr<Operation> named(const char* name) {
    auto operation = std::make_shared<Operation>();
    operation->name = name;
    return operation;
}

}  // namespace

extern "C" {

cudaError_t cudaStreamCreateWithFlags(cudaStream_t* stream, unsigned int flags) {
    return call("cudaStreamCreateWithFlags", [&](Core& core, Lock&) {
        if (stream == nullptr || flags > cudaStreamNonBlocking) return cudaErrorInvalidValue;
        *stream = Core::handle(core.scheduler.add(flags != cudaStreamNonBlocking));
        return cudaSuccess;
    });
}

cudaError_t cudaStreamDestroy(cudaStream_t stream) {
    return call("cudaStreamDestroy", [&](Core& core, Lock&) {
        Stream* const known = core.stream(stream);
        if (known == nullptr || known->id == 0) return no_stream("cudaStreamDestroy");
        core.scheduler.destroy(*known);
        return cudaSuccess;
    });
}

cudaError_t cudaStreamSynchronize(cudaStream_t stream) {
    return call("cudaStreamSynchronize", [&](Core& core, Lock& lock) {
        Stream* const known = core.stream(stream);
        if (known == nullptr) return no_stream("cudaStreamSynchronize");
        core.synchronize(lock, known->last(), known->clock);
        return core.broken();
    });
}

cudaError_t cudaStreamQuery(cudaStream_t stream) {
    return call("cudaStreamQuery", [&](Core& core, Lock& lock) {
        Stream* const known = core.stream(stream);
        if (known == nullptr) return no_stream("cudaStreamQuery");
        if (!core.scheduler.reached(known->last())) return cudaErrorNotReady;
        core.synchronize(lock, known->last(), known->clock);
        return cudaSuccess;
    });
}

cudaError_t cudaStreamWaitEvent(cudaStream_t stream, cudaEvent_t event, unsigned int) {
    return call("cudaStreamWaitEvent", [&](Core& core, Lock&) {
        Stream* const known = core.stream(stream);
        if (known == nullptr) return no_stream("cudaStreamWaitEvent");
        const Event* const awaited = find(core, event);
        if (awaited == nullptr) return no_event("cudaStreamWaitEvent");
        if (!awaited->recorded) return cudaSuccess;
        core.scheduler.push(*known, named("cudaStreamWaitEvent"), {awaited->point});
        known->clock.join(awaited->clock);
        return cudaSuccess;
    });
}

cudaError_t cudaLaunchHostFunc(cudaStream_t stream, cudaHostFn_t function, void* argument) {
    return call("cudaLaunchHostFunc", [&](Core& core, Lock&) {
        Stream* const known = core.stream(stream);
        if (known == nullptr) return no_stream("cudaLaunchHostFunc");
        if (function == nullptr) return cudaErrorInvalidValue;
        auto operation = named("cudaLaunchHostFunc");
        operation->run = [=] { function(argument); };
        return core.queue(*known, operation);
    });
}

cudaError_t cudaEventCreateWithFlags(cudaEvent_t* event, unsigned int flags) {
    return call("cudaEventCreateWithFlags", [&](Core& core, Lock&) {
        if (event == nullptr) return cudaErrorInvalidValue;
        *event = static_cast<cudaEvent_t>(core.new_handle());
        core.events[*event].timed = (flags & cudaEventDisableTiming) == 0;
        return cudaSuccess;
    });
}

cudaError_t cudaEventDestroy(cudaEvent_t event) {
    return call("cudaEventDestroy", [&](Core& core, Lock&) {
        return core.events.erase(event) == 1 ? cudaSuccess : no_event("cudaEventDestroy");
    });
}

cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream) {
    return call("cudaEventRecord", [&](Core& core, Lock&) {
        Stream* const known = core.stream(stream);
        if (known == nullptr) return no_stream("cudaEventRecord");
        Event* const recorded = find(core, event);
        if (recorded == nullptr) return no_event("cudaEventRecord");
        const auto reached = std::make_shared<double>(-1);
        auto operation = named("cudaEventRecord");
        operation->run = [reached] { *reached = now(); };
        const cudaError_t error = core.queue(*known, operation);
        if (error != cudaSuccess) return error;
        recorded->recorded = true;
        recorded->reached = reached;
        recorded->point = known->last();
        recorded->clock = known->clock;
        return cudaSuccess;
    });
}

cudaError_t cudaEventSynchronize(cudaEvent_t event) {
    return call("cudaEventSynchronize", [&](Core& core, Lock& lock) {
        const Event* const awaited = find(core, event);
        if (awaited == nullptr) return no_event("cudaEventSynchronize");
        if (awaited->recorded) core.synchronize(lock, awaited->point, awaited->clock);
        return core.broken();
    });
}

cudaError_t cudaEventQuery(cudaEvent_t event) {
    return call("cudaEventQuery", [&](Core& core, Lock& lock) {
        const Event* const awaited = find(core, event);
        if (awaited == nullptr) return no_event("cudaEventQuery");
        if (!awaited->recorded) return cudaSuccess;
        if (!core.scheduler.reached(awaited->point)) return cudaErrorNotReady;
        core.synchronize(lock, awaited->point, awaited->clock);
        return cudaSuccess;
    });
}

cudaError_t cudaEventElapsedTime(float* milliseconds, cudaEvent_t start, cudaEvent_t end) {
    return call("cudaEventElapsedTime", [&](Core& core, Lock&) {
        const Event* const first = find(core, start);
        const Event* const second = find(core, end);
        if (first == nullptr || second == nullptr) return no_event("cudaEventElapsedTime");
        if (milliseconds == nullptr) return cudaErrorInvalidValue;
        if (!first->timed || !second->timed || !first->recorded || !second->recorded) return cudaErrorInvalidResourceHandle;
        if (!core.scheduler.reached(first->point) || !core.scheduler.reached(second->point)) return cudaErrorNotReady;
        *milliseconds = static_cast<float>((*second->reached - *first->reached) * 1e3);
        return cudaSuccess;
    });
}
}
