/* softmax_cross_entropy: loss, records, gradient. Sure samples are held to a relative error: they are what the sieve ranks. */
#include "shapes.h"

#include <math.h>

#include <algorithm>

namespace cases {

struct Classifier {
    int64_t batch, classes, pitch;
    float smoothing;
    double scale; /* of the logits */

    std::string name() const {
        return text("%lldx%lld/%lld smoothing %g logits %g", (long long)batch, (long long)classes, (long long)pitch,
                    (double)smoothing, scale);
    }
};

/* One row, in long double, from logits as they are. */
struct Row {
    long double loss, cross_entropy, el2n, margin, confidence;
    int64_t predicted;
    std::vector<long double> p, delta; /* delta without weights */
};

static Row row_of(const float* z, int64_t classes, int64_t y, float smoothing) {
    Row row = {};
    row.predicted = std::max_element(z, z + classes) - z;
    const long double top = z[row.predicted], eps = smoothing, k = classes;
    long double others = 0, squares = 0, largest = 0, total = 0;
    for (int64_t j = 0; j < classes; j++) {
        const long double e = expl(z[j] - top);
        row.p.push_back(e);
        total += e;
        if (j == y) continue;
        others += e;
        squares += e * e;
        largest = std::max(largest, e);
    }
    const long double log_total = log1pl(total - 1), at_y = top - z[y];
    row.cross_entropy = z[y] == top ? log1pl(others) : log_total + at_y;
    long double spread = 0;
    for (int64_t j = 0; j < classes; j++) spread += (z[y] == top ? row.cross_entropy : log_total) + top - z[j];
    row.loss = (1 - eps) * row.cross_entropy + eps / k * spread;
    row.el2n = sqrtl(squares + others * others) / total;
    row.margin = (others + largest) / total;
    for (int64_t j = 0; j < classes; j++) {
        row.p[static_cast<size_t>(j)] /= total;
        row.delta.push_back(j == y ? eps * (1 - 1 / k) - others / total : row.p[static_cast<size_t>(j)] - eps / k);
    }
    row.confidence = row.p[static_cast<size_t>(y)];
    return row;
}

struct Buffers {
    Buffer<float> logits, plan, sample, gradient, probabilities, records;
    Buffer<int32_t> labels;
    int64_t capacity;
};

static Buffers buffers(Run& run, const Classifier& c) {
    Buffers b = {run.rows("logits", c.batch, c.classes, c.pitch, c.scale), run.random("plan_weights", c.batch),
                 run.random("sample_weights", c.batch), run.unwritten("gradient", c.batch * c.pitch),
                 run.unwritten("probabilities", c.batch * c.pitch), run.unwritten("records", GS_RECORDS * (c.batch + 3)),
                 run.ints("labels", c.batch), c.batch + 3};
    for (size_t i = 0; i < static_cast<size_t>(c.batch); i++) {
        b.plan[i] = static_cast<float>(0.5 + 3 * run.uniform());
        b.sample[i] = static_cast<float>(0.5 + run.uniform());
        b.labels[i] = static_cast<int32_t>(run.below(c.classes));
    }
    return b;
}

static int call(const Classifier& c, Buffers& b, bool gradient, bool probabilities) {
    return gs_softmax_cross_entropy(c.batch, c.classes, c.pitch, c.smoothing, b.logits.data, b.labels.data, b.plan.data,
                                    b.sample.data, gradient ? b.gradient.data : nullptr,
                                    probabilities ? b.probabilities.data : nullptr, b.records.data, b.capacity);
}

/* |got - wanted| <= relative * |wanted| + absolute */
static void expect_near(Run& run, const std::string& what, double got, long double wanted, double relative, double absolute = 1e-44) {
    const bool near = fabsl(got - wanted) <= relative * fabsl(wanted) + absolute;
    run.expect(near, text("%s is %.9g instead of %.9Lg", what.c_str(), got, wanted));
}

static void check(Run& run, const Classifier& c, const Buffers& b, bool gradient, bool probabilities) {
    /* exp of a difference of floats in double, then one rounding to float; smoothing subtracts eps/K from p. */
    const double relative = 1.5e-7, rounding = c.smoothing > 0 ? 2e-7 * c.smoothing : 1e-44;
    for (int64_t i = 0; i < c.batch; i++) {
        const size_t s = static_cast<size_t>(i);
        const Row row = row_of(b.logits.data + i * c.pitch, c.classes, b.labels[s], c.smoothing);
        const auto record = [&](int which) { return static_cast<double>(b.records[static_cast<size_t>(which * b.capacity + i)]); };
        const std::string at = text("[%lld]", (long long)i);
        expect_near(run, "loss" + at, record(GS_RECORD_LOSS), b.sample[s] * row.loss, relative);
        expect_near(run, "cross_entropy" + at, record(GS_RECORD_CROSS_ENTROPY), row.cross_entropy, relative);
        expect_near(run, "el2n" + at, record(GS_RECORD_EL2N), row.el2n, relative);
        expect_near(run, "margin" + at, record(GS_RECORD_MARGIN), row.margin, relative);
        expect_near(run, "confidence" + at, record(GS_RECORD_CONFIDENCE), row.confidence, relative);
        run.expect(record(GS_RECORD_PREDICTED) == static_cast<double>(row.predicted), "predicted" + at + " is wrong");
        const long double weight = static_cast<long double>(b.plan[s]) * b.sample[s];
        for (int64_t k = 0; k < c.pitch; k++) {
            const size_t j = static_cast<size_t>(i * c.pitch + k);
            const bool used = k < c.classes;
            const std::string place = text("[%lld][%lld]", (long long)i, (long long)k);
            if (gradient)
                expect_near(run, "gradient" + place, b.gradient[j], used ? weight * row.delta[static_cast<size_t>(k)] : 0, 3e-7,
                            rounding * static_cast<double>(weight));
            if (probabilities) expect_near(run, "probabilities" + place, b.probabilities[j], used ? row.p[static_cast<size_t>(k)] : 0, 3e-7);
        }
    }
}

static Case ordinary_case(const Classifier& c, bool gradient, bool probabilities, bool timed) {
    Case result = {"softmax_cross_entropy", c.name() + (gradient ? "" : " forward only") + (probabilities ? " probabilities" : ""),
                   /* subtract the largest, exp, add up; divide; square and add up for el2n; subtract, weigh for the gradient */
                   (gradient ? 8.0 : 6.0) * static_cast<double>(c.batch * c.classes),
                   4.0 * static_cast<double>(c.batch * (c.pitch * (1 + gradient + probabilities) + 3 + GS_RECORDS)), c.batch, timed, nullptr};
    result.body = [=](Run& run) {
        Buffers b = buffers(run, c);
        run.call([&] { return call(c, b, gradient, probabilities); });
        if (!run.timing()) check(run, c, b, gradient, probabilities);
    };
    return result;
}

/* p_y = 1 - 1e-12 and surer: loss, el2n, margin and delta are about (K - 1) e^-distance, and every digit counts. */
static Case sure_case(int64_t classes, float distance, float smoothing) {
    const Classifier c = {3, classes, classes + 1, smoothing, 1};
    Case result = {"softmax_cross_entropy", c.name() + text(" sure by %g", (double)distance), 0, 0, 1, false, nullptr};
    result.body = [=](Run& run) {
        Buffers b = buffers(run, c);
        for (int64_t i = 0; i < c.batch; i++)
            b.logits[static_cast<size_t>(i * c.pitch + b.labels[static_cast<size_t>(i)])] += distance;
        run.call([&] { return call(c, b, true, true); });
        check(run, c, b, true, true);
        for (size_t i = 0; smoothing == 0 && i < 3; i++) run.expect(b.records[i] > 0, "a loss above 0 became 0");
    };
    return result;
}

/* As sure the other way round: the wrong class by far. */
static Case wrong_case() {
    const Classifier c = {3, 10, 16, 0, 1};
    Case result = {"softmax_cross_entropy", "wrong by 90 and by 1e30", 0, 0, 1, false, nullptr};
    result.body = [=](Run& run) {
        Buffers b = buffers(run, c);
        for (int64_t i = 0; i < c.batch; i++)
            b.logits[static_cast<size_t>(i * c.pitch + (b.labels[static_cast<size_t>(i)] + 1) % c.classes)] += i == 2 ? 1e30f : 90;
        run.call([&] { return call(c, b, true, false); });
        check(run, c, b, true, false);
    };
    return result;
}

static Case one_class_case() {
    const Classifier c = {4, 1, 3, 0.1f, 5};
    Case result = {"softmax_cross_entropy", "a single class has nothing to learn", 0, 0, 1, false, nullptr};
    result.body = [=](Run& run) {
        Buffers b = buffers(run, c);
        run.call([&] { return call(c, b, true, true); });
        for (size_t i = 0; i < 4; i++)
            for (int record : {GS_RECORD_LOSS, GS_RECORD_CROSS_ENTROPY, GS_RECORD_EL2N, GS_RECORD_MARGIN, GS_RECORD_PREDICTED})
                run.expect(b.records[static_cast<size_t>(record) * 7 + i] == 0, "a record is not 0");
        for (size_t j = 0; j < 12; j++) run.expect(b.gradient[j] == 0, "a gradient is not 0");
        for (size_t j = 0; j < 12; j++) run.expect(b.probabilities[j] == (j % 3 == 0 ? 1 : 0), "a probability is not 1");
    };
    return result;
}

static Case not_finite_case(float value, bool at_label) {
    const Classifier c = {3, 10, 16, 0, 2};
    Case result = {"softmax_cross_entropy", text("a logit of %g at %s label shows in the loss", (double)value, at_label ? "the" : "another"),
                   0, 0, 1, false, nullptr};
    result.body = [=](Run& run) {
        Buffers b = buffers(run, c);
        b.logits[static_cast<size_t>(c.pitch + (b.labels[1] + (at_label ? 0 : 3)) % c.classes)] = value;
        run.call([&] { return call(c, b, true, false); });
        const float* loss = b.records.data + GS_RECORD_LOSS * b.capacity;
        run.expect(isfinite(loss[0]) && !isfinite(loss[1]) && isfinite(loss[2]), text("losses %g %g %g", loss[0], loss[1], loss[2]));
    };
    return result;
}

/* The first of equals is the prediction, and a tie at the label is not "right by far". */
static Case ties_case() {
    const Classifier c = {2, 5, 16, 0, 1};
    Case result = {"softmax_cross_entropy", "ties", 0, 0, 1, false, nullptr};
    result.body = [=](Run& run) {
        Buffers b = buffers(run, c);
        for (size_t j = 0; j < 5; j++) b.logits[j] = b.logits[16 + j] = j == 0 ? 1 : 2;
        run.call([&] { return call(c, b, true, true); });
        check(run, c, b, true, true);
        run.expect(b.records[GS_RECORD_PREDICTED * 5] == 1, "predicted is not the first of equals");
    };
    return result;
}

#ifdef GS_CASES_CUDA
/* Labels are on the device, where nothing is refused. */
static Case labels_case() {
    Case result = {"softmax_cross_entropy", "a label outside 0..K-1 makes its loss NaN", 0, 0, 1, false, nullptr};
    result.body = [](Run& run) {
        for (int64_t classes : {10, 100, 300}) {
            const Classifier c = {6, classes, classes + 4, 0.1f, 1};
            Buffers b = buffers(run, c);
            const int32_t bad[] = {-1, static_cast<int32_t>(classes), INT32_MAX, INT32_MIN};
            for (size_t i = 0; i < 4; i++) b.labels[i + 1] = bad[i];
            run.call([&] { return call(c, b, true, true); });
            for (size_t i = 0; i < 6; i++) {
                run.expect(isnan(b.records[i]) == (i > 0 && i < 5), text("the loss of label %d is %g", b.labels[i], b.records[i]));
                run.expect(b.records[static_cast<size_t>(GS_RECORD_NORM2 * b.capacity) + i] == 0, "the record of norms is not 0");
            }
        }
    };
    return result;
}
#else
static Case labels_case() {
    Case result = {"softmax_cross_entropy", "refuses labels outside 0..K-1", 0, 0, 1, false, nullptr};
    result.body = [](Run& run) {
        const Classifier c = {2, 10, 16, 0, 1};
        Buffers b = buffers(run, c);
        for (int32_t bad : {-1, 10, INT32_MAX, INT32_MIN}) {
            b.labels[1] = bad;
            run.refuses(GS_INVALID_ARGUMENT, [&] { return call(c, b, true, true); });
        }
    };
    return result;
}
#endif

static Case refusals_case() {
    Case result = {"softmax_cross_entropy", "refuses shapes and smoothing that are none", 0, 0, 1, false, nullptr};
    result.body = [](Run& run) {
        const Classifier c = {2, 10, 16, 0, 1};
        Buffers b = buffers(run, c);
        for (int64_t classes : {INT64_C(0), INT64_C(-1), INT64_C(17), INT64_MAX}) {
            Classifier bad = c;
            bad.classes = classes;
            run.refuses(GS_INVALID_ARGUMENT, [&] { return call(bad, b, true, true); });
        }
        Classifier bad = c;
        bad.smoothing = 1.5f;
        run.refuses(GS_INVALID_ARGUMENT, [&] { return call(bad, b, true, true); });
    };
    return result;
}

static void declare(std::vector<Case>& cases) {
    const int64_t classes[][2] = {{2, 2}, {2, 16}, {3, 16}, {7, 7}, {8, 8}, {9, 16}, {10, 16}, {16, 16}, {17, 32}, {100, 112}, {1003, 1008}};
    for (const auto& k : classes)
        for (float smoothing : {0.0f, 0.1f})
            for (double scale : {0.01, 1.0, 10.0})
                cases.push_back(ordinary_case({5, k[0], k[1], smoothing, scale}, scale < 5, scale > 0.5, false));
    cases.push_back(ordinary_case({5, 10, 16, 0, 1}, false, false, false));
    for (float distance : {20.0f, 27.631021f, 29.9f, 60.0f, 80.0f}) /* 27.63 = -ln 1e-12 */
        for (int64_t k : {2, 10, 33})
            for (float smoothing : {0.0f, 0.1f}) cases.push_back(sure_case(k, distance, smoothing));
    for (float value : {NAN, INFINITY, -INFINITY}) {
        cases.push_back(not_finite_case(value, false));
        cases.push_back(not_finite_case(value, true));
    }
    cases.push_back(wrong_case());
    cases.push_back(one_class_case());
    cases.push_back(ties_case());
    cases.push_back(labels_case());
    cases.push_back(refusals_case());
    cases.push_back(ordinary_case({512, 10, 16, 0, 3}, false, false, true));
    cases.push_back(ordinary_case({512, 10, 16, 0, 3}, true, false, true));
    cases.push_back(ordinary_case({512, 10, 16, 0.1f, 3}, true, true, true));
    cases.push_back(ordinary_case({64, 1000, 1008, 0, 3}, true, false, true));
}

static const Registration registration(declare);

}  // namespace cases
