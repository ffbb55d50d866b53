/*
 * Batch norm, in two halves around the end of a segment: statistics reads what its segment made, normalize begins a later
 * one. Backward goes the other way round: normalize masks the gradient of its output in place and sums, statistics turns it
 * into the gradient of the input once the sums of the whole batch are known. In a share of a larger step both the moments and
 * the sums are those of all shares, if the participants want it so; gradients of gamma and beta stay the share's own, for they
 * are reduced with all other gradients.
 */
#include <math.h>
#include <string.h>

#include "moments.h"
#include "operations/operation.h"

namespace gradsieve {

class BatchnormStatistics;

struct Normalizer {
    int32_t in;
    int32_t number;      /* in the order of the statistics */
    int64_t exchange_at; /* where this one's doubles begin */
    size_t segment; /* of the statistics */
    int64_t running_mean, running_variance;
    float eps, momentum;
    int statistics, mean_sums; /* shared float[2][P]: mean and 1 / deviation; the mean of both sums over B*T */
    BatchnormStatistics* first_half;
    int32_t out = -1; /* of normalize */
    int64_t gamma = -1;

    /* Values of a channel in this share. */
    double count(const Run& run, const Tensor& in) const { return static_cast<double>(run.forwarded * in.positions); }

    /* double[1 + 2C], how many values and two sums of each channel; NULL: the sums of this step are those of all. */
    double* exchange(const Run& run) const { return run.exchange && run.training() ? run.exchange + exchange_at : nullptr; }
};

class BatchnormStatistics : public Operation {
public:
    BatchnormStatistics(Step& step, int64_t running_mean, int64_t running_variance, float eps, float momentum,
                        int32_t* normalizer)
        : Operation(step, "batchnorm_statistics"),
          shared_(std::make_shared<Normalizer>(
              Normalizer{in(), static_cast<int32_t>(step.normalizers.size()), step.exchange_doubles, step.segments.size(),
                         running_mean, running_variance, eps, momentum, -1, -1, this, -1, -1})) {
        check_running(running_mean, "running_mean");
        check_running(running_variance, "running_variance");
        if (!(eps > 0) || !(momentum >= 0 && momentum <= 1))
            refuse(GS_INVALID_ARGUMENT, "batchnorm_statistics: eps %g, momentum %g", eps, momentum);
        if (!normalizer) refuse(GS_INVALID_ARGUMENT, "batchnorm_statistics: no place for the normalizer's number");
        needs_backward(in(), "input");
        const Tensor& in = input();
        std::string number = std::to_string(step.normalizers.size());
        shared_->statistics = step.scratch.shared("statistics " + number, 2 * in.pitch);
        shared_->mean_sums = step.scratch.shared("mean sums " + number, 2 * in.pitch);
        moments_ = step.scratch.own("moments " + std::to_string(ordinal_), 4 * in.pitch);
        joins_forward = true;
        *normalizer = shared_->number;
        step.normalizers.push_back(shared_);
        step.exchange_doubles += 1 + 2 * in.channels;
        step.running.push_back({running_mean, in.channels});
        step.running.push_back({running_variance, in.channels});
    }

    /* Once the other half is known: the gradient that it leaves in its output is what backward here begins with. */
    void normalized_into(int32_t normalized) {
        backward_accesses.insert(backward_accesses.begin(), {Access::READ, normalized, true, false});
    }

    void forward(const Block& block) override {
        if (!block.worker.run.training()) return;
        const Tensor& in = input();
        double* moments = moments_of(block.worker.index);
        if (block.first == block.worker.first) memset(moments, 0, static_cast<size_t>(2 * in.pitch) * sizeof(double));
        kernels().batchnorm_moments(in.extent(block.count), step_.value(block, shared_->in), moments);
    }

    void forward_end(Worker& worker) override {
        const int64_t channels = input().channels;
        const Range range = share(channels, LANES, worker.index, step_.threads);
        if (!worker.run.training()) {
            for (int64_t c = range.from; c < range.to; c++) use_running(c);
            return;
        }
        double* exchange = shared_->exchange(worker.run);
        for (int64_t c = range.from; c < range.to; c++) {
            const Moments own = summed(worker.run, c);
            if (exchange) {
                exchange[1 + c] = own.sum;
                exchange[1 + channels + c] = own.squares;
            } else {
                use(worker.run, c, own);
            }
        }
        if (!exchange) return;
        if (worker.index == 0) exchange[0] = shared_->count(worker.run, input());
        step_.exchange(worker, shared_->number);
        for (int64_t c = range.from; c < range.to; c++)
            use(worker.run, c, Moments{exchange[0], exchange[1 + c], exchange[1 + channels + c]});
    }

    void backward(const Block& block) override {
        bool coupled = block.worker.run.training();
        kernels().batchnorm_backward_input(input().extent(block.count), step_.value(block, shared_->in),
                                           step_.scratch.shared(shared_->statistics), step_.weights(shared_->gamma),
                                           step_.gradient(block, shared_->out),
                                           coupled ? step_.scratch.shared(shared_->mean_sums) : nullptr, gradient(),
                                           step_.gradient(block, shared_->in));
    }

private:
    const Tensor& input() const { return step_.tensors[static_cast<size_t>(shared_->in)]; }
    double* moments_of(int thread) const { return reinterpret_cast<double*>(step_.scratch.own(moments_, thread)); }

    Moments summed(const Run& run, int64_t c) const {
        Moments all = {shared_->count(run, input()), 0, 0};
        for (int t = 0; t < step_.threads; t++) {
            const Range range = step_.samples(run, t);
            if (range.from == range.to) continue; /* what lies there is of another step */
            all.sum += moments_of(t)[c];
            all.squares += moments_of(t)[input().pitch + c];
        }
        return all;
    }

    void use(const Run& run, int64_t c, const Moments& of) {
        if (of.count == 0) return;
        const double mean = of.mean(), deviations = of.deviations();
        float* statistics = step_.scratch.shared(shared_->statistics);
        statistics[c] = static_cast<float>(mean);
        statistics[input().pitch + c] = static_cast<float>(1 / sqrt(deviations / of.count + shared_->eps));
        double momentum = run.statistics_momentum >= 0 ? run.statistics_momentum : shared_->momentum;
        if (momentum == 0) return;
        move(shared_->running_mean + c, momentum, mean);
        if (of.count > 1) move(shared_->running_variance + c, momentum, deviations / (of.count - 1));
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

    static void check_running(int64_t offset, const char* role) {
        if (offset < 0)
            refuse(GS_INVALID_ARGUMENT, "batchnorm_statistics: %s at offset %lld", role, static_cast<long long>(offset));
    }

    std::shared_ptr<Normalizer> shared_;
    int moments_; /* double[2][P] */
};

namespace {

class BatchnormNormalize : public Operation {
public:
    BatchnormNormalize(Step& step, int32_t normalizer, int64_t gamma, int64_t beta, int activation)
        : Operation(step, "batchnorm_normalize"),
          shared_(find(normalizer)),
          skip_(flow_.inputs.size() > 1 ? flow_.inputs[1] : -1),
          beta_(beta),
          activation_(activation),
          skip_gradient_(skip_ < 0 ? GS_GRADIENT_NONE : gradient(1)) {
        needs_output();
        check_same(name, input(), tensor(out()));
        if (skip_ >= 0) check_same(name, tensor(skip_), tensor(out()));
        if (activation != GS_IDENTITY && activation != GS_RELU)
            refuse(GS_INVALID_ARGUMENT, "%s: activation %d is neither identity nor relu", name, activation);
        if (gradient() != GS_GRADIENT_NONE)
            refuse(GS_INVALID_ARGUMENT, "%s: the gradient of its input is that of the statistics", name);
        needs_backward(in(), "input");
        if (activation != GS_IDENTITY) needs_backward(out(), "output");
        sums_ = step.scratch.own("sums " + std::to_string(ordinal_), 4 * input().pitch);
        parameter(gamma, input().channels, "gamma");
        parameter(beta, input().channels, "beta");
        masks_ = activation != GS_IDENTITY;
        outlives_ = true;
        shared_->out = out();
        shared_->gamma = gamma;
        shared_->first_half->normalized_into(out());
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
        const int64_t channels = in.channels;
        const Range range = share(channels, LANES, worker.index, step_.threads);
        const double own_count = shared_->count(worker.run, in);
        double* exchange = shared_->exchange(worker.run);
        double squares_sum = 0;
        float *gamma = step_.gradients(shared_->gamma), *beta = step_.gradients(beta_);
        if (exchange && worker.index == 0) exchange[0] = own_count;
        for (int64_t c = range.from; c < range.to; c++) {
            double deltas = 0, products = 0; /* sum of delta, and of delta * x_hat */
            for (int t = 0; t < step_.threads; t++) {
                deltas += sums_of(t)[c];
                products += sums_of(t)[in.pitch + c];
            }
            beta[c] = static_cast<float>(deltas);
            gamma[c] = static_cast<float>(products);
            squares_sum += static_cast<double>(beta[c]) * beta[c] + static_cast<double>(gamma[c]) * gamma[c];
            if (exchange) {
                exchange[1 + c] = deltas;
                exchange[1 + channels + c] = products;
            } else {
                mean(own_count, c, deltas, products);
            }
        }
        squares[static_cast<size_t>(worker.index)] = squares_sum;
        if (!exchange) return;
        step_.exchange(worker, shared_->number);
        for (int64_t c = range.from; c < range.to; c++) mean(exchange[0], c, exchange[1 + c], exchange[1 + channels + c]);
    }

private:
    std::shared_ptr<Normalizer> find(int32_t normalizer) const {
        if (normalizer < 0 || static_cast<size_t>(normalizer) >= step_.normalizers.size())
            refuse(GS_INVALID_ARGUMENT, "%s: normalizer %d of %zu", name, normalizer, step_.normalizers.size());
        std::shared_ptr<Normalizer> shared = step_.normalizers[static_cast<size_t>(normalizer)];
        if (shared->in != in() || shared->out >= 0)
            refuse(GS_INVALID_ARGUMENT, "%s: normalizer %d has the statistics of tensor %d and %s", name, normalizer,
                   shared->in, shared->out < 0 ? "is not used yet" : "is used already");
        if (shared->segment >= step_.segments.size())
            refuse(GS_INVALID_ARGUMENT, "%s: the statistics of tensor %d end with this segment: open the next one", name,
                   in());
        return shared;
    }

    const Tensor& input() const { return tensor(in()); }
    const float* statistics() const { return step_.scratch.shared(shared_->statistics); }
    double* sums_of(int thread) const { return reinterpret_cast<double*>(step_.scratch.own(sums_, thread)); }

    void mean(double count, int64_t c, double deltas, double products) {
        if (count == 0) return;
        float* mean_sums = step_.scratch.shared(shared_->mean_sums);
        mean_sums[c] = static_cast<float>(deltas / count);
        mean_sums[input().pitch + c] = static_cast<float>(products / count);
    }

    std::shared_ptr<Normalizer> shared_;
    const int32_t skip_;
    const int64_t beta_;
    const int activation_, skip_gradient_;
    int sums_; /* double[2][P] */
};

}  // namespace
}  // namespace gradsieve

int gs_step_batchnorm_statistics(gs_step* step, int64_t running_mean, int64_t running_variance, float eps, float momentum,
                                 int32_t* normalizer) {
    return gradsieve::add<gradsieve::BatchnormStatistics>(step, running_mean, running_variance, eps, momentum, normalizer);
}

int gs_step_batchnorm_normalize(gs_step* step, int32_t normalizer, int64_t gamma, int64_t beta, int activation) {
    return gradsieve::add<gradsieve::BatchnormNormalize>(step, normalizer, gamma, beta, activation);
}
