#include "compiled.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <algorithm>

void must(int status) {
    if (status == GS_OK) return;
    printf("status %d: %s\n", status, gs_last_error());
    exit(1);
}

Floats::Floats(int64_t count) : count_(count) {
    void* memory;
    must(gs_allocate(count * int64_t{sizeof(float)}, &memory));
    data_ = static_cast<float*>(memory);
}

Floats::~Floats() { gs_release(data_, count_ * int64_t{sizeof(float)}); }

Compiled::Compiled(const Network& network, int threads, int64_t capacity, bool norms)
    : network_(network),
      capacity_(capacity),
      normalizers_(network.nodes.size(), -1),
      samples_(network.labels.size()),
      step_(build(threads, capacity, norms)),
      arena_(memory(false)),
      scratch_(memory(true)),
      weights_(static_cast<int64_t>(network.parameters.size())),
      gradients_(network.trainable),
      state1_(network.trainable),
      state2_(network.trainable),
      records_(2 * GS_RECORDS * capacity),
      probabilities_(2 * capacity * network.tensors[static_cast<size_t>(network.logits)].pitch) {
    memcpy(weights_.data(), network.parameters.data(), network.parameters.size() * sizeof(float));
    /* What a step does not write before it reads would show. */
    memset(arena_.data(), 0xff, static_cast<size_t>(memory(false)) * sizeof(float));
    must(gs_step_bind(step_, arena_.data(), scratch_.data(), weights_.data(), network.trainable, gradients_.data(),
                      state1_.data(), state2_.data(), records_.data(), probabilities_.data()));
}

Compiled::~Compiled() { must(gs_step_destroy(step_)); }

int64_t Compiled::memory(bool scratch) const {
    int64_t arena_bytes, scratch_bytes;
    must(gs_step_memory(step_, &arena_bytes, &scratch_bytes));
    return (scratch ? scratch_bytes : arena_bytes) / int64_t{sizeof(float)};
}

/* Backward runs from the last node to the first: the last reader of a tensor stores its gradient, the others add. */
int Compiled::gradient(int tensor, size_t node) const {
    if (!network_.trained[static_cast<size_t>(tensor)]) return GS_GRADIENT_NONE;
    for (size_t later = node + 1; later < network_.nodes.size(); later++) {
        const Node& other = network_.nodes[later];
        if (other.kind == NORMALIZE && other.in == tensor && other.skip != tensor) continue; /* its statistics give it */
        if (other.in == tensor || other.skip == tensor) return GS_GRADIENT_ADD;
    }
    return GS_GRADIENT_STORE;
}

gs_step* Compiled::build(int threads, int64_t capacity, bool norms) {
    must(gs_step_create(threads, capacity, norms, &step_));
    int64_t next[2] = {0, 0}; /* arena, scratch */
    int64_t block = 1;
    for (const Cut& cut : network_.cuts) block = std::max(block, cut.block);
    for (size_t t = 0; t < network_.tensors.size(); t++) {
        const Shape& shape = network_.tensors[t];
        int64_t offsets[2];
        bool scratch[2] = {network_.value_in_scratch[t], network_.gradient_in_scratch[t]};
        for (int i = 0; i < 2; i++) {
            offsets[i] = next[scratch[i]];
            next[scratch[i]] += ((scratch[i] ? block : capacity) * shape.floats() + 31) / 16 * 16;
        }
        int32_t number;
        must(gs_step_tensor(step_, shape.positions(), shape.channels, shape.pitch, scratch[0] ? GS_SCRATCH : GS_ARENA,
                            offsets[0], scratch[1] ? GS_SCRATCH : GS_ARENA, offsets[1], &number));
        tensors_.push_back(number);
    }
    size_t cut = 0;
    for (size_t i = 0; i < network_.nodes.size(); i++) {
        if (cut < network_.cuts.size() && network_.cuts[cut].node == i) {
            must(gs_step_segment(step_, network_.cuts[cut].block, network_.cuts[cut].recompute));
            cut++;
        }
        add(network_.nodes[i], i);
    }
    return step_;
}

/* A float for each of the input's, zero in pad lanes; none (NULL) where the layer has no shift. */
std::vector<float> Compiled::shift_of(const Node& n) const {
    const Shape& in = network_.tensors[static_cast<size_t>(n.in)];
    if (!network_.shift_features || n.in != network_.nodes[0].out) return {};
    std::vector<float> shift(static_cast<size_t>(in.floats()));
    for (int64_t i = 0; i < in.floats(); i++)
        if (i % in.pitch < in.channels) shift[static_cast<size_t>(i)] = network_.shift[static_cast<size_t>(i % in.pitch)];
    return shift;
}

/* What each kind touches, and reads again in backward. */
void Compiled::tell(const Node& n, std::vector<int32_t> inputs, std::vector<int32_t> gradients, int32_t out, int32_t saved) {
    while (!inputs.empty() && inputs.back() < 0) inputs.pop_back();
    bool input = n.kind == CONV2D || n.kind == LINEAR || n.kind == STATISTICS || n.kind == NORMALIZE || n.kind == GROUPNORM ||
                 n.kind == LAYERNORM || n.kind == LOSS || (n.kind == ACTIVATION && n.activation == GS_GELU);
    bool output = n.activation != GS_IDENTITY && n.activation != GS_GELU;
    std::vector<int32_t> read;
    if (input) read.push_back(inputs[0]);
    if (output) read.push_back(out);
    if (n.kind == LOSS) gradients[0] = GS_GRADIENT_STORE;
    must(gs_step_operation(step_, static_cast<int32_t>(inputs.size()), inputs.data(), gradients.data(), out, saved,
                           static_cast<int32_t>(read.size()), read.data()));
}

void Compiled::add(const Node& n, size_t index) {
    int32_t in = n.in < 0 ? -1 : tensors_[static_cast<size_t>(n.in)];
    int32_t skip = n.skip < 0 ? -1 : tensors_[static_cast<size_t>(n.skip)];
    int32_t out = n.out < 0 ? -1 : tensors_[static_cast<size_t>(n.out)];
    int32_t saved = n.saved < 0 ? -1 : tensors_[static_cast<size_t>(n.saved)];
    int mode = n.in < 0 ? GS_GRADIENT_NONE : gradient(n.in, index);
    int skip_mode = n.skip < 0 ? GS_GRADIENT_NONE : gradient(n.skip, index);
    const Shape& read = network_.tensors[static_cast<size_t>(n.in < 0 ? n.out : n.in)];
    tell(n, {in, skip}, {n.kind == NORMALIZE ? GS_GRADIENT_NONE : mode, skip_mode}, out, saved);
    switch (n.kind) {
        case INPUT:
            return must(gs_step_input(step_, network_.bytes ? GS_UINT8 : GS_FLOAT32, network_.scale.data(),
                                      network_.shift_features ? std::vector<float>(network_.shift.size()).data()
                                                              : network_.shift.data()));
        case CONV2D:
            return must(gs_step_conv2d(step_, read.height, read.width, n.kernel, n.kernel, n.stride, n.padding, n.weights,
                                       n.bias, n.activation, n.pool));
        case LINEAR:
            return must(gs_step_linear(step_, n.weights, n.bias, n.activation, shift_of(n).data()));
        case STATISTICS:
            return must(gs_step_batchnorm_statistics(step_, network_.trainable + n.running,
                                                     network_.trainable + n.running + read.channels, 1e-5f, 0.1f,
                                                     &normalizers_[index]));
        case NORMALIZE:
            return must(gs_step_batchnorm_normalize(step_, normalizers_[static_cast<size_t>(n.statistics)], n.weights,
                                                    n.bias, n.activation));
        case GROUPNORM:
            return must(gs_step_groupnorm(step_, n.groups, n.weights, n.bias, 1e-5f));
        case LAYERNORM:
            return must(gs_step_layernorm(step_, n.spatial ? read.width : 0, n.weights, n.bias, 1e-5f));
        case ACTIVATION:
            return must(gs_step_activation(step_, n.activation));
        case POOL2D:
            return must(gs_step_pool2d(step_, n.pooling, read.height, read.width, n.kernel, n.kernel));
        case DROPOUT:
            return must(gs_step_dropout(step_, n.p, 0));
        case ADD:
            return must(gs_step_add(step_));
        case LOSS:
            return must(gs_step_softmax_cross_entropy(step_, n.smoothing));
    }
}

Outcome Compiled::run(int mode, int64_t from, int64_t count, const gs_update_rule* rule, bool backward,
                      double statistics_momentum) {
    begin(mode, from, count, rule, backward, statistics_momentum);
    return wait();
}

void Compiled::begin(int mode, int64_t from, int64_t count, const gs_update_rule* rule, bool backward,
                     double statistics_momentum) {
    const Network& n = network_;
    const Shape& in = n.tensors[static_cast<size_t>(n.nodes[0].out)];
    for (int64_t i = from; i < from + count; i++) {
        int64_t first = i * in.positions() * in.channels;
        samples_[static_cast<size_t>(i)] = n.bytes ? static_cast<const void*>(n.byte_inputs.data() + first)
                                                   : static_cast<const void*>(n.float_inputs.data() + first);
    }
    must(gs_step_begin(step_, count, mode, samples_.data() + from, n.labels.data() + from, n.ids.data() + from,
                       n.plan_weights.data() + from, n.sample_weights.data() + from, n.seed, n.epoch,
                       statistics_momentum));
    for (int32_t s = 0; s < segments(); s++) must(gs_segment_forward(step_, s));
    for (int32_t s = segments(); backward && s-- > 0;) must(gs_segment_backward(step_, s));
    if (rule) must(gs_step_rule(step_, rule));
    for (int32_t s = 0; rule && s < segments(); s++) must(gs_segment_update(step_, s));
}

Outcome Compiled::run_chosen(int mode, int64_t count, int record, int64_t chosen,
                             const std::vector<int32_t>* of_class, int32_t* indices) {
    begin(mode, 0, count, nullptr, false);
    must(gs_step_choose(step_, record, chosen, of_class ? of_class->data() : nullptr,
                        of_class ? static_cast<int64_t>(of_class->size()) : 0, indices));
    for (int32_t s = segments(); s-- > 0;) must(gs_segment_backward(step_, s));
    return wait();
}

Outcome Compiled::wait() {
    Outcome outcome;
    outcome.status = gs_step_wait(step_, &outcome.gradient_norm2);
    outcome.gradients = gradients_.copy();
    outcome.weights = weights_.copy();
    const size_t set = waited_++ % 2;
    const auto half = [set](const std::vector<float>& both) {
        const auto middle = both.begin() + static_cast<std::ptrdiff_t>(both.size() / 2);
        return set == 0 ? std::vector<float>(both.begin(), middle) : std::vector<float>(middle, both.end());
    };
    outcome.records = half(records_.copy());
    outcome.probabilities = half(probabilities_.copy());
    return outcome;
}

void Compiled::traffic(int64_t* forward, int64_t* backward) const {
    *forward = *backward = 0;
    for (int32_t s = 0; s < segments(); s++) {
        int64_t f, b;
        must(gs_step_traffic(step_, s, &f, &b));
        *forward += f;
        *backward += b;
    }
}
