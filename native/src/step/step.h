/*
 * A compiled step: tensors, segments of operations, memory, and the threads that run them. gradsieve.h says what a step
 * promises; this is how it keeps it:
 *
 *   forward of a segment     every thread takes its own range of the batch block by block through all operations
 *                            (`forward`), then, where an operation needs the whole batch, a barrier and `forward_end`
 *   backward of a segment    `backward_begin`; block by block `forward` of the first `recompute` operations and
 *                            `backward` of all in reverse; a barrier; `backward_end` makes the gradients of parameters,
 *                            split over the threads in fixed slices
 *
 * To add an operation: its class and its function of gradsieve.h in one file of operations/, its kernels (see kernel_list.h).
 */
#ifndef GRADSIEVE_STEP_H
#define GRADSIEVE_STEP_H

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "kernels.h"
#include "step/points.h"
#include "step/thread_pool.h"

namespace gradsieve {

const int MAX_THREADS = 256;
const uint32_t STEPS_UNDER_WAY = 2; /* one runs, the next is queued, so that the threads go from one to the other */
const int WHOLE = GS_PART_FIRST | GS_PART_LAST; /* a step in one part */
const int64_t LANES = 16; /* floats; slices and regions begin at multiples of it, a cache line */

/* What a wrong call is answered with: fail() has its line already. Never leaves the library. */
struct Refusal {
    int status;
};
[[noreturn]] void refuse(int status, const char* format, ...) __attribute__((format(printf, 2, 3)));

struct Tensor {
    int64_t positions, channels, pitch;
    int storage;
    int64_t offset;
    int gradient_storage;
    int64_t gradient_offset;

    int64_t floats() const { return positions * pitch; }
    Extent extent(int64_t batch) const { return {batch, positions, channels, pitch}; }
};

/* One batch: the arguments of gs_step_begin. */
struct Run {
    int64_t batch = 0;
    int mode = GS_EVALUATION;
    const void* const* samples = nullptr;
    const int32_t* labels = nullptr;
    const int64_t* ids = nullptr;
    const float *plan_weights = nullptr, *sample_weights = nullptr;
    int64_t seed = 0, epoch = 0;
    double statistics_momentum = -1;
    bool labelled = false; /* else labels are zeros that stand in */
    int64_t forwarded = 0; /* samples that went forward: batch, before some of them were chosen */
    int set = 0;           /* which of the two sets of results it writes */
    bool follows = false;  /* was begun before the one before it was waited for */
    uint64_t number = 0;   /* of the step, from 1 */
    const int64_t* all_ids = nullptr; /* before some samples were chosen */
    bool shared = false;              /* a share of a larger step */
    double* exchange = nullptr;       /* where batch norm meets the other shares; NULL: it does not */
    bool in_chunks = false;           /* the norm of the gradient is that of its chunks */

    bool training() const { return mode == GS_TRAINING; }
};

/* The memory of gs_step_bind. */
struct Memory {
    float *arena = nullptr, *weights = nullptr, *gradients = nullptr;
    float *state1 = nullptr, *state2 = nullptr, *records = nullptr, *probabilities = nullptr;
    int64_t trainable = 0;
};

/* Trainable floats from offset on, of the weights and of the gradients alike. */
struct Parameter {
    int64_t offset, count;
    bool matrix = false; /* the weights of a layer, which have a trust ratio of their own; else biases, or of a norm */
    int64_t chunk = 0;   /* the first of its own, among those of all parameters */
};

struct Range {
    int64_t from, to;
};

/* The fixed part of `count` that belongs to one of `parts`: contiguous, in units, sizes that differ by at most one unit. */
Range share(int64_t count, int64_t unit, int part, int parts);

/* Floats that operations ask for, by name, so that two requests of one name share the larger region. */
class Scratch {
public:
    /* One for each thread; returns the region's number. */
    int own(const std::string& name, int64_t floats) { return request(name, floats, true); }
    /* One for all threads. */
    int shared(const std::string& name, int64_t floats) { return request(name, floats, false); }
    int64_t floats(int threads) const;
    void bind(float* memory, int threads);
    float* own(int region, int thread) const { return regions_[region].start + thread * stride_; }
    float* shared(int region) const { return regions_[region].start; }

private:
    struct Region {
        std::string name;
        int64_t floats;
        bool own;
        float* start;
    };
    int request(const std::string& name, int64_t floats, bool own);
    int64_t total(bool own) const;

    std::vector<Region> regions_;
    int64_t stride_ = 0; /* floats from one thread's regions to the next */
};

/* Nanoseconds of CLOCK_MONOTONIC. */
int64_t now();

class Step;
struct Normalizer; /* what the two halves of a batch norm share */

/* What one thread knows: its number, the batch and its range of it. */
struct Worker {
    Step& step;
    int index;
    Run run;
    int64_t first = 0, last = 0; /* samples */
    int64_t waited = 0; /* nanoseconds at barriers and points inside the command, if they are measured */
};

/* Samples that go through a segment together. */
struct Block {
    Worker& worker;
    int64_t first, count;
    int64_t origin; /* the sample that lies first in scratch */
};

/* A tensor's value or gradient that an operation touches. `apart`: after the blocks, in a pass of its own. */
struct Access {
    enum Kind { READ, WRITE } kind;
    int tensor;
    bool gradient;
    bool apart;
};

/* What the plan says that an operation touches: the arguments of gs_step_operation. */
struct Dataflow {
    std::vector<int32_t> inputs, gradients;
    int32_t output = -1, saved = -1;
    std::vector<int32_t> read; /* in backward */
};

class Operation {
public:
    /* Takes what the plan told last; of so many inputs at least. */
    Operation(Step& step, const char* name, size_t inputs = 1);
    virtual ~Operation() = default;
    Operation(const Operation&) = delete;
    Operation& operator=(const Operation&) = delete;

    virtual void forward_begin(Worker&) {}
    virtual void forward(const Block& block) = 0;
    virtual void forward_end(Worker&) {}
    virtual void backward_begin(Worker&) {}
    virtual void backward(const Block&) {}
    virtual void backward_end(Worker&) {}
    /* After a choice a sample lies where another one did: takes along what forward kept of it beside tensors. */
    virtual void move(int64_t /*from*/, int64_t /*to*/) {}
    /* Labels are there or not, ids too: a line in fail() if the operation cannot do without. */
    virtual int check(const Run&) const { return GS_OK; }

    const char* const name;
    bool joins_forward = false;  /* has a forward_end */
    bool prepares_forward = false, prepares_backward = false; /* a begin makes what the other threads' blocks read */
    bool has_backward = false;   /* gradients of inputs or of parameters */
    int64_t input_bytes = 0;     /* of one of the caller's samples */
    std::vector<Parameter> parameters;
    std::vector<Access> forward_accesses, backward_accesses; /* in order; they follow from the dataflow */
    std::vector<double> squares; /* per thread: sum of squares of its part of the gradients of parameters */

    /* Works out the accesses, once the constructor is through. */
    void follow_dataflow();

protected:
    const Tensor& tensor(int32_t number) const;
    int32_t in() const { return flow_.inputs[0]; }
    int32_t out() const { return flow_.output; }
    int32_t saved() const { return flow_.saved; }
    int gradient(size_t input = 0) const { return flow_.gradients[input]; }
    /* Refuses unless the operation writes a tensor; the same for one that it saves, of so many floats a sample. */
    void needs_output() const;
    void needs_saved(int64_t floats) const;
    /* Refuses unless the plan says that backward reads this tensor again. */
    void needs_backward(int32_t tensor, const char* role) const;
    /* A parameter; -1 for none, if it may be missing. */
    void parameter(int64_t offset, int64_t count, const char* role);

    Step& step_;
    const Dataflow flow_;
    const int ordinal_; /* in its segment */
    bool masks_ = false;   /* backward leaves the gradient of its output masked by the activation, in place */
    bool product_ = false; /* its input and the gradient of its output are read after the blocks, in a pass of its own */
    bool outlives_ = false; /* the gradient of its output is read in another segment too */
};

struct Segment {
    int64_t block;
    int32_t recompute;
    std::vector<std::unique_ptr<Operation>> operations;
    bool has_backward = false, joins_forward = false, joins_backward = false;
    bool prepares_forward = false, prepares_backward = false;
    std::string forward_only; /* why there is no backward pass; empty: there is one */
    std::vector<Parameter> parameters; /* in order of their offsets */
    std::vector<Parameter> updates;    /* the same, neighbours joined */
    int64_t forward_bytes = 0, backward_bytes = 0; /* of one sample */
};

struct Command {
    enum Kind { BEGIN, FORWARD, CHOOSE, BACKWARD, ACCUMULATE, AGREE, SQUARES, RULE, UPDATE, JUDGE } kind;
    int32_t segment;
    Run run;
    gs_update_rule rule;
    int parts = WHOLE;    /* of BACKWARD and ACCUMULATE */
    float* sum = nullptr; /* of ACCUMULATE */
    int record = 0;       /* of CHOOSE */
    int64_t count = 0;
    const std::vector<int32_t>* of_class = nullptr;
    int32_t* chosen = nullptr;
};

/* Whether a step may change weights, and the next one, which may be queued already, do anything at all. */
struct Verdict {
    enum What { NONE, FINE, LOSS, NORM, GRADIENT, ABORTED } what = NONE;
    int64_t sample = -1; /* of the batch; -1: in the share of another participant */
    int64_t id = 0;      /* the sample's, in a share */
    double gradient_norm2 = 0;
    bool refused() const { return what > FINE; }
};

class Step {
public:
    Step(int threads, int64_t capacity, bool norms) : threads(threads), capacity(capacity), norms(norms), workers_(threads) {}
    ~Step();

    /* ---- building */
    const Tensor& tensor(const char* operation, const char* role, int32_t number) const;
    Segment& open_segment();
    void tell(const Dataflow& flow);
    Dataflow take_dataflow(const char* operation, size_t inputs);
    void add(std::unique_ptr<Operation> operation);
    /* Checks the plan as a whole and works out regions and traffic; once. */
    void seal();
    void bind(const Memory& memory, float* scratch);

    /* ---- running: called by the caller's thread */
    void begin(const Run& run);
    void put(Command::Kind kind, int32_t segment);
    void rule(const gs_update_rule& rule);
    /* The step is one of several parts. */
    void part(int parts, float* sum);
    void choose(int record, int64_t count, const int32_t* of_class, int64_t classes, int32_t* chosen);
    /* Where the threads note their times, as gs_step_profile says; NULL: nowhere. */
    void profile(int64_t* times);
    int wait(double* gradient_norm2);

    /* ---- running with other participants (share.cpp) */
    void participate(int flags, double* exchange);
    int next_point(gs_point* point) { return points_.next(point); }
    int answer(const gs_point& point) { return points_.answer(point); }
    void abandon() { points_.abandon(); }
    /* On a worker: all threads have written what thread 0 then takes to the point; all go on with the answer. */
    void exchange(Worker& worker, int32_t normalizer);

    /* ---- for operations, on a worker */
    float* value(const Block& block, int tensor) const;
    float* gradient(const Block& block, int tensor) const;
    float* norm2(const Block& block) const;
    /* [GS_RECORDS][capacity] and [capacity][pitch] of a run's set. */
    float* records(const Run& run) const { return memory.records + run.set * GS_RECORDS * capacity; }
    float* probabilities(const Run& run) const;
    /* The same for a loss that runs again in backward: after a choice its samples are not where they were. */
    float* backward_records(const Run& run) { return run.batch == run.forwarded ? records(run) : discarded_.data(); }
    const float* weights(int64_t offset) const { return offset < 0 ? nullptr : memory.weights + offset; }
    float* gradients(int64_t offset) const { return offset < 0 ? nullptr : memory.gradients + offset; }
    Range samples(const Run& run, int thread) const { return share(run.batch, 1, thread, threads); }

    const int threads;
    const int64_t capacity;
    const bool norms;
    std::vector<Tensor> tensors;
    std::vector<Segment> segments;
    Scratch scratch;
    Memory memory;
    std::vector<int32_t> zero_labels; /* stand in for labels, ids and weights that the caller leaves out */
    std::vector<float> unit_weights;
    std::vector<std::shared_ptr<Normalizer>> normalizers;
    std::vector<Parameter> running; /* the statistics of normalizers */
    int64_t exchange_doubles = 0;   /* of all normalizers */
    int loss_logits = -1; /* the tensor of the logits once there is a loss */
    int64_t arena_floats() const;
    bool bound() const { return memory.arena != nullptr; }
    bool sealed = false;

private:
    const Segment& begun_segment(int32_t number) const;
    void count_traffic(Segment& segment) const;
    void run(Worker& worker, const Command& command);
    void measured(Worker& worker, const Command& command);
    void barrier(Worker& worker);
    void start(Worker& worker, const Run& run);
    void forward(Worker& worker, Segment& segment);
    void backward(Worker& worker, Segment& segment);
    void find_kept();
    bool has_classes(int64_t count, const std::vector<int32_t>& of_class);
    void rank(const Run& run, const Command& command);
    void choose(Worker& worker, const Command& command);
    void accumulate(Worker& worker, Segment& segment, int parts, float* sum);
    void count_chunks();
    void square(Worker& worker);
    void update(Worker& worker, Segment& segment);
    void update_by_trust(Worker& worker, Segment& segment);
    void end();
    void finished(const Command& command);
    void agree(const Run& run);
    bool abandoned(const Run& run) const { return points_.abandoned(run.number); }
    void settle(const Run& run);
    void decide(const Run& run, const Verdict& verdict);
    Verdict judge(const Run& run) const;
    int report(const Verdict& verdict) const;
    static double scale_of(const gs_update_rule& rule, double gradient_norm2);
    float* place(const Block& block, int storage, int64_t offset, int64_t floats) const;

    Dataflow told_;
    bool has_told_ = false;
    Workers<Command> workers_;
    std::vector<Worker> contexts_;
    int tensor_region_ = -1;
    std::vector<int> kept_; /* tensors that backward reads as forward left them */
    /* After a choice: what the caller gave of its samples, in their new order. */
    struct Chosen {
        std::vector<const void*> samples;
        std::vector<int32_t> labels;
        std::vector<int64_t> ids;
        std::vector<float> plan_weights, sample_weights;
        std::vector<int32_t> order;                     /* all samples, the chosen first */
        std::vector<int32_t> sorted;                    /* by class */
        std::vector<int32_t> of_class[STEPS_UNDER_WAY]; /* copies of the caller's */
        std::vector<int64_t> left;
        std::vector<std::pair<int64_t, int64_t>> moves; /* from, to */
    } chosen_;
    std::vector<float> discarded_; /* records that backward computes again */
    int64_t* times_ = nullptr;
    bool started_ = false; /* the threads */
    Run run_;              /* of the last begin, as the caller knows it */
    int parts_ = WHOLE;    /* of the last begin */
    float* sum_ = nullptr;
    bool backward_ = false, ended_ = false; /* of the last begin: has a backward pass, needs nothing more */
    int share_ = 0; /* flags of gs_step_share, for the next begin */
    double* exchange_ = nullptr;
    Points points_;
    uint64_t begun_ = 0, waited_ = 0; /* steps; at most STEPS_UNDER_WAY apart */
    uint32_t first_end_ = 0;          /* commands up to the end of the first of two steps under way */
    /* Written by thread 0 in one command, read by all in later ones. */
    gs_update_rule rule_{};
    float scale_ = 0; /* clip factor / divisor */
    std::vector<Parameter> parameters_;             /* of all segments, by their offsets */
    std::vector<double> chunk_norms_, theta_norms_; /* of gradients, of weights */
    std::vector<float> running_before_;             /* what `running` was when the step began */
    Verdict verdicts_[STEPS_UNDER_WAY];
};

}  // namespace gradsieve
#endif
