/* The same in double precision on the host, and the shapes' data. */
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <thread>
#include <vector>

#include "conv2d.h"

/* Numbers from a hash of (seed, i): uniform in [-1, 1), a quarter of them 0 as a relu or a max-pool leaves them. */
__host__ __device__ inline float random_value(uint32_t seed, uint32_t i) {
    uint32_t h = i * 0x9e3779b9u + seed * 0x85ebca6bu + 0x27d4eb2fu;
    h ^= h >> 16;
    h *= 0x7feb352du;
    h ^= h >> 15;
    h *= 0x846ca68bu;
    h ^= h >> 16;
    return (h & 3) == 0 ? 0.0f : static_cast<float>(static_cast<int32_t>(h)) * (1.0f / 2147483648.0f);
}

inline std::vector<float> random_values(size_t count, uint32_t seed) {
    std::vector<float> values(count);
    for (size_t i = 0; i < count; i++) values[i] = random_value(seed, static_cast<uint32_t>(i));
    return values;
}

using namespace gradsieve;

struct Reference {
    std::vector<double> gradient; /* [outputs][3][3][inputs] */
    std::vector<double> norms;    /* squared, [batch] */
};

inline Reference conv2d_reference(const Conv2d& s, const std::vector<float>& x, const std::vector<float>& delta) {
    const size_t elements = static_cast<size_t>(s.weights());
    const int workers = static_cast<int>(std::min(4u, std::max(1u, std::thread::hardware_concurrency())));
    Reference reference{std::vector<double>(elements), std::vector<double>(static_cast<size_t>(s.batch))};
    std::vector<double> g(elements);
    for (int n = 0; n < s.batch; n++) {
        std::fill(g.begin(), g.end(), 0.0);
        auto outputs = [&](int first, int last) {
            for (int y = 0; y < s.height; y++)
                for (int column = 0; column < s.width; column++)
                    for (int tap = 0; tap < 9; tap++) {
                        int iy = y + tap / 3 - 1, ix = column + tap % 3 - 1;
                        if (iy < 0 || iy >= s.height || ix < 0 || ix >= s.width) continue;
                        const float* v = &x[((size_t(n) * s.height + iy) * s.width + ix) * s.pitch];
                        const float* d = &delta[((size_t(n) * s.height + y) * s.width + column) * s.out_pitch];
                        for (int o = first; o < last; o++) {
                            double* to = &g[(size_t(o) * 9 + tap) * s.pitch];
                            for (int c = 0; c < s.pitch; c++) to[c] += double(d[o]) * v[c];
                        }
                    }
        };
        std::vector<std::thread> threads;
        for (int w = 0; w < workers; w++)
            threads.emplace_back(outputs, s.out_pitch * w / workers, s.out_pitch * (w + 1) / workers);
        for (std::thread& t : threads) t.join();
        for (size_t e = 0; e < elements; e++) {
            reference.norms[n] += g[e] * g[e];
            reference.gradient[e] += g[e];
        }
    }
    return reference;
}

/* ‖out − reference‖ / ‖reference‖; NaN if any element is. */
inline double relative_error(const std::vector<float>& out, const std::vector<double>& reference) {
    double difference = 0, size = 0;
    for (size_t i = 0; i < reference.size(); i++) {
        difference += (out[i] - reference[i]) * (out[i] - reference[i]);
        size += reference[i] * reference[i];
    }
    return std::sqrt(difference / std::max(size, 1e-300));
}

/* The worst sample's |‖g‖ − reference| / reference, from squared norms. */
inline double norm_error(const std::vector<float>& out, const std::vector<double>& reference) {
    double worst = 0;
    for (size_t i = 0; i < reference.size(); i++) {
        double want = std::sqrt(reference[i]), error = std::abs(std::sqrt(double(out[i])) - want) / std::max(want, 1e-300);
        if (!(error <= worst)) worst = error; /* a NaN stays */
        if (std::isnan(worst)) return worst;
    }
    return worst;
}
