/* libcudart beyond CUDA: what runtime.h and library.h declare. */
#include "runtime.h"

#include <string.h>

#include "core.h"
#include "library.h"
#include "protection.h"

using namespace gradsieve;

namespace {

thread_local cudaError_t last_error = cudaSuccess;

std::string quoted(const char* name) { return std::string("`") + name + "`"; }

/* The range that an argument stands for; where it is none, the device is broken. */
cudaError_t locate(Core& core, const char* name, const void* address, Range& range) {
    range.block = core.memory.find(address);
    if (range.block == nullptr || !range.block->device) {
        const char* const what = range.block != nullptr            ? "pinned host memory"
                                 : core.memory.freed(address) ? "memory that was freed"
                                                              : "no device memory";
        return core.fault(cudaErrorIllegalAddress, quoted(name) + ": argument " + hex(address) + " is " + what);
    }
    range.begin = static_cast<size_t>(static_cast<const unsigned char*>(address) - range.block->base);
    range.end = range.block->bytes;
    range.block->history.start(range.begin);
    return cudaSuccess;
}

cudaError_t queue(Core& core, void* stream, const char* name, const std::shared_ptr<Operation>& operation) {
    Stream* const to = core.stream(static_cast<cudaStream_t>(stream));
    if (to == nullptr) return core.refuse(cudaErrorInvalidResourceHandle, quoted(name) + ": no such stream");
    return core.queue(*to, operation);
}

void mark_written(const Range& range) {
    memset(range.block->written + range.begin / 4, 1, (range.end - 1) / 4 - range.begin / 4 + 1);
}

}  // namespace

cudaError_t gradsieve::remember(cudaError_t error) {
    if (error != cudaSuccess) last_error = error;
    return error;
}

extern "C" {

cudaError_t cudaPeekAtLastError(void) {
    Core& core = Core::get();
    Lock lock(core.mutex);
    return core.broken() != cudaSuccess ? core.broken() : last_error;
}

cudaError_t cudaGetLastError(void) {
    const cudaError_t error = cudaPeekAtLastError();
    last_error = cudaSuccess;
    return error;
}

int gs_emulated_enqueue(void* stream, const char* name, void (*run)(void*), void (*release)(void*), void* argument,
                        const gs_emulated_access* accesses, int count) {
    const std::shared_ptr<void> owner(argument, [release](void* owned) {
        if (release != nullptr) release(owned);
    });
    return call("cudaLaunchKernel", [&](Core& core, Lock&) {
        auto operation = std::make_shared<Operation>();
        operation->name = name;
        operation->run = [run, owner] { run(owner.get()); };
        for (int i = 0; i < count; i++) {
            if (accesses[i].address == nullptr) continue;
            Range range{nullptr, 0, 0, accesses[i].write != 0, false};
            const cudaError_t error = locate(core, name, accesses[i].address, range);
            if (error != cudaSuccess) return error;
            operation->ranges.push_back(range);
        }
        return queue(core, stream, name, operation);
    }, cudaErrorLaunchFailure);
}

int gs_emulated_operation(void* stream, const char* name, void (*run)(void*), void (*release)(void*), void* argument,
                          const gs_emulated_range* ranges, int count) {
    return gs_emulated_operation_when(stream, name, nullptr, run, release, argument, ranges, count);
}

int gs_emulated_operation_when(void* stream, const char* name, int (*ready)(void*), void (*run)(void*), void (*release)(void*),
                               void* argument, const gs_emulated_range* ranges, int count) {
    const std::shared_ptr<void> owner(argument, [release](void* owned) {
        if (release != nullptr) release(owned);
    });
    Core& core = Core::get();
    Lock lock(core.mutex);
    if (core.broken() != cudaSuccess) return core.broken();
    auto operation = std::make_shared<Operation>();
    operation->name = name;
    std::vector<Range> marked;
    for (int i = 0; i < count; i++) {
        if (ranges[i].bytes == 0) continue;
        Range range{nullptr, 0, 0, ranges[i].write != 0, true};
        const cudaError_t error = locate(core, name, ranges[i].address, range);
        if (error != cudaSuccess) return error;
        if (ranges[i].bytes > range.block->bytes - range.begin)
            return core.fault(cudaErrorIllegalAddress, quoted(name) + ": " + std::to_string(ranges[i].bytes) + " bytes at " +
                              hex(ranges[i].address) + " end beyond the " + std::to_string(range.block->bytes) +
                              " at " + hex(range.block->base));
        range.end = range.begin + ranges[i].bytes;
        operation->ranges.push_back(range);
        if (ranges[i].write == GS_WRITES) marked.push_back(range);
    }
    if (ready != nullptr) operation->ready = [ready, owner] { return ready(owner.get()) != 0; };
    operation->run = [run, owner, marked] {
        run(owner.get());
        for (const Range& range : marked) mark_written(range);
    };
    Stream* const to = core.stream(static_cast<cudaStream_t>(stream));
    if (ready != nullptr && to != nullptr && to->capture != nullptr)
        return core.invalidate(*to->capture, cudaErrorStreamCaptureUnsupported, quoted(name) + " cannot be captured");
    return queue(core, stream, name, operation);
}

void gs_emulated_written(const void* address, size_t bytes, size_t step, size_t count) {
    const std::shared_ptr<Block> block = Core::get().memory.find(address);
    if (block == nullptr || !block->device) return;
    Range range{block, static_cast<size_t>(static_cast<const unsigned char*>(address) - block->base), 0, true};
    for (size_t i = 0; i < count; i++, range.begin += step) {
        range.end = range.begin + bytes;
        mark_written(range);
    }
}

int gs_emulated_is_stream(void* stream) {
    Core& core = Core::get();
    Lock lock(core.mutex);
    return core.stream(static_cast<cudaStream_t>(stream)) != nullptr;
}

int gs_emulated_broken(void) {
    Core& core = Core::get();
    Lock lock(core.mutex);
    return core.broken();
}

void gs_emulated_opened(const void* handle, const char* what) {
    Core& core = Core::get();
    Lock lock(core.mutex);
    core.handles[handle] = what;
}

int gs_emulated_closed(const void* handle, const char* what) {
    Core& core = Core::get();
    Lock lock(core.mutex);
    const auto found = core.handles.find(handle);
    if (found == core.handles.end() || found->second != what) {
        core.refuse(cudaErrorInvalidResourceHandle, hex(handle) + " is no " + what + " that is open");
        return 0;
    }
    core.handles.erase(found);
    return 1;
}

int gs_emulated_is_open(const void* handle, const char* what) {
    Core& core = Core::get();
    Lock lock(core.mutex);
    const auto found = core.handles.find(handle);
    return found != core.handles.end() && found->second == what;
}

int gs_emulated_allocation(const void* address, void** base, size_t* bytes, unsigned char** written) {
    const std::shared_ptr<Block> block = Core::get().memory.find(address);
    if (block == nullptr || !block->device) return 0;
    if (base != nullptr) *base = block->base;
    if (bytes != nullptr) *bytes = block->bytes;
    if (written != nullptr) *written = block->written;
    return 1;
}

int gs_emulated_closed_to_host(void) { return closed_to_host() ? 1 : 0; }

void gs_emulated_report(int error, const char* report) {
    Core& core = Core::get();
    Lock lock(core.mutex);
    core.fault(static_cast<cudaError_t>(error), report);
}

int gs_emulated_reset(void) {
    Core& core = Core::get();
    Lock lock(core.mutex);
    core.synchronize_all(lock);
    const cudaError_t error = core.broken();
    core.forget_fault();
    last_error = cudaSuccess;
    return error;
}

const char* gs_emulated_last_report(void) {
    static thread_local std::string report;
    Core& core = Core::get();
    Lock lock(core.mutex);
    report = core.last_report();
    return report.c_str();
}

int gs_emulated_leaks(int print) {
    Core& core = Core::get();
    Lock lock(core.mutex);
    return core.leaks(print != 0);
}
}
