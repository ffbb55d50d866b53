/* The state of the stand-in runtime, and what every call of it passes through. */
#ifndef GRADSIEVE_EMULATION_CORE_H
#define GRADSIEVE_EMULATION_CORE_H

#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "cuda_api.h"
#include "faults.h"
#include "memory.h"
#include "streams.h"

namespace gradsieve {

typedef std::unique_lock<std::mutex> Lock;

struct Event {
    bool timed = false;
    bool recorded = false;
    Point point;                   /* of the record */
    Clock clock;                   /* what is past when it is reached, itself included */
    std::shared_ptr<double> reached; /* seconds, once it is */
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

    /* The error of the device that all calls return from now on, or cudaSuccess. */
    cudaError_t broken() const { return broken_; }
    const char* last_report() const { return last_report_.c_str(); }
    /* Breaks the device: the report goes to stderr, if it is the first. */
    cudaError_t fault(cudaError_t error, const std::string& report);
    /* A call that only this call is refused for: the reason goes to stderr. */
    static cudaError_t refuse(cudaError_t error, const std::string& report);
    void forget_fault();

    /* NULL if there is no such stream. */
    Stream* stream(cudaStream_t handle);
    static cudaStream_t handle(const Stream& stream);
    /* A new handle that no other had. */
    void* new_handle() { return reinterpret_cast<void*>(next_handle_ += 16); }

    cudaError_t queue(Stream& stream, std::shared_ptr<const Operation> operation);
    /* The host waits for a point and then knows all that is past with it. */
    void synchronize(Lock& lock, Point point, const Clock& clock);
    void synchronize_all(Lock& lock);

private:
    Core();

    cudaError_t broken_ = cudaSuccess;
    std::string last_report_;
    uintptr_t next_handle_ = uintptr_t{1} << 45;
};

/* A call that is refused without anything else: fails on request, or because the device is broken. */
cudaError_t remember(cudaError_t error);

template <typename Body>
cudaError_t call(const char* function, Body&& body, cudaError_t usual_fault = cudaErrorUnknown) {
    if (const int code = gs_emulated_fault(function, usual_fault)) return remember(static_cast<cudaError_t>(code));
    Core& core = Core::get();
    Lock lock(core.mutex);
    if (core.broken() != cudaSuccess) return core.broken();
    return remember(body(core, lock));
}

std::string hex(const void* address);

}  // namespace gradsieve

#endif
