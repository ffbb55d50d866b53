/* libcudart: streams and events. */
#include <algorithm>
#include <chrono>

#include "core.h"

using namespace gradsieve;

namespace {

double now() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

cudaError_t no_stream(Core& core, const char* call) {
    return core.refuse(cudaErrorInvalidResourceHandle, std::string(call) + ": no such stream");
}

cudaError_t no_event(Core& core, const char* call) {
    return core.refuse(cudaErrorInvalidResourceHandle, std::string(call) + ": no such event");
}

Event* find(Core& core, cudaEvent_t event) {
    const auto found = core.events.find(event);
    return found == core.events.end() ? nullptr : &found->second;
}

/* For what the host must not do with a stream that is captured, nor, by its mode, with another one meanwhile. */
cudaError_t not_captured(Core& core, const Stream& stream, const char* call) {
    if (stream.capture == nullptr) return core.unsafe(call);
    return core.invalidate(*stream.capture, cudaErrorStreamCaptureUnsupported,
                           std::string(call) + ": " + name_of(stream) + " is captured");
}

/* The same for an event. */
cudaError_t not_captured(Core& core, const Event& event, const char* call) {
    if (event.capture == nullptr) return core.unsafe(call);
    return core.invalidate(*event.capture, cudaErrorCapturedEvent,
                           std::string(call) + ": the event was recorded in a stream that was captured");
}

/* A stream that is captured, or is drawn into a capture, waits for what another one of it recorded. */
cudaError_t wait_captured(Core& core, Stream& stream, const Event& event) {
    if (stream.capture != nullptr && stream.capture->invalid) return cudaErrorStreamCaptureInvalidated;
    if (event.capture == nullptr)
        return core.invalidate(*stream.capture, cudaErrorStreamCaptureIsolation,
                               "cudaStreamWaitEvent: " + name_of(stream) +
                               " is captured, but the event was recorded in a stream that was not");
    if (event.capture->ended)
        return core.refuse(cudaErrorCapturedEvent, "cudaStreamWaitEvent: the event was recorded in a capture that has ended");
    if (stream.capture != nullptr && stream.capture != event.capture) {
        stream.capture->invalid = true;
        return core.invalidate(*event.capture, cudaErrorStreamCaptureMerge,
                               "cudaStreamWaitEvent: " + name_of(stream) + " is captured for another graph");
    }
    if (stream.id == 0)
        return core.invalidate(*event.capture, cudaErrorStreamCaptureImplicit, "cudaStreamWaitEvent: the default stream in a capture");
    if (stream.capture == nullptr) stream.tail.clear();
    stream.capture = event.capture;
    Capture::join(stream, event.nodes);
    return cudaSuccess;
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
    return call_always("cudaStreamDestroy", [&](Core& core, Lock&) {
        Stream* const known = core.stream(stream);
        if (known == nullptr || known->id == 0) return no_stream(core, "cudaStreamDestroy");
        if (known->capture != nullptr) {
            known->capture->invalid = true;
            if (known->capture->origin == known->id)
                core.captures.erase(std::find(core.captures.begin(), core.captures.end(), known->capture));
        }
        core.scheduler.destroy(*known);
        return cudaSuccess;
    });
}

cudaError_t cudaStreamSynchronize(cudaStream_t stream) {
    return call("cudaStreamSynchronize", [&](Core& core, Lock& lock) {
        Stream* const known = core.stream(stream);
        if (known == nullptr) return no_stream(core, "cudaStreamSynchronize");
        if (const cudaError_t error = not_captured(core, *known, "cudaStreamSynchronize")) return error;
        core.synchronize(lock, known->last(), known->clock);
        return core.broken();
    });
}

cudaError_t cudaStreamQuery(cudaStream_t stream) {
    return call("cudaStreamQuery", [&](Core& core, Lock& lock) {
        Stream* const known = core.stream(stream);
        if (known == nullptr) return no_stream(core, "cudaStreamQuery");
        if (const cudaError_t error = not_captured(core, *known, "cudaStreamQuery")) return error;
        if (!core.scheduler.reached(known->last())) return cudaErrorNotReady;
        core.synchronize(lock, known->last(), known->clock);
        return core.broken();
    });
}

cudaError_t cudaStreamWaitEvent(cudaStream_t stream, cudaEvent_t event, unsigned int) {
    return call("cudaStreamWaitEvent", [&](Core& core, Lock&) {
        Stream* const known = core.stream(stream);
        if (known == nullptr) return no_stream(core, "cudaStreamWaitEvent");
        const Event* const awaited = find(core, event);
        if (awaited == nullptr) return no_event(core, "cudaStreamWaitEvent");
        if (known->capture != nullptr || awaited->capture != nullptr) return wait_captured(core, *known, *awaited);
        if (awaited->recorded) core.wait(*known, awaited->point, awaited->clock);
        return cudaSuccess;
    });
}

cudaError_t cudaLaunchHostFunc(cudaStream_t stream, cudaHostFn_t function, void* argument) {
    return call("cudaLaunchHostFunc", [&](Core& core, Lock&) {
        Stream* const known = core.stream(stream);
        if (known == nullptr) return no_stream(core, "cudaLaunchHostFunc");
        if (function == nullptr) return cudaErrorInvalidValue;
        auto operation = std::make_shared<Operation>();
        operation->name = "cudaLaunchHostFunc";
        operation->run = [=] { function(argument); };
        operation->of_the_host = true;
        return core.queue(*known, operation);
    });
}

cudaError_t cudaEventCreateWithFlags(cudaEvent_t* event, unsigned int flags) {
    return call("cudaEventCreateWithFlags", [&](Core& core, Lock&) {
        if (event == nullptr) return cudaErrorInvalidValue;
        *event = core.new_handle<cudaEvent_t>();
        core.events[*event].timed = (flags & cudaEventDisableTiming) == 0;
        return cudaSuccess;
    });
}

cudaError_t cudaEventDestroy(cudaEvent_t event) {
    return call_always("cudaEventDestroy", [&](Core& core, Lock&) {
        return core.events.erase(event) == 1 ? cudaSuccess : no_event(core, "cudaEventDestroy");
    });
}

cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream) {
    return call("cudaEventRecord", [&](Core& core, Lock&) {
        Stream* const known = core.stream(stream);
        if (known == nullptr) return no_stream(core, "cudaEventRecord");
        Event* const recorded = find(core, event);
        if (recorded == nullptr) return no_event(core, "cudaEventRecord");
        if (known->capture != nullptr) {
            if (known->capture->invalid) return cudaErrorStreamCaptureInvalidated;
            recorded->capture = known->capture;
            recorded->nodes = known->tail;
            return cudaSuccess;
        }
        const auto reached = std::make_shared<double>(-1);
        auto operation = std::make_shared<Operation>();
        operation->name = "cudaEventRecord";
        operation->run = [reached] { *reached = now(); };
        const cudaError_t error = core.queue(*known, operation);
        if (error != cudaSuccess) return error;
        recorded->recorded = true;
        recorded->capture = nullptr;
        recorded->reached = reached;
        recorded->point = known->last();
        recorded->clock = known->clock;
        return cudaSuccess;
    });
}

cudaError_t cudaEventSynchronize(cudaEvent_t event) {
    return call("cudaEventSynchronize", [&](Core& core, Lock& lock) {
        const Event* const awaited = find(core, event);
        if (awaited == nullptr) return no_event(core, "cudaEventSynchronize");
        if (const cudaError_t error = not_captured(core, *awaited, "cudaEventSynchronize")) return error;
        if (awaited->recorded) core.synchronize(lock, awaited->point, awaited->clock);
        return core.broken();
    });
}

cudaError_t cudaEventQuery(cudaEvent_t event) {
    return call("cudaEventQuery", [&](Core& core, Lock& lock) {
        const Event* const awaited = find(core, event);
        if (awaited == nullptr) return no_event(core, "cudaEventQuery");
        if (const cudaError_t error = not_captured(core, *awaited, "cudaEventQuery")) return error;
        if (!awaited->recorded) return cudaSuccess;
        if (!core.scheduler.reached(awaited->point)) return cudaErrorNotReady;
        core.synchronize(lock, awaited->point, awaited->clock);
        return core.broken();
    });
}

cudaError_t cudaEventElapsedTime(float* milliseconds, cudaEvent_t start, cudaEvent_t end) {
    return call("cudaEventElapsedTime", [&](Core& core, Lock&) {
        const Event* const first = find(core, start);
        const Event* const second = find(core, end);
        if (first == nullptr || second == nullptr) return no_event(core, "cudaEventElapsedTime");
        if (milliseconds == nullptr) return cudaErrorInvalidValue;
        if (!first->timed || !second->timed || !first->recorded || !second->recorded) return cudaErrorInvalidResourceHandle;
        if (!core.scheduler.reached(first->point) || !core.scheduler.reached(second->point)) return cudaErrorNotReady;
        *milliseconds = static_cast<float>((*second->reached - *first->reached) * 1e3);
        return cudaSuccess;
    });
}
}
