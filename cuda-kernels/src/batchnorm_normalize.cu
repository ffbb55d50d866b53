/*
 * Batch norm's output [B][T][P] "=" activation((x - mean) * inv * gamma + beta + skip), skip NULL or a value too; identity or relu.
 * Reads x and skip, writes the output: 8 bytes a float, 12 with skip; 2 and 3 us a million on 4,200 GB/s.
 */
#include "quads.h"
#include "values.h"

namespace gradsieve {
namespace {

template <bool SKIP, bool RELU>
__global__ void __launch_bounds__(ROWS_THREADS)
    normalize_kernel(Rows r, const float* input, const float* __restrict__ statistics, const float* __restrict__ gamma,
                     const float* __restrict__ beta, const float* skip, float* output) {
    const RowsLane lane = rows_lane(r);
    if (lane.channel < 0) return;
    const Quad mean = load_quad(statistics + lane.channel), inverse = load_quad(statistics + r.pitch + lane.channel);
    const Quad shift = load_quad(beta + lane.channel);
    Quad scale = load_quad(gamma + lane.channel);
#pragma unroll
    for (int j = 0; j < 4; j++) scale.at[j] *= inverse.at[j];
    for (int64_t row = lane.row; row < r.rows; row += lane.step) {
        const size_t from = static_cast<size_t>(row) * r.pitch + lane.channel, step = static_cast<size_t>(r.lines) * r.pitch;
        Quad x[ROWS_EACH], added[ROWS_EACH];
#pragma unroll
        for (int k = 0; k < ROWS_EACH; k++) {
            if (row + k * r.lines >= r.rows) continue;
            x[k] = load_quad(input + from + k * step);
            if (SKIP) added[k] = load_quad(skip + from + k * step);
        }
#pragma unroll
        for (int k = 0; k < ROWS_EACH; k++) {
            if (row + k * r.lines >= r.rows) continue;
            Quad y;
#pragma unroll
            for (int j = 0; j < 4; j++) {
                float value = fmaf(x[k].at[j] - mean.at[j], scale.at[j], shift.at[j]);
                if (SKIP) value += added[k].at[j];
                y.at[j] = RELU && value < 0 ? 0 : value;
            }
            store_quad(output + from + k * step, y);
        }
    }
}

template <bool SKIP, bool RELU>
int launch(const Rows& r, const float* input, const float* statistics, const float* gamma, const float* beta, const float* skip,
           float* output, void* stream) {
    return GS_LAUNCH((normalize_kernel<SKIP, RELU>), rows_grid(r), ROWS_THREADS, 0, stream, r, input, statistics, gamma, beta, skip,
                     output);
}

}  // namespace
}  // namespace gradsieve

using namespace gradsieve;

extern "C" int gs_cuda_batchnorm_normalize(int64_t batch, int64_t positions, int64_t channels, int64_t pitch, const float* input,
                                           const float* statistics, const float* gamma, const float* beta, const float* skip,
                                           int activation, float* output, void* stream) {
    const char* const name = "batchnorm_normalize";
    if (const int status = check_values(name, batch, positions, channels, pitch)) return status;
    if (activation != GS_CUDA_IDENTITY && activation != GS_CUDA_RELU)
        return refuse(name, "activation %d: only identity (0) and relu (1) are fused", activation);
    if (batch == 0) return GS_CUDA_OK;
    if (!input || !statistics || !gamma || !beta || !output) return refuse(name, "a buffer that it needs is NULL");
    const bool relu = activation == GS_CUDA_RELU;
    const auto run = skip ? (relu ? launch<true, true> : launch<true, false>) : relu ? launch<false, true> : launch<false, false>;
    return run(rows_of(batch, positions, pitch), input, statistics, gamma, beta, skip, output, stream);
}
