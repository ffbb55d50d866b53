/* The state of the stand-in runtime, and what every call of it passes through. */
#ifndef GRADSIEVE_EMULATION_CORE_H
#define GRADSIEVE_EMULATION_CORE_H

#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "cuda_api.h"
#include "faults.h"
#include "graphs.h"
#include "memory.h"
#include "streams.h"

namespace gradsieve {

typedef std::unique_lock<std::mutex> Lock;

struct Event {
    bool timed = false;
    bool recorded = false;
    Point point;                       /* of the record */
    Clock clock;                       /* what is past when it is reached, itself included */
    std::shared_ptr<double> reached;   /* seconds, once it is */
    std::shared_ptr<Capture> capture;  /* where it was recorded while that was captured */
    std::vector<size_t> nodes;
};

/* Members are used with `mutex` held, but for memory, which has a lock of its own. */
class Core {
public:
    static Core& get();

    std::mutex mutex;
    Memory memory;
    Scheduler scheduler;
    Clock host; /* what the host knows to be past */
    std::map<cudaEvent_t, Event> events;
    std::map<cudaGraph_t, Graph> graphs;
    std::map<cudaGraphExec_t, GraphExec> execs;
    std::map<const void*, std::string> handles; /* of the other libraries: what they are */
    std::vector<std::shared_ptr<Capture>> captures; /* under way */

    /* The error of the device that all calls return from now on, or cudaSuccess. */
    cudaError_t broken() const { return broken_; }
    const char* last_report() const { return last_report_.c_str(); }
    /* Breaks the device: the report goes to stderr, if it is the first. */
    cudaError_t fault(cudaError_t error, const std::string& report);
    /* A call that only this call is refused for: the reason goes to stderr. */
    cudaError_t refuse(cudaError_t error, const std::string& report);
    void forget_fault();

    /* NULL if there is no such stream. */
    Stream* stream(cudaStream_t handle);
    static cudaStream_t handle(const Stream& stream);
    /* A new handle that no other had. */
    template <typename Handle>
    Handle new_handle() {
        return reinterpret_cast<Handle>(next_handle_ += 16);
    }

    /* Queues an operation, or records it where the stream is captured. */
    cudaError_t queue(Stream& stream, std::shared_ptr<const Operation> operation);
    cudaError_t launch(Stream& stream, GraphExec& exec);
    /* The stream waits for a point that has `past` behind it. */
    void wait(Stream& stream, Point point, const Clock& past);
    /* The host waits for a point and then knows all that is past with it. */
    void synchronize(Lock& lock, Point point, const Clock& clock);
    void synchronize_all(Lock& lock);

    /* Whether a call that may wait for the device, or do so within, is allowed: not while a stream is captured, unless in a mode
     * that lets it; the capture is invalid then. */
    cudaError_t unsafe(const char* call);
    cudaError_t invalidate(Capture& capture, cudaError_t error, const std::string& report);
    int leaks(bool print) const;

private:
    Core();
    cudaError_t check(const Operation& operation, const Stream& stream, bool in_graph);
    void note(const Operation& operation, const Stream& stream);
    cudaError_t check_sent(const Operation& operation, const Stream& stream, uint64_t* content);
    cudaError_t push(Stream& stream, std::shared_ptr<const std::vector<Node>> nodes, std::vector<Point> waits, bool in_graph);

    cudaError_t broken_ = cudaSuccess;
    std::string last_report_;
    uintptr_t next_handle_ = uintptr_t{1} << 45;
};

/* Makes an error the thread's last one. */
cudaError_t remember(cudaError_t error);

/* What every function of the runtime is in: fails on request, and where the device is broken. `body` takes the core and its lock. */
template <typename Body>
cudaError_t call(const char* function, Body&& body, cudaError_t usual_fault = cudaErrorUnknown) {
    if (const int code = gs_emulated_fault(function, usual_fault)) return remember(static_cast<cudaError_t>(code));
    Core& core = Core::get();
    Lock lock(core.mutex);
    if (core.broken() != cudaSuccess) return core.broken();
    return remember(body(core, lock));
}

/* The same for what frees or destroys: it does so even where it then returns an error, so that a failure does not leak. */
template <typename Body>
cudaError_t call_always(const char* function, Body&& body) {
    const int code = gs_emulated_fault(function, cudaErrorUnknown);
    Core& core = Core::get();
    Lock lock(core.mutex);
    const cudaError_t broken = core.broken(), error = body(core, lock);
    return broken != cudaSuccess ? broken : remember(code != 0 ? static_cast<cudaError_t>(code) : error);
}

std::string hex(const void* address);
std::string name_of(const Stream& stream);

}  // namespace gradsieve

#endif
