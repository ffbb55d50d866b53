/*
 * Linear layer. The products with the input and the gradient run block by block; the gradient of the weights is one product
 * over the whole batch, split over the threads by outputs (by features where there are few outputs).
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
          shape_{step.tensors[static_cast<size_t>(in)].floats(), step.tensors[static_cast<size_t>(out)].channels,
                 step.tensors[static_cast<size_t>(out)].pitch} {
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
        parameter(weights, blocks() * LANES * shape_.features, "weights");
        if (bias >= 0) parameter(bias, shape_.outputs, "bias");
        scratch_ = step.scratch.own("linear", kernels().linear_backward_weights_scratch(shape_));
        if (gradient != GS_GRADIENT_NONE) {
            transposed_ = step.scratch.shared("transposed " + std::to_string(ordinal_), kernels().linear_transposed(shape_));
            prepares_backward = true;
        }
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
        kernels().linear_forward(shape_, block.count, input, step_.weights(weights_), step_.weights(bias_), activation_,
                                 step_.value(block, out_));
        if (!step_.norms) return;
        /* The input's share of the norm, while the input is in cache: backward's blocks do not read it. */
        float* norms = step_.scratch.shared(input_norms_) + block.first;
        for (int64_t i = 0; i < block.count; i++)
            norms[i] = static_cast<float>(kernels().squared_norm(shape_.features, input + i * shape_.features));
    }

    /* Each thread turns its share of the weights; the blocks need all of them. */
    void backward_begin(Worker& worker) override {
        if (gradient_ == GS_GRADIENT_NONE) return;
        Range features = share(shape_.features, LANES, worker.index, step_.threads);
        kernels().linear_transpose(shape_, features.from, features.to, step_.weights(weights_),
                                   step_.scratch.shared(transposed_));
    }

    void backward(const Block& block) override {
        float* delta = step_.gradient(block, out_);
        if (activation_ != GS_IDENTITY)
            kernels().activation_backward(Extent{block.count, 1, shape_.outputs, shape_.pitch}, activation_, nullptr,
                                          step_.value(block, out_), delta, GS_GRADIENT_STORE, delta);
        if (step_.norms) add_norms(block, delta);
        if (gradient_ == GS_GRADIENT_NONE) return;
        kernels().linear_backward_input(shape_, block.count, delta, step_.scratch.shared(transposed_), gradient_,
                                        step_.gradient(block, in_));
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
                                           kernels().squared_norm(shape_.outputs, delta + i * shape_.pitch));
    }

    int64_t blocks() const { return (shape_.outputs + LANES - 1) / LANES; }

    double weights_gradient(Worker& worker) {
        bool by_outputs = blocks() >= 2 * step_.threads;
        Range outputs{0, blocks()}, features{0, shape_.features};
        if (by_outputs) {
            outputs = share(blocks(), 1, worker.index, step_.threads);
        } else {
            features = share(shape_.features, LANES, worker.index, step_.threads);
        }
        Block whole{worker, 0, worker.run.batch, 0};
        return kernels().linear_backward_weights(shape_, whole.count, {outputs.from, outputs.to, features.from, features.to},
                                                 step_.value(whole, in_), step_.gradient(whole, out_), false,
                                                 step_.gradients(weights_), step_.scratch.own(scratch_, worker.index));
    }

    double bias_gradient(Worker& worker) {
        Range range = share(shape_.outputs, LANES, worker.index, step_.threads);
        if (range.from >= range.to) return 0;
        float* sums = step_.gradients(bias_);
        memset(sums + range.from, 0, static_cast<size_t>(range.to - range.from) * sizeof(float));
        kernels().column_sums(worker.run.batch, shape_.pitch, range.from, range.to,
                              step_.gradient(Block{worker, 0, worker.run.batch, 0}, out_), sums);
        return kernels().squared_norm(range.to - range.from, sums + range.from);
    }

    const int32_t in_, out_;
    const int64_t weights_, bias_;
    const int activation_, gradient_;
    const LinearShape shape_;
    int input_norms_ = -1; /* |a|^2 of every sample */
    int scratch_ = -1, transposed_ = -1;
};

}  // namespace

std::unique_ptr<Operation> linear_operation(Step& step, int32_t in, int32_t out, int64_t weights, int64_t bias,
                                            int activation, int gradient) {
    step.tensor("linear", "in", in);
    step.tensor("linear", "out", out);
    return std::make_unique<Linear>(step, in, out, weights, bias, activation, gradient);
}

}  // namespace gradsieve
