/* all_reduce. */
#include "shapes.h"

namespace cases {

static Case all_reduce_case(int64_t count, int64_t parts, bool timed) {
    Case result = {"all_reduce", text("%lld x %lld", (long long)parts, (long long)count), static_cast<double>(count * (parts - 1)),
                   8.0 * static_cast<double>(count * parts), 1, timed, nullptr};
    result.body = [=](Run& run) {
        auto values = run.random("parts", count * parts, timed ? 0 : 1); /* sums of sums would overflow */
        std::vector<float*> part;
        for (int64_t k = 0; k < parts; k++) part.push_back(values.data + k * count);
        run.call([&] { return gs_all_reduce(count, parts, part.data()); });
        if (run.timing()) return;
        for (int64_t i = 0; i < count; i++) {
            float wanted = values.before[static_cast<size_t>(i)]; /* in float, part by part: the same bits */
            for (int64_t k = 1; k < parts; k++) wanted += values.before[static_cast<size_t>(k * count + i)];
            for (int64_t k = 0; k < parts; k++) {
                const float got = values[static_cast<size_t>(k * count + i)];
                run.expect(got == wanted, text("part %lld [%lld] is %.9g instead of %.9g", (long long)k, (long long)i, (double)got,
                                               (double)wanted));
            }
        }
    };
    return result;
}

static Case refusals() {
    Case result = {"all_reduce", "what is wrong is refused", 0, 0, 1, false, nullptr};
    result.body = [](Run& run) {
        auto values = run.random("values", 4);
        float* one[] = {values.data, nullptr};
        run.refuses(GS_INVALID_ARGUMENT, [&] { return gs_all_reduce(-1, 1, one); });
        run.refuses(GS_INVALID_ARGUMENT, [&] { return gs_all_reduce(4, 0, one); });
        run.refuses(GS_INVALID_ARGUMENT, [&] { return gs_all_reduce(4, 2, one); });
    };
    return result;
}

static void declare(std::vector<Case>& cases) {
    for (int64_t count : {0, 1, 15, 17, 2047, 2048, 2049, 5000})
        for (int64_t parts : {1, 2, 3, 5}) cases.push_back(all_reduce_case(count, parts, false));
    cases.push_back(refusals());
    for (int64_t parts : {2, 4}) cases.push_back(all_reduce_case(1 << 18, parts, true)); /* a bucket */
}

static const Registration registration(declare);

}  // namespace cases
