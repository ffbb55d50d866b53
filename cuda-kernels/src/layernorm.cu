/*
 * Layer norm of PyTorch's last axis, over all features of a sample: x [B][T][P] with C of P lanes in use, n = T * C, gamma [T][P].
 * (spatial = 1, over W: layernorm_spatial.cu.)
 *   forward  y = (x - mean) * inv * gamma + beta "="; saved [B][2] "=": mean, 1 / sqrt(variance + eps). 8 bytes a float
 *   backward gamma_gradient and beta_gradient "=" sum over the batch of g * x_hat and of g; norm2 "+=" the squares of each sample's
 *            own; input_gradient (NULL: none) by its mode = inv * (gamma g - S0 - x_hat S1), S the mean over the sample of gamma g
 *            and of gamma g x_hat. 12 bytes a float, and once more 8 for the sums over the batch, from L2 where it is small
 * A warp has a sample of up to 1,024 floats, a block a larger one, and reads it again from L1: 2 us a million forward and 5 us
 * backward on 4,200 GB/s.
 */
#include "layernorm.h"
#include "norms.h"

namespace gradsieve {
namespace {

constexpr int THREADS = 256, WARPS = THREADS / 32, EACH = 4; /* words of 16 bytes in flight */
constexpr int64_t OF_A_WARP = 1024;                          /* floats */

struct Features {
    int64_t batch, words; /* of 4 floats, of a sample */
    int quads, channels;  /* of a position; lanes in use */
    bool dense;           /* all lanes are in use */
    float share;          /* 1 / n */
};

Features features_of(const LayerNorm& n) {
    const int64_t positions = static_cast<int64_t>(n.height) * n.width;
    return {n.batch, positions * (n.pitch / 4), n.pitch / 4, n.channels, n.channels == n.pitch,
            static_cast<float>(1 / (static_cast<double>(positions) * n.channels))};
}

/* How many lanes of the sample's word are in use. */
__device__ __forceinline__ int used_lanes(const Features& n, int64_t word) {
    const int left = n.channels - 4 * static_cast<int>(word % n.quads);
    return n.dense || left > 4 ? 4 : left < 0 ? 0 : left;
}

/* The sum over the threads of a sample; all threads of the block call it. */
template <int TEAM>
__device__ __forceinline__ float team_sum(float value, float* slots) {
    if (TEAM == 1) return warp_sum(value);
    const float sum = block_sum<WARPS>(value, slots);
    __syncthreads();
    return sum;
}

/* Of a thread: its sample (that of its warp, or of its block), its place in it and the next one's distance. */
template <int TEAM>
struct Team {
    int64_t sample;
    int thread, threads;

    __device__ __forceinline__ Team()
        : sample(TEAM == 1 ? static_cast<int64_t>(blockIdx.x) * WARPS + threadIdx.x / 32 : static_cast<int64_t>(blockIdx.x)),
          thread(static_cast<int>(TEAM == 1 ? threadIdx.x % 32 : threadIdx.x)),
          threads(32 * TEAM) {}
};

template <int TEAM> /* warps of a sample */
__global__ void __launch_bounds__(THREADS)
    forward_kernel(Features n, float eps, const float* __restrict__ input, const float* __restrict__ gamma,
                   const float* __restrict__ beta, float* __restrict__ output, float* __restrict__ saved) {
    GS_SHARED(float, slots, WARPS);
    const Team<TEAM> team;
    const int64_t words = team.sample < n.batch ? n.words : 0;
    const float* const x = input + team.sample * n.words * 4;
    float sum = 0, squares = 0;
    for (int64_t word = team.thread; word < words; word += EACH * team.threads) {
        Quad values[EACH];
#pragma unroll
        for (int k = 0; k < EACH; k++)
            values[k] = word + k * team.threads < words ? load_quad(x + 4 * (word + k * team.threads)) : Quad{};
#pragma unroll
        for (int k = 0; k < EACH; k++) sum += (values[k].at[0] + values[k].at[1]) + (values[k].at[2] + values[k].at[3]);
    }
    const float mean = team_sum<TEAM>(sum, slots) * n.share;
    for (int64_t word = team.thread; word < words; word += team.threads) {
        const Quad value = load_quad(x + 4 * word);
        const int used = used_lanes(n, word);
#pragma unroll
        for (int j = 0; j < 4; j++) {
            const float d = j < used ? value.at[j] - mean : 0;
            squares = fmaf(d, d, squares);
        }
    }
    const float inverse = 1 / sqrtf(team_sum<TEAM>(squares, slots) * n.share + eps);
    if (words > 0 && team.thread == 0) {
        saved[2 * team.sample] = mean;
        saved[2 * team.sample + 1] = inverse;
    }
    float* const y = output + team.sample * n.words * 4;
    for (int64_t word = team.thread; word < words; word += team.threads) {
        const Quad scale = load_quad(gamma + 4 * word), shift = load_quad(beta + 4 * word);
        const int used = used_lanes(n, word);
        Quad value = load_quad(x + 4 * word);
#pragma unroll
        for (int j = 0; j < 4; j++)
            value.at[j] = j < used ? fmaf((value.at[j] - mean) * inverse, scale.at[j], shift.at[j]) : 0;
        store_quad(y + 4 * word, value);
    }
}

/* norm2 and the gradient of the input. */
template <int TEAM>
__global__ void __launch_bounds__(THREADS) backward_kernel(Features n, LayerNormGradients of) {
    GS_SHARED(float, slots, WARPS);
    const Team<TEAM> team;
    const bool there = team.sample < n.batch;
    const int64_t words = there ? n.words : 0, from = team.sample * n.words * 4;
    const float mean = there ? of.saved[2 * team.sample] : 0, inverse = there ? of.saved[2 * team.sample + 1] : 0;
    float sum0 = 0, sum1 = 0, squares = 0;
#pragma unroll 2
    for (int64_t word = team.thread; word < words; word += team.threads) {
        const Quad x = load_quad(of.input + from + 4 * word), g = load_quad(of.output_gradient + from + 4 * word);
        const Quad gamma = load_quad(of.gamma + 4 * word);
#pragma unroll
        for (int j = 0; j < 4; j++) { /* g is 0 in lanes that are not in use */
            const float product = g.at[j] * ((x.at[j] - mean) * inverse);
            sum0 = fmaf(gamma.at[j], g.at[j], sum0);
            sum1 = fmaf(gamma.at[j], product, sum1);
            squares = fmaf(g.at[j], g.at[j], fmaf(product, product, squares));
        }
    }
    const float mean0 = team_sum<TEAM>(sum0, slots) * n.share, mean1 = team_sum<TEAM>(sum1, slots) * n.share;
    squares = team_sum<TEAM>(squares, slots);
    if (of.norm2 && there && team.thread == 0) of.norm2[team.sample] += squares;
    if (!of.input_gradient) return;
#pragma unroll 2
    for (int64_t word = team.thread; word < words; word += team.threads) {
        const int64_t at = from + 4 * word;
        const Quad x = load_quad(of.input + at), g = load_quad(of.output_gradient + at), gamma = load_quad(of.gamma + 4 * word);
        Quad dx = of.add ? load_quad(of.input_gradient + at) : Quad{};
        const int used = used_lanes(n, word);
#pragma unroll
        for (int j = 0; j < 4; j++) {
            const float x_hat = (x.at[j] - mean) * inverse;
            dx.at[j] += j < used ? inverse * (fmaf(gamma.at[j], g.at[j], -mean0) - x_hat * mean1) : 0;
        }
        store_quad(of.input_gradient + at, dx);
    }
}

/* Sums over the batch: a block has SLAB words side by side and LINES samples at a time of its piece. */
constexpr int SLAB = 32, LINES = THREADS / SLAB;

__global__ void __launch_bounds__(THREADS) parameters_kernel(Features n, int64_t samples, LayerNormGradients of) {
    GS_SHARED(float, rows, 2 * 4 * THREADS);
    const int thread = static_cast<int>(threadIdx.x), line = thread / SLAB;
    const int64_t word = static_cast<int64_t>(blockIdx.x) * SLAB + thread % SLAB;
    const int64_t first = static_cast<int64_t>(blockIdx.y) * samples, end = first + samples < n.batch ? first + samples : n.batch;
    Quad sum0 = {}, sum1 = {};
    for (int64_t sample = first + line; word < n.words && sample < end; sample += EACH * LINES) {
        Quad x[EACH], g[EACH];
        float mean[EACH], inverse[EACH];
#pragma unroll
        for (int k = 0; k < EACH; k++) {
            const int64_t i = sample + k * LINES < end ? sample + k * LINES : sample, at = 4 * (i * n.words + word);
            x[k] = load_quad(of.input + at);
            g[k] = sample + k * LINES < end ? load_quad(of.output_gradient + at) : Quad{};
            mean[k] = of.saved[2 * i];
            inverse[k] = of.saved[2 * i + 1];
        }
#pragma unroll
        for (int k = 0; k < EACH; k++) {
#pragma unroll
            for (int j = 0; j < 4; j++) {
                sum0.at[j] += g[k].at[j];
                sum1.at[j] = fmaf(g[k].at[j], (x[k].at[j] - mean[k]) * inverse[k], sum1.at[j]);
            }
        }
    }
    store_quad(rows + 4 * thread, sum1);
    store_quad(rows + 4 * (THREADS + thread), sum0);
    __syncthreads();
    if (thread >= 2 * SLAB || word >= n.words) return;
    const int which = thread / SLAB; /* 0: gamma's */
    Quad sum = load_quad(rows + 4 * (which * THREADS + thread % SLAB));
    for (int other = 1; other < LINES; other++) {
        const Quad more = load_quad(rows + 4 * (which * THREADS + other * SLAB + thread % SLAB));
#pragma unroll
        for (int j = 0; j < 4; j++) sum.at[j] += more.at[j];
    }
    store_quad(of.partials + 4 * ((which * static_cast<int64_t>(gridDim.y) + blockIdx.y) * n.words + word), sum);
}

int check(const char* name, int64_t batch, int64_t height, int64_t width, int64_t channels, int64_t pitch, int spatial) {
    if (spatial != 0 && spatial != 1) return refuse(name, "spatial %d is neither 0 nor 1", spatial);
    const int64_t most = INT32_MAX;
    if (height <= 0 || width <= 0 || height > most || width > most)
        return refuse(name, "%lld x %lld positions", static_cast<long long>(height), static_cast<long long>(width));
    return check_values(name, batch, height * width, channels, pitch);
}

int forward(const LayerNorm& n, float eps, const float* input, const float* gamma, const float* beta, float* output, float* saved,
            void* stream) {
    const Features of = features_of(n);
    if (4 * of.words <= OF_A_WARP)
        return GS_LAUNCH((forward_kernel<1>), static_cast<int>(ceil_div<int64_t>(n.batch, WARPS)), THREADS, 0, stream, of, eps,
                         input, gamma, beta, output, saved);
    return GS_LAUNCH((forward_kernel<WARPS>), static_cast<int>(n.batch), THREADS, 0, stream, of, eps, input, gamma, beta, output,
                     saved);
}

int backward(const LayerNorm& n, int64_t pieces, int64_t samples, const LayerNormGradients& gradients, void* stream) {
    const Features of = features_of(n);
    const int64_t slabs = ceil_div<int64_t>(of.words, SLAB), blocks = ceil_div<int64_t>(n.batch, WARPS);
    const int status =
        4 * of.words <= OF_A_WARP
            ? GS_LAUNCH((backward_kernel<1>), static_cast<int>(blocks), THREADS, 0, stream, of, gradients)
            : GS_LAUNCH((backward_kernel<WARPS>), static_cast<int>(n.batch), THREADS, 0, stream, of, gradients);
    if (status != GS_CUDA_OK) return status;
    return GS_LAUNCH(parameters_kernel, dim3(static_cast<unsigned>(slabs), static_cast<unsigned>(pieces)), THREADS, 0, stream, of,
                     samples, gradients);
}

}  // namespace
}  // namespace gradsieve

using namespace gradsieve;

extern "C" int gs_cuda_layernorm_forward(int64_t batch, int64_t height, int64_t width, int64_t channels, int64_t pitch, int spatial,
                                         float eps, const float* input, const float* gamma, const float* beta, float* output,
                                         float* saved, void* stream) {
    const char* const name = "layernorm_forward";
    if (const int status = check(name, batch, height, width, channels, pitch, spatial)) return status;
    if (const int status = check_norm(name, eps)) return status;
    if (batch == 0) return GS_CUDA_OK;
    if (!input || !gamma || !beta || !output || !saved) return refuse(name, "a buffer that it needs is NULL");
    const LayerNorm n = {batch, static_cast<int>(height), static_cast<int>(width), static_cast<int>(channels),
                         static_cast<int>(pitch)};
    return (spatial ? layernorm_spatial_forward : forward)(n, eps, input, gamma, beta, output, saved, stream);
}

extern "C" int gs_cuda_layernorm_backward(int64_t batch, int64_t height, int64_t width, int64_t channels, int64_t pitch,
                                          int spatial, const float* input, const float* gamma, const float* saved,
                                          const float* output_gradient, int gradient, float* input_gradient, void* workspace,
                                          float* gamma_gradient, float* beta_gradient, float* norm2, void* stream) {
    const char* const name = "layernorm_backward";
    if (const int status = check(name, batch, height, width, channels, pitch, spatial)) return status;
    if (const int status = check_gradient(name, gradient, input_gradient)) return status;
    if (!gamma_gradient || !beta_gradient || (batch > 0 && (!input || !gamma || !saved || !output_gradient || !workspace)))
        return refuse(name, "a buffer that it needs is NULL");
    const LayerNorm n = {batch, static_cast<int>(height), static_cast<int>(width), static_cast<int>(channels),
                         static_cast<int>(pitch)};
    const int64_t parameters = spatial ? round_up<int64_t>(width, 4) : height * width * pitch;
    /* Several samples a thread, where a thread has one feature of all samples of its piece. */
    const int64_t room = norm_pieces(batch, parameters), wanted = ceil_div<int64_t>(batch, EACH * LINES);
    const int64_t most = spatial || room < wanted ? room : wanted, samples = batch > 0 ? ceil_div(batch, most) : 1;
    const int64_t pieces = ceil_div(batch, samples);
    float* const partials = static_cast<float*>(workspace);
    if (batch > 0) {
        const LayerNormGradients of = {input, gamma, saved, output_gradient, input_gradient, partials, norm2,
                                       gradient == GS_CUDA_ADD};
        const int status = (spatial ? layernorm_spatial_backward : backward)(n, pieces, samples, of, stream);
        if (status != GS_CUDA_OK) return status;
    }
    return sum_norm_pieces(parameters, pieces, partials, gamma_gradient, beta_gradient, stream);
}
