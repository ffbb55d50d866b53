/*
 * Linear layer. The products with the input and the gradient run block by block; the gradient of the weights is one product
 * over the whole batch, split over the threads by output rows (by input columns where there are few rows).
 */
#include <string.h>

#include "step_operations.h"

namespace gradsieve {
namespace {

class Linear : public Operation {
public:
    Linear(Step& step, int32_t in, int32_t out, int64_t weights, int64_t bias, int activation, int gradient)
        : Operation(step, "linear"),
          in_(in),
          out_(out),
          weights_(weights),
          bias_(bias),
          activation_(activation),
          gradient_(gradient),
          features_(step.tensors[static_cast<size_t>(in)].floats()),
          outputs_(step.tensors[static_cast<size_t>(out)].channels),
          pitch_(step.tensors[static_cast<size_t>(out)].pitch) {
        const Tensor& result = step.tensors[static_cast<size_t>(out)];
        check_activation(name, activation);
        if (result.positions() != 1)
            refuse(GS_INVALID_ARGUMENT, "linear: its output has %lld positions, not one",
                   static_cast<long long>(result.positions()));
        if (activation == GS_GELU && result.gradient_storage != GS_NOWHERE)
            refuse(GS_INVALID_ARGUMENT, "linear: gelu needs its input in backward: add it as an operation of its own");
        if (step.norms)
            input_norms_ = step.scratch.shared("input norms " + std::to_string(step.segments.size()) + " " +
                                                   std::to_string(ordinal_), step.capacity);
        parameter(weights, outputs_ * features_, "weights");
        if (bias >= 0) parameter(bias, outputs_, "bias");
        reads(in);
        writes(out);
        backward_takes(out);
        if (activation != GS_IDENTITY) masks(out);
        backward_gives(in, gradient);
        backward_reads(in, true);
        backward_takes(out, true);
    }

    void forward(const Block& block) override {
        const float* input = step_.value(block, in_);
        float* output = step_.value(block, out_);
        sgemm(false, true, block.count, outputs_, features_, input, features_, step_.weights(weights_), features_, 0,
              output, pitch_);
        kernels().linear_epilogue(block.count, outputs_, pitch_, step_.weights(bias_), activation_, output);
        if (!step_.norms) return;
        /* The input's share of the norm, while the input is in cache: backward's blocks do not read it. */
        float* norms = step_.scratch.shared(input_norms_) + block.first;
        for (int64_t i = 0; i < block.count; i++)
            norms[i] = static_cast<float>(kernels().squared_norm(features_, input + i * features_));
    }

    void backward(const Block& block) override {
        float* delta = step_.gradient(block, out_);
        if (activation_ != GS_IDENTITY)
            kernels().activation_backward(Extent{block.count, 1, outputs_, pitch_}, activation_, nullptr,
                                          step_.value(block, out_), delta, GS_GRADIENT_STORE, delta);
        if (step_.norms) add_norms(block, delta);
        if (gradient_ == GS_GRADIENT_NONE) return;
        sgemm(false, false, block.count, features_, outputs_, delta, pitch_, step_.weights(weights_), features_,
              gradient_ == GS_GRADIENT_ADD ? 1.0f : 0.0f, step_.gradient(block, in_), features_);
    }

    void backward_end(Worker& worker) override {
        double& sum = squares[static_cast<size_t>(worker.index)];
        sum = weights_gradient(worker);
        if (bias_ >= 0) sum += bias_gradient(worker);
    }

private:
    void add_norms(const Block& block, const float* delta) {
        const float* input_norms = step_.scratch.shared(input_norms_) + block.first;
        float* norm2 = step_.norm2(block);
        const double with_bias = bias_ >= 0 ? 1 : 0;
        for (int64_t i = 0; i < block.count; i++)
            norm2[i] += static_cast<float>((input_norms[i] + with_bias) *
                                           kernels().squared_norm(outputs_, delta + i * pitch_));
    }

    double weights_gradient(Worker& worker) {
        bool by_rows = outputs_ >= 2 * LANES * step_.threads;
        Range rows{0, outputs_}, columns{0, features_};
        (by_rows ? rows : columns) = share(by_rows ? outputs_ : features_, LANES, worker.index, step_.threads);
        int64_t batch = worker.run.batch;
        if (rows.from >= rows.to || columns.from >= columns.to) return 0;
        Block whole{worker, 0, batch, 0};
        const float *input = step_.value(whole, in_), *delta = step_.gradient(whole, out_);
        double sum = 0;
        /* So many rows that they are still in cache when their squares are summed. */
        int64_t width = columns.to - columns.from, run = std::max<int64_t>(LANES, TILE / width / LANES * LANES);
        for (int64_t row = rows.from; row < rows.to; row += run) {
            int64_t count = std::min(run, rows.to - row);
            float* target = step_.gradients(weights_) + row * features_ + columns.from;
            if (batch > 0) {
                sgemm(true, false, count, width, batch, delta + row, pitch_, input + columns.from, features_, 0, target,
                      features_);
            }
            for (int64_t r = 0; r < count; r++) {
                if (batch == 0) memset(target + r * features_, 0, static_cast<size_t>(width) * sizeof(float));
                sum += kernels().squared_norm(width, target + r * features_);
            }
        }
        return sum;
    }

    double bias_gradient(Worker& worker) {
        Range range = share(outputs_, LANES, worker.index, step_.threads);
        if (range.from >= range.to) return 0;
        float* sums = step_.gradients(bias_);
        memset(sums + range.from, 0, static_cast<size_t>(range.to - range.from) * sizeof(float));
        kernels().column_sums(worker.run.batch, pitch_, range.from, range.to,
                              step_.gradient(Block{worker, 0, worker.run.batch, 0}, out_), sums);
        return kernels().squared_norm(range.to - range.from, sums + range.from);
    }

    static const int64_t TILE = 256 * 1024; /* floats of a product's rows; half of a large L2 */

    const int32_t in_, out_;
    const int64_t weights_, bias_;
    const int activation_, gradient_;
    const int64_t features_, outputs_, pitch_;
    int input_norms_ = -1; /* |a|^2 of every sample */
};

}  // namespace

std::unique_ptr<Operation> linear_operation(Step& step, int32_t in, int32_t out, int64_t weights, int64_t bias,
                                            int activation, int gradient) {
    step.tensor("linear", "in", in);
    step.tensor("linear", "out", out);
    return std::make_unique<Linear>(step, in, out, weights, bias, activation, gradient);
}

}  // namespace gradsieve
