/* Choice of samples and the update by SGD, on the emulation, against plain loops. */
#include <math.h>
#include <stdio.h>

#include <algorithm>
#include <numeric>
#include <random>
#include <vector>

#include "gradsieve_cuda.h"

extern "C" {
int cudaMalloc(void** memory, size_t bytes);
int cudaFree(void* memory);
int cudaMemcpy(void* to, const void* from, size_t bytes, int kind);
int cudaDeviceSynchronize(void);
}

static int failures = 0;

static void check(bool right, const char* what, int64_t size) {
    if (right) return;
    failures++;
    printf("FAILED %s, %lld: %s\n", what, (long long)size, gs_cuda_last_error());
}

template <class T>
class Device {
public:
    explicit Device(const std::vector<T>& host) : host_(host) {
        cudaMalloc(&memory_, host.size() * sizeof(T));
        cudaMemcpy(memory_, host.data(), host.size() * sizeof(T), 1);
    }
    ~Device() { cudaFree(memory_); }
    T* get() const { return static_cast<T*>(memory_); }
    std::vector<T> read() {
        check(cudaDeviceSynchronize() == 0 && cudaMemcpy(host_.data(), memory_, host_.size() * sizeof(T), 2) == 0, "reading",
              static_cast<int64_t>(host_.size()));
        return host_;
    }

private:
    std::vector<T> host_;
    void* memory_ = nullptr;
};

static void update(int64_t count, std::mt19937& random) {
    std::normal_distribution<float> normal;
    std::vector<float> gradient(static_cast<size_t>(count)), velocity(gradient), theta(gradient);
    for (auto* values : {&gradient, &velocity, &theta})
        for (float& value : *values) value = normal(random);
    gs_cuda_step step = {1, 1, 1, 0.1, 4.0, 0.0, -1};
    for (int what : {GS_CUDA_FINE, GS_CUDA_LOSS}) {
        Device<float> g(gradient), v(velocity), t(theta);
        Device<gs_cuda_step> s({step});
        Device<gs_cuda_outcome> outcome({gs_cuda_outcome{what, 0, 0, 1.0, 0.0}});
        check(gs_cuda_sgd_update(count, s.get(), outcome.get(), 0.9f, 0, 0.01f, g.get(), v.get(), t.get(), nullptr) == GS_CUDA_OK,
              "sgd_update", count);
        const std::vector<float> after = t.read();
        double worst = 0;
        for (size_t i = 0; i < after.size(); i++) {
            const double moved = 0.9 * velocity[i] + gradient[i] / 4.0 + 0.01 * theta[i];
            worst = fmax(worst, fabs(after[i] - (what == GS_CUDA_FINE ? theta[i] - 0.1 * moved : static_cast<double>(theta[i]))));
        }
        check(worst < 2e-6, what == GS_CUDA_FINE ? "sgd_update" : "sgd_update behind a step that was not fine", count);
    }
}

static void choose(int64_t batch, int64_t count, std::mt19937& random) {
    std::vector<float> scores(static_cast<size_t>(batch));
    for (float& score : scores) score = static_cast<float>(random() % 50) - 10; /* many ties */
    if (batch > 3) scores[3] = NAN;
    std::vector<int32_t> order(static_cast<size_t>(batch));
    std::iota(order.begin(), order.end(), 0);
    const auto value = [&](int32_t i) { return isnan(scores[static_cast<size_t>(i)]) ? -INFINITY : scores[static_cast<size_t>(i)]; };
    std::stable_sort(order.begin(), order.end(), [&](int32_t a, int32_t b) { return value(a) > value(b); });
    order.resize(static_cast<size_t>(count));
    std::sort(order.begin(), order.end());
    /* Who lies before place count stays there, the others fill the gaps in order. */
    std::vector<int32_t> placed;
    size_t next = static_cast<size_t>(std::lower_bound(order.begin(), order.end(), static_cast<int32_t>(count)) - order.begin());
    for (int32_t place = 0; place < count; place++)
        placed.push_back(std::binary_search(order.begin(), order.end(), place) ? place : order[next++]);
    Device<float> record(scores);
    Device<int32_t> labels(std::vector<int32_t>(static_cast<size_t>(batch), 0)), chosen(std::vector<int32_t>(static_cast<size_t>(count), -1));
    Device<char> workspace(std::vector<char>(static_cast<size_t>(gs_cuda_choose_workspace(batch, 10))));
    check(gs_cuda_choose(batch, count, record.get(), labels.get(), 10, nullptr, workspace.get(), chosen.get(), nullptr) == GS_CUDA_OK,
          "choose", batch);
    check(chosen.read() == placed, "choose", batch);
}

int main() {
    std::mt19937 random(20261129);
    for (int64_t count : {4, 100, 4096, 100004}) update(count, random);
    for (int64_t batch : {1, 7, 33, 512, 5000}) choose(batch, (batch + 2) / 3, random);
    printf("%s\n", failures ? "FAILED" : "passed");
    return failures != 0;
}
