/* Planted faults of memory: out of bounds, unwritten, misaligned, of the host. */
#include "../../src/device.h"
#include "faults.h"

namespace gradsieve {
namespace {

__global__ void __launch_bounds__(64) reads(const float* in, float* out, int n, int ahead) {
    const int i = static_cast<int>(blockIdx.x * 64 + threadIdx.x);
    if (i < n) out[i] = in[i] + 1 + 0 * in[i == n - 1 ? i + ahead : i];
}

__global__ void __launch_bounds__(64) writes(const float* in, float* out, int n, int ahead) {
    const int i = static_cast<int>(blockIdx.x * 64 + threadIdx.x);
    out[i] = in[i] + 1;
    if (i == n - 1 && ahead > 0) out[i + ahead] = 1;
    if (i == 0 && ahead < 0) out[i + ahead] = 1;
}

/* The last vector begins inside of the array and ends beyond. */
__global__ void __launch_bounds__(64) vectors(const float* in, float* out, int n) {
    const int i = static_cast<int>(blockIdx.x * 64 + threadIdx.x);
    out[i] = in[i] + 1;
    if (i == n - 1) *reinterpret_cast<float2*>(out + n + 126) = make_float2(0, 0); /* the array has n + 127 */
}

__global__ void __launch_bounds__(64) shared_beyond(const float* in, float* out, int read_at, int write_at) {
    GS_SHARED(float, slots, 61);
    const int t = static_cast<int>(threadIdx.x), i = static_cast<int>(blockIdx.x) * 64 + t;
    if (t < 61) slots[t] = in[i];
    if (t == 0 && write_at > 0) slots[write_at] = 1;
    __syncthreads();
    float value = in[i] + 1;
    if (t == 0 && read_at > 0) value += 0 * slots[read_at];
    out[i] = value;
}

__global__ void __launch_bounds__(64) dynamic_beyond(const float* in, float* out, int at) {
    GS_DYNAMIC_SHARED(bytes);
    const int t = static_cast<int>(threadIdx.x), i = static_cast<int>(blockIdx.x) * 64 + t;
    float* values = reinterpret_cast<float*>(bytes);
    values[t] = in[i];
    if (t == 63) values[at] = 0;
    out[i] = values[t] + 1;
}

__global__ void __launch_bounds__(64) unwritten_shared(const float* in, float* out) {
    GS_SHARED(float, slots, 64);
    const int t = static_cast<int>(threadIdx.x), i = static_cast<int>(blockIdx.x) * 64 + t;
    if (t % 8 != 3) slots[t] = in[i];
    __syncthreads();
    out[i] = slots[t] + 1;
}

__global__ void __launch_bounds__(64) unwritten_device(const float* in, float* out, int n) {
    const int i = static_cast<int>(blockIdx.x * 64 + threadIdx.x);
    out[i] = in[i] + 1 + 0 * out[n - 1 - i == i ? i : n + 1];
}

__global__ void __launch_bounds__(64) misaligned(const float* in, float* out, int n) {
    const int i = static_cast<int>(blockIdx.x * 64 + threadIdx.x);
    if (4 * i + 4 < n) *reinterpret_cast<float4*>(out + 4 * i + 1) = *reinterpret_cast<const float4*>(in + 4 * i + 1);
}

__global__ void __launch_bounds__(64) address(const float* in, float* out, unsigned long long at) {
    const int i = static_cast<int>(blockIdx.x * 64 + threadIdx.x);
    out[i] = in[i] + 1 + 0 * *reinterpret_cast<const float*>(at);
}

float of_the_host = 1;

__global__ void __launch_bounds__(64) adds(const float* in, float* out, float added) {
    const int i = static_cast<int>(blockIdx.x * 64 + threadIdx.x);
    out[i] = in[i] + added;
}

/* What a launcher does with memory that only a kernel may touch. */
int reads_one(const float* in, float* out, int n, void* stream) { return GS_LAUNCH(adds, n / 64, 64, 0, stream, in, out, in[1]); }

int writes_one(const float* in, float* out, int n, void* stream) {
    *out = 1;
    return GS_LAUNCH(adds, n / 64, 64, 0, stream, in, out, 1.f);
}

int copies_all(const float* in, float* out, int n, void* stream) {
    static float values[2048];
    memcpy(values, in, static_cast<size_t>(n) * sizeof(float));
    return GS_LAUNCH(adds, n / 64, 64, 0, stream, in, out, values[1]);
}

/* ---- right ------------------------------------------------------------------------------------------------------------ */

/* Bytes side by side in a word are not one place. */
__global__ void __launch_bounds__(64) bytes(const float* in, float* out) {
    GS_SHARED(unsigned char, places, 64);
    GS_SHARED(unsigned char, copies, 64);
    const int t = static_cast<int>(threadIdx.x), i = static_cast<int>(blockIdx.x) * 64 + t;
    places[t] = static_cast<unsigned char>(t);
    __syncthreads();
    copies[t] = places[63 - t];
    __syncthreads();
    if (t < 16) {
        const uchar4 four = reinterpret_cast<const uchar4*>(copies)[t];
        float4 sums = reinterpret_cast<const float4*>(in)[static_cast<int>(blockIdx.x) * 16 + t];
        sums.x += static_cast<float>(four.x) - static_cast<float>(63 - 4 * t) + 1;
        sums.y += static_cast<float>(four.y) - static_cast<float>(62 - 4 * t) + 1;
        sums.z += static_cast<float>(four.z) - static_cast<float>(61 - 4 * t) + 1;
        sums.w += static_cast<float>(four.w) - static_cast<float>(60 - 4 * t) + 1;
        reinterpret_cast<float4*>(out)[i / 64 * 16 + t] = sums;
    }
}

}  // namespace
}  // namespace gradsieve

using namespace gradsieve;

FAULT(read_beyond, GS_LAUNCH(reads, n / 64, 64, 0, stream, in, out, n, 700))
FAULT(read_a_word_beyond, GS_LAUNCH(reads, n / 64, 64, 0, stream, in, out, n, 128))
FAULT(write_beyond, GS_LAUNCH(writes, n / 64, 64, 0, stream, in, out, n, 700))
FAULT(write_a_word_beyond, GS_LAUNCH(writes, n / 64, 64, 0, stream, in, out, n, 128))
FAULT(write_before, GS_LAUNCH(writes, n / 64, 64, 0, stream, in, out, n, -1))
FAULT(half_a_vector_beyond, GS_LAUNCH(vectors, n / 64, 64, 0, stream, in, out, n))
FAULT(shared_read_beyond, GS_LAUNCH(shared_beyond, n / 64, 64, 0, stream, in, out, 64, 0))
FAULT(shared_write_beyond, GS_LAUNCH(shared_beyond, n / 64, 64, 0, stream, in, out, 0, 61))
FAULT(dynamic_write_beyond, GS_LAUNCH(dynamic_beyond, n / 64, 64, 256, stream, in, out, 64))
FAULT(unwritten_shared, GS_LAUNCH(unwritten_shared, n / 64, 64, 0, stream, in, out))
FAULT(unwritten_device, GS_LAUNCH(unwritten_device, n / 64, 64, 0, stream, in, out, n))
FAULT(misaligned_vector, GS_LAUNCH(misaligned, n / 64, 64, 0, stream, in, out, n))
FAULT(host_argument, GS_LAUNCH(reads, n / 64, 64, 0, stream, &of_the_host, out, 1, 0))
FAULT(host_address, GS_LAUNCH(address, n / 64, 64, 0, stream, in, out, reinterpret_cast<unsigned long long>(&of_the_host)))
FAULT(host_reads, reads_one(in, out, n, stream))
FAULT(host_writes, writes_one(in, out, n, stream))
FAULT(host_copies, copies_all(in, out, n, stream))
FAULT(none_bytes, GS_LAUNCH(bytes, n / 64, 64, 0, stream, in, out))
