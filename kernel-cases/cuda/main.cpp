/*
 * kernel-cases-cuda test | time | list [--seed N] [--case REGEX] [--part I/N]
 * Tests or times the CUDA kernels by the CPU library's cases and by those of this folder, on device 0 or on the emulation. A time is
 * that of the kernels alone and stands beside what a copy within the device's memory reaches; the emulation's mean nothing.
 * Exit 0: all passed; 1: a failure; 2: wrong usage, or no device.
 */
#include <math.h>
#include <stdio.h>

#include <algorithm>

#include "../program.h"
#include "device_call.h"
#include "runtime_api.h"

using namespace cases;

namespace {

/* Bytes read and written a second by a copy of 256 MB; 0 if it failed. */
double copy_speed() {
    const size_t bytes = size_t{1} << 28;
    const int copies = 10;
    void *from = nullptr, *to = nullptr, *start = nullptr, *end = nullptr;
    float best = INFINITY;
    if (cudaMalloc(&from, bytes) == 0 && cudaMalloc(&to, bytes) == 0 && cudaEventCreateWithFlags(&start, 0) == 0 &&
        cudaEventCreateWithFlags(&end, 0) == 0) {
        for (int window = 0; window < 5; window++) {
            float milliseconds = INFINITY;
            cudaEventRecord(start, nullptr);
            for (int i = 0; i < copies; i++) cudaMemcpyAsync(to, from, bytes, ON_DEVICE, nullptr);
            cudaEventRecord(end, nullptr);
            if (cudaEventSynchronize(end) == 0) cudaEventElapsedTime(&milliseconds, start, end);
            best = std::min(best, milliseconds);
        }
    }
    if (start) cudaEventDestroy(start);
    if (end) cudaEventDestroy(end);
    cudaFree(from);
    cudaFree(to);
    return isfinite(best) && best > 0 ? 2e3 * copies * static_cast<double>(bytes) / static_cast<double>(best) : 0;
}

class Gpu : public Device {
  public:
    const char* usage() const override { return "usage: kernel-cases-cuda test|time|list [--seed N] [--case REGEX] [--part I/N]"; }
    bool option(const std::string&, const std::string&) override { return false; }

    int open() override {
        const int error = cudaSetDevice(0);
        if (error != 0) fprintf(stderr, "no CUDA device: %s\n", cudaGetErrorString(error));
        return error == 0 ? 0 : 2;
    }

    std::string describe() const override { return gs_cuda_describe(); }

    void print_ceilings() override {
        copy_ = emulated() ? 0 : copy_speed();
        printf("copy %.0f GB/s\n", copy_ * 1e-9);
        printf("%-31s %-54s %10s %9s %9s %9s\n", "operation", "shape", "us", "GFLOP/s", "GB/s", "of copy");
    }

    void print_row(const Case& c, double seconds) override {
        const double bytes = c.bytes / seconds;
        printf("%-31s %-54s %10.2f %9.1f %9.1f %8.0f%%\n", c.operation.c_str(), c.shape.c_str(), seconds * 1e6,
               c.flops / seconds * 1e-9, bytes * 1e-9, copy_ > 0 ? 100 * bytes / copy_ : 0.0);
    }

  private:
    double copy_ = 0;
};

}  // namespace

double cases::seconds_of_call(const std::function<int()>& call) { return kernel_seconds(call); }

int main(int count, char** arguments) {
    Gpu gpu;
    return run_program(gpu, count, arguments);
}
