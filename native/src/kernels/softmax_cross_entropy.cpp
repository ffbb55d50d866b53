/*
 * Loss, scores and first gradient of a classifier, one row of K logits z at a time, in double. With m = max z,
 * e_k = exp(z_k - m), y the label, "others" = every k but y:
 *     S' = sum of e over others,  S = S' + e_y,  p_k = e_k / S
 *     cross-entropy = log1p(S') if z_y = m, else log S + (m - z_y)
 *     loss = sample_weight * ((1 - eps) * cross-entropy + eps/K * sum_k (log S + m - z_k))      (label smoothing eps)
 *     el2n = sqrt(sum over others of e_k^2 + S'^2) / S,  margin = (S' + max over others of e_k) / S
 *     gradient_k = w * (p_k - eps/K) for others, gradient_y = w * (eps (1 - 1/K) - S'/S), w = plan_weight * sample_weight
 * Nothing is 1 - p_y: for a sure sample that would be noise, and sure samples are what the sieve ranks. A logit that is
 * not finite makes the loss NaN, also a -inf that softmax would hide. All outputs are "="; the record NORM2 is not touched.
 * Moves 4 bytes a logit, and 12 more where the gradient is asked for (e_k waits in it).
 */
#include "doubles.h"
#include "operations.h"

namespace gradsieve::GS_ISA {

/* What one pass over the e_k of a row finds. */
struct RowSums {
    double others, squares, largest_other, spread; /* spread: sum of m - z_k */
};

/* m and the first place of it. A NaN is passed over here; it comes back in e_k. */
static inline double largest(const float* logits, int64_t classes, int64_t* place) {
    float best = logits[0];
    int64_t at = 0;
    for (int64_t k = 1; k < classes; k++) {
        if (logits[k] > best) {
            best = logits[k];
            at = k;
        }
    }
    *place = at;
    return best;
}

/* One pass; writes e_k to `kept` unless that is NULL. */
static inline RowSums exponentials(const float* logits, int64_t classes, int64_t label, double most, float* kept) {
    Doubles sum = {}, squares = {}, top = {}, spread = {};
    for (int64_t k = 0; k < classes; k += DOUBLES) {
        const int64_t count = classes - k < DOUBLES ? classes - k : DOUBLES;
        Doubles below = (count == DOUBLES ? widen(logits + k) : widen_some(logits + k, count)) - most;
        Doubles e = exp_of_negative(below);
        for (int64_t j = count; j < DOUBLES; j++) {
            e[j] = 0;
            below[j] = 0;
        }
        if (kept) {
            const HalfFloats narrow = __builtin_convertvector(e, HalfFloats);
            __builtin_memcpy(kept + k, &narrow, (unsigned long)count * sizeof(float));
        }
        if (label >= k && label < k + DOUBLES) {
            e[label - k] = 0;
        }
        sum += e;
        squares += e * e;
        top = e > top ? e : top;
        spread -= below;
    }
    RowSums sums = {sum_of(sum), sum_of(squares), 0, sum_of(spread)};
    for (int j = 0; j < DOUBLES; j++) {
        sums.largest_other = top[j] > sums.largest_other ? top[j] : sums.largest_other;
    }
    return sums;
}

static inline double exp_of(double x) {
    return exp_of_negative(doubles(x))[0];
}

void softmax_cross_entropy(int64_t batch, int64_t classes, int64_t pitch, float label_smoothing, const float* logits,
                           const int32_t* labels, const float* plan_weights, const float* sample_weights,
                           float* gradient, float* probabilities, float* records, int64_t capacity) {
    const double smoothing = label_smoothing, share = smoothing / (double)classes;
    for (int64_t i = 0; i < batch; i++) {
        const float* z = logits + i * pitch;
        float* delta = gradient ? gradient + i * pitch : nullptr;
        float* p = probabilities ? probabilities + i * pitch : nullptr;
        const int64_t y = labels[i];
        int64_t predicted;
        const double most = largest(z, classes, &predicted);
        const double zy = z[y], ey = exp_of(zy - most);
        const RowSums row = exponentials(z, classes, y, most, delta ? delta : p);
        const double total = row.others + ey, inverse = 1 / total;

        double cross_entropy =
            zy == most ? __builtin_log1p(row.others) : __builtin_log(total) + (most - zy);
        if (!__builtin_isfinite(row.spread)) {
            cross_entropy = __builtin_nan("");
        }
        double loss = cross_entropy;
        if (smoothing > 0) {
            const double log_total = zy == most ? cross_entropy : __builtin_log(total);
            loss = (1 - smoothing) * cross_entropy + share * ((double)classes * log_total + row.spread);
        }
        float* record = records + i;
        record[GS_RECORD_LOSS * capacity] = (float)(sample_weights[i] * loss);
        record[GS_RECORD_CROSS_ENTROPY * capacity] = (float)cross_entropy;
        record[GS_RECORD_EL2N * capacity] =
            (float)(__builtin_sqrt(row.squares + row.others * row.others) * inverse);
        record[GS_RECORD_MARGIN * capacity] = (float)((row.others + row.largest_other) * inverse);
        record[GS_RECORD_CONFIDENCE * capacity] = (float)(ey * inverse);
        record[GS_RECORD_PREDICTED * capacity] = (float)predicted;

        if (p) {
            const float* e = delta ? delta : p;
            const float scale = (float)inverse;
            for (int64_t k = 0; k < classes; k++) {
                p[k] = e[k] * scale;
            }
            for (int64_t k = classes; k < pitch; k++) {
                p[k] = 0;
            }
        }
        if (delta) {
            const double weight = (double)plan_weights[i] * sample_weights[i];
            const float scale = (float)(weight * inverse), shift = (float)(weight * share);
            for (int64_t k = 0; k < classes; k++) {
                delta[k] = delta[k] * scale - shift;
            }
            delta[y] = (float)(weight * (smoothing - share - row.others * inverse));
            for (int64_t k = classes; k < pitch; k++) {
                delta[k] = 0;
            }
        }
    }
}

}  // namespace gradsieve::GS_ISA
