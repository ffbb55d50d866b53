/* A network of network.h as a step of the library, with memory of its own. */
#ifndef GRADSIEVE_TEST_COMPILED_H
#define GRADSIEVE_TEST_COMPILED_H

#include <vector>

#include "network.h"

/* Memory of gs_allocate. */
class Floats {
public:
    explicit Floats(int64_t count);
    ~Floats();
    Floats(const Floats&) = delete;
    Floats& operator=(const Floats&) = delete;
    float* data() const { return data_; }
    std::vector<float> copy() const { return std::vector<float>(data_, data_ + count_); }

private:
    int64_t count_;
    float* data_ = nullptr;
};

/* What one step leaves behind. */
struct Outcome {
    int status = GS_OK;
    double gradient_norm2 = 0;
    std::vector<float> gradients, weights, records, probabilities;
    const float* record(int which) const { return records.data() + which * static_cast<int64_t>(records.size() / GS_RECORDS); }
};

class Compiled {
public:
    Compiled(const Network& network, int threads, int64_t capacity, bool norms = true);
    ~Compiled();
    Compiled(const Compiled&) = delete;
    Compiled& operator=(const Compiled&) = delete;

    /* A step over samples from..from+count-1; a rule makes it update too. */
    Outcome run(int mode, int64_t from, int64_t count, const gs_update_rule* rule = nullptr, bool backward = true,
                double statistics_momentum = -1);
    /* The same in two halves: two steps may be under way. Weights and gradients are those that lie there when wait returns. */
    void begin(int mode, int64_t from, int64_t count, const gs_update_rule* rule = nullptr, bool backward = true,
               double statistics_momentum = -1);
    Outcome wait();
    /* A step that goes backward with some of the first count samples. */
    Outcome run_chosen(int mode, int64_t count, int record, int64_t chosen, const std::vector<int32_t>* of_class,
                       int32_t* indices);
    void traffic(int64_t* forward, int64_t* backward) const;
    float* weights() const { return weights_.data(); }
    gs_step* step() const { return step_; }
    int32_t segments() const { return static_cast<int32_t>(network_.cuts.size()); }

private:
    gs_step* build(int threads, int64_t capacity, bool norms);
    void add(const Node& node, size_t index);
    void tell(const Node& node, std::vector<int32_t> inputs, std::vector<int32_t> gradients, int32_t out, int32_t saved);
    std::vector<float> shift_of(const Node& linear) const;
    int gradient(int tensor, size_t node) const;
    int64_t memory(bool scratch) const;

    const Network& network_;
    const int64_t capacity_;
    std::vector<int32_t> tensors_, normalizers_;
    std::vector<const void*> samples_; /* where each of the network's lies */
    gs_step* step_;
    size_t waited_ = 0;
    Floats arena_, scratch_, weights_, gradients_, state1_, state2_, records_, probabilities_;
};

/* Fails the whole program: a call that has to work did not. */
void must(int status);

#endif
