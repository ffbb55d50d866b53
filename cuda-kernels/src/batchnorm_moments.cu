/*
 * Batch norm's moments of x [B][T][P]: sums double[1 + 2P] "=" how many values a channel has, sum x, sum x^2. Deviations d of a
 * sample are taken in float from a pivot of its own, its middle position, and become those of x in double, where nothing cancels:
 * sum x = sum d + n p, sum x^2 = sum d^2 + p (2 sum d + n p). Reads 4 bytes a float: 1 us a million on 4,200 GB/s.
 */
#include "columns.h"
#include "values.h"

namespace gradsieve {
namespace {

constexpr int EACH = 8, SAMPLES_EACH = 4; /* positions in flight, or samples of one position */

/* What a sample's positions of one thread add. */
__device__ __forceinline__ void add_sample(const Columns& c, const float* x, int row, double (&sums)[8]) {
    const size_t step = static_cast<size_t>(c.together) * c.pitch;
    const Quad pivot = load_quad(x + static_cast<size_t>(c.positions / 2) * c.pitch);
    const float* from = x + static_cast<size_t>(row) * c.pitch;
    Quad first = {}, second = {};
    for (int t = row; t < c.positions; t += EACH * c.together, from += EACH * step) {
        Quad values[EACH];
#pragma unroll
        for (int k = 0; k < EACH; k++) values[k] = t + k * c.together < c.positions ? load_quad(from + k * step) : pivot;
#pragma unroll
        for (int k = 0; k < EACH; k++) {
#pragma unroll
            for (int j = 0; j < 4; j++) {
                const float d = values[k].at[j] - pivot.at[j];
                first.at[j] += d;
                second.at[j] = fmaf(d, d, second.at[j]);
            }
        }
    }
    const double n = static_cast<double>((c.positions - row + c.together - 1) / c.together);
#pragma unroll
    for (int j = 0; j < 4; j++) {
        const double p = static_cast<double>(pivot.at[j]), d = static_cast<double>(first.at[j]), base = n * p;
        sums[j] += d + base;
        sums[4 + j] += fma(p, fma(2.0, d, base), static_cast<double>(second.at[j]));
    }
}

template <bool VECTOR> /* T = 1 */
__global__ void __launch_bounds__(COLUMNS_THREADS, 3)
    moments_kernel(Columns c, const float* __restrict__ input, double* __restrict__ partials) {
    GS_SHARED(double, room, PIECE_SUMS);
    const ColumnsLane lane = columns_lane(c);
    const int64_t first = static_cast<int64_t>(blockIdx.y) * c.samples, left = c.batch - first;
    const int samples = !lane.used ? 0 : static_cast<int>(left < c.samples ? left : c.samples), groups = c.groups();
    const size_t size = static_cast<size_t>(c.positions) * c.pitch;
    const float* const x = input + static_cast<size_t>(first) * size + lane.channel;
    double sums[8] = {};
    if (VECTOR) {
        for (int i = lane.group; i < samples; i += SAMPLES_EACH * groups) {
            Quad values[SAMPLES_EACH];
#pragma unroll
            for (int k = 0; k < SAMPLES_EACH; k++)
                values[k] = i + k * groups < samples ? load_quad(x + static_cast<size_t>(i + k * groups) * size) : Quad{};
#pragma unroll
            for (int k = 0; k < SAMPLES_EACH; k++) {
#pragma unroll
                for (int j = 0; j < 4; j++) {
                    const double v = static_cast<double>(values[k].at[j]);
                    sums[j] += v;
                    sums[4 + j] = fma(v, v, sums[4 + j]);
                }
            }
        }
    } else {
        for (int i = lane.group; i < samples; i += groups) add_sample(c, x + static_cast<size_t>(i) * size, lane.row, sums);
    }
    store_piece(c, sums, true, lane.line, COLUMNS_THREADS / c.columns, lane.column, room, partials);
}

__global__ void __launch_bounds__(FINISH_THREADS)
    finish_kernel(Columns c, const double* __restrict__ partials, double* __restrict__ sums) {
    GS_SHARED(double, slots, FINISH_SLOTS);
    const double sum = sum_pieces(c, partials, slots);
    if (threadIdx.x < FINISH_SUMS) sums[1 + blockIdx.x * FINISH_SUMS + threadIdx.x] = sum;
    if (blockIdx.x == 0 && threadIdx.x == 0) sums[0] = static_cast<double>(c.batch) * c.positions;
}

}  // namespace
}  // namespace gradsieve

using namespace gradsieve;

extern "C" int gs_cuda_batchnorm_moments(int64_t batch, int64_t positions, int64_t channels, int64_t pitch, const float* input,
                                         void* workspace, double* sums, void* stream) {
    if (const int status = check_values("batchnorm_moments", batch, positions, channels, pitch)) return status;
    if (!sums || (batch > 0 && (!input || !workspace))) return refuse("batchnorm_moments", "a buffer that it needs is NULL");
    const Columns c = columns_of(batch, positions, pitch);
    double* const partials = static_cast<double*>(workspace);
    if (batch > 0) {
        const int status =
            positions == 1
                ? GS_LAUNCH((moments_kernel<true>), columns_grid(c), COLUMNS_THREADS, 0, stream, c, input, partials)
                : GS_LAUNCH((moments_kernel<false>), columns_grid(c), COLUMNS_THREADS, 0, stream, c, input, partials);
        if (status != GS_CUDA_OK) return status;
    }
    return GS_LAUNCH(finish_kernel, 2 * c.pitch / FINISH_SUMS, FINISH_THREADS, 0, stream, c, partials, sums);
}
