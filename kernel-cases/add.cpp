/* add. */
#include "shapes.h"

namespace cases {

static const int64_t COUNTS[] = {0, 1, 3, 15, 16, 17, 64, 1000, 12345};

/* samples of one call. */
static Case add_case(int64_t count, int64_t samples, bool timed) {
    Case result = {"add", text("%lld", (long long)count), static_cast<double>(count), 12.0 * static_cast<double>(count), samples, timed,
                   nullptr};
    result.body = [=](Run& run) {
        auto a = run.random("a", count), b = run.random("b", count), output = run.unwritten("output", count);
        run.call([&] { return gs_add(count, a.data, b.data, output.data); });
        run.compare(output, {1e-7, "one rounding"}, [&] {
            std::vector<double> wanted;
            for (size_t i = 0; i < a.size; i++) wanted.push_back(static_cast<double>(a[i]) + b[i]);
            return wanted;
        });
    };
    return result;
}

static void declare(std::vector<Case>& cases) {
    for (int64_t count : COUNTS) cases.push_back(add_case(count, 1, false));
    for (const Shape& s : timed_shapes()) cases.push_back(add_case(s.count(), s.batch, true));
}

static const Registration registration(declare);

}  // namespace cases
