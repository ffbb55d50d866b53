/* Group norm and layer norm: every sample by itself, so neither ends a segment. */
#include "step_operations.h"

namespace gradsieve {
namespace {

/* What both keep: gamma, beta, their private gradients (gamma first), saved statistics. */
class SampleNorm : public Operation {
public:
    SampleNorm(Step& step, const char* name, int32_t in, int32_t out, int64_t gamma, int64_t beta, int64_t parameters_each,
               float eps, int32_t saved, int64_t saved_floats, int gradient)
        : Operation(step, name),
          in_(in),
          out_(out),
          saved_(saved),
          gamma_(gamma),
          beta_(beta),
          each_((parameters_each + LANES - 1) / LANES * LANES),
          eps_(eps),
          gradient_(gradient),
          gradients_(step, ordinal_, 2 * each_) {
        check_same(name, tensor(), step.tensor(name, "out", out));
        if (!(eps > 0)) refuse(GS_INVALID_ARGUMENT, "%s: eps %g", name, eps);
        const Tensor& kept = step.tensor(name, "saved", saved);
        check_saved(name, kept, saved_floats);
        dense_ = kept.floats() == saved_floats;
        parameter(gamma, parameters_each, "gamma");
        parameter(beta, parameters_each, "beta");
        reads(in);
        writes(out);
        writes(saved);
        backward_takes(out);
        backward_reads(in);
        backward_reads(saved);
        backward_gives(in, gradient);
    }

    void backward_begin(Worker& worker) override { gradients_.clear(worker); }

    void backward_end(Worker& worker) override {
        squares[static_cast<size_t>(worker.index)] =
            gradients_.reduce(worker, 0, parameters[0]) + gradients_.reduce(worker, each_, parameters[1]);
    }

protected:
    const Tensor& tensor() const { return step_.tensors[static_cast<size_t>(in_)]; }
    float* input_gradient(const Block& b) const {
        return gradient_ == GS_GRADIENT_NONE ? nullptr : step_.gradient(b, in_);
    }
    float* gamma_gradient(const Block& b) const { return gradients_.of(b.worker); }
    float* beta_gradient(const Block& b) const { return gradients_.of(b.worker) + each_; }

    const int32_t in_, out_, saved_;
    const int64_t gamma_, beta_, each_; /* each_: floats of a parameter in whole lanes */
    const float eps_;
    const int gradient_;
    bool dense_;
    PrivateGradients gradients_;
};

class GroupNorm : public SampleNorm {
public:
    GroupNorm(Step& step, int32_t in, int32_t out, int64_t groups, int64_t gamma, int64_t beta, float eps, int32_t saved,
              int gradient)
        : SampleNorm(step, "groupnorm", in, out, gamma, beta, step.tensor("groupnorm", "in", in).channels, eps, saved,
                     2 * groups, gradient),
          groups_(groups) {}

    void forward(const Block& block) override {
        each(block, dense_, [this](const Block& b) {
            kernels().groupnorm_forward(tensor().extent(b.count), groups_, eps_, step_.value(b, in_),
                                        step_.weights(gamma_), step_.weights(beta_), step_.value(b, out_),
                                        step_.value(b, saved_));
        });
    }

    void backward(const Block& block) override {
        each(block, dense_, [this](const Block& b) {
            kernels().groupnorm_backward(tensor().extent(b.count), groups_, step_.value(b, in_), step_.weights(gamma_),
                                         step_.value(b, saved_), step_.gradient(b, out_), gradient_, input_gradient(b),
                                         gamma_gradient(b), beta_gradient(b), step_.norm2(b));
        });
    }

private:
    const int64_t groups_;
};

class LayerNorm : public SampleNorm {
public:
    LayerNorm(Step& step, int32_t in, int32_t out, int64_t width, int64_t gamma, int64_t beta, float eps, int32_t saved,
              int gradient)
        : SampleNorm(step, "layernorm", in, out, gamma, beta, parameters_of(step, in, width), eps, saved,
                     2 * rows_of(step, in, width), gradient),
          width_(width) {}

    void forward(const Block& block) override {
        each(block, dense_, [this](const Block& b) {
            kernels().layernorm_forward(tensor().extent(b.count), width_, width_ > 0, eps_, step_.value(b, in_),
                                        step_.weights(gamma_), step_.weights(beta_), step_.value(b, out_),
                                        step_.value(b, saved_));
        });
    }

    void backward(const Block& block) override {
        each(block, dense_, [this](const Block& b) {
            kernels().layernorm_backward(tensor().extent(b.count), width_, width_ > 0, step_.value(b, in_),
                                         step_.weights(gamma_), step_.value(b, saved_), step_.gradient(b, out_),
                                         gradient_, input_gradient(b), gamma_gradient(b), beta_gradient(b),
                                         step_.norm2(b));
        });
    }

private:
    static int64_t parameters_of(Step& step, int32_t in, int64_t width) {
        const Tensor& tensor = step.tensor("layernorm", "in", in);
        return width > 0 ? width : tensor.floats();
    }
    static int64_t rows_of(Step& step, int32_t in, int64_t width) {
        const Tensor& tensor = step.tensor("layernorm", "in", in);
        return width > 0 ? tensor.positions / width * tensor.pitch : 1;
    }

    const int64_t width_; /* of the rows that are normalised; 0: all features of a sample */
};

}  // namespace

std::unique_ptr<Operation> groupnorm_operation(Step& step, int32_t in, int32_t out, int64_t groups, int64_t gamma,
                                               int64_t beta, float eps, int32_t saved, int gradient) {
    int64_t channels = step.tensor("groupnorm", "in", in).channels;
    if (groups < 1 || channels % groups != 0)
        refuse(GS_INVALID_ARGUMENT, "groupnorm: %lld channels in %lld groups", static_cast<long long>(channels),
               static_cast<long long>(groups));
    return std::make_unique<GroupNorm>(step, in, out, groups, gamma, beta, eps, saved, gradient);
}

std::unique_ptr<Operation> layernorm_operation(Step& step, int32_t in, int32_t out, int64_t width, int64_t gamma,
                                               int64_t beta, float eps, int32_t saved, int gradient) {
    const Tensor& tensor = step.tensor("layernorm", "in", in);
    if (width != 0) check_image("layernorm", tensor, width > 0 ? tensor.positions / width : 0, width);
    return std::make_unique<LayerNorm>(step, in, out, width, gamma, beta, eps, saved, gradient);
}

}  // namespace gradsieve
