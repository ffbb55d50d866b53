/* libcudart: allocations, copies, sets. */
#include <stdlib.h>
#include <string.h>

#include "core.h"

using namespace gradsieve;

namespace {

/* One side of a copy. */
struct Place {
    std::shared_ptr<Block> block; /* NULL: pageable host memory */
    size_t begin = 0;
    bool device() const { return block != nullptr && block->device; }
};

std::string bytes_at(const void* address, size_t bytes) { return std::to_string(bytes) + " bytes at " + hex(address); }

/* A block that the bytes do not lie in entirely is a fault that the call reports. */
cudaError_t locate(Core& core, const char* call, const void* address, size_t bytes, Place& place) {
    place.block = core.memory.find(address);
    if (place.block == nullptr) {
        if (!core.memory.freed(address)) return cudaSuccess;
        return core.fault(cudaErrorIllegalAddress, std::string(call) + ": " + bytes_at(address, bytes) + " were freed");
    }
    place.begin = static_cast<size_t>(static_cast<const unsigned char*>(address) - place.block->base);
    if (bytes <= place.block->bytes - place.begin) return cudaSuccess;
    return core.refuse(cudaErrorInvalidValue, std::string(call) + ": " + bytes_at(address, bytes) + " end beyond their " +
                        std::to_string(place.block->bytes) + " bytes at " + hex(place.block->base));
}

void mark_written(const Place& place, size_t bytes) {
    if (!place.device() || bytes == 0) return;
    memset(place.block->written + place.begin / 4, 1, (place.begin + bytes - 1) / 4 - place.begin / 4 + 1);
}

/* A copy of what was never written is as unwritten as that. */
void copy_shadow(const Place& to, const Place& from, size_t bytes) {
    if (!to.device() || bytes == 0) return;
    if (from.device() && to.begin % 4 == from.begin % 4)
        memcpy(to.block->written + to.begin / 4, from.block->written + from.begin / 4,
               (to.begin + bytes - 1) / 4 - to.begin / 4 + 1);
    else
        mark_written(to, bytes);
}

void add_range(Operation& operation, const Place& place, size_t bytes, bool write) {
    if (place.block != nullptr) operation.ranges.push_back({place.block, place.begin, place.begin + bytes, write});
}

cudaError_t allocate(Core& core, const char* call, bool device, void** address, size_t bytes) {
    if (address == nullptr) return cudaErrorInvalidValue;
    *address = nullptr;
    if (const cudaError_t error = core.unsafe(call)) return error;
    if (bytes == 0) return cudaSuccess;
    const std::shared_ptr<Block> block = core.memory.allocate(device, bytes);
    if (block == nullptr) return cudaErrorMemoryAllocation;
    *address = block->base;
    return cudaSuccess;
}

/* The real one waits for the device, mostly; a program that needs it to is reported. */
cudaError_t release(Core& core, Lock& lock, const char* call, bool device, void* address) {
    if (address == nullptr) return cudaSuccess;
    if (const cudaError_t error = core.unsafe(call)) return error;
    const std::shared_ptr<Block> block = core.memory.find(address);
    const std::string at = std::string(call) + ": " + hex(address);
    if (block == nullptr || block->base != address || block->device != device) {
        const bool twice = block == nullptr && core.memory.freed(address);
        const char* const what = twice ? " was freed before" : device ? " is no device memory" : " is no pinned memory";
        return core.refuse(cudaErrorInvalidValue, at + what);
    }
    const Use* const use = block->history.open(core.host);
    if (use != nullptr)
        core.fault(cudaErrorIllegalAddress, at + " of " + std::to_string(block->bytes) + " bytes is freed while `" + *use->name +
                   "` on " + (use->point.stream == 0 ? "the default stream" : "stream " + std::to_string(use->point.stream)) +
                   " may still use it");
    core.scheduler.settle(lock); /* a rank that waits for another has a device of its own in truth: both would wait for ever */
    if (!block->live) return cudaErrorInvalidValue; /* another thread was faster */
    const ptrdiff_t beside = Memory::damage(*block);
    block->live = false;
    core.memory.release(block);
    if (beside != 0)
        core.fault(cudaErrorIllegalAddress, at + " of " + std::to_string(block->bytes) + " bytes: byte " + std::to_string(beside) +
                   ", outside of them, was overwritten");
    return core.broken();
}

/* GRADSIEVE_CUDA_PAGEABLE=0: asynchronous copies that are none, since their host memory is not pinned, are refused. */
bool pageable_allowed() {
    const char* const text = getenv("GRADSIEVE_CUDA_PAGEABLE");
    return text == nullptr || strcmp(text, "0") != 0;
}

cudaError_t copy(Core& core, Lock& lock, const char* call, void* to, const void* from, size_t bytes, cudaMemcpyKind kind,
                 Stream& stream, bool wait) {
    if (bytes == 0) return cudaSuccess;
    if (to == nullptr || from == nullptr) return cudaErrorInvalidValue;
    Place target, source;
    cudaError_t error = locate(core, call, to, bytes, target);
    if (error == cudaSuccess) error = locate(core, call, from, bytes, source);
    if (error != cudaSuccess) return error;
    if (kind != cudaMemcpyDefault) {
        const bool to_device = kind == cudaMemcpyHostToDevice || kind == cudaMemcpyDeviceToDevice;
        const bool from_device = kind == cudaMemcpyDeviceToHost || kind == cudaMemcpyDeviceToDevice;
        if (to_device != target.device() || from_device != source.device())
            return core.refuse(cudaErrorInvalidValue, std::string(call) + ": kind " + std::to_string(kind) + ", but " + hex(to) +
                                (target.device() ? " is" : " is no") + " device memory and " + hex(from) +
                                (source.device() ? " is" : " is not"));
    }
    const bool pageable = target.block == nullptr || source.block == nullptr;
    if (pageable && !wait && !pageable_allowed())
        return core.refuse(cudaErrorInvalidValue, std::string(call) + ": " + std::to_string(bytes) + " bytes of host memory at " +
                           hex(target.block == nullptr ? to : from) + " are not pinned, so that the host waits for the copy");
    if (stream.capture != nullptr && pageable)
        return core.invalidate(*stream.capture, cudaErrorStreamCaptureUnsupported,
                               std::string(call) + " of memory that is not pinned while " + name_of(stream) + " is captured");
    auto operation = std::make_shared<Operation>();
    operation->name = call;
    add_range(*operation, source, bytes, false);
    add_range(*operation, target, bytes, true);
    if (source.block != nullptr && !source.device()) {
        operation->sent = from;
        operation->sent_bytes = bytes;
    }
    std::shared_ptr<std::vector<char>> staged;
    if (source.block == nullptr && !wait) {
        const char* const begin = static_cast<const char*>(from);
        staged = std::make_shared<std::vector<char>>(begin, begin + bytes);
    }
    operation->run = [=] {
        memmove(to, staged != nullptr ? staged->data() : from, bytes);
        copy_shadow(target, source, bytes);
    };
    error = core.queue(stream, operation);
    if (error != cudaSuccess || !(wait || target.block == nullptr)) return error;
    core.synchronize(lock, stream.last(), stream.clock);
    return core.broken();
}

cudaError_t set(Core& core, const char* call, void* address, int value, size_t bytes, Stream& stream) {
    if (bytes == 0) return cudaSuccess;
    Place place;
    const cudaError_t error = locate(core, call, address, bytes, place);
    if (error != cudaSuccess) return error;
    if (!place.device())
        return core.refuse(cudaErrorInvalidValue, std::string(call) + ": " + hex(address) + " is no device memory");
    auto operation = std::make_shared<Operation>();
    operation->name = call;
    add_range(*operation, place, bytes, true);
    operation->run = [=] {
        memset(address, value, bytes);
        mark_written(place, bytes);
    };
    return core.queue(stream, operation);
}

}  // namespace

extern "C" {

cudaError_t cudaMemGetInfo(size_t* free, size_t* total) {
    return call("cudaMemGetInfo", [&](Core& core, Lock&) {
        if (free == nullptr || total == nullptr) return cudaErrorInvalidValue;
        *free = core.memory.limit() - core.memory.used();
        *total = core.memory.limit();
        return cudaSuccess;
    });
}

cudaError_t cudaMalloc(void** address, size_t bytes) {
    return call("cudaMalloc", [&](Core& core, Lock&) { return allocate(core, "cudaMalloc", true, address, bytes); },
                cudaErrorMemoryAllocation);
}

cudaError_t cudaFree(void* address) {
    return call_always("cudaFree", [&](Core& core, Lock& lock) { return release(core, lock, "cudaFree", true, address); });
}

cudaError_t cudaHostAlloc(void** address, size_t bytes, unsigned int) {
    return call("cudaHostAlloc", [&](Core& core, Lock&) { return allocate(core, "cudaHostAlloc", false, address, bytes); },
                cudaErrorMemoryAllocation);
}

cudaError_t cudaFreeHost(void* address) {
    return call_always("cudaFreeHost", [&](Core& core, Lock& lock) { return release(core, lock, "cudaFreeHost", false, address); });
}

cudaError_t cudaMemcpy(void* to, const void* from, size_t bytes, enum cudaMemcpyKind kind) {
    return call("cudaMemcpy", [&](Core& core, Lock& lock) {
        if (const cudaError_t error = core.unsafe("cudaMemcpy")) return error;
        return copy(core, lock, "cudaMemcpy", to, from, bytes, kind, *core.stream(nullptr), kind != cudaMemcpyDeviceToDevice);
    });
}

cudaError_t cudaMemcpyAsync(void* to, const void* from, size_t bytes, enum cudaMemcpyKind kind, cudaStream_t stream) {
    return call("cudaMemcpyAsync", [&](Core& core, Lock& lock) {
        Stream* const known = core.stream(stream);
        if (known == nullptr) return core.refuse(cudaErrorInvalidResourceHandle, "cudaMemcpyAsync: no such stream");
        return copy(core, lock, "cudaMemcpyAsync", to, from, bytes, kind, *known, false);
    });
}

cudaError_t cudaMemset(void* address, int value, size_t bytes) {
    return call("cudaMemset", [&](Core& core, Lock&) {
        if (const cudaError_t error = core.unsafe("cudaMemset")) return error;
        return set(core, "cudaMemset", address, value, bytes, *core.stream(nullptr));
    });
}

cudaError_t cudaMemsetAsync(void* address, int value, size_t bytes, cudaStream_t stream) {
    return call("cudaMemsetAsync", [&](Core& core, Lock&) {
        Stream* const known = core.stream(stream);
        if (known == nullptr) return core.refuse(cudaErrorInvalidResourceHandle, "cudaMemsetAsync: no such stream");
        return set(core, "cudaMemsetAsync", address, value, bytes, *known);
    });
}
}
