/* pool2d_forward, pool2d_backward: maximum, average, global. */
#include "shapes.h"

#include <math.h>

#include <algorithm>

namespace cases {

struct Pool {
    int64_t batch, height, width, channels, pitch, kernel_height, kernel_width;

    int64_t rows() const { return height / kernel_height; }
    int64_t columns() const { return width / kernel_width; }
    Shape input() const { return {batch, height * width, channels, pitch}; }
    Shape output() const { return {batch, rows() * columns(), channels, pitch}; }
    std::string name(int pool) const {
        return text("%lldx%lldx%lldx%lld/%lld %s %lldx%lld", (long long)batch, (long long)height, (long long)width, (long long)channels,
                    (long long)pitch, pool == GS_MAX_POOL ? "max" : "average", (long long)kernel_height, (long long)kernel_width);
    }
    double bytes(int pool) const {
        return 4.0 * static_cast<double>(input().count()) + (pool == GS_MAX_POOL ? 5.0 : 4.0) * static_cast<double>(output().count());
    }
    /* Index in the input of place k of the window of the output's element (i, t, c). */
    size_t place(int64_t i, int64_t t, int64_t c, int64_t k) const {
        const int64_t h = t / columns() * kernel_height + k / kernel_width, w = t % columns() * kernel_width + k % kernel_width;
        return static_cast<size_t>(((i * height + h) * width + w) * pitch + c);
    }
    int64_t places() const { return kernel_height * kernel_width; }
};

/* The first largest, or the first NaN. */
static int64_t largest(const Pool& p, const Buffer<float>& x, int64_t i, int64_t t, int64_t c) {
    int64_t best = 0;
    for (int64_t k = 0; k < p.places(); k++) {
        const float value = x[p.place(i, t, c, k)], most = x[p.place(i, t, c, best)];
        if (isnan(most)) break;
        if (value > most || isnan(value)) best = k;
    }
    return best;
}

static Case forward_case(const Pool& p, int pool, bool timed) {
    Case result = {"pool2d_forward", p.name(pool), static_cast<double>(p.input().used()), p.bytes(pool), p.batch, timed, nullptr};
    result.body = [=](Run& run) {
        auto input = p.input().random(run, "input");
        for (size_t i = 0; i < input.size; i += 3) input[i] = static_cast<float>(static_cast<int>(2 * input[i])); /* ties */
        if (!timed && p.channels > 2) input[1] = NAN;
        auto output = run.unwritten("output", p.output().count());
        auto choice = run.bytes("choice", p.output().count());
        run.call([&] {
            return gs_pool2d_forward(p.batch, p.height, p.width, p.channels, p.pitch, pool, p.kernel_height, p.kernel_width, input.data,
                                     output.data, pool == GS_MAX_POOL ? choice.data : nullptr);
        });
        if (run.timing()) return;
        run.compare(output, pool == GS_MAX_POOL ? EXACT : summation(static_cast<double>(p.places())), [&] {
            std::vector<double> wanted(output.size);
            p.output().each([&](int64_t i, int64_t t, int64_t c, size_t at) {
                for (int64_t k = 0; pool == GS_AVERAGE_POOL && k < p.places(); k++)
                    wanted[at] += input[p.place(i, t, c, k)] / static_cast<double>(p.places());
                if (pool == GS_MAX_POOL) wanted[at] = input[p.place(i, t, c, largest(p, input, i, t, c))];
            });
            return wanted;
        });
        if (pool == GS_AVERAGE_POOL) return;
        p.output().each([&](int64_t i, int64_t t, int64_t c, size_t at) {
            run.expect(choice[at] == largest(p, input, i, t, c), text("choice[%zu] is %d", at, choice[at]));
        });
    };
    return result;
}

static Case backward_case(const Pool& p, int pool, int mode, bool timed) {
    Case result = {"pool2d_backward", p.name(pool) + mode_name(mode), static_cast<double>(p.input().used()), p.bytes(pool), p.batch, timed,
                   nullptr};
    result.body = [=](Run& run) {
        auto gradient = p.output().random(run, "output_gradient");
        auto choice = run.bytes("choice", p.output().count());
        for (size_t i = 0; i < choice.size; i++) choice[i] = static_cast<uint8_t>(run.below(std::min<int64_t>(p.places(), 256)));
        auto dx = p.input().gradient(run, "input_gradient", mode);
        run.call([&] {
            return gs_pool2d_backward(p.batch, p.height, p.width, p.channels, p.pitch, pool, p.kernel_height, p.kernel_width,
                                      pool == GS_MAX_POOL ? choice.data : nullptr, gradient.data, mode, dx.data);
        });
        run.compare(dx, few_roundings(p.input(), 1e-6), [&] {
            std::vector<double> wanted = p.input().start(dx, mode);
            p.output().each([&](int64_t i, int64_t t, int64_t c, size_t at) {
                for (int64_t k = 0; k < p.places(); k++) {
                    const double share = pool == GS_MAX_POOL ? choice[at] == k : 1.0 / static_cast<double>(p.places());
                    wanted[p.place(i, t, c, k)] += share * gradient[at];
                }
            });
            return wanted;
        });
    };
    return result;
}

static Case refusals_case() {
    Case result = {"pool2d_forward", "refuses windows that do not fit", 0, 0, 1, false, nullptr};
    result.body = [](Run& run) {
        auto f = run.random("floats", 8192);
        auto choice = run.bytes("choice", 8192);
        const auto refused = [&](int64_t height, int64_t width, int64_t kernel_height, int64_t kernel_width, int pool) {
            run.refuses(GS_INVALID_ARGUMENT, [&] {
                return gs_pool2d_forward(1, height, width, 3, 16, pool, kernel_height, kernel_width, f.data, f.data, choice.data);
            });
        };
        refused(4, 4, 5, 2, GS_MAX_POOL);
        refused(4, 4, 2, 5, GS_MAX_POOL);
        refused(4, 4, 0, 2, GS_AVERAGE_POOL);
        refused(4, 4, 2, -1, GS_AVERAGE_POOL);
        refused(4, 4, 2, 2, 2);
        refused(0, 4, 1, 1, GS_MAX_POOL);
        refused(INT64_MAX, 4, 1, 1, GS_MAX_POOL);
        refused(20, 20, 17, 17, GS_MAX_POOL); /* 289 places do not fit a byte */
    };
    return result;
}

static void declare(std::vector<Case>& cases) {
    const Pool odd[] = {{1, 1, 1, 1, 1, 1, 1},   {2, 4, 4, 16, 16, 2, 2}, {2, 5, 7, 3, 16, 2, 2},    {2, 5, 7, 3, 3, 2, 2},   {3, 9, 10, 17, 17, 3, 3},
                        {2, 6, 6, 40, 48, 3, 3}, {2, 7, 7, 64, 64, 7, 7}, {1, 16, 16, 5, 16, 16, 16}, {2, 3, 9, 20, 20, 3, 9}, {2, 8, 8, 33, 33, 4, 4}};
    for (const Pool& p : odd)
        for (int pool : {GS_MAX_POOL, GS_AVERAGE_POOL}) {
            cases.push_back(forward_case(p, pool, false));
            cases.push_back(backward_case(p, pool, GS_GRADIENT_STORE, false));
            cases.push_back(backward_case(p, pool, GS_GRADIENT_ADD, false));
        }
    const Pool whole = {2, 28, 20, 5, 16, 28, 20}; /* more places than a choice could name */
    cases.push_back(forward_case(whole, GS_AVERAGE_POOL, false));
    cases.push_back(backward_case(whole, GS_AVERAGE_POOL, GS_GRADIENT_STORE, false));
    cases.push_back(refusals_case());
    for (const Pool& p : {Pool{16, 28, 28, 32, 32, 2, 2}, {16, 14, 14, 64, 64, 2, 2}}) /* cnn, were they not in its convolutions */
        for (int pool : {GS_MAX_POOL, GS_AVERAGE_POOL}) {
            cases.push_back(forward_case(p, pool, true));
            cases.push_back(backward_case(p, pool, GS_GRADIENT_STORE, true));
        }
    cases.push_back(forward_case({16, 7, 7, 64, 64, 7, 7}, GS_AVERAGE_POOL, true)); /* resnet20 */
    cases.push_back(backward_case({16, 7, 7, 64, 64, 7, 7}, GS_AVERAGE_POOL, GS_GRADIENT_STORE, true));
}

static const Registration registration(declare);

}  // namespace cases
