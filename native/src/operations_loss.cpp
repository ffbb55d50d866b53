/* The loss and the per-sample records. Its gradient is made in the backward pass, so that it need not live longer. */
#include <string.h>

#include "step_operations.h"

namespace gradsieve {
namespace {

class SoftmaxCrossEntropy : public Operation {
public:
    SoftmaxCrossEntropy(Step& step, int32_t logits, float label_smoothing, int gradient)
        : Operation(step, "softmax_cross_entropy"), logits_(logits), label_smoothing_(label_smoothing) {
        const Tensor& tensor = step.tensor(name, "logits", logits);
        if (tensor.positions != 1)
            refuse(GS_INVALID_ARGUMENT, "%s: logits of %lld positions, not one", name,
                   static_cast<long long>(tensor.positions));
        if (!(label_smoothing >= 0 && label_smoothing < 1))
            refuse(GS_INVALID_ARGUMENT, "%s: a label smoothing of %g", name, label_smoothing);
        if (step.loss_logits >= 0) refuse(GS_INVALID_ARGUMENT, "%s: the step has a loss already", name);
        if (gradient == GS_GRADIENT_ADD) refuse(GS_INVALID_ARGUMENT, "%s: its gradient is the first one", name);
        step.loss_logits = logits;
        reads(logits);
        backward_reads(logits);
        backward_gives(logits, gradient);
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

    void backward(const Block& block) override { apply(block, step_.gradient(block, logits_), nullptr, step_.backward_records(block.worker.run)); }

private:
    const Tensor& logits() const { return step_.tensors[static_cast<size_t>(logits_)]; }

    void apply(const Block& block, float* gradient, float* probabilities, float* records) const {
        const Run& run = block.worker.run;
        kernels().softmax_cross_entropy(block.count, logits().channels, logits().pitch, label_smoothing_,
                                        step_.value(block, logits_), run.labels + block.first,
                                        run.plan_weights + block.first, run.sample_weights + block.first, gradient,
                                        probabilities, records + block.first, step_.capacity);
    }

    const int32_t logits_;
    const float label_smoothing_;
};

}  // namespace

std::unique_ptr<Operation> softmax_cross_entropy_operation(Step& step, int32_t logits, float label_smoothing,
                                                           int gradient) {
    return std::make_unique<SoftmaxCrossEntropy>(step, logits, label_smoothing, gradient);
}

}  // namespace gradsieve
