/* Group norm and layer norm: every sample by itself, so neither ends a segment. */
#include "operations/operation.h"

namespace gradsieve {
namespace {

/* What both keep: gamma, beta, their private gradients (gamma first), saved statistics. */
class SampleNorm : public Operation {
public:
    SampleNorm(Step& step, const char* name, int64_t gamma, int64_t beta, float eps)
        : Operation(step, name), gamma_(gamma), beta_(beta), eps_(eps) {
        needs_output();
        check_same(name, input(), tensor(out()));
        if (!(eps > 0)) refuse(GS_INVALID_ARGUMENT, "%s: eps %g", name, eps);
        needs_backward(in(), "input");
    }

    /* Floats of gamma and of beta, and of what is saved of a sample. */
    void size(int64_t parameters_each, int64_t saved_floats) {
        each_ = (parameters_each + LANES - 1) / LANES * LANES;
        gradients_ = std::make_unique<PrivateGradients>(step_, ordinal_, 2 * each_);
        needs_saved(saved_floats);
        dense_ = tensor(saved()).floats() == saved_floats;
        parameter(gamma_, parameters_each, "gamma");
        parameter(beta_, parameters_each, "beta");
    }

    void backward_begin(Worker& worker) override { gradients_->clear(worker); }

    void backward_end(Worker& worker) override {
        squares[static_cast<size_t>(worker.index)] =
            gradients_->reduce(worker, 0, parameters[0]) + gradients_->reduce(worker, each_, parameters[1]);
    }

protected:
    const Tensor& input() const { return tensor(in()); }
    float* input_gradient(const Block& b) const {
        return gradient() == GS_GRADIENT_NONE ? nullptr : step_.gradient(b, in());
    }
    float* gamma_gradient(const Block& b) const { return gradients_->of(b.worker); }
    float* beta_gradient(const Block& b) const { return gradients_->of(b.worker) + each_; }

    const int64_t gamma_, beta_;
    const float eps_;
    int64_t each_ = 0; /* floats of a parameter in whole lanes */
    bool dense_ = true;
    std::unique_ptr<PrivateGradients> gradients_;
};

class GroupNorm : public SampleNorm {
public:
    GroupNorm(Step& step, int64_t groups, int64_t gamma, int64_t beta, float eps)
        : SampleNorm(step, "groupnorm", gamma, beta, eps), groups_(groups) {
        if (groups < 1 || input().channels % groups != 0)
            refuse(GS_INVALID_ARGUMENT, "groupnorm: %lld channels in %lld groups", static_cast<long long>(input().channels),
                   static_cast<long long>(groups));
        size(input().channels, 2 * groups);
    }

    void forward(const Block& block) override {
        each(block, dense_, [this](const Block& b) {
            kernels().groupnorm_forward(input().extent(b.count), groups_, eps_, step_.value(b, in()),
                                        step_.weights(gamma_), step_.weights(beta_), step_.value(b, out()),
                                        step_.value(b, saved()));
        });
    }

    void backward(const Block& block) override {
        each(block, dense_, [this](const Block& b) {
            kernels().groupnorm_backward(input().extent(b.count), groups_, step_.value(b, in()), step_.weights(gamma_),
                                         step_.value(b, saved()), step_.gradient(b, out()), gradient(), input_gradient(b),
                                         gamma_gradient(b), beta_gradient(b), step_.norm2(b));
        });
    }

private:
    const int64_t groups_;
};

class LayerNorm : public SampleNorm {
public:
    LayerNorm(Step& step, int64_t width, int64_t gamma, int64_t beta, float eps)
        : SampleNorm(step, "layernorm", gamma, beta, eps), width_(width) {
        if (width != 0) check_image(name, input(), width > 0 ? input().positions / width : 0, width);
        const bool rows = width > 0;
        size(rows ? width : input().floats(), 2 * (rows ? input().positions / width * input().pitch : 1));
    }

    void forward(const Block& block) override {
        each(block, dense_, [this](const Block& b) {
            kernels().layernorm_forward(input().extent(b.count), width_, width_ > 0, eps_, step_.value(b, in()),
                                        step_.weights(gamma_), step_.weights(beta_), step_.value(b, out()),
                                        step_.value(b, saved()));
        });
    }

    void backward(const Block& block) override {
        each(block, dense_, [this](const Block& b) {
            kernels().layernorm_backward(input().extent(b.count), width_, width_ > 0, step_.value(b, in()),
                                         step_.weights(gamma_), step_.value(b, saved()), step_.gradient(b, out()),
                                         gradient(), input_gradient(b), gamma_gradient(b), beta_gradient(b),
                                         step_.norm2(b));
        });
    }

private:
    const int64_t width_; /* of the rows that are normalised; 0: all features of a sample */
};

}  // namespace
}  // namespace gradsieve

int gs_step_groupnorm(gs_step* step, int64_t groups, int64_t gamma, int64_t beta, float eps) {
    return gradsieve::add<gradsieve::GroupNorm>(step, groups, gamma, beta, eps);
}

int gs_step_layernorm(gs_step* step, int64_t width, int64_t gamma, int64_t beta, float eps) {
    return gradsieve::add<gradsieve::LayerNorm>(step, width, gamma, beta, eps);
}
