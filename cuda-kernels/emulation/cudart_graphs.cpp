/* libcudart: capture and graphs. */
#include <algorithm>

#include "core.h"

using namespace gradsieve;

namespace {

cudaError_t no_graph(Core& core, const char* call) {
    return core.refuse(cudaErrorInvalidValue, std::string(call) + ": no such graph");
}

/* Whether all that other streams recorded comes before what the origin recorded last. */
bool joined(Core& core, const Stream& origin) {
    const Capture& capture = *origin.capture;
    std::vector<bool> before(capture.nodes.size());
    for (const size_t node : origin.tail) before[node] = true;
    for (size_t node = capture.nodes.size(); node-- > 0;)
        if (before[node])
            for (const size_t earlier : capture.nodes[node].after) before[earlier] = true;
    bool all = true;
    core.scheduler.each([&](const Stream& stream) {
        if (stream.capture != origin.capture) return;
        for (const size_t node : stream.tail) all = all && before[node];
    });
    return all;
}

/* Its streams run again what is queued on them. */
void end(Core& core, const std::shared_ptr<Capture>& capture) {
    capture->ended = true;
    core.captures.erase(std::find(core.captures.begin(), core.captures.end(), capture));
    core.scheduler.each([&](Stream& stream) {
        if (stream.capture != capture) return;
        stream.capture = nullptr;
        stream.tail.clear();
    });
}

}  // namespace

extern "C" {

cudaError_t cudaStreamBeginCapture(cudaStream_t stream, enum cudaStreamCaptureMode mode) {
    return call("cudaStreamBeginCapture", [&](Core& core, Lock&) {
        Stream* const origin = core.stream(stream);
        if (origin == nullptr) return core.refuse(cudaErrorInvalidResourceHandle, "cudaStreamBeginCapture: no such stream");
        if (mode < cudaStreamCaptureModeGlobal || mode > cudaStreamCaptureModeRelaxed) return cudaErrorInvalidValue;
        if (origin->id == 0)
            return core.refuse(cudaErrorStreamCaptureUnsupported, "cudaStreamBeginCapture: the default stream cannot be captured");
        if (origin->capture != nullptr)
            return core.refuse(cudaErrorInvalidValue, "cudaStreamBeginCapture: " + name_of(*origin) + " is captured");
        auto capture = std::make_shared<Capture>();
        capture->origin = origin->id;
        capture->mode = mode;
        capture->thread = std::this_thread::get_id();
        origin->capture = capture;
        origin->tail.clear();
        core.captures.push_back(std::move(capture));
        return cudaSuccess;
    });
}

cudaError_t cudaStreamEndCapture(cudaStream_t stream, cudaGraph_t* graph) {
    return call_always("cudaStreamEndCapture", [&](Core& core, Lock&) {
        Stream* const origin = core.stream(stream);
        if (origin == nullptr || graph == nullptr) return cudaErrorInvalidValue;
        *graph = nullptr;
        const std::shared_ptr<Capture> capture = origin->capture;
        if (capture == nullptr)
            return core.refuse(cudaErrorInvalidValue, "cudaStreamEndCapture: " + name_of(*origin) + " is not captured");
        if (capture->origin != origin->id)
            return core.invalidate(*capture, cudaErrorStreamCaptureUnmatched,
                                   "cudaStreamEndCapture: the capture did not begin on " + name_of(*origin));
        const bool all_joined = joined(core, *origin);
        end(core, capture);
        if (capture->invalid) return cudaErrorStreamCaptureInvalidated;
        if (!all_joined)
            return core.refuse(cudaErrorStreamCaptureUnjoined,
                               "cudaStreamEndCapture: " + name_of(*origin) + " does not wait for all that other streams recorded");
        if (core.broken() != cudaSuccess) return core.broken();
        *graph = core.new_handle<cudaGraph_t>();
        Graph& made = core.graphs[*graph];
        for (size_t i = 0; i < capture->nodes.size(); i++) made.handles.push_back(core.new_handle<cudaGraphNode_t>());
        made.nodes = std::make_shared<std::vector<Node>>(std::move(capture->nodes));
        return cudaSuccess;
    });
}

cudaError_t cudaStreamIsCapturing(cudaStream_t stream, enum cudaStreamCaptureStatus* status) {
    return call("cudaStreamIsCapturing", [&](Core& core, Lock&) {
        const Stream* const known = core.stream(stream);
        if (known == nullptr || status == nullptr) return cudaErrorInvalidValue;
        *status = known->capture == nullptr      ? cudaStreamCaptureStatusNone
                  : known->capture->invalid ? cudaStreamCaptureStatusInvalidated
                                            : cudaStreamCaptureStatusActive;
        return cudaSuccess;
    });
}

cudaError_t cudaGraphGetNodes(cudaGraph_t graph, cudaGraphNode_t* nodes, size_t* count) {
    return call("cudaGraphGetNodes", [&](Core& core, Lock&) {
        const auto found = core.graphs.find(graph);
        if (found == core.graphs.end()) return no_graph(core, "cudaGraphGetNodes");
        if (count == nullptr) return cudaErrorInvalidValue;
        const std::vector<cudaGraphNode_t>& handles = found->second.handles;
        if (nodes != nullptr) {
            std::fill(nodes, nodes + *count, nullptr);
            *count = std::min(*count, handles.size());
            std::copy_n(handles.begin(), *count, nodes);
        } else {
            *count = handles.size();
        }
        return cudaSuccess;
    });
}

cudaError_t cudaGraphInstantiate(cudaGraphExec_t* exec, cudaGraph_t graph, unsigned long long flags) {
    return call("cudaGraphInstantiate", [&](Core& core, Lock&) {
        const auto found = core.graphs.find(graph);
        if (found == core.graphs.end()) return no_graph(core, "cudaGraphInstantiate");
        if (exec == nullptr || flags != 0) return cudaErrorInvalidValue;
        const std::string fault = race(*found->second.nodes);
        if (!fault.empty()) return core.fault(cudaErrorLaunchFailure, fault);
        *exec = core.new_handle<cudaGraphExec_t>();
        core.execs[*exec].nodes = found->second.nodes;
        return cudaSuccess;
    }, cudaErrorMemoryAllocation);
}

cudaError_t cudaGraphUpload(cudaGraphExec_t exec, cudaStream_t stream) {
    return call("cudaGraphUpload", [&](Core& core, Lock&) {
        if (core.execs.count(exec) == 0) return no_graph(core, "cudaGraphUpload");
        return core.stream(stream) != nullptr ? cudaSuccess : cudaErrorInvalidResourceHandle;
    });
}

cudaError_t cudaGraphLaunch(cudaGraphExec_t exec, cudaStream_t stream) {
    return call("cudaGraphLaunch", [&](Core& core, Lock&) {
        const auto found = core.execs.find(exec);
        if (found == core.execs.end()) return no_graph(core, "cudaGraphLaunch");
        Stream* const known = core.stream(stream);
        if (known == nullptr) return core.refuse(cudaErrorInvalidResourceHandle, "cudaGraphLaunch: no such stream");
        if (known->capture != nullptr)
            return core.invalidate(*known->capture, cudaErrorStreamCaptureUnsupported,
                                   "cudaGraphLaunch: " + name_of(*known) + " is captured");
        return core.launch(*known, found->second);
    });
}

cudaError_t cudaGraphExecDestroy(cudaGraphExec_t exec) {
    return call_always("cudaGraphExecDestroy", [&](Core& core, Lock&) {
        return core.execs.erase(exec) == 1 ? cudaSuccess : no_graph(core, "cudaGraphExecDestroy");
    });
}

cudaError_t cudaGraphDestroy(cudaGraph_t graph) {
    return call_always("cudaGraphDestroy", [&](Core& core, Lock&) {
        return core.graphs.erase(graph) == 1 ? cudaSuccess : no_graph(core, "cudaGraphDestroy");
    });
}
}
