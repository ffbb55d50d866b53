/*
 * Loss, scores and first gradient of a classifier, a row of K logits z at a time, in double, by the CPU's formulas. With m = max z,
 * e_k = exp(z_k - m), y the label, "others" = every k but y:
 *     S' = sum of e over others,  S = S' + e_y,  p_k = e_k / S
 *     cross-entropy = log1p(S') if z_y = m, else log S + (m - z_y)
 *     loss = sample_weight * ((1 - eps) * cross-entropy + eps/K * sum_k (log S + m - z_k))      (label smoothing eps)
 *     el2n = sqrt(sum over others of e_k^2 + S'^2) / S,  margin = (S' + max over others of e_k) / S
 *     gradient_k = w * (p_k - eps/K) for others, gradient_y = w * (eps (1 - 1/K) - S'/S), w = plan_weight * sample_weight
 * Nothing is 1 - p_y: for a sure sample that would be noise. A logit that is not finite makes the loss NaN; a label outside 0..K-1
 * makes it and the gradient NaN. logits, gradient and probabilities [B][P], records as gs_cuda_record says, all "=". Moves 8 bytes
 * a logit and 40 a row; few rows, so that a launch is most of the time. A group of 8, 16 or 32 lanes takes a row of up to 128
 * classes, a block one of more.
 */
#include "values.h"

namespace gradsieve {
namespace {

constexpr int THREADS = 128, WIDE_THREADS = 256, WIDE_WARPS = WIDE_THREADS / 32;

/* The largest logit and its first place. */
struct Largest {
    float value;
    int place;
};

/* NaN is passed over here; it comes back in the sums. */
__device__ __forceinline__ void take(Largest& a, float value, int place) {
    if (value > a.value || (value == a.value && place < a.place)) a = {value, place};
}

/* What one pass over the e_k of a row finds; spread: sum of m - z_k. */
struct RowSums {
    double others, squares, top, spread;
};

__device__ __forceinline__ void take(RowSums& a, const RowSums& b) {
    a.others += b.others;
    a.squares += b.squares;
    a.top = b.top > a.top ? b.top : a.top;
    a.spread += b.spread;
}

/* Adds one logit; returns e_k. */
__device__ __forceinline__ double take(RowSums& sums, double below, bool label) {
    const double e = exp(below);
    sums.spread -= below;
    if (!label) take(sums, {e, e * e, e, 0});
    return e;
}

/* Over groups of LANES lanes; the same in all of them. */
template <int LANES>
__device__ __forceinline__ void reduce(Largest& a) {
#pragma unroll
    for (int distance = LANES / 2; distance > 0; distance /= 2) {
        const float value = __shfl_xor_sync(WHOLE_WARP, a.value, distance);
        const int place = __shfl_xor_sync(WHOLE_WARP, a.place, distance);
        take(a, value, place);
    }
}

template <int LANES>
__device__ __forceinline__ void reduce(RowSums& a) {
#pragma unroll
    for (int distance = LANES / 2; distance > 0; distance /= 2)
        take(a, {__shfl_xor_sync(WHOLE_WARP, a.others, distance), __shfl_xor_sync(WHOLE_WARP, a.squares, distance),
                 __shfl_xor_sync(WHOLE_WARP, a.top, distance), __shfl_xor_sync(WHOLE_WARP, a.spread, distance)});
}

/* No logit was larger than -infinity, or the first is NaN: then nothing is larger than the first. */
__device__ __forceinline__ Largest or_first(Largest a, float first) {
    return a.place == INT32_MAX || first != first ? Largest{first, 0} : a;
}

/* How e_k becomes p_k and the gradient. */
struct Scales {
    float probability, gradient, shift, at_label;
};

/* Of a row whose sums are known; `records` is the row's place in the first of them, NULL: not to be written. */
__device__ __forceinline__ Scales finish(const RowSums& sums, Largest largest, float label_logit, int classes, double smoothing,
                                         double plan_weight, double sample_weight, float* records, int64_t capacity) {
    const double most = static_cast<double>(largest.value), zy = static_cast<double>(label_logit), ey = exp(zy - most);
    const double total = sums.others + ey, inverse = 1 / total, share = smoothing / classes;
    const double log_total = zy == most ? log1p(sums.others) : log(total);
    const double cross_entropy = isfinite(sums.spread) ? log_total + (zy == most ? 0 : most - zy) : NAN;
    const double loss =
        smoothing > 0 ? (1 - smoothing) * cross_entropy + share * (classes * log_total + sums.spread) : cross_entropy;
    if (records) {
        records[GS_CUDA_RECORD_LOSS * capacity] = static_cast<float>(sample_weight * loss);
        records[GS_CUDA_RECORD_CROSS_ENTROPY * capacity] = static_cast<float>(cross_entropy);
        records[GS_CUDA_RECORD_EL2N * capacity] =
            static_cast<float>(sqrt(sums.squares + sums.others * sums.others) * inverse);
        records[GS_CUDA_RECORD_MARGIN * capacity] = static_cast<float>((sums.others + sums.top) * inverse);
        records[GS_CUDA_RECORD_CONFIDENCE * capacity] = static_cast<float>(ey * inverse);
        records[GS_CUDA_RECORD_PREDICTED * capacity] = static_cast<float>(largest.place);
        records[GS_CUDA_RECORD_NORM2 * capacity] = 0;
    }
    const double weight = plan_weight * sample_weight;
    return {static_cast<float>(inverse), static_cast<float>(weight * inverse), static_cast<float>(weight * share),
            static_cast<float>(weight * (smoothing - share - sums.others * inverse))};
}

/* Element k of a row; e is e_k. */
__device__ __forceinline__ void store(const Scales& scales, float e, bool label, float* gradient, float* probability) {
    if (gradient) *gradient = label ? scales.at_label : fmaf(e, scales.gradient, -scales.shift);
    if (probability) *probability = e * scales.probability;
}

/* A group of LANES lanes takes a row of at most LANES * EACH classes, whose e_k stay in registers. */
template <int LANES, int EACH>
__global__ void __launch_bounds__(THREADS)
    softmax_kernel(int64_t batch, int classes, int pitch, double smoothing, const float* __restrict__ logits,
                   const int32_t* __restrict__ labels, const float* __restrict__ plan_weights,
                   const float* __restrict__ sample_weights, float* __restrict__ gradient, float* __restrict__ probabilities,
                   float* __restrict__ records, int64_t capacity) {
    const int64_t own = static_cast<int64_t>(blockIdx.x) * (THREADS / LANES) + threadIdx.x / LANES;
    const int64_t row = own < batch ? own : batch - 1; /* whole warps go on; what is beyond is not stored */
    const int lane = static_cast<int>(threadIdx.x) % LANES, label = labels[row];
    const float* const z = logits + row * pitch;
    const float first = z[0], label_logit = label >= 0 && label < classes ? z[label] : NAN;
    const double plan_weight = static_cast<double>(plan_weights[row]), sample_weight = static_cast<double>(sample_weights[row]);
    float kept[EACH];
    Largest largest = {-INFINITY, INT32_MAX};
#pragma unroll
    for (int j = 0; j < EACH; j++) {
        const int k = lane + j * LANES;
        kept[j] = k < classes ? z[k] : 0;
        if (k < classes && kept[j] > -INFINITY) take(largest, kept[j], k);
    }
    reduce<LANES>(largest);
    largest = or_first(largest, first);
    RowSums sums = {0, 0, 0, 0};
#pragma unroll
    for (int j = 0; j < EACH; j++) {
        const int k = lane + j * LANES;
        if (k >= classes) continue;
        const double below = static_cast<double>(kept[j]) - static_cast<double>(largest.value);
        kept[j] = static_cast<float>(take(sums, below, k == label));
    }
    reduce<LANES>(sums);
    const bool real = own < batch;
    const Scales scales = finish(sums, largest, label_logit, classes, smoothing, plan_weight, sample_weight,
                                 real && lane == 0 ? records + row : nullptr, capacity);
    if (!real) return;
    float* const delta = gradient ? gradient + row * pitch : nullptr;
    float* const p = probabilities ? probabilities + row * pitch : nullptr;
#pragma unroll
    for (int j = 0; j < EACH; j++) {
        const int k = lane + j * LANES;
        if (k < classes) store(scales, kept[j], k == label, delta ? delta + k : nullptr, p ? p + k : nullptr);
    }
    for (int k = classes + lane; k < pitch; k += LANES) {
        if (delta) delta[k] = 0;
        if (p) p[k] = 0;
    }
}

/* A block takes a row; e_k are computed twice rather than kept. */
__global__ void __launch_bounds__(WIDE_THREADS)
    wide_softmax_kernel(int classes, int pitch, double smoothing, const float* __restrict__ logits,
                        const int32_t* __restrict__ labels, const float* __restrict__ plan_weights,
                        const float* __restrict__ sample_weights, float* __restrict__ gradient, float* __restrict__ probabilities,
                        float* __restrict__ records, int64_t capacity) {
    GS_SHARED(Largest, largest_of, WIDE_WARPS);
    GS_SHARED(RowSums, sums_of, WIDE_WARPS);
    const int64_t row = blockIdx.x;
    const int thread = static_cast<int>(threadIdx.x), label = labels[row];
    const float* const z = logits + row * pitch;
    const float first = z[0], label_logit = label >= 0 && label < classes ? z[label] : NAN;
    Largest largest = {-INFINITY, INT32_MAX};
    for (int k = thread; k < classes; k += WIDE_THREADS)
        if (z[k] > -INFINITY) take(largest, z[k], k);
    reduce<32>(largest);
    if (thread % 32 == 0) largest_of[thread / 32] = largest;
    __syncthreads();
    for (int warp = 0; warp < WIDE_WARPS; warp++) take(largest, largest_of[warp].value, largest_of[warp].place);
    largest = or_first(largest, first);
    const double most = static_cast<double>(largest.value);
    RowSums sums = {0, 0, 0, 0};
#pragma unroll 1
    for (int k = thread; k < classes; k += WIDE_THREADS) take(sums, static_cast<double>(z[k]) - most, k == label);
    reduce<32>(sums);
    if (thread % 32 == 0) sums_of[thread / 32] = sums;
    __syncthreads();
    sums = sums_of[0];
#pragma unroll 1
    for (int warp = 1; warp < WIDE_WARPS; warp++) take(sums, sums_of[warp]);
    const Scales scales =
        finish(sums, largest, label_logit, classes, smoothing, static_cast<double>(plan_weights[row]),
               static_cast<double>(sample_weights[row]), thread == 0 ? records + row : nullptr, capacity);
    float* const delta = gradient ? gradient + row * pitch : nullptr;
    float* const p = probabilities ? probabilities + row * pitch : nullptr;
    if (!delta && !p) return;
#pragma unroll 1
    for (int k = thread; k < classes; k += WIDE_THREADS)
        store(scales, static_cast<float>(exp(static_cast<double>(z[k]) - most)), k == label, delta ? delta + k : nullptr,
              p ? p + k : nullptr);
    for (int k = classes + thread; k < pitch; k += WIDE_THREADS) {
        if (delta) delta[k] = 0;
        if (p) p[k] = 0;
    }
}

template <int LANES, int EACH>
int launch(int64_t batch, int classes, int pitch, double smoothing, const float* logits, const int32_t* labels,
           const float* plan_weights, const float* sample_weights, float* gradient, float* probabilities, float* records,
           int64_t capacity, void* stream) {
    const int grid = static_cast<int>(ceil_div<int64_t>(batch, THREADS / LANES));
    return GS_LAUNCH((softmax_kernel<LANES, EACH>), grid, THREADS, 0, stream, batch, classes, pitch, smoothing, logits, labels,
                     plan_weights, sample_weights, gradient, probabilities, records, capacity);
}

}  // namespace
}  // namespace gradsieve

using namespace gradsieve;

extern "C" int gs_cuda_softmax_cross_entropy(int64_t batch, int64_t classes, int64_t pitch, float label_smoothing,
                                             const float* logits, const int32_t* labels, const float* plan_weights,
                                             const float* sample_weights, float* gradient, float* probabilities, float* records,
                                             int64_t capacity, void* stream) {
    const char* const name = "softmax_cross_entropy";
    if (const int status = check_values(name, batch, 1, classes, pitch)) return status;
    if (!(label_smoothing >= 0 && label_smoothing <= 1))
        return refuse(name, "label smoothing %g is not in [0, 1]", static_cast<double>(label_smoothing));
    if (capacity < batch || capacity > INT64_MAX / GS_CUDA_RECORDS)
        return refuse(name, "records for %lld samples, batch %lld", static_cast<long long>(capacity),
                      static_cast<long long>(batch));
    if (batch == 0) return GS_CUDA_OK;
    if (!logits || !labels || !plan_weights || !sample_weights || !records)
        return refuse(name, "a buffer that it needs is NULL");
    const int k = static_cast<int>(classes), p = static_cast<int>(pitch);
    const double smoothing = static_cast<double>(label_smoothing);
    if (k > 128)
        return GS_LAUNCH(wide_softmax_kernel, static_cast<int>(batch), WIDE_THREADS, 0, stream, k, p, smoothing, logits, labels,
                         plan_weights, sample_weights, gradient, probabilities, records, capacity);
    const auto run = k <= 8 ? launch<8, 1> : k <= 16 ? launch<16, 1> : k <= 32 ? launch<32, 1> : launch<32, 4>;
    return run(batch, k, p, smoothing, logits, labels, plan_weights, sample_weights, gradient, probabilities, records, capacity,
               stream);
}
