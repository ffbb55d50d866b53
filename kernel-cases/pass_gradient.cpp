/* pass_gradient, of the table of kernels alone. */
#include "shapes.h"

#include "../native/src/kernels.h"

namespace cases {

static Case pass_case(int64_t count, int mode) {
    Case result = {"pass_gradient", text("%lld mode %d", (long long)count, mode), 0, 0, 1, false, nullptr};
    result.body = [=](Run& run) {
        auto source = run.random("source", count), target = run.random("target", count);
        run.call([&] {
            gradsieve::kernels().pass_gradient(count, source.data, mode, target.data);
            return GS_OK;
        });
        run.compare(target, {1e-7, "one rounding"}, [&] {
            std::vector<double> wanted(target.before.begin(), target.before.end());
            for (size_t i = 0; i < wanted.size(); i++)
                wanted[i] = (mode == GS_GRADIENT_STORE ? 0 : wanted[i]) + (mode == GS_GRADIENT_NONE ? 0 : source[i]);
            return wanted;
        });
    };
    return result;
}

static void declare(std::vector<Case>& cases) {
    for (int64_t count : {0, 1, 3, 15, 16, 17, 64, 1000, 12345})
        for (int mode : {GS_GRADIENT_NONE, GS_GRADIENT_STORE, GS_GRADIENT_ADD}) cases.push_back(pass_case(count, mode));
}

static const Registration registration(declare);

}  // namespace cases
