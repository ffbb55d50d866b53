/*
 * Calls of the stand-in runtime told to fail, the first, the second and so on until none is met: each time an error, and nothing
 * leaked. And what the environment says: memory of the device, calls that fail, leaks named at exit.
 */
#include "check.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

namespace {

/* A small program as the engine is one: memory, streams, an event, a graph that copies and clears. What it made, it destroys. */
class Program {
public:
    int run() {
        const int error = body();
        /* An error of these two is an error of the program; they destroy all the same. */
        int last = 0;
        const auto note = [&](int status) { last = last != 0 ? last : status; };
        if (stream_ != nullptr) note(cudaStreamSynchronize(stream_));
        if (exec_ != nullptr) note(cudaGraphExecDestroy(exec_));
        if (graph_ != nullptr) note(cudaGraphDestroy(graph_));
        if (event_ != nullptr) note(cudaEventDestroy(event_));
        if (stream_ != nullptr) note(cudaStreamDestroy(stream_));
        cudaDeviceSynchronize();
        if (pinned_ != nullptr) note(cudaFreeHost(pinned_));
        if (device_ != nullptr) note(cudaFree(device_));
        return error != 0 ? error : last;
    }

private:
    int body() {
        int error = cudaSetDevice(0);
        if (!error) error = cudaMalloc(&device_, BYTES);
        if (!error) error = cudaHostAlloc(&pinned_, BYTES, 0);
        if (!error) error = cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking);
        if (!error) error = cudaEventCreateWithFlags(&event_, cudaEventDisableTiming);
        if (error) return error;
        memset(pinned_, 1, BYTES);
        error = cudaStreamBeginCapture(stream_, cudaStreamCaptureModeThreadLocal);
        if (error) return error;
        error = cudaMemcpyAsync(device_, pinned_, BYTES, cudaMemcpyHostToDevice, stream_);
        if (!error) error = cudaMemsetAsync(device_, 2, BYTES / 2, stream_);
        const int end = cudaStreamEndCapture(stream_, &graph_);
        if (error || end) return error ? error : end;
        error = cudaGraphInstantiate(&exec_, graph_, 0);
        for (int step = 0; step < 2 && !error; step++) {
            error = cudaGraphLaunch(exec_, stream_);
            if (!error) error = cudaEventRecord(event_, stream_);
            if (!error) error = cudaEventSynchronize(event_);
        }
        if (!error) error = cudaMemcpyAsync(pinned_, device_, BYTES, cudaMemcpyDeviceToHost, stream_);
        if (!error) error = cudaStreamSynchronize(stream_);
        if (!error) CHECK(static_cast<char*>(pinned_)[0] == 2 && static_cast<char*>(pinned_)[BYTES - 1] == 1);
        return error;
    }

    static const size_t BYTES = 64;
    void *device_ = nullptr, *pinned_ = nullptr;
    cudaStream_t stream_ = nullptr;
    cudaEvent_t event_ = nullptr;
    cudaGraph_t graph_ = nullptr;
    cudaGraphExec_t exec_ = nullptr;
};

void every_call_fails_once() {
    CHECK_EQUAL(Program().run(), 0);
    const char* const functions[] = {
        "cudaSetDevice",        "cudaMalloc",           "cudaHostAlloc",   "cudaStreamCreateWithFlags", "cudaEventCreateWithFlags",
        "cudaMemcpyAsync",      "cudaMemsetAsync",      "cudaGraphLaunch", "cudaStreamBeginCapture",    "cudaStreamEndCapture",
        "cudaGraphInstantiate", "cudaStreamSynchronize", "cudaEventRecord", "cudaEventSynchronize",     "cudaGraphExecDestroy",
        "cudaGraphDestroy",     "cudaEventDestroy",     "cudaStreamDestroy", "cudaFreeHost",             "cudaFree"};
    int failed = 0;
    for (const char* const function : functions) {
        for (int call = 1;; call++) {
            const int code = call % 2 == 0 ? cudaErrorUnknown : cudaErrorLaunchFailure;
            gs_emulated_fail((std::string(function) + ":" + std::to_string(call) + ":" + std::to_string(code)).c_str());
            const int error = Program().run();
            gs_emulated_fail("");
            const std::string which = "call " + std::to_string(call) + " of " + function;
            check(gs_emulated_leaks(1) == 0, __FILE__, __LINE__, "a leak after " + which);
            if (error == 0) {
                check(call > 1, __FILE__, __LINE__, which + " was not met");
                break;
            }
            check(error == code, __FILE__, __LINE__, which + " failed with " + std::to_string(error) + ", not " +
                  std::to_string(code));
            failed++;
        }
        CHECK_EQUAL(gs_emulated_reset(), 0); /* the device is whole */
    }
    CHECK(failed >= 24);
    gs_emulated_fail("cudaMalloc:2+");
    void* memory[3] = {};
    CHECK_EQUAL(cudaMalloc(&memory[0], 4), 0);
    CHECK_EQUAL(cudaMalloc(&memory[1], 4), cudaErrorMemoryAllocation);
    CHECK_EQUAL(cudaMalloc(&memory[2], 4), cudaErrorMemoryAllocation);
    CHECK_EQUAL(cudaGetLastError(), cudaErrorMemoryAllocation);
    CHECK_EQUAL(cudaGetLastError(), 0);
    gs_emulated_fail("");
    CHECK_EQUAL(cudaFree(memory[0]), 0);
}

void device_without_memory() {
    size_t free_bytes = 0, total = 0;
    CHECK_EQUAL(cudaMemGetInfo(&free_bytes, &total), 0);
    CHECK_EQUAL(total, 1 << 20);
    CHECK_EQUAL(free_bytes, total);
    void *first = nullptr, *second = nullptr;
    CHECK_EQUAL(cudaMalloc(&first, total - 100), 0);
    CHECK_EQUAL(cudaMalloc(&second, 101), cudaErrorMemoryAllocation);
    CHECK(second == nullptr);
    CHECK_EQUAL(cudaGetLastError(), cudaErrorMemoryAllocation);
    CHECK_EQUAL(cudaMalloc(&second, 100), 0);
    CHECK_EQUAL(cudaMemGetInfo(&free_bytes, &total), 0);
    CHECK_EQUAL(free_bytes, 0);
    CHECK_EQUAL(cudaFree(first), 0);
    CHECK_EQUAL(cudaMalloc(&first, total - 100), 0); /* what was freed is there again, and the device goes on */
    CHECK_EQUAL(cudaFree(first), 0);
    CHECK_EQUAL(cudaFree(second), 0);
    CHECK_EQUAL(cudaDeviceSynchronize(), 0);
}

/* This program again, as `mode`, with an environment of its own: what it writes. */
std::string again(const std::string& environment, const char* mode) {
    char self[4096] = {};
    CHECK(readlink("/proc/self/exe", self, sizeof self - 1) > 0);
    FILE* const pipe = popen((environment + " '" + self + "' " + mode + " 2>&1").c_str(), "r");
    std::string text;
    char part[512];
    while (pipe != nullptr && fgets(part, sizeof part, pipe) != nullptr) text += part;
    CHECK(pipe != nullptr && pclose(pipe) == 0);
    return text;
}

int leak() {
    void *device, *pinned;
    cudaStream_t stream;
    cudaEvent_t event;
    return cudaMalloc(&device, 100) + cudaHostAlloc(&pinned, 200, 0) + cudaStreamCreateWithFlags(&stream, 0) +
           cudaEventCreateWithFlags(&event, 0);
}

int allocate_thrice() {
    for (int i = 1; i <= 3; i++) {
        void* memory = nullptr;
        const int error = cudaMalloc(&memory, 4);
        printf("call %d: %d\n", i, error);
        cudaFree(memory);
    }
    return 0;
}

void environment() {
    const std::string leaked = again("GRADSIEVE_CUDA_LEAKS=1", "leak");
    for (const char* const words : {"leaked: 100 bytes of device memory at 0x", "leaked: 200 bytes of pinned memory at 0x",
                                    "leaked: stream [0-9]+", "leaked: event 0x"})
        check(matches(leaked, words), __FILE__, __LINE__, "\"" + leaked + "\" is without /" + words + "/");
    CHECK(!matches(again("GRADSIEVE_CUDA_LEAKS=0", "leak"), "leaked"));
    CHECK(again("GRADSIEVE_CUDA_FAIL=cudaMalloc:2", "allocate") == "call 1: 0\ncall 2: 2\ncall 3: 0\n");
    CHECK(again("GRADSIEVE_CUDA_FAIL=cudaMalloc:2+:46", "allocate") == "call 1: 0\ncall 2: 46\ncall 3: 46\n");
    CHECK(matches(again("GRADSIEVE_CUDA_MEMORY=1048576", "little"), "device without memory: [0-9]+ checks, 0 failed"));
}

/* What tells a program where it is. */
void names() {
    cudaDeviceProp properties;
    memset(&properties, 1, sizeof properties);
    CHECK_EQUAL(cudaGetDeviceProperties(&properties, 0), 0);
    CHECK(matches(properties.name, "^emulated GPU"));
    CHECK_EQUAL(properties.warpSize, 32);
    CHECK_EQUAL(properties.reserved[55], 0);
    CHECK_EQUAL(cudaGetDeviceProperties(&properties, 1), cudaErrorInvalidDevice);
    CHECK_EQUAL(cudaGetLastError(), cudaErrorInvalidDevice);
    CHECK_EQUAL(gs_emulated(), 1);
    char name[64];
    CUdevice device;
    CHECK_EQUAL(cuInit(0), 0);
    CHECK_EQUAL(cuDeviceGet(&device, 0), 0);
    CHECK_EQUAL(cuDeviceGetName(name, sizeof name, device), 0);
    CHECK(strcmp(name, properties.name) == 0);
}

}  // namespace

int main(int count, char** arguments) {
    const std::string mode = count > 1 ? arguments[1] : "";
    if (mode == "leak") return leak();
    if (mode == "allocate") return allocate_thrice();
    if (mode == "little") {
        device_without_memory();
        return finish("device without memory");
    }
    every_call_fails_once();
    environment();
    names();
    return finish("runtime failures");
}
