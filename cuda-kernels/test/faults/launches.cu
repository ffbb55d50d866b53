/* Planted faults of launches: more than a card takes; and arithmetic without a result. */
#include "../../src/device.h"
#include "faults.h"

namespace gradsieve {
namespace {

__global__ void __launch_bounds__(1024) one(const float* in, float* out) { out[threadIdx.x] = in[threadIdx.x] + 1; }

__global__ void __launch_bounds__(64) large(const float* in, float* out) {
    GS_SHARED(float, many, 12289);
    const int i = static_cast<int>(blockIdx.x * 64 + threadIdx.x);
    many[threadIdx.x] = in[i];
    out[i] = many[threadIdx.x] + 1;
}

__global__ void __launch_bounds__(64) both(const float* in, float* out) {
    GS_SHARED(float, some, 4096);
    GS_DYNAMIC_SHARED(more);
    const int i = static_cast<int>(blockIdx.x * 64 + threadIdx.x);
    some[threadIdx.x] = in[i];
    reinterpret_cast<float*>(more)[threadIdx.x] = in[i];
    out[i] = some[threadIdx.x] + 1;
}

__global__ void __launch_bounds__(64) local(const float* in, float* out) {
    volatile float array[20000];
    const int i = static_cast<int>(blockIdx.x * 64 + threadIdx.x);
    for (int k = 0; k < 20000; k++) array[k] = in[i];
    out[i] = array[i] + 1;
}

__global__ void __launch_bounds__(64) divide(const float* in, float* out, int by) {
    const int i = static_cast<int>(blockIdx.x * 64 + threadIdx.x);
    out[i] = in[i] + 1 + static_cast<float>(i / by);
}

__global__ void __launch_bounds__(64) add(const float* in, float* out, int large) {
    const int i = static_cast<int>(blockIdx.x * 64 + threadIdx.x);
    out[i] = in[i] + 1 + 0 * static_cast<float>(large + i);
}

__global__ void __launch_bounds__(64) shift(const float* in, float* out, int by) {
    const int i = static_cast<int>(blockIdx.x * 64 + threadIdx.x);
    out[i] = in[i] + 1 + 0 * static_cast<float>(i << by);
}

}  // namespace
}  // namespace gradsieve

using namespace gradsieve;

FAULT(block_too_large, GS_LAUNCH(one, 1, 1056, 0, stream, in, out))
FAULT(block_of_part_of_a_warp, GS_LAUNCH(one, 1, 48, 0, stream, in, out))
FAULT(no_blocks, GS_LAUNCH(one, 0, 64, 0, stream, in, out))
FAULT(grid_too_high, GS_LAUNCH(one, dim3(1, 65536), 64, 0, stream, in, out))
FAULT(too_much_dynamic_shared, GS_LAUNCH(one, 1, 64, max_shared() + 1, stream, in, out))
FAULT(too_much_static_shared, GS_LAUNCH(large, n / 64, 64, 0, stream, in, out))
FAULT(too_much_shared, GS_LAUNCH(both, n / 64, 64, max_shared() - 1024, stream, in, out))
FAULT(too_much_local, GS_LAUNCH(local, n / 64, 64, 0, stream, in, out))
FAULT(division_by_zero, GS_LAUNCH(divide, n / 64, 64, 0, stream, in, out, 0))
FAULT(overflow, GS_LAUNCH(add, n / 64, 64, 0, stream, in, out, 0x7fffffff))
FAULT(wide_shift, GS_LAUNCH(shift, n / 64, 64, 0, stream, in, out, 40))
