/* dropout: the mask is a function of (seed, epoch, place, sample id, element), the same as java's RandomBits makes. */
#include "shapes.h"

#include <math.h>

namespace cases {

/* java's io.gradsieve.RandomBits, written down again. */
struct Random {
    uint64_t key;

    static uint64_t mix(uint64_t z) {
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ull;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EBull;
        return z ^ (z >> 31);
    }
    static Random of(int64_t seed, const std::string& purpose, int64_t epoch) {
        const uint64_t golden = 0x9E3779B97F4A7C15ull;
        uint64_t key = mix(static_cast<uint64_t>(seed) * golden + 1);
        for (char c : purpose) key = mix(key + golden * (static_cast<uint64_t>(c) + 1));
        return {mix(key + golden * (static_cast<uint64_t>(epoch) + 1))};
    }
    uint64_t bits(int64_t counter) const { return mix(key + 0x9E3779B97F4A7C15ull * (static_cast<uint64_t>(counter) + 1)); }
    Random at(int64_t counter) const { return {bits(counter)}; }
    double uniform(int64_t counter) const { return static_cast<double>(bits(counter) >> 11) * 0x1.0p-53; }
};

static Case dropout_case(const Shape& s, double p, int mode, bool timed) {
    Case result = {"dropout", s.name() + text(" p %g", p) + mode_name(mode), static_cast<double>(s.used()),
                   (mode == GS_GRADIENT_ADD ? 12.0 : 8.0) * static_cast<double>(s.count()), s.batch, timed, nullptr};
    result.body = [=](Run& run) {
        auto input = s.random(run, "input"), output = s.gradient(run, "output", mode);
        auto ids = run.longs("ids", s.batch);
        for (size_t i = 0; i < ids.size; i++) ids[i] = run.below(INT64_C(1) << 40) - 5;
        const int64_t seed = run.below(1000) - 500, epoch = run.below(300), place = run.below(5);
        run.call([&] {
            return gs_dropout(s.batch, s.positions, s.channels, s.pitch, p, seed, epoch, place, ids.data, input.data, mode, output.data);
        });
        run.compare(output, few_roundings(s, 5e-7), [&] {
            std::vector<double> wanted = s.start(output, mode);
            s.each([&](int64_t i, int64_t t, int64_t c, size_t at) {
                const Random sample = Random::of(seed, "dropout", epoch).at(place).at(ids[static_cast<size_t>(i)]);
                const bool kept = sample.uniform(c * s.positions + t) >= p;
                wanted[at] += kept ? input[at] / (1 - p) : 0;
            });
            return wanted;
        });
    };
    return result;
}

/* Fixed words, so that neither this file nor the kernel can drift from java's RandomBits, whose test has the same words. */
static Case words_case() {
    Case result = {"dropout", "the words of RandomBits", 0, 0, 1, false, nullptr};
    result.body = [](Run& run) {
        const Random sample = Random::of(1, "dropout", 3).at(2).at(42);
        run.expect(sample.bits(0) == 0x5fcd200cc46e585cull && sample.bits(7) == 0x5eb5c0bcbb4e03c3ull,
                   text("%016llx %016llx", (unsigned long long)sample.bits(0), (unsigned long long)sample.bits(7)));
    };
    return result;
}

static Case share_case() {
    Case result = {"dropout", "keeps the share 1 - p", 0, 0, 1, false, nullptr};
    result.body = [](Run& run) {
        const int64_t count = 400000;
        auto input = run.filled("input", count, 1), output = run.unwritten("output", count);
        auto ids = run.longs("ids", 1);
        ids[0] = run.below(1 << 20);
        run.call([&] { return gs_dropout(1, count / 16, 16, 16, 0.3, 7, 2, 0, ids.data, input.data, GS_GRADIENT_STORE, output.data); });
        double kept = 0;
        for (size_t i = 0; i < output.size; i++) kept += output[i] != 0;
        /* Five standard deviations of a binomial share. */
        run.expect(fabs(kept / static_cast<double>(count) - 0.7) < 5 * sqrt(0.3 * 0.7 / static_cast<double>(count)), text("kept %g", kept));
    };
    return result;
}

static Case refusals_case() {
    Case result = {"dropout", "refuses shares outside [0, 1]", 0, 0, 1, false, nullptr};
    result.body = [](Run& run) {
        auto f = run.random("floats", 64);
        auto ids = run.longs("ids", 1);
        ids[0] = 1;
        for (double p : {-0.1, 1.1, static_cast<double>(NAN), static_cast<double>(INFINITY)})
            run.refuses(GS_INVALID_ARGUMENT, [&] { return gs_dropout(1, 1, 16, 16, p, 1, 1, 0, ids.data, f.data, GS_GRADIENT_STORE, f.data); });
        run.refuses(GS_INVALID_ARGUMENT, [&] { return gs_dropout(1, 1, 16, 16, 0.5, 1, 1, 0, nullptr, f.data, GS_GRADIENT_STORE, f.data); });
    };
    return result;
}

static void declare(std::vector<Case>& cases) {
    for (const Shape& s : odd_shapes())
        for (double p : {0.1, 0.5}) {
            cases.push_back(dropout_case(s, p, GS_GRADIENT_STORE, false));
            cases.push_back(dropout_case(s, p, GS_GRADIENT_ADD, false));
        }
    cases.push_back(dropout_case({2, 5, 16, 16}, 0, GS_GRADIENT_STORE, false));
    cases.push_back(words_case());
    cases.push_back(share_case());
    cases.push_back(refusals_case());
    cases.push_back(dropout_case({128, 1, 512, 512}, 0.1, GS_GRADIENT_STORE, true));
    cases.push_back(dropout_case({16, 196, 32, 32}, 0.1, GS_GRADIENT_STORE, true));
}

static const Registration registration(declare);

}  // namespace cases
