#include "difference.h"

#include <math.h>
#include <string.h>

static const double STEP = 1e-6; /* of the central differences, whose error in double is then about 1e-9 */

std::vector<std::vector<double>> terms_of(const Network& network, int mode) {
    std::vector<int64_t> live = network.live_parameters();
    std::vector<std::vector<double>> terms;
    for (int64_t i = 0; i < network.batch; i++) {
        terms.emplace_back(static_cast<size_t>(network.trainable), 0.0);
        for (int64_t p : live) {
            double more = evaluate(network, mode, Nudge{i, p, STEP}).total;
            double less = evaluate(network, mode, Nudge{i, p, -STEP}).total;
            terms.back()[static_cast<size_t>(p)] = (more - less) / (2 * STEP);
        }
    }
    return terms;
}

double norm_of(const std::vector<double>& values) {
    double sum = 0;
    for (double value : values) sum += value * value;
    return sqrt(sum);
}

double difference(const std::vector<float>& got, const std::vector<double>& expected) {
    std::vector<double> d(expected);
    for (size_t i = 0; i < d.size(); i++) d[i] -= static_cast<double>(got[i]);
    return norm_of(d);
}

bool same(const std::vector<float>& a, const std::vector<float>& b) {
    return a.size() == b.size() && memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}
