#include "device_call.h"

#include <math.h>
#include <string.h>

#include <algorithm>

#include "runtime_api.h"

namespace cases {

bool emulated() {
    static const bool answer = strstr(gs_cuda_describe(), "\"emulated\":true") != nullptr;
    return answer;
}

namespace {

constexpr int64_t MOST = INT64_C(1) << 40;  /* elements of an array; no product of sizes may overflow */
constexpr unsigned char SENTINEL = 0xA5;    /* of guard zones: other than the poison, so that a copied word shows */
constexpr double WINDOW = 0.005;            /* seconds between two events, far more than their resolution */
constexpr int WINDOWS = 12;

thread_local std::string last_error;
thread_local double* measured; /* where run leaves its time; NULL outside of `time` */

/* The emulation guards what the device allocates, exactly; a GPU does not. */
size_t guard() { return emulated() ? 0 : 1024; }

bool product(int64_t a, int64_t b, int64_t* result) {
    *result = 0;
    if (a < 0 || b < 0 || a > MOST || b > MOST || (b > 0 && a > MOST / b)) return false;
    *result = a * b;
    return true;
}

void* stream() {
    static void* const all = [] {
        void* created = nullptr;
        const int error = cudaStreamCreateWithFlags(&created, NON_BLOCKING);
        if (error != 0) fprintf(stderr, "no stream: %s\n", cudaGetErrorString(error));
        return created;
    }();
    return all;
}

bool is_zero(const unsigned char* bytes, size_t count) {
    return std::all_of(bytes, bytes + count, [](unsigned char b) { return b == 0; });
}

}  // namespace

DeviceCall::DeviceCall() = default;

DeviceCall::~DeviceCall() {
    for (const auto& block : memory_) cudaFree(block.first);
}

bool DeviceCall::check(int error, const char* what) {
    if (error != 0 && failure_.empty()) failure_ = text("%s: %s", what, cudaGetErrorString(error));
    return error == 0;
}

void* DeviceCall::allocate(size_t bytes) {
    void* block = nullptr;
    const size_t whole = std::max<size_t>(bytes, 16) + 2 * guard();
    if (!check(cudaMalloc(&block, whole), "cudaMalloc")) return nullptr;
    unsigned char* const memory = static_cast<unsigned char*>(block);
    memory_.emplace_back(memory, whole);
    if (guard() > 0) check(cudaMemsetAsync(memory, SENTINEL, whole, stream()), "cudaMemsetAsync");
    check(cudaMemsetAsync(memory + guard(), 0xff, whole - 2 * guard(), stream()), "cudaMemsetAsync");
    return memory + guard();
}

void* DeviceCall::workspace(int64_t bytes) {
    if (bytes <= 0) return nullptr;
    if (bytes > 64 * MOST) wrong_ = text("a workspace of %lld bytes", static_cast<long long>(bytes));
    return allocate(wrong_.empty() ? static_cast<size_t>(bytes) : 0);
}

void* DeviceCall::place(Array array) {
    if (array.from == nullptr && array.to == nullptr) return nullptr;
    const void* const host = array.to ? array.to : array.from;
    int64_t there = 0, here = 0;
    if (!product(array.rows, array.host_pitch, &there) || !product(array.rows, array.device_pitch, &here) || array.used < 0 ||
        array.used > array.device_pitch || array.used > array.host_pitch)
        wrong_ = text("%lld rows of %lld elements at a pitch of %lld (device: %lld)", static_cast<long long>(array.rows),
                      static_cast<long long>(array.used), static_cast<long long>(array.host_pitch),
                      static_cast<long long>(array.device_pitch));
    else if (!Memory::holds(host, static_cast<size_t>(there) * array.size))
        wrong_ = text("the host's array is shorter than %lld elements", static_cast<long long>(there));
    if (!wrong_.empty()) return allocate(0);
    array.device = allocate(static_cast<size_t>(here) * array.size);
    if (array.device == nullptr || here == 0) return array.device;
    arrays_.push_back(array);
    if (array.flags & COPY_IN) copy_in(array);
    return array.device;
}

void* DeviceCall::dense(const void* from, void* to, int64_t count, size_t size, int flags) {
    return place({from, to, nullptr, 1, count, count, count, size, flags});
}

float* DeviceCall::vectors(const float* from, float* to, int64_t rows, int64_t used, int64_t host_pitch, int64_t device_pitch,
                           int flags) {
    return static_cast<float*>(place({from, to, nullptr, rows, used, host_pitch, device_pitch, sizeof(float), flags}));
}

void* DeviceCall::value(const void* from, void* to, size_t size, int64_t batch, int64_t positions, int64_t channels, int64_t pitch,
                        int flags) {
    int64_t rows = 0;
    if (!product(batch, positions, &rows))
        wrong_ = text("%lld x %lld positions", static_cast<long long>(batch), static_cast<long long>(positions));
    return place({from, to, nullptr, rows, channels, pitch, device_pitch(channels, pitch), size, flags});
}

const float* DeviceCall::in_value(const float* host, int64_t batch, int64_t positions, int64_t channels, int64_t pitch) {
    return static_cast<const float*>(value(host, nullptr, sizeof(float), batch, positions, channels, pitch, COPY_IN));
}
float* DeviceCall::out_value(float* host, int64_t batch, int64_t positions, int64_t channels, int64_t pitch) {
    return static_cast<float*>(value(host, host, sizeof(float), batch, positions, channels, pitch, COPY_OUT | ZERO_PADS));
}
float* DeviceCall::in_out_value(float* host, int64_t batch, int64_t positions, int64_t channels, int64_t pitch) {
    return static_cast<float*>(value(host, host, sizeof(float), batch, positions, channels, pitch, COPY_IN | COPY_OUT | ZERO_PADS));
}
float* DeviceCall::gradient_value(float* host, int mode, int64_t batch, int64_t positions, int64_t channels, int64_t pitch) {
    if (mode == GS_GRADIENT_NONE) return nullptr;
    return mode == GS_GRADIENT_ADD ? in_out_value(host, batch, positions, channels, pitch)
                                   : out_value(host, batch, positions, channels, pitch);
}
const uint8_t* DeviceCall::in_choice(const uint8_t* host, int64_t batch, int64_t positions, int64_t channels, int64_t pitch) {
    return static_cast<const uint8_t*>(value(host, nullptr, 1, batch, positions, channels, pitch, COPY_IN));
}
uint8_t* DeviceCall::out_choice(uint8_t* host, int64_t batch, int64_t positions, int64_t channels, int64_t pitch) {
    return static_cast<uint8_t*>(value(host, host, 1, batch, positions, channels, pitch, COPY_OUT));
}

const float* DeviceCall::in_vectors(const float* host, int64_t rows, int64_t count, int64_t pitch) {
    return vectors(host, nullptr, rows, count, count, pitch, COPY_IN);
}
float* DeviceCall::out_vectors(float* host, int64_t rows, int64_t count, int64_t pitch) {
    return vectors(host, host, rows, count, count, pitch, COPY_OUT | ZERO_PADS);
}
float* DeviceCall::in_out_vectors(float* host, int64_t rows, int64_t count, int64_t pitch) {
    return vectors(host, host, rows, count, count, pitch, COPY_IN | COPY_OUT | ZERO_PADS);
}
float* DeviceCall::added_vectors(float* host, int64_t rows, int64_t count, int64_t pitch) {
    return vectors(host, host, rows, count, count, pitch, COPY_OUT | ADD | ZERO_PADS);
}

void DeviceCall::copy_in(const Array& a) {
    const size_t size = a.size, used = static_cast<size_t>(a.used) * size, from = static_cast<size_t>(a.host_pitch) * size,
                 to = static_cast<size_t>(a.device_pitch) * size, rows = static_cast<size_t>(a.rows);
    std::vector<unsigned char> staged(rows * to, 0);
    for (size_t r = 0; r < rows; r++)
        memcpy(staged.data() + r * to, static_cast<const unsigned char*>(a.from ? a.from : a.to) + r * from, used);
    if (!check(cudaStreamSynchronize(stream()), "cudaStreamSynchronize")) return; /* the poison comes first */
    check(cudaMemcpy(a.device, staged.data(), staged.size(), TO_DEVICE), "cudaMemcpy");
}

void DeviceCall::copy_out(const Array& a) {
    const size_t size = a.size, used = static_cast<size_t>(a.used) * size, to = static_cast<size_t>(a.host_pitch) * size,
                 from = static_cast<size_t>(a.device_pitch) * size, rows = static_cast<size_t>(a.rows);
    std::vector<unsigned char> staged(rows * from);
    if (!check(cudaMemcpy(staged.data(), a.device, staged.size(), TO_HOST), "cudaMemcpy")) return;
    for (size_t r = 0; r < rows; r++) {
        const unsigned char* const row = staged.data() + r * from;
        unsigned char* const target = static_cast<unsigned char*>(a.to) + r * to;
        if ((a.flags & ZERO_PADS) && !is_zero(row + used, from - used) && failure_.empty())
            failure_ = text("a lane beyond the %lld in use is not zero, in row %zu of %zu", static_cast<long long>(a.used), r,
                            rows);
        if (a.flags & ADD) {
            for (int64_t k = 0; k < a.used; k++) reinterpret_cast<float*>(target)[k] += reinterpret_cast<const float*>(row)[k];
        } else {
            memcpy(target, row, std::min(from, to));
        }
    }
}

void DeviceCall::guards() {
    for (const auto& block : memory_) {
        std::vector<unsigned char> zone(guard());
        const auto untouched = [](unsigned char b) { return b == SENTINEL; };
        for (unsigned char* const at : {block.first, block.first + block.second - guard()}) {
            if (zone.empty() || !check(cudaMemcpy(zone.data(), at, zone.size(), TO_HOST), "cudaMemcpy")) return;
            if (!std::all_of(zone.begin(), zone.end(), untouched) && failure_.empty())
                failure_ = text("memory outside of an array of %zu bytes was written", block.second - 2 * guard());
        }
    }
}

int DeviceCall::run(const std::function<int(void*)>& queue) {
    if (failure_.empty()) {
        const int status = queue(stream());
        if (status != GS_CUDA_OK) {
            cudaStreamSynchronize(stream());
            last_error = gs_cuda_last_error();
            return status;
        }
        if (!wrong_.empty()) failure_ = "accepted " + wrong_;
        check(cudaStreamSynchronize(stream()), "after the kernels");
    }
    for (const Array& array : arrays_)
        if (failure_.empty() && (array.flags & COPY_OUT)) copy_out(array);
    if (failure_.empty()) guards();
    if (failure_.empty() && measured) measure(queue);
    last_error = failure_;
    return failure_.empty() ? int{GS_OK} : int{GS_CUDA_FAILED};
}

void DeviceCall::measure(const std::function<int(void*)>& queue) {
    void *start = nullptr, *end = nullptr;
    double best = INFINITY;
    int64_t calls = 1;
    check(cudaEventCreateWithFlags(&start, 0), "cudaEventCreateWithFlags");
    check(cudaEventCreateWithFlags(&end, 0), "cudaEventCreateWithFlags");
    for (int windows = emulated() ? 1 : WINDOWS; windows > 0 && failure_.empty();) {
        float milliseconds = 0;
        check(cudaEventRecord(start, stream()), "cudaEventRecord");
        for (int64_t i = 0; i < calls && failure_.empty(); i++)
            if (queue(stream()) != GS_CUDA_OK) failure_ = gs_cuda_last_error();
        check(cudaEventRecord(end, stream()), "cudaEventRecord");
        check(cudaEventSynchronize(end), "cudaEventSynchronize");
        check(cudaEventElapsedTime(&milliseconds, start, end), "cudaEventElapsedTime");
        const double seconds = static_cast<double>(milliseconds) * 1e-3;
        if (seconds < WINDOW && !emulated()) {
            const double more = std::min(100.0, 1.2 * WINDOW / (seconds + 1e-6));
            calls = std::max(calls + 1, static_cast<int64_t>(static_cast<double>(calls) * more));
            continue;
        }
        best = std::min(best, std::max(seconds, 1e-9) / static_cast<double>(calls));
        windows--;
    }
    cudaEventDestroy(start);
    cudaEventDestroy(end);
    if (failure_.empty()) *measured = best;
}

double kernel_seconds(const std::function<int()>& call) {
    double seconds = 0;
    measured = &seconds;
    call();
    measured = nullptr;
    return seconds;
}

}  // namespace cases

const char* gs_last_error(void) { return cases::last_error.c_str(); }
