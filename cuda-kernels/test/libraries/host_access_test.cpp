/*
 * Host code that touches memory which is not its own, device memory above all: each such program must end with a line that says so.
 * With an argument the test is that program.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <atomic>
#include <thread>

#include "../ended_process.h"
#include "check.h"

namespace {

const size_t COUNT = 64;

struct Bench {
    Bench() : device(std::vector<float>(COUNT)) {
        CHECK_EQUAL(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking), 0);
        void* memory = nullptr;
        CHECK_EQUAL(cudaHostAlloc(&memory, COUNT * sizeof(float), 0), 0);
        pinned = static_cast<float*>(memory);
    }
    ~Bench() {
        CHECK_EQUAL(cudaStreamDestroy(stream), 0);
        CHECK_EQUAL(cudaFreeHost(pinned), 0);
    }

    DeviceFloats device;
    cudaStream_t stream;
    float* pinned;
};

void use(float value) { printf("%g\n", static_cast<double>(value)); }

void read_live(const Bench& bench) { use(*bench.device.at(3)); }

void write_live(const Bench& bench) { *bench.device.at() = 1; }

void write_beside(const Bench& bench) { reinterpret_cast<volatile char*>(bench.device.at())[-1] = 1; }

void copy_all(const Bench& bench) {
    static float values[COUNT];
    memcpy(values, bench.device.at(), bench.device.bytes());
    use(values[1]);
}

void read_in_a_host_function(const Bench& bench) {
    const cudaHostFn_t reads = [](void* memory) { use(static_cast<const float*>(memory)[2]); };
    cudaLaunchHostFunc(bench.stream, reads, bench.device.at());
    cudaDeviceSynchronize();
}

/* While a kernel runs its thread alone has the right to device memory. */
void read_while_a_kernel_runs(const Bench& bench) {
    static std::atomic<bool> runs{false};
    const auto kernel = [](void* memory) {
        static_cast<float*>(memory)[0] = 1;
        runs = true;
        usleep(1000000);
    };
    const gs_emulated_access written = {bench.device.at(), 1};
    gs_emulated_enqueue(bench.stream, "kernel", kernel, nullptr, bench.device.at(), &written, 1);
    std::thread([&] {
        while (!runs) usleep(100);
        use(*bench.device.at(1));
    }).join();
}

void read_freed(const Bench&) {
    void* memory = nullptr;
    cudaMalloc(&memory, COUNT);
    cudaFree(memory);
    use(*static_cast<volatile float*>(memory));
}

void write_behind_pinned(const Bench& bench) { bench.pinned[COUNT] = 1; }

const struct {
    const char* name;
    void (*run)(const Bench&);
    const char* said;
} PROGRAMS[] = {
    {"read_live", read_live, "host code reads device memory: byte 12 of the 256 at 0x[0-9a-f]+, in "},
    {"write_live", write_live, "host code writes device memory: byte 0 of the 256 at"},
    {"write_beside", write_beside, "host code writes beside device memory: byte -1 of the 256 at"},
    {"copy_all", copy_all, "host code reads device memory: byte [0-9]+ of the 256 at"},
    {"read_in_a_host_function", read_in_a_host_function, "host code reads device memory: byte 8 of the 256 at"},
    {"read_while_a_kernel_runs", read_while_a_kernel_runs, "host code reads device memory: byte 4 of the 256 at"},
    {"read_freed", read_freed, "host code reads device or pinned memory that was freed, at 0x"},
    {"write_behind_pinned", write_behind_pinned, "host code writes beside pinned memory: byte 256 of the 256 at"},
};

void each_program_ends() {
    for (const auto& program : PROGRAMS) {
        const EndedProcess process = run_again({program.name});
#ifdef __SANITIZE_ADDRESS__
        const bool ended = process.signal == SIGABRT || process.status > 0; /* with a report of the sanitizer's own */
#else
        const bool ended = process.signal == SIGABRT;
#endif
        const std::string line = process.first_line();
        const bool said = line.find("gradsieve CUDA emulation: ") == 0 && matches(line, program.said);
        check(ended && said, __FILE__, __LINE__, program.name + (": " + process.text()));
    }
}

/* A signal that has nothing to do with device memory ends a process as ever. */
void another_fault_is_passed_on() {
    const EndedProcess process = run_again({"none of the programs"});
    CHECK(process.said.find("gradsieve") == std::string::npos);
#ifndef __SANITIZE_ADDRESS__
    CHECK_EQUAL(process.signal, SIGSEGV);
#endif
}

int be(const char* name) {
    const Bench bench;
    for (const auto& program : PROGRAMS) {
        if (strcmp(program.name, name) != 0) continue;
        program.run(bench);
        return 0;
    }
    static volatile uintptr_t nowhere = 64;
    *reinterpret_cast<volatile char*>(nowhere) = 1;
    return 0;
}

}  // namespace

int main(int count, char** arguments) {
    if (count == 2) return be(arguments[1]);
    another_fault_is_passed_on();
    if (gs_emulated_closed_to_host() != 0)
        each_program_ends();
    else
        printf("skipped: this machine has no memory protection keys, which close device memory to the host\n");
    return finish("host access");
}
