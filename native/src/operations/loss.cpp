/* The loss and the per-sample records. Its gradient is made in the backward pass, so that it need not live longer. */
#include <string.h>

#include "operations/operation.h"

namespace gradsieve {
namespace {

class SoftmaxCrossEntropy : public Operation {
public:
    SoftmaxCrossEntropy(Step& step, float label_smoothing)
        : Operation(step, "softmax_cross_entropy"), label_smoothing_(label_smoothing) {
        if (logits().positions != 1)
            refuse(GS_INVALID_ARGUMENT, "%s: logits of %lld positions, not one", name,
                   static_cast<long long>(logits().positions));
        if (!(label_smoothing >= 0 && label_smoothing < 1))
            refuse(GS_INVALID_ARGUMENT, "%s: a label smoothing of %g", name, label_smoothing);
        if (step.loss_logits >= 0) refuse(GS_INVALID_ARGUMENT, "%s: the step has a loss already", name);
        if (gradient() == GS_GRADIENT_ADD) refuse(GS_INVALID_ARGUMENT, "%s: its gradient is the first one", name);
        needs_backward(in(), "logits");
        step.loss_logits = in();
    }

    int check(const Run& run) const override {
        if (!run.labels && run.training() && run.batch > 0)
            return fail(GS_INVALID_ARGUMENT, "begin: training without labels");
        int64_t classes = logits().channels;
        for (int64_t i = 0; run.labels && i < run.batch; i++)
            if (run.labels[i] < 0 || run.labels[i] >= classes)
                return fail(GS_INVALID_ARGUMENT, "begin: label %d at sample index %lld of the batch is not in 0..%lld",
                            run.labels[i], static_cast<long long>(i), static_cast<long long>(classes - 1));
        return GS_OK;
    }

    void forward(const Block& block) override {
        const Run& run = block.worker.run;
        float* probabilities = step_.probabilities(run);
        if (probabilities) probabilities += block.first * logits().pitch;
        apply(block, nullptr, probabilities, step_.records(run));
        if (run.labelled) return;
        for (int record : {GS_RECORD_LOSS, GS_RECORD_CROSS_ENTROPY, GS_RECORD_EL2N, GS_RECORD_MARGIN, GS_RECORD_CONFIDENCE})
            memset(step_.records(run) + record * step_.capacity + block.first, 0,
                   static_cast<size_t>(block.count) * sizeof(float));
    }

    void backward(const Block& block) override {
        apply(block, step_.gradient(block, in()), nullptr, step_.backward_records(block.worker.run));
    }

private:
    const Tensor& logits() const { return tensor(in()); }

    void apply(const Block& block, float* gradient, float* probabilities, float* records) const {
        const Run& run = block.worker.run;
        kernels().softmax_cross_entropy(block.count, logits().channels, logits().pitch, label_smoothing_,
                                        step_.value(block, in()), run.labels + block.first,
                                        run.plan_weights + block.first, run.sample_weights + block.first, gradient,
                                        probabilities, records + block.first, step_.capacity);
    }

    const float label_smoothing_;
};

}  // namespace
}  // namespace gradsieve

int gs_step_softmax_cross_entropy(gs_step* step, float label_smoothing) {
    return gradsieve::add<gradsieve::SoftmaxCrossEntropy>(step, label_smoothing);
}
