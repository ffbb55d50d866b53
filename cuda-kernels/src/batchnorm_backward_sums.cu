/*
 * Batch norm's gradient up to its sums, over [B][T][P]: masked_gradient g "=" output_gradient where relu let it through (perhaps
 * the same memory); skip_gradient by `gradient` = or += g; sums double[1 + 2P] "=" count, sum g, sum g * x_hat; beta_gradient and
 * gamma_gradient "=" these two; norm2 "+=" the squares of each sample's own. A sample's own sums are float, the batch's double, as
 * on the CPU. 12 bytes a float (8 where g is left as it is), 4 more with relu, 4 or 8 for skip_gradient: 4 us a million with relu.
 */
#include "columns.h"
#include "values.h"

namespace gradsieve {
namespace {

constexpr int EACH = 4; /* positions in flight, three or four words of each, so that two blocks keep a multiprocessor busy */
enum { NO_SKIP = 0 }; /* beside GS_CUDA_STORE and GS_CUDA_ADD */

struct Gradients {
    const float *input, *statistics, *output, *output_gradient;
    float *masked, *skip; /* masked NULL: nothing is masked and it is output_gradient itself */
};

/* A thread's share of one sample: sum g and sum g * (x - mean), and what is written on the way; at: where its positions begin. */
template <bool RELU, int SKIP>
__device__ __forceinline__ void sum_sample(const Columns& c, const Gradients& of, size_t at, int row, const Quad& mean, Quad& sum0,
                                           Quad& sum1) {
    const size_t step = static_cast<size_t>(c.together) * c.pitch;
    at += static_cast<size_t>(row) * c.pitch;
    for (int t = row; t < c.positions; t += EACH * c.together, at += EACH * step) {
        Quad x[EACH], y[EACH], g[EACH], before[EACH];
#pragma unroll
        for (int k = 0; k < EACH; k++) {
            x[k] = y[k] = g[k] = Quad{};
            if (t + k * c.together >= c.positions) continue;
            x[k] = load_quad(of.input + at + k * step);
            g[k] = load_quad(of.output_gradient + at + k * step);
            if (RELU) y[k] = load_quad(of.output + at + k * step);
            if (SKIP == GS_CUDA_ADD) before[k] = load_quad(of.skip + at + k * step);
        }
#pragma unroll
        for (int k = 0; k < EACH; k++) {
            if (t + k * c.together >= c.positions) continue;
#pragma unroll
            for (int j = 0; j < 4; j++) {
                if (RELU && y[k].at[j] <= 0) g[k].at[j] = 0;
                sum0.at[j] += g[k].at[j];
                sum1.at[j] = fmaf(g[k].at[j], x[k].at[j] - mean.at[j], sum1.at[j]);
                if (SKIP == GS_CUDA_ADD) before[k].at[j] += g[k].at[j];
            }
            if (of.masked) store_quad(of.masked + at + k * step, g[k]);
            if (SKIP) store_quad(of.skip + at + k * step, SKIP == GS_CUDA_ADD ? before[k] : g[k]);
        }
    }
}

__device__ __forceinline__ void add_quad(Quad& sum, const Quad& other) {
#pragma unroll
    for (int j = 0; j < 4; j++) sum.at[j] += other.at[j];
}

/*
 * The sums of a sample's threads; false in warps that do not have them. Within a warp they go from lane to lane; where a sample has
 * several warps, by shared memory to the first of them. Each sample in turn takes a half of `room`: one barrier a sample is enough.
 */
__device__ __forceinline__ bool sum_threads(const Columns& c, const ColumnsLane& lane, int half, Quad& sum0, Quad& sum1,
                                            float* room) {
    for (int distance = c.columns; distance < 32 && distance < c.columns * c.together; distance *= 2) {
#pragma unroll
        for (int j = 0; j < 4; j++) {
            sum0.at[j] += __shfl_xor_sync(WHOLE_WARP, sum0.at[j], distance);
            sum1.at[j] += __shfl_xor_sync(WHOLE_WARP, sum1.at[j], distance);
        }
    }
    const int warps = c.columns * c.together / 32;
    if (warps <= 1) return true;
    const int warp = static_cast<int>(threadIdx.x / 32), width = 8 * c.columns;
    float* const slots = room + half * COLUMNS_WARPS * width + 4 * lane.column;
    if (threadIdx.x % 32 < static_cast<unsigned>(c.columns)) {
        store_quad(slots + warp * width, sum0);
        store_quad(slots + warp * width + width / 2, sum1);
    }
    __syncthreads();
    if (warp % warps != 0) return false;
    for (int other = warp + 1; other < warp + warps; other++) {
        add_quad(sum0, load_quad(slots + other * width));
        add_quad(sum1, load_quad(slots + other * width + width / 2));
    }
    return true;
}

/* norms [slabs][B], or norm2 itself where there is one slab. */
template <bool RELU, int SKIP>
__global__ void __launch_bounds__(COLUMNS_THREADS, 2)
    backward_sums_kernel(Columns c, Gradients of, double* __restrict__ partials, float* __restrict__ norms) {
    GS_SHARED(double, room, PIECE_SUMS);
    const ColumnsLane lane = columns_lane(c);
    const int64_t first = static_cast<int64_t>(blockIdx.y) * c.samples, left = c.batch - first;
    const int samples = static_cast<int>(left < c.samples ? left : c.samples), groups = c.groups();
    const size_t size = static_cast<size_t>(c.positions) * c.pitch;
    Quad mean = {}, inverse = {};
    if (lane.used) {
        mean = load_quad(of.statistics + lane.channel);
        inverse = load_quad(of.statistics + c.pitch + lane.channel);
    }
    double sums[8] = {};
    for (int before = 0, half = 0; before < samples; before += groups, half ^= 1) {
        const int i = before + lane.group;
        const int64_t sample = first + i;
        Quad sum0 = {}, sum1 = {};
        if (lane.used && i < samples)
            sum_sample<RELU, SKIP>(c, of, static_cast<size_t>(sample) * size + lane.channel, lane.row, mean, sum0, sum1);
        if (!sum_threads(c, lane, half, sum0, sum1, reinterpret_cast<float*>(room))) continue;
        float squares = 0;
#pragma unroll
        for (int j = 0; j < 4; j++) {
            sum1.at[j] *= inverse.at[j];
            sums[j] += static_cast<double>(sum0.at[j]);
            sums[4 + j] += static_cast<double>(sum1.at[j]);
            squares = fmaf(sum0.at[j], sum0.at[j], fmaf(sum1.at[j], sum1.at[j], squares));
        }
        if (!norms) continue;
        for (int distance = 1; distance < c.columns; distance *= 2) squares += __shfl_xor_sync(WHOLE_WARP, squares, distance);
        if (lane.row != 0 || lane.column != 0 || i >= samples) continue;
        if (c.slabs == 1)
            norms[sample] += squares;
        else
            norms[blockIdx.x * static_cast<size_t>(c.batch) + static_cast<size_t>(sample)] = squares;
    }
    store_piece(c, sums, lane.row == 0, lane.group, groups, lane.column, reinterpret_cast<double*>(room), partials);
}

/* After the blocks for the sums those that add up a sample's slabs, if there are any. */
__global__ void __launch_bounds__(FINISH_THREADS)
    finish_kernel(Columns c, int64_t count, const double* __restrict__ partials, const float* __restrict__ norms,
                  double* __restrict__ sums, float* __restrict__ gamma_gradient, float* __restrict__ beta_gradient,
                  float* __restrict__ norm2) {
    GS_SHARED(double, slots, FINISH_SLOTS);
    const int of_sums = 2 * c.pitch / FINISH_SUMS;
    if (static_cast<int>(blockIdx.x) < of_sums) {
        const double sum = sum_pieces(c, partials, slots);
        const int number = static_cast<int>(blockIdx.x) * FINISH_SUMS + static_cast<int>(threadIdx.x);
        if (threadIdx.x < FINISH_SUMS) {
            sums[1 + number] = sum;
            if (number < c.pitch && beta_gradient) beta_gradient[number] = static_cast<float>(sum);
            if (number >= c.pitch && gamma_gradient) gamma_gradient[number - c.pitch] = static_cast<float>(sum);
            if (number == 0) sums[0] = static_cast<double>(count);
        }
    } else {
        const int64_t sample = static_cast<int64_t>(blockIdx.x - of_sums) * FINISH_THREADS + threadIdx.x;
        float squares = 0;
#pragma unroll 4
        for (int slab = 0; sample < c.batch && slab < c.slabs; slab++) squares += norms[slab * c.batch + sample];
        if (sample < c.batch) norm2[sample] += squares;
    }
}

template <bool RELU, int SKIP>
int launch(const Columns& c, const Gradients& of, double* partials, float* norms, void* stream) {
    return GS_LAUNCH((backward_sums_kernel<RELU, SKIP>), columns_grid(c), COLUMNS_THREADS, 0, stream, c, of, partials, norms);
}

int check(int64_t count, int64_t values, int activation, int gradient, const float* skip_gradient) {
    const char* const name = "batchnorm_backward_sums";
    if (activation != GS_CUDA_IDENTITY && activation != GS_CUDA_RELU)
        return refuse(name, "activation %d: only identity (0) and relu (1) are fused", activation);
    if (skip_gradient && gradient != GS_CUDA_STORE && gradient != GS_CUDA_ADD)
        return refuse(name, "gradient %d of skip is neither = nor +=", gradient);
    if (count != 0 && count < values)
        return refuse(name, "a count of %lld for %lld values", static_cast<long long>(count), static_cast<long long>(values));
    return GS_CUDA_OK;
}

}  // namespace
}  // namespace gradsieve

using namespace gradsieve;

extern "C" int64_t gs_cuda_batchnorm_workspace(int64_t batch, int64_t positions, int64_t pitch) {
    if (batch <= 0 || check_values("batchnorm_workspace", batch, positions, pitch, pitch) != GS_CUDA_OK) return 0;
    const Columns c = columns_of(batch, positions, pitch);
    return pieces_bytes(c) + (c.slabs > 1 ? static_cast<int64_t>(sizeof(float)) * c.slabs * batch : 0);
}

extern "C" int gs_cuda_batchnorm_backward_sums(int64_t batch, int64_t positions, int64_t channels, int64_t pitch, int64_t count,
                                               const float* input, const float* statistics, const float* output, int activation,
                                               const float* output_gradient, float* masked_gradient, int gradient,
                                               float* skip_gradient, void* workspace, double* sums, float* gamma_gradient,
                                               float* beta_gradient, float* norm2, void* stream) {
    const char* const name = "batchnorm_backward_sums";
    if (const int status = check_values(name, batch, positions, channels, pitch)) return status;
    const int64_t values = batch * positions;
    if (const int status = check(count, values, activation, gradient, skip_gradient)) return status;
    const bool relu = activation == GS_CUDA_RELU, add = gradient == GS_CUDA_ADD;
    if (!sums || (batch > 0 && (!input || !statistics || !output_gradient || !masked_gradient || !workspace || (relu && !output))))
        return refuse(name, "a buffer that it needs is NULL");
    const Columns c = columns_of(batch, positions, pitch);
    const bool unmasked = !relu && masked_gradient == output_gradient, apart = norm2 && c.slabs > 1;
    const Gradients of = {input, statistics, output, output_gradient, unmasked ? nullptr : masked_gradient, skip_gradient};
    double* const partials = static_cast<double*>(workspace);
    float* const norms = apart ? reinterpret_cast<float*>(partials + 2 * static_cast<int64_t>(c.pieces) * c.pitch) : norm2;
    const auto run = skip_gradient ? (add ? (relu ? launch<true, GS_CUDA_ADD> : launch<false, GS_CUDA_ADD>)
                                          : (relu ? launch<true, GS_CUDA_STORE> : launch<false, GS_CUDA_STORE>))
                                   : (relu ? launch<true, NO_SKIP> : launch<false, NO_SKIP>);
    if (batch > 0)
        if (const int status = run(c, of, partials, norms, stream)) return status;
    const int64_t blocks = 2 * pitch / FINISH_SUMS + (apart ? ceil_div<int64_t>(batch, FINISH_THREADS) : 0);
    return GS_LAUNCH(finish_kernel, static_cast<int>(blocks), FINISH_THREADS, 0, stream, c, count ? count : values, partials, norms,
                     sums, gamma_gradient, beta_gradient, norm2);
}
