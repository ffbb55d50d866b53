/*
 * Linear layer. The products with the input and the gradient run block by block, and so do the sums that make the gradient of
 * the bias; the gradient of the weights is one product over the whole batch, split over the threads by outputs (by features
 * where there are few outputs). A shift of the features is one more sample of that product, and part of the bias.
 */
#include "linear_norms.h"
#include "operations/operation.h"

namespace gradsieve {
namespace {

class Linear : public Operation {
public:
    Linear(Step& step, int64_t weights, int64_t bias, int activation, const float* shift)
        : Operation(step, "linear"),
          weights_(weights),
          bias_(bias),
          activation_(activation),
          shape_{tensor(in()).floats(), output().channels, output().pitch},
          bias_gradients_(step, ordinal_, shape_.pitch) {
        const Tensor& result = output();
        check_activation(name, activation);
        needs_backward(in(), "input");
        if (activation != GS_IDENTITY) needs_backward(out(), "output");
        if (result.positions != 1)
            refuse(GS_INVALID_ARGUMENT, "linear: its output has %lld positions, not one",
                   static_cast<long long>(result.positions));
        if (activation == GS_GELU && result.gradient_storage != GS_NOWHERE)
            refuse(GS_INVALID_ARGUMENT, "linear: gelu needs its input in backward: add it as an operation of its own");
        if (step.norms)
            input_norms_ = step.scratch.shared("input norms " + std::to_string(step.segments.size()) + " " +
                                                   std::to_string(ordinal_), step.capacity);
        parameter(weights, blocks() * LANES * shape_.features, "weights");
        if (bias >= 0) parameter(bias, shape_.outputs, "bias");
        scratch_ = step.scratch.own("linear", kernels().linear_scratch(shape_));
        if (shift != nullptr) {
            shift_.assign(shift, shift + shape_.features);
            shifted_bias_ = step.scratch.shared("shifted bias " + std::to_string(ordinal_), shape_.outputs);
            gradient_sums_ = step.scratch.own("gradient sums " + std::to_string(ordinal_), shape_.pitch);
            prepares_forward = true;
        }
        if (gradient() != GS_GRADIENT_NONE) {
            transposed_ = step.scratch.shared("transposed " + std::to_string(ordinal_), kernels().linear_transposed(shape_));
            prepares_backward = true;
        }
        masks_ = activation != GS_IDENTITY;
        product_ = true;
    }

    /* bias + weights · shift, each thread some outputs: what the blocks start from. */
    void forward_begin(Worker& worker) override {
        if (!shifted()) return;
        Range outputs = share(shape_.outputs, LANES, worker.index, step_.threads);
        int64_t count = outputs.to - outputs.from;
        if (count <= 0) return;
        kernels().linear_forward({shape_.features, count, count}, 1, shift_.data(),
                                 step_.weights(weights_ + outputs.from * shape_.features),
                                 bias_ < 0 ? nullptr : step_.weights(bias_ + outputs.from), GS_IDENTITY,
                                 step_.scratch.shared(shifted_bias_) + outputs.from, scratch(worker));
    }

    void forward(const Block& block) override {
        const float* input = step_.value(block, in());
        const float* bias = shifted() ? step_.scratch.shared(shifted_bias_) : step_.weights(bias_);
        kernels().linear_forward(shape_, block.count, input, step_.weights(weights_), bias, activation_, step_.value(block, out()),
                                 scratch(block.worker));
        if (!step_.norms) return;
        /* The input's share of the norm, while the input is in cache: backward's blocks do not read it. */
        kernels().row_norms(block.count, shape_.features, input, shifted() ? shift_.data() : nullptr,
                            step_.scratch.shared(input_norms_) + block.first);
    }

    void move(int64_t from, int64_t to) override {
        if (!step_.norms) return;
        float* norms = step_.scratch.shared(input_norms_);
        norms[to] = norms[from];
    }

    /* Each thread turns its share of the weights; the blocks need all of them. */
    void backward_begin(Worker& worker) override {
        bias_gradients_.clear(worker);
        if (gradient() == GS_GRADIENT_NONE) return;
        Range features = share(shape_.features, LANES, worker.index, step_.threads);
        kernels().linear_transpose(shape_, features.from, features.to, step_.weights(weights_),
                                   step_.scratch.shared(transposed_));
    }

    void backward(const Block& block) override {
        float* delta = step_.gradient(block, out());
        if (activation_ != GS_IDENTITY)
            kernels().activation_backward(Extent{block.count, 1, shape_.outputs, shape_.pitch}, activation_, nullptr,
                                          step_.value(block, out()), delta, GS_GRADIENT_STORE, delta);
        if (step_.norms)
            add_linear_norms(shape_, block.count, step_.scratch.shared(input_norms_) + block.first, delta, bias_ >= 0,
                             step_.norm2(block));
        if (bias_ >= 0 || shifted())
            kernels().column_sums(block.count, shape_.pitch, 0, shape_.outputs, delta, bias_gradients_.of(block.worker));
        if (gradient() == GS_GRADIENT_NONE) return;
        kernels().linear_backward_input(shape_, block.count, delta, step_.scratch.shared(transposed_), gradient(),
                                        step_.gradient(block, in()), scratch(block.worker));
    }

    void backward_end(Worker& worker) override {
        double& sum = squares[static_cast<size_t>(worker.index)];
        sum = weights_gradient(worker);
        if (bias_ >= 0) sum += bias_gradients_.reduce(worker, 0, parameters[1]);
    }

private:
    const Tensor& output() const {
        needs_output();
        return tensor(out());
    }
    bool shifted() const { return !shift_.empty(); }
    float* scratch(const Worker& worker) const { return step_.scratch.own(scratch_, worker.index); }

    int64_t blocks() const { return (shape_.outputs + LANES - 1) / LANES; }

    double weights_gradient(Worker& worker) {
        bool by_outputs = blocks() >= 2 * step_.threads;
        Range outputs{0, blocks()}, features{0, shape_.features};
        if (by_outputs) {
            outputs = share(blocks(), 1, worker.index, step_.threads);
        } else {
            features = share(shape_.features, LANES, worker.index, step_.threads);
        }
        float* sums = nullptr;
        if (shifted()) bias_gradients_.total(sums = step_.scratch.own(gradient_sums_, worker.index));
        Block whole{worker, 0, worker.run.batch, 0};
        return kernels().linear_backward_weights(shape_, whole.count, {outputs.from, outputs.to, features.from, features.to},
                                                 step_.value(whole, in()), step_.gradient(whole, out()),
                                                 shifted() ? shift_.data() : nullptr, sums, false, step_.gradients(weights_),
                                                 scratch(worker));
    }

    const int64_t weights_, bias_;
    const int activation_;
    const LinearShape shape_;
    const PrivateGradients bias_gradients_; /* δ summed over samples */
    std::vector<float> shift_;
    int shifted_bias_ = -1, gradient_sums_ = -1;
    int input_norms_ = -1; /* |a|^2 of every sample */
    int scratch_ = -1, transposed_ = -1;
};

}  // namespace
}  // namespace gradsieve

int gs_step_linear(gs_step* step, int64_t weights, int64_t bias, int activation, const float* shift) {
    return gradsieve::add<gradsieve::Linear>(step, weights, bias, activation, shift);
}
