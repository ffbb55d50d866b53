#include "core.h"

#include <stdio.h>
#include <stdlib.h>

#include <chrono>

#include "gpu.h"
#include "runtime.h"

namespace gradsieve {
namespace {

thread_local cudaError_t last_error = cudaSuccess;

const uintptr_t STREAM_HANDLES = uintptr_t{1} << 44; /* + 16 * id */

uint64_t seed() {
    const char* const text = getenv("GRADSIEVE_CUDA_SEED");
    return text == nullptr || *text == 0 ? 1 : strtoull(text, nullptr, 10);
}

}  // namespace

std::string hex(const void* address) {
    char text[32];
    snprintf(text, sizeof text, "%p", address);
    return text;
}

cudaError_t remember(cudaError_t error) {
    if (error != cudaSuccess) last_error = error;
    return error;
}

Core::Core() : memory(memory_limit()), scheduler(mutex, seed()) {}

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

cudaError_t Core::queue(Stream& stream, std::shared_ptr<const Operation> operation) {
    std::vector<Point> waits;
    stream.clock.join(host);
    if (stream.blocking) {
        scheduler.each([&](Stream& other) {
            const bool legacy = stream.id == 0 || other.id == 0;
            if (&other == &stream || !other.blocking || !legacy) return;
            if (!scheduler.reached(other.last())) waits.push_back(other.last());
            stream.clock.join(other.clock);
            stream.clock.join(other.last());
        });
    }
    scheduler.push(stream, std::move(operation), std::move(waits));
    stream.clock.join(stream.last());
    return cudaSuccess;
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

}  // namespace gradsieve

using namespace gradsieve;

extern "C" {

cudaError_t cudaGetLastError(void) {
    const cudaError_t error = cudaPeekAtLastError();
    last_error = cudaSuccess;
    return error;
}

cudaError_t cudaPeekAtLastError(void) {
    Core& core = Core::get();
    Lock lock(core.mutex);
    return core.broken() != cudaSuccess ? core.broken() : last_error;
}

int gs_emulated_enqueue(void* stream, const char* name, void (*run)(void*), void (*release)(void*), void* argument,
                        const gs_emulated_access* accesses, int count) {
    std::shared_ptr<void> owner(argument, [release](void* owned) {
        if (release != nullptr) release(owned);
    });
    return call("cudaLaunchKernel", [&](Core& core, Lock&) {
        Stream* const to = core.stream(static_cast<cudaStream_t>(stream));
        if (to == nullptr) return Core::refuse(cudaErrorInvalidResourceHandle, std::string(name) + ": no such stream");
        auto operation = std::make_shared<Operation>();
        operation->name = name;
        operation->run = [run, owner] { run(owner.get()); };
        for (int i = 0; i < count; i++) {
            if (accesses[i].address == nullptr) continue;
            const std::shared_ptr<Block> block = core.memory.find(accesses[i].address);
            if (block == nullptr || !block->device)
                return core.fault(cudaErrorIllegalAddress, std::string(name) + ": argument " + hex(accesses[i].address) + " is " +
                                  (block != nullptr ? "pinned host memory" : core.memory.freed(accesses[i].address) ?
                                   "memory that was freed" : "no device memory"));
            const size_t begin = static_cast<size_t>(static_cast<const unsigned char*>(accesses[i].address) - block->base);
            operation->ranges.push_back({block, begin, block->bytes, accesses[i].write != 0});
        }
        return core.queue(*to, operation);
    }, cudaErrorLaunchFailure);
}

int gs_emulated_allocation(const void* address, void** base, size_t* bytes, unsigned char** written) {
    const std::shared_ptr<Block> block = Core::get().memory.find(address);
    if (block == nullptr || !block->device) return 0;
    if (base != nullptr) *base = block->base;
    if (bytes != nullptr) *bytes = block->bytes;
    if (written != nullptr) *written = block->written;
    return 1;
}

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
}
