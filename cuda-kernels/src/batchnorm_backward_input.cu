/*
 * Batch norm's gradient at its input [B][T][P], "=" or "+=": gamma * inv * (g - sums0 / count - x_hat * sums1 / count), g being the
 * masked gradient and sums what batchnorm_backward_sums wrote, of all shares of the batch; sums NULL (evaluation): gamma * inv * g.
 * 12 bytes a float, 8 in evaluation, 4 more where it adds: 3 us a million on 4,200 GB/s.
 */
#include "quads.h"
#include "values.h"

namespace gradsieve {
namespace {

/* a g + b (x - mean) + c. */
struct Coefficients {
    Quad a, b, c, mean;
};

template <bool COUPLED>
__device__ __forceinline__ Coefficients coefficients(int channel, int pitch, const float* statistics, const float* gamma,
                                                     const double* sums) {
    Coefficients of = {};
    const Quad inverse = load_quad(statistics + pitch + channel), gammas = load_quad(gamma + channel);
    const float share = COUPLED ? 1 / static_cast<float>(sums[0]) : 0; /* in float: few cards divide doubles well */
    if (COUPLED) of.mean = load_quad(statistics + channel);
#pragma unroll
    for (int j = 0; j < 4; j++) {
        of.a.at[j] = gammas.at[j] * inverse.at[j];
        if (!COUPLED) continue;
        of.c.at[j] = -of.a.at[j] * (static_cast<float>(sums[1 + channel + j]) * share);
        of.b.at[j] = -of.a.at[j] * inverse.at[j] * (static_cast<float>(sums[1 + pitch + channel + j]) * share);
    }
    return of;
}

template <bool COUPLED, bool ADD>
__global__ void __launch_bounds__(ROWS_THREADS)
    backward_input_kernel(Rows r, const float* input, const float* __restrict__ statistics, const float* __restrict__ gamma,
                          const float* masked_gradient, const double* __restrict__ sums, float* input_gradient) {
    const RowsLane lane = rows_lane(r);
    if (lane.channel < 0) return;
    const Coefficients of = coefficients<COUPLED>(lane.channel, r.pitch, statistics, gamma, sums);
    for (int64_t row = lane.row; row < r.rows; row += lane.step) {
        const size_t from = static_cast<size_t>(row) * r.pitch + lane.channel, step = static_cast<size_t>(r.lines) * r.pitch;
        Quad x[ROWS_EACH], g[ROWS_EACH], before[ROWS_EACH];
#pragma unroll
        for (int k = 0; k < ROWS_EACH; k++) {
            if (row + k * r.lines >= r.rows) continue;
            g[k] = load_quad(masked_gradient + from + k * step);
            if (COUPLED) x[k] = load_quad(input + from + k * step);
            if (ADD) before[k] = load_quad(input_gradient + from + k * step);
        }
#pragma unroll
        for (int k = 0; k < ROWS_EACH; k++) {
            if (row + k * r.lines >= r.rows) continue;
            Quad dx;
#pragma unroll
            for (int j = 0; j < 4; j++) {
                float value = of.a.at[j] * g[k].at[j];
                if (COUPLED) value += fmaf(of.b.at[j], x[k].at[j] - of.mean.at[j], of.c.at[j]);
                dx.at[j] = ADD ? before[k].at[j] + value : value;
            }
            store_quad(input_gradient + from + k * step, dx);
        }
    }
}

template <bool COUPLED, bool ADD>
int launch(const Rows& r, const float* input, const float* statistics, const float* gamma, const float* masked_gradient,
           const double* sums, float* input_gradient, void* stream) {
    return GS_LAUNCH((backward_input_kernel<COUPLED, ADD>), rows_grid(r), ROWS_THREADS, 0, stream, r, input, statistics, gamma,
                     masked_gradient, sums, input_gradient);
}

}  // namespace
}  // namespace gradsieve

using namespace gradsieve;

extern "C" int gs_cuda_batchnorm_backward_input(int64_t batch, int64_t positions, int64_t channels, int64_t pitch,
                                                const float* input, const float* statistics, const float* gamma,
                                                const float* masked_gradient, const double* sums, int gradient,
                                                float* input_gradient, void* stream) {
    const char* const name = "batchnorm_backward_input";
    if (const int status = check_values(name, batch, positions, channels, pitch)) return status;
    if (gradient != GS_CUDA_STORE && gradient != GS_CUDA_ADD) return refuse(name, "gradient %d is neither = nor +=", gradient);
    if (batch == 0) return GS_CUDA_OK;
    if ((sums && !input) || !statistics || !gamma || !masked_gradient || !input_gradient)
        return refuse(name, "a buffer that it needs is NULL");
    const bool add = gradient == GS_CUDA_ADD;
    const auto run = sums ? (add ? launch<true, true> : launch<true, false>) : add ? launch<false, true> : launch<false, false>;
    return run(rows_of(batch, positions, pitch), input, statistics, gamma, masked_gradient, sums, input_gradient, stream);
}
