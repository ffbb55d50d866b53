/* reduce, squared_norm, chunk_norms and row_norms of the table: sums over threads in their order, norms. */
#include "cases.h"

#include "../native/src/kernels.h"

#include <math.h>

namespace cases {

static Case reduce_case(int64_t count, int64_t parts, bool in_place, bool timed) {
    Case result = {"reduce", text("%lld x %lld%s", (long long)parts, (long long)count, in_place ? " into the first" : ""),
                   static_cast<double>(count * (parts + 1)), 4.0 * static_cast<double>(count * (parts + 1)), 1, timed, nullptr};
    result.body = [=](Run& run) {
        auto values = run.random("parts", count * parts), apart = run.unwritten("target", count);
        std::vector<const float*> part;
        for (int64_t k = 0; k < parts; k++) part.push_back(values.data + k * count);
        Buffer<float> target = apart;
        if (in_place) target = {values.data, static_cast<size_t>(count), "target", {}};
        double norm2 = 0;
        run.call([&] {
            norm2 = gradsieve::kernels().reduce(count, parts, part.data(), target.data);
            return GS_OK;
        });
        if (run.timing()) return;
        double squares = 0;
        for (int64_t i = 0; i < count; i++) {
            float wanted = 0; /* in float, part by part: the same bits */
            for (int64_t k = 0; k < parts; k++) wanted += values.before[static_cast<size_t>(k * count + i)];
            run.expect(target[static_cast<size_t>(i)] == wanted, text("target[%lld] is %.9g instead of %.9g", (long long)i,
                       (double)target[static_cast<size_t>(i)], (double)wanted));
            squares += static_cast<double>(wanted) * wanted;
        }
        run.expect(fabs(norm2 - squares) <= 1e-13 * squares, text("norm %.17g instead of %.17g", norm2, squares));
    };
    return result;
}

static Case norm_case(int64_t count, bool timed) {
    Case result = {"squared_norm", text("%lld", (long long)count), 2.0 * static_cast<double>(count), 4.0 * static_cast<double>(count), 1,
                   timed, nullptr};
    result.body = [=](Run& run) {
        auto values = run.random("values", count);
        double norm2 = 0;
        long double squares = 0;
        run.call([&] {
            norm2 = gradsieve::kernels().squared_norm(count, values.data);
            return GS_OK;
        });
        for (size_t i = 0; i < values.size; i++) squares += static_cast<double>(values[i]) * values[i];
        run.expect(fabsl(norm2 - squares) <= 1e-13L * squares, text("norm %.17g instead of %.17Lg", norm2, squares));
    };
    return result;
}

/* The same bits with every instruction set: those of sixteen sums in double, in order. */
static Case chunk_norms_case(int64_t count, bool timed) {
    Case result = {"chunk_norms", text("%lld", (long long)count), 2.0 * static_cast<double>(count), 4.0 * static_cast<double>(count), 1,
                   timed, nullptr};
    result.body = [=](Run& run) {
        const int64_t chunks = (count + gradsieve::CHUNK - 1) / gradsieve::CHUNK;
        auto values = run.random("values", count);
        std::vector<double> norms(static_cast<size_t>(chunks), -1);
        run.call([&] {
            gradsieve::kernels().chunk_norms(count, values.data, norms.data());
            return GS_OK;
        });
        if (run.timing()) return;
        for (int64_t k = 0; k < chunks; k++) {
            double sums[16] = {}, wanted = 0;
            for (int64_t i = 0; i < gradsieve::CHUNK && k * gradsieve::CHUNK + i < count; i++) {
                const double value = static_cast<double>(values[static_cast<size_t>(k * gradsieve::CHUNK + i)]);
                sums[i % 16] += value * value;
            }
            for (double sum : sums) wanted += sum;
            const double norm = norms[static_cast<size_t>(k)];
            run.expect(norm == wanted, text("norm %lld is %.17g instead of %.17g", (long long)k, norm, wanted));
        }
    };
    return result;
}

/*
 * A float sum of some 4096 / 16 = 256 positive terms (baseline: four sums of four lanes), each rounded once when squared
 * and once when added, is off by at most 260 roundings of 2^-24: 1.6e-5. They are as often up as down, so 2e-6 holds.
 */
static Case row_norms_case(int64_t batch, int64_t count, bool shifted, bool timed) {
    const double elements = static_cast<double>(batch * count);
    Case result = {"row_norms", text("%lld x %lld%s", (long long)batch, (long long)count, shifted ? ", shifted" : ""),
                   (shifted ? 3 : 2) * elements, 4 * elements, batch, timed, nullptr};
    result.body = [=](Run& run) {
        auto rows = run.random("rows", batch * count);
        auto shift = run.random("shift", count);
        auto norms = run.unwritten("norms", batch);
        run.call([&] {
            gradsieve::kernels().row_norms(batch, count, rows.data, shifted ? shift.data : nullptr, norms.data);
            return GS_OK;
        });
        if (run.timing()) return;
        for (int64_t i = 0; i < batch; i++) {
            double squares = 0;
            for (int64_t j = 0; j < count; j++) {
                const double value = rows[static_cast<size_t>(i * count + j)] +
                                     (shifted ? static_cast<double>(shift[static_cast<size_t>(j)]) : 0);
                squares += value * value;
            }
            const double norm = norms[static_cast<size_t>(i)];
            run.expect(fabs(norm - squares) <= 2e-6 * squares, text("norm %.9g instead of %.9g", norm, squares));
        }
    };
    return result;
}

static Case not_finite_case() {
    Case result = {"squared_norm", "a value that is not finite shows", 0, 0, 1, false, nullptr};
    result.body = [](Run& run) {
        for (float value : {NAN, INFINITY, -INFINITY})
            for (size_t at : {0, 16, 99}) {
                auto values = run.random("values", 100);
                values[at] = value;
                run.expect(!isfinite(gradsieve::kernels().squared_norm(100, values.data)), "the norm is finite");
                float norm = 0;
                gradsieve::kernels().row_norms(1, 100, values.data, nullptr, &norm);
                run.expect(!isfinite(norm), "the row's norm is finite");
            }
    };
    return result;
}

static void declare(std::vector<Case>& cases) {
    for (int64_t count : {1, 2, 15, 16, 33, 1023, 1024, 1025, 5000}) {
        for (int64_t parts : {1, 2, 3, 7}) {
            cases.push_back(reduce_case(count, parts, false, false));
            cases.push_back(reduce_case(count, parts, true, false));
        }
        cases.push_back(norm_case(count, false));
        cases.push_back(chunk_norms_case(count, false));
        for (bool shifted : {false, true}) cases.push_back(row_norms_case(3, count, shifted, false));
    }
    for (int64_t count : {4095, 4096, 4097}) cases.push_back(row_norms_case(2, count, true, false)); /* a stretch of the sums */
    for (int64_t count : {2047, 2048, 2049}) cases.push_back(chunk_norms_case(count, false));
    cases.push_back(not_finite_case());
    for (int64_t count : {18432, 36864}) cases.push_back(reduce_case(count, 2, true, true)); /* filters of cnn and of resnet20 */
    for (int64_t count : {18432, 401408}) cases.push_back(chunk_norms_case(count, true)); /* filters of cnn, weights of mlp */
    for (int64_t count : {256, 512, 784}) cases.push_back(norm_case(count, true));           /* rows of mlp */
    for (int64_t count : {256, 512, 784}) cases.push_back(row_norms_case(16, count, count == 784, true));
}

static const Registration registration(declare);

}  // namespace cases
