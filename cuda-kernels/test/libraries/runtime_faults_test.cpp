/*
 * Planted faults of a program that uses streams, events, graphs and pinned memory: the stand-in runtime must report each one in
 * words, in every order that GRADSIEVE_CUDA_SEED draws. Beside most of them the same program without the fault, which must pass.
 */
#include "check.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <functional>

namespace {

const size_t COUNT = 64;

/* A kernel that adds 1. */
struct AddOne {
    const float* from;
    float* to;
};

void add_one(void* argument) {
    const AddOne& add = *static_cast<const AddOne*>(argument);
    for (size_t i = 0; i < COUNT; i++) add.to[i] = add.from[i] + 1;
}

int launch(cudaStream_t stream, const float* from, float* to, const char* name = "add_one") {
    const gs_emulated_access accesses[] = {{from, 0}, {to, 1}};
    return gs_emulated_enqueue(stream, name, add_one, [](void* argument) { delete static_cast<AddOne*>(argument); },
                               new AddOne{from, to}, accesses, 2);
}

/* Two streams, three arrays of the device, one pinned; as new for each fault. */
struct Bench {
    Bench() : a(COUNT), b(COUNT), c(COUNT) {
        for (cudaStream_t* stream : {&one, &other}) CHECK_EQUAL(cudaStreamCreateWithFlags(stream, cudaStreamNonBlocking), 0);
        for (cudaEvent_t* event : {&done, &unused}) CHECK_EQUAL(cudaEventCreateWithFlags(event, cudaEventDisableTiming), 0);
        void* memory = nullptr;
        CHECK_EQUAL(cudaHostAlloc(&memory, COUNT * sizeof(float), 0), 0);
        pinned = static_cast<float*>(memory);
        for (size_t i = 0; i < COUNT; i++) pinned[i] = static_cast<float>(i);
        a.set(std::vector<float>(COUNT));
    }
    ~Bench() {
        CHECK_EQUAL(cudaDeviceSynchronize(), 0);
        if (pinned != nullptr) CHECK_EQUAL(cudaFreeHost(pinned), 0);
        for (const cudaEvent_t event : {done, unused}) CHECK_EQUAL(cudaEventDestroy(event), 0);
        for (const cudaStream_t stream : {one, other}) CHECK_EQUAL(cudaStreamDestroy(stream), 0);
    }
    int send(cudaStream_t stream) const { return cudaMemcpyAsync(a.at(), pinned, a.bytes(), cudaMemcpyHostToDevice, stream); }

    DeviceFloats a, b, c;
    cudaStream_t one, other;
    cudaEvent_t done, unused;
    float* pinned;
};

void copy_used_before_its_event() {
    Bench bench;
    CHECK_EQUAL(bench.send(bench.one), 0);
    CHECK(launch(bench.other, bench.a.at(), bench.b.at()) != 0); /* no event at all */
    EXPECT_FAULT("`add_one` on stream [0-9]+ reads .* not ordered after `cudaMemcpyAsync` on stream [0-9]+, which writes");
    CHECK_EQUAL(cudaEventRecord(bench.done, bench.one), 0);
    CHECK_EQUAL(bench.send(bench.one), 0);
    CHECK_EQUAL(cudaStreamWaitEvent(bench.other, bench.done, 0), 0); /* an event from before the copy */
    CHECK(launch(bench.other, bench.a.at(), bench.b.at()) != 0);
    EXPECT_FAULT("`add_one` .* not ordered after `cudaMemcpyAsync`");
    CHECK_EQUAL(launch(bench.one, bench.a.at(), bench.b.at()), 0);
    CHECK(bench.send(bench.other) != 0); /* overwrites what is read */
    EXPECT_FAULT("`cudaMemcpyAsync` on stream [0-9]+ writes .* not ordered after `add_one` on stream [0-9]+, which reads");

    CHECK_EQUAL(bench.send(bench.one), 0);
    CHECK_EQUAL(cudaEventRecord(bench.done, bench.one), 0);
    CHECK_EQUAL(cudaStreamWaitEvent(bench.other, bench.done, 0), 0);
    CHECK_EQUAL(launch(bench.other, bench.a.at(), bench.b.at()), 0);
    CHECK_EQUAL(cudaStreamSynchronize(bench.other), 0);
    CHECK_EQUAL(bench.b.get()[5], 6);
}

void event_never_recorded() {
    Bench bench;
    CHECK_EQUAL(bench.send(bench.one), 0);
    CHECK_EQUAL(cudaStreamWaitEvent(bench.other, bench.unused, 0), 0); /* CUDA waits for nothing then */
    CHECK(launch(bench.other, bench.a.at(), bench.b.at()) != 0);
    EXPECT_FAULT("`add_one` .* not ordered after `cudaMemcpyAsync`");
    CHECK_EQUAL(launch(bench.one, bench.a.at(), bench.b.at()), 0);
    CHECK_EQUAL(cudaEventSynchronize(bench.unused), 0);
    DeviceFloats* const freed = new DeviceFloats(COUNT);
    CHECK_EQUAL(launch(bench.one, bench.a.at(), freed->at()), 0);
    CHECK_EQUAL(cudaEventSynchronize(bench.unused), 0);
    delete freed;
    EXPECT_FAULT("cudaFree: 0x[0-9a-f]+ of 256 bytes is freed while `add_one` on stream [0-9]+ may still use it");
    float milliseconds;
    cudaEvent_t timed;
    CHECK_EQUAL(cudaEventCreateWithFlags(&timed, 0), 0);
    CHECK_EQUAL(cudaEventElapsedTime(&milliseconds, timed, timed), cudaErrorInvalidResourceHandle);
    CHECK_EQUAL(cudaEventDestroy(timed), 0);
    CHECK_EQUAL(cudaEventRecord(timed, bench.one), cudaErrorInvalidResourceHandle);
}

void buffer_freed_in_use() {
    Bench bench;
    void* memory = nullptr;
    CHECK_EQUAL(cudaMalloc(&memory, COUNT * sizeof(float)), 0);
    CHECK_EQUAL(launch(bench.one, bench.a.at(), static_cast<float*>(memory)), 0);
    CHECK(cudaFree(memory) != 0);
    EXPECT_FAULT("is freed while `add_one` on stream [0-9]+ may still use it", cudaErrorIllegalAddress);
    CHECK(launch(bench.one, static_cast<float*>(memory), bench.b.at()) != 0);
    EXPECT_FAULT("`add_one`: argument 0x[0-9a-f]+ is memory that was freed", cudaErrorIllegalAddress);
    CHECK(cudaMemcpyAsync(bench.b.at(), memory, 4, cudaMemcpyDeviceToDevice, bench.one) != 0);
    EXPECT_FAULT("cudaMemcpyAsync: 4 bytes at 0x[0-9a-f]+ were freed", cudaErrorIllegalAddress);
    CHECK_EQUAL(cudaFree(memory), cudaErrorInvalidValue); /* twice: that call alone is refused */
    CHECK_EQUAL(cudaDeviceSynchronize(), 0);

    CHECK_EQUAL(cudaMalloc(&memory, COUNT * sizeof(float)), 0);
    CHECK_EQUAL(launch(bench.one, bench.a.at(), static_cast<float*>(memory)), 0);
    CHECK_EQUAL(cudaStreamSynchronize(bench.one), 0);
    CHECK_EQUAL(cudaFree(memory), 0);
}

void graph_with_a_freed_pointer() {
    Bench bench;
    void* memory = nullptr;
    CHECK_EQUAL(cudaMalloc(&memory, COUNT * sizeof(float)), 0);
    cudaGraph_t graph;
    cudaGraphExec_t exec;
    CHECK_EQUAL(cudaStreamBeginCapture(bench.one, cudaStreamCaptureModeThreadLocal), 0);
    CHECK_EQUAL(launch(bench.one, bench.a.at(), static_cast<float*>(memory), "first"), 0);
    CHECK_EQUAL(launch(bench.one, static_cast<float*>(memory), bench.b.at(), "second"), 0);
    CHECK_EQUAL(cudaStreamEndCapture(bench.one, &graph), 0);
    CHECK_EQUAL(cudaGraphInstantiate(&exec, graph, 0), 0);
    for (int replay = 0; replay < 3; replay++) {
        bench.a.set(std::vector<float>(COUNT, static_cast<float>(replay)));
        CHECK_EQUAL(cudaGraphLaunch(exec, bench.one), 0);
        CHECK_EQUAL(cudaStreamSynchronize(bench.one), 0);
        CHECK_EQUAL(bench.b.get()[COUNT - 1], replay + 2);
    }
    CHECK_EQUAL(cudaGraphLaunch(exec, bench.one), 0);
    CHECK(cudaFree(memory) != 0);
    EXPECT_FAULT("is freed while `(first|second)` on stream [0-9]+ may still use it");
    CHECK(cudaGraphLaunch(exec, bench.one) != 0);
    EXPECT_FAULT("`first` in a graph on stream [0-9]+ uses bytes .* of the 256 at 0x[0-9a-f]+, which were freed");
    CHECK_EQUAL(cudaGraphExecDestroy(exec), 0);
    CHECK_EQUAL(cudaGraphDestroy(graph), 0);
    CHECK_EQUAL(cudaGraphLaunch(exec, bench.one), cudaErrorInvalidValue);
}

/* Two branches of a graph that no event orders. */
void graph_without_order() {
    Bench bench;
    for (const bool joined : {false, true}) {
        cudaGraph_t graph;
        cudaGraphExec_t exec;
        CHECK_EQUAL(cudaStreamBeginCapture(bench.one, cudaStreamCaptureModeThreadLocal), 0);
        CHECK_EQUAL(cudaEventRecord(bench.done, bench.one), 0);
        CHECK_EQUAL(cudaStreamWaitEvent(bench.other, bench.done, 0), 0);
        CHECK_EQUAL(launch(bench.one, bench.a.at(), bench.b.at(), "writes"), 0);
        if (joined) {
            CHECK_EQUAL(cudaEventRecord(bench.done, bench.one), 0);
            CHECK_EQUAL(cudaStreamWaitEvent(bench.other, bench.done, 0), 0);
        }
        CHECK_EQUAL(launch(bench.other, bench.b.at(), bench.c.at(), "reads"), 0);
        CHECK_EQUAL(cudaEventRecord(bench.done, bench.other), 0);
        CHECK_EQUAL(cudaStreamWaitEvent(bench.one, bench.done, 0), 0);
        CHECK_EQUAL(cudaStreamEndCapture(bench.one, &graph), 0);
        const int error = cudaGraphInstantiate(&exec, graph, 0);
        CHECK_EQUAL(error == 0, joined);
        if (joined) {
            CHECK_EQUAL(cudaGraphExecDestroy(exec), 0);
            CHECK_EQUAL(cudaGraphDestroy(graph), 0);
        } else {
            EXPECT_FAULT("in a graph, `writes` and `reads` run in no order, but one writes what the other reads");
            CHECK_EQUAL(cudaGraphDestroy(graph), 0);
        }
    }
    /* A branch that nothing waits for, and a wait within a capture. */
    cudaGraph_t graph;
    CHECK_EQUAL(cudaStreamBeginCapture(bench.one, cudaStreamCaptureModeThreadLocal), 0);
    CHECK_EQUAL(cudaEventRecord(bench.done, bench.one), 0);
    CHECK_EQUAL(cudaStreamWaitEvent(bench.other, bench.done, 0), 0);
    CHECK_EQUAL(launch(bench.other, bench.b.at(), bench.c.at()), 0);
    CHECK_EQUAL(cudaStreamEndCapture(bench.one, &graph), cudaErrorStreamCaptureUnjoined);
    CHECK_EQUAL(cudaStreamBeginCapture(bench.one, cudaStreamCaptureModeThreadLocal), 0);
    CHECK_EQUAL(cudaStreamSynchronize(bench.one), cudaErrorStreamCaptureUnsupported);
    CHECK_EQUAL(cudaStreamEndCapture(bench.one, &graph), cudaErrorStreamCaptureInvalidated);
    gs_emulated_reset();
}

void host_memory_of_a_copy() {
    Bench bench;
    /* Changed before the copy ran, which another stream holds up. */
    std::function<void()> wait = [] { usleep(20000); };
    const auto hold_up = [&] {
        const cudaHostFn_t call = [](void* function) { (*static_cast<std::function<void()>*>(function))(); };
        CHECK_EQUAL(cudaLaunchHostFunc(bench.one, call, &wait), 0);
    };
    hold_up();
    CHECK_EQUAL(bench.send(bench.one), 0);
    bench.pinned[3] = -1;
    EXPECT_FAULT("`cudaMemcpyAsync` on stream [0-9]+: the host changed 256 bytes at 0x[0-9a-f]+ before they were copied");
    /* Changed and sent again, while the host cannot know that the first copy has read it, early though it may have. */
    CHECK_EQUAL(bench.send(bench.one), 0);
    usleep(2000);
    bench.pinned[3] = -2;
    CHECK(bench.send(bench.one) != 0 || cudaDeviceSynchronize() != 0);
    EXPECT_FAULT("the host changed 256 (pinned )?bytes");
    /* Freed. */
    CHECK_EQUAL(bench.send(bench.one), 0);
    CHECK(cudaFreeHost(bench.pinned) != 0);
    EXPECT_FAULT("cudaFreeHost: 0x[0-9a-f]+ of 256 bytes is freed while `cudaMemcpyAsync` on stream [0-9]+ may still use it");
    CHECK(bench.send(bench.one) != 0);
    EXPECT_FAULT("cudaMemcpyAsync: 256 bytes at 0x[0-9a-f]+ were freed");
    bench.pinned = nullptr;
}

/* Memory that is not pinned: its copies are none that run beside the host. */
void pageable_copies() {
    Bench bench;
    std::vector<float> host(COUNT, 7);
    CHECK_EQUAL(cudaMemcpyAsync(bench.a.at(), host.data(), bench.a.bytes(), cudaMemcpyHostToDevice, bench.one), 0);
    host.assign(COUNT, 8); /* allowed: the copy has taken it */
    CHECK_EQUAL(launch(bench.one, bench.a.at(), bench.b.at()), 0);
    CHECK_EQUAL(cudaMemcpyAsync(host.data(), bench.b.at(), bench.b.bytes(), cudaMemcpyDeviceToHost, bench.one), 0);
    CHECK_EQUAL(host[9], 8); /* there: the host has waited */
    CHECK_EQUAL(cudaStreamBeginCapture(bench.one, cudaStreamCaptureModeThreadLocal), 0);
    CHECK_EQUAL(cudaMemcpyAsync(bench.a.at(), host.data(), bench.a.bytes(), cudaMemcpyHostToDevice, bench.one),
                cudaErrorStreamCaptureUnsupported);
    cudaGraph_t graph;
    CHECK_EQUAL(cudaStreamEndCapture(bench.one, &graph), cudaErrorStreamCaptureInvalidated);
    setenv("GRADSIEVE_CUDA_PAGEABLE", "0", 1);
    CHECK_EQUAL(cudaMemcpyAsync(bench.a.at(), host.data(), bench.a.bytes(), cudaMemcpyHostToDevice, bench.one),
                cudaErrorInvalidValue);
    CHECK(matches(gs_emulated_last_report(), "cudaMemcpyAsync: 256 bytes of host memory at 0x[0-9a-f]+ are not pinned"));
    CHECK_EQUAL(cudaMemcpyAsync(host.data(), bench.b.at(), bench.b.bytes(), cudaMemcpyDeviceToHost, bench.one),
                cudaErrorInvalidValue);
    CHECK_EQUAL(bench.send(bench.one), 0);
    CHECK_EQUAL(cudaMemcpy(host.data(), bench.b.at(), bench.b.bytes(), cudaMemcpyDeviceToHost), 0);
    unsetenv("GRADSIEVE_CUDA_PAGEABLE");
    gs_emulated_reset();
}

/* Copies that leave their buffers, and writes beside one that show when it is freed. */
void bounds() {
    Bench bench;
    CHECK_EQUAL(cudaMemcpyAsync(bench.a.at(), bench.pinned, bench.a.bytes() + 4, cudaMemcpyHostToDevice, bench.one),
                cudaErrorInvalidValue);
    CHECK_EQUAL(cudaMemsetAsync(bench.a.at(60), 0, 20, bench.one), cudaErrorInvalidValue);
    CHECK_EQUAL(cudaMemcpyAsync(bench.pinned, bench.a.at(), 4, cudaMemcpyHostToDevice, bench.one), cudaErrorInvalidValue);
    CHECK_EQUAL(cudaDeviceSynchronize(), 0);
    CHECK_EQUAL(cudaFree(bench.a.at(1)), cudaErrorInvalidValue);
    CHECK_EQUAL(cudaFree(bench.pinned), cudaErrorInvalidValue);
    void* memory = nullptr;
    CHECK_EQUAL(cudaMalloc(&memory, 100), 0);
    const auto write_beside = [](void* block) { static_cast<unsigned char*>(block)[101] = 0; };
    const gs_emulated_access written = {memory, 1};
    CHECK_EQUAL(gs_emulated_enqueue(bench.one, "write_beside", write_beside, nullptr, memory, &written, 1), 0);
    CHECK_EQUAL(cudaStreamSynchronize(bench.one), 0);
    CHECK(cudaFree(memory) != 0);
    EXPECT_FAULT("of 100 bytes: byte 101, outside of them, was overwritten");
    void* cleared = nullptr;
    CHECK_EQUAL(cudaMalloc(&cleared, 8), 0);
    float value = 0;
    CHECK_EQUAL(cudaMemcpy(&value, cleared, 4, cudaMemcpyDeviceToHost), 0);
    CHECK(value != value); /* what was never written is no 0 */
    CHECK_EQUAL(cudaFree(cleared), 0);
    gs_emulated_reset();
}

void leaks() {
    CHECK_EQUAL(gs_emulated_leaks(0), 0);
    void *device = nullptr, *pinned = nullptr;
    cudaStream_t stream;
    cudaEvent_t event;
    cudaGraph_t graph;
    cudaGraphExec_t exec;
    int alive = 0;
    CHECK_EQUAL(cudaMalloc(&device, 8), 0);
    CHECK_EQUAL(gs_emulated_leaks(0), ++alive);
    CHECK_EQUAL(cudaHostAlloc(&pinned, 8, 0), 0);
    CHECK_EQUAL(gs_emulated_leaks(0), ++alive);
    CHECK_EQUAL(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking), 0);
    CHECK_EQUAL(gs_emulated_leaks(0), ++alive);
    CHECK_EQUAL(cudaEventCreateWithFlags(&event, 0), 0);
    CHECK_EQUAL(gs_emulated_leaks(0), ++alive);
    CHECK_EQUAL(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal), 0);
    CHECK_EQUAL(cudaMemsetAsync(device, 0, 8, stream), 0);
    CHECK_EQUAL(cudaStreamEndCapture(stream, &graph), 0);
    CHECK_EQUAL(gs_emulated_leaks(0), ++alive);
    CHECK_EQUAL(cudaGraphInstantiate(&exec, graph, 0), 0);
    CHECK_EQUAL(gs_emulated_leaks(0), ++alive);
    CHECK_EQUAL(cudaGraphExecDestroy(exec), 0);
    CHECK_EQUAL(cudaGraphDestroy(graph), 0);
    CHECK_EQUAL(cudaEventDestroy(event), 0);
    CHECK_EQUAL(cudaStreamDestroy(stream), 0);
    CHECK_EQUAL(cudaFreeHost(pinned), 0);
    CHECK_EQUAL(cudaFree(device), 0);
    CHECK_EQUAL(gs_emulated_leaks(0), 0);
}

}  // namespace

int main() {
    copy_used_before_its_event();
    event_never_recorded();
    buffer_freed_in_use();
    graph_with_a_freed_pointer();
    graph_without_order();
    host_memory_of_a_copy();
    pageable_copies();
    bounds();
    leaks();
    return finish("runtime faults");
}
