/*
 * Batch norm, in two halves around the end of a segment: statistics reads what its segment made, normalize begins a later
 * one. Backward goes the other way round: normalize masks the gradient of its output in place and sums, statistics turns it
 * into the gradient of the input once the sums of the whole batch are known.
 */
#include <math.h>
#include <string.h>

#include "step_operations.h"

namespace gradsieve {

class BatchnormStatistics;

struct Normalizer {
    int32_t in;
    size_t segment; /* of the statistics */
    int64_t running_mean, running_variance;
    float eps, momentum;
    int statistics, mean_sums; /* shared float[2][P]: mean and 1 / deviation; the mean of both sums over B*T */
    BatchnormStatistics* first_half;
    int32_t out = -1; /* of normalize */
    int64_t gamma = -1;
};

class BatchnormStatistics : public Operation {
public:
    BatchnormStatistics(Step& step, const std::shared_ptr<Normalizer>& shared, int gradient)
        : Operation(step, "batchnorm_statistics"), shared_(shared), gradient_(gradient) {
        const Tensor& in = input();
        std::string number = std::to_string(step.normalizers.size());
        shared_->statistics = step.scratch.shared("statistics " + number, 2 * in.pitch);
        shared_->mean_sums = step.scratch.shared("mean sums " + number, 2 * in.pitch);
        moments_ = step.scratch.own("moments " + std::to_string(ordinal_), 4 * in.pitch);
        moved_.resize(static_cast<size_t>(2 * in.channels));
        joins_forward = true;
        reads(shared_->in);
    }

    /* Once the other half is known. */
    void normalized_into(int32_t out) {
        if (gradient_ == GS_GRADIENT_NONE) return;
        backward_takes(out);
        backward_reads(shared_->in);
        backward_gives(shared_->in, gradient_);
    }
    int gradient() const { return gradient_; }

    void forward(const Block& block) override {
        if (!block.worker.run.training()) return;
        const Tensor& in = input();
        double* moments = moments_of(block.worker.index);
        int64_t before = block.first - block.worker.first;
        if (before == 0) memset(moments, 0, static_cast<size_t>(2 * in.pitch) * sizeof(double));
        kernels().batchnorm_moments(in.extent(block.count), step_.value(block, shared_->in),
                                    static_cast<double>(before * in.positions), moments);
    }

    void forward_end(Worker& worker) override {
        Range range = share(input().channels, LANES, worker.index, step_.threads);
        for (int64_t c = range.from; c < range.to; c++) {
            worker.run.training() ? merge(worker.run, c) : use_running(c);
        }
        if (worker.index == 0) measured_ = worker.run.training() && worker.run.forwarded > 0;
    }

    /* The running statistics are weights: a step that diverged moves none. */
    void settle(const Run& run, bool fine) override {
        bool moves = measured_ && fine;
        measured_ = false;
        double momentum = run.statistics_momentum >= 0 ? run.statistics_momentum : shared_->momentum;
        if (!moves || momentum == 0) return;
        const Tensor& in = input();
        bool several = run.forwarded * in.positions > 1;
        for (int64_t c = 0; c < in.channels; c++) {
            move(shared_->running_mean + c, momentum, moved_[static_cast<size_t>(c)]);
            if (several) move(shared_->running_variance + c, momentum, moved_[static_cast<size_t>(in.channels + c)]);
        }
    }

    void backward(const Block& block) override {
        bool coupled = block.worker.run.training();
        kernels().batchnorm_backward_input(input().extent(block.count), step_.value(block, shared_->in),
                                           step_.scratch.shared(shared_->statistics), step_.weights(shared_->gamma),
                                           step_.gradient(block, shared_->out),
                                           coupled ? step_.scratch.shared(shared_->mean_sums) : nullptr, gradient_,
                                           step_.gradient(block, shared_->in));
    }

private:
    const Tensor& input() const { return step_.tensors[static_cast<size_t>(shared_->in)]; }
    double* moments_of(int thread) const { return reinterpret_cast<double*>(step_.scratch.own(moments_, thread)); }

    /* Mean and squared deviations of all threads, in their order (Chan, Golub, LeVeque 1979). */
    void merge(const Run& run, int64_t c) {
        const Tensor& in = input();
        double count = 0, mean = 0, squares = 0;
        for (int t = 0; t < step_.threads; t++) {
            Range range = step_.samples(run, t);
            double own = static_cast<double>((range.to - range.from) * in.positions);
            if (own == 0) continue;
            const double* moments = moments_of(t);
            double delta = moments[c] - mean, all = count + own;
            mean += delta * (own / all);
            squares += moments[in.pitch + c] + delta * delta * (count * own / all);
            count = all;
        }
        if (count == 0) return;
        float* statistics = step_.scratch.shared(shared_->statistics);
        statistics[c] = static_cast<float>(mean);
        statistics[in.pitch + c] = static_cast<float>(1 / sqrt(squares / count + shared_->eps));
        moved_[static_cast<size_t>(c)] = mean;
        moved_[static_cast<size_t>(in.channels + c)] = count > 1 ? squares / (count - 1) : 0;
    }

    void move(int64_t offset, double momentum, double to) {
        float& running = step_.memory.weights[offset];
        running = static_cast<float>(running + momentum * (to - running));
    }

    void use_running(int64_t c) {
        float* statistics = step_.scratch.shared(shared_->statistics);
        double variance = step_.memory.weights[shared_->running_variance + c];
        statistics[c] = step_.memory.weights[shared_->running_mean + c];
        statistics[input().pitch + c] = static_cast<float>(1 / sqrt(variance + shared_->eps));
    }

    std::shared_ptr<Normalizer> shared_;
    const int gradient_;
    int moments_; /* double[2][P] */
    /* Of the step under way: mean and unbiased variance of every channel, and whether its forward pass has made them. */
    std::vector<double> moved_;
    bool measured_ = false;
};

namespace {

class BatchnormNormalize : public Operation {
public:
    BatchnormNormalize(Step& step, const std::shared_ptr<Normalizer>& shared, int32_t skip, int64_t gamma, int64_t beta,
                       int activation, int skip_gradient)
        : Operation(step, "batchnorm_normalize"),
          shared_(shared),
          skip_(skip),
          beta_(beta),
          activation_(activation),
          skip_gradient_(skip_gradient) {
        const Tensor& in = input();
        sums_ = step.scratch.own("sums " + std::to_string(ordinal_), 4 * in.pitch);
        parameter(gamma, in.channels, "gamma");
        parameter(beta, in.channels, "beta");
        reads(shared_->in);
        if (skip >= 0) reads(skip);
        writes(shared_->out);
        backward_takes(shared_->out, true); /* it lives until the statistics' backward */
        backward_takes(shared_->out);
        backward_reads(shared_->in);
        if (activation != GS_IDENTITY) masks(shared_->out);
        if (skip >= 0) backward_gives(skip, skip_gradient);
    }

    void forward(const Block& block) override {
        kernels().batchnorm_normalize(input().extent(block.count), step_.value(block, shared_->in), statistics(),
                                      step_.weights(shared_->gamma), step_.weights(beta_),
                                      skip_ < 0 ? nullptr : step_.value(block, skip_), activation_,
                                      step_.value(block, shared_->out));
    }

    void backward_begin(Worker& worker) override {
        memset(sums_of(worker.index), 0, static_cast<size_t>(2 * input().pitch) * sizeof(double));
    }

    void backward(const Block& block) override {
        bool passes = skip_ >= 0 && skip_gradient_ != GS_GRADIENT_NONE;
        float* gradient = step_.gradient(block, shared_->out);
        kernels().batchnorm_backward_sums(
            input().extent(block.count), step_.value(block, shared_->in), statistics(),
            activation_ == GS_IDENTITY ? nullptr : step_.value(block, shared_->out), activation_, gradient, gradient,
            passes ? skip_gradient_ : GS_GRADIENT_NONE, passes ? step_.gradient(block, skip_) : nullptr,
            sums_of(block.worker.index), step_.norm2(block));
    }

    void backward_end(Worker& worker) override {
        const Tensor& in = input();
        Range range = share(in.channels, LANES, worker.index, step_.threads);
        double count = static_cast<double>(worker.run.forwarded * in.positions), squares_sum = 0;
        float* mean_sums = step_.scratch.shared(shared_->mean_sums);
        float *gamma = step_.gradients(shared_->gamma), *beta = step_.gradients(beta_);
        for (int64_t c = range.from; c < range.to; c++) {
            double deltas = 0, products = 0; /* sum of delta, and of delta * x_hat */
            for (int t = 0; t < step_.threads; t++) {
                deltas += sums_of(t)[c];
                products += sums_of(t)[in.pitch + c];
            }
            beta[c] = static_cast<float>(deltas);
            gamma[c] = static_cast<float>(products);
            squares_sum += static_cast<double>(beta[c]) * beta[c] + static_cast<double>(gamma[c]) * gamma[c];
            if (count == 0) continue;
            mean_sums[c] = static_cast<float>(deltas / count);
            mean_sums[in.pitch + c] = static_cast<float>(products / count);
        }
        squares[static_cast<size_t>(worker.index)] = squares_sum;
    }

private:
    const Tensor& input() const { return step_.tensors[static_cast<size_t>(shared_->in)]; }
    const float* statistics() const { return step_.scratch.shared(shared_->statistics); }
    double* sums_of(int thread) const { return reinterpret_cast<double*>(step_.scratch.own(sums_, thread)); }

    std::shared_ptr<Normalizer> shared_;
    const int32_t skip_;
    const int64_t beta_;
    const int activation_, skip_gradient_;
    int sums_; /* double[2][P] */
};

void check_running(int64_t offset, const char* role) {
    if (offset < 0)
        refuse(GS_INVALID_ARGUMENT, "batchnorm_statistics: %s at offset %lld", role, static_cast<long long>(offset));
}

}  // namespace

std::unique_ptr<Operation> batchnorm_statistics_operation(Step& step, int32_t in, int64_t running_mean,
                                                          int64_t running_variance, float eps, float momentum,
                                                          int gradient, int32_t* normalizer) {
    step.tensor("batchnorm_statistics", "in", in);
    check_running(running_mean, "running_mean");
    check_running(running_variance, "running_variance");
    if (!(eps > 0) || !(momentum >= 0 && momentum <= 1))
        refuse(GS_INVALID_ARGUMENT, "batchnorm_statistics: eps %g, momentum %g", eps, momentum);
    if (!normalizer) refuse(GS_INVALID_ARGUMENT, "batchnorm_statistics: no place for the normalizer's number");
    auto shared = std::make_shared<Normalizer>(Normalizer{in, step.segments.size(), running_mean, running_variance, eps,
                                                          momentum, -1, -1, nullptr, -1, -1});
    auto operation = std::make_unique<BatchnormStatistics>(step, shared, gradient);
    shared->first_half = operation.get();
    *normalizer = static_cast<int32_t>(step.normalizers.size());
    step.normalizers.push_back(shared);
    return operation;
}

std::unique_ptr<Operation> batchnorm_normalize_operation(Step& step, int32_t normalizer, int32_t in, int32_t skip,
                                                         int32_t out, int64_t gamma, int64_t beta, int activation,
                                                         int skip_gradient) {
    const char* name = "batchnorm_normalize";
    if (normalizer < 0 || static_cast<size_t>(normalizer) >= step.normalizers.size())
        refuse(GS_INVALID_ARGUMENT, "%s: normalizer %d of %zu", name, normalizer, step.normalizers.size());
    std::shared_ptr<Normalizer> shared = step.normalizers[static_cast<size_t>(normalizer)];
    if (shared->in != in || shared->out >= 0)
        refuse(GS_INVALID_ARGUMENT, "%s: normalizer %d has the statistics of tensor %d and %s", name, normalizer,
               shared->in, shared->out < 0 ? "is not used yet" : "is used already");
    if (shared->segment >= step.segments.size())
        refuse(GS_INVALID_ARGUMENT, "%s: the statistics of tensor %d end with this segment: open the next one", name, in);
    check_same(name, step.tensor(name, "in", in), step.tensor(name, "out", out));
    if (skip >= 0) check_same(name, step.tensor(name, "skip", skip), step.tensor(name, "out", out));
    if (activation != GS_IDENTITY && activation != GS_RELU)
        refuse(GS_INVALID_ARGUMENT, "%s: activation %d is neither identity nor relu", name, activation);
    shared->out = out;
    shared->gamma = gamma;
    auto operation =
        std::make_unique<BatchnormNormalize>(step, shared, skip, gamma, beta, activation, skip_gradient);
    shared->first_half->normalized_into(out);
    Segment& first = step.segments[shared->segment - 1];
    first.has_backward |= shared->first_half->has_backward;
    return operation;
}

}  // namespace gradsieve
