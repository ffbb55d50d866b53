/* bf16_round and bf16_add. */
#include <math.h>
#include <string.h>

#include "shapes.h"

namespace cases {

static float widened(uint16_t half) {
    const uint32_t bits = static_cast<uint32_t>(half) << 16;
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* Of the two neighbours in bfloat16 the nearer, of equally near ones the even: by distances in double, where they are exact. */
static uint16_t nearest(float value) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    const uint16_t toward = static_cast<uint16_t>(bits >> 16);
    if (isnan(value)) return toward | 0x40;
    if (isinf(value)) return toward;
    const uint16_t away = static_cast<uint16_t>(toward + 1);
    /* the one after the largest would be 2^128 */
    const double beyond = isinf(widened(away)) ? copysign(ldexp(1, 128), static_cast<double>(value)) : static_cast<double>(widened(away));
    const double below = fabs(static_cast<double>(value) - static_cast<double>(widened(toward))), above = fabs(beyond - static_cast<double>(value));
    return below < above || (below == above && toward % 2 == 0) ? toward : away;
}

static Case round_case(int64_t count, bool timed) {
    Case result = {"bf16_round", text("%lld", (long long)count), static_cast<double>(count), 6.0 * static_cast<double>(count), 1, timed,
                   nullptr};
    result.body = [=](Run& run) {
        auto values = run.random("values", count);
        auto bytes = run.bytes("rounded", 2 * count);
        uint16_t* rounded = reinterpret_cast<uint16_t*>(bytes.data);
        /* what is hard to round, in the first places */
        const uint32_t hard[] = {0x00000000, 0x80000000, 0x3f808000, 0x3f818000, 0x3f808001, 0x3f807fff, 0x7f7fffff, 0xff7fffff,
                                 0x7f7f7fff, 0x7f800000, 0xff800000, 0x7f800001, 0xffffffff, 0x00000001, 0x00008000, 0x00018000};
        for (size_t i = 0; i < 16 && i < values.size; i++) memcpy(&values[i], &hard[i], sizeof(float));
        run.call([&] { return gs_bf16_round(count, values.data, rounded); });
        if (run.timing()) return;
        for (size_t i = 0; i < values.size; i++) {
            const uint16_t wanted = nearest(values[i]);
            run.expect(rounded[i] == wanted, text("rounded[%zu] of %.9g is %04x instead of %04x", i, (double)values[i], rounded[i], wanted));
        }
    };
    return result;
}

static Case add_case(int64_t count, int mode, bool timed) {
    Case result = {"bf16_add", text("%lld mode %d", (long long)count, mode), static_cast<double>(count),
                   (mode == GS_GRADIENT_ADD ? 10.0 : 6.0) * static_cast<double>(count), 1, timed, nullptr};
    result.body = [=](Run& run) {
        auto values = run.random("values", count), target = run.random("target", count, timed ? 0 : 1);
        auto bytes = run.bytes("rounded", 2 * count);
        uint16_t* rounded = reinterpret_cast<uint16_t*>(bytes.data);
        for (size_t i = 0; i < values.size; i++) rounded[i] = nearest(timed ? 0 : values[i]);
        run.call([&] { return gs_bf16_add(count, rounded, mode, target.data); });
        run.compare(target, {1e-7, "one rounding"}, [&] {
            std::vector<double> wanted(target.before.begin(), target.before.end());
            for (size_t i = 0; i < wanted.size(); i++)
                wanted[i] = (mode == GS_GRADIENT_STORE ? 0 : wanted[i]) + static_cast<double>(widened(rounded[i]));
            return wanted;
        });
    };
    return result;
}

static Case refusals() {
    Case result = {"bf16_add", "what is wrong is refused", 0, 0, 1, false, nullptr};
    result.body = [](Run& run) {
        auto values = run.random("values", 4);
        auto bytes = run.bytes("rounded", 8);
        uint16_t* rounded = reinterpret_cast<uint16_t*>(bytes.data);
        run.refuses(GS_INVALID_ARGUMENT, [&] { return gs_bf16_round(-1, values.data, rounded); });
        run.refuses(GS_INVALID_ARGUMENT, [&] { return gs_bf16_round(4, nullptr, rounded); });
        run.refuses(GS_INVALID_ARGUMENT, [&] { return gs_bf16_add(-1, rounded, GS_GRADIENT_ADD, values.data); });
        run.refuses(GS_INVALID_ARGUMENT, [&] { return gs_bf16_add(4, rounded, GS_GRADIENT_NONE, values.data); });
        run.refuses(GS_INVALID_ARGUMENT, [&] { return gs_bf16_add(4, rounded, GS_GRADIENT_ADD, nullptr); });
    };
    return result;
}

static void declare(std::vector<Case>& cases) {
    for (int64_t count : {0, 1, 3, 15, 16, 17, 64, 1000, 12345}) {
        cases.push_back(round_case(count, false));
        for (int mode : {GS_GRADIENT_STORE, GS_GRADIENT_ADD}) cases.push_back(add_case(count, mode, false));
    }
    cases.push_back(refusals());
    cases.push_back(round_case(1 << 18, true)); /* a bucket */
    cases.push_back(add_case(1 << 18, GS_GRADIENT_ADD, true));
}

static const Registration registration(declare);

}  // namespace cases
