/*
 * What the operations of a step share. Each refuses what it does not take; the functions of gradsieve.h that add them stand
 * at the end of their files.
 */
#ifndef GRADSIEVE_OPERATION_H
#define GRADSIEVE_OPERATION_H

#include <new>
#include <stdexcept>

#include "step/step.h"

struct gs_step {
    gs_step(int threads, int64_t capacity, bool norms) : step(threads, capacity, norms) {}
    gradsieve::Step step;
};

namespace gradsieve {

/* Whatever goes wrong inside becomes a status: nothing is thrown across the boundary. */
template <typename Body>
int guarded(const Body& body) {
    try {
        return body();
    } catch (const Refusal& refusal) {
        return refusal.status;
    } catch (const std::bad_alloc&) {
        return fail(GS_OUT_OF_MEMORY, "step: no memory for its own bookkeeping");
    } catch (const std::exception& e) {
        return fail(GS_INVALID_ARGUMENT, "step: %s", e.what());
    }
}

template <typename Body>
int with(gs_step* step, const Body& body) {
    if (!step) return fail(GS_INVALID_ARGUMENT, "step: NULL");
    return guarded([&] {
        body(step->step);
        return static_cast<int>(GS_OK);
    });
}

/* Adds an operation of this class, made of these arguments. */
template <typename Kind, typename... Arguments>
int add(gs_step* step, const Arguments&... arguments) {
    return with(step, [&](Step& s) { s.add(std::make_unique<Kind>(s, arguments...)); });
}

void check_activation(const char* operation, int activation);
/* Both tensors have the same shape and pitch. */
void check_same(const char* operation, const Tensor& a, const Tensor& b);
/* The positions of the tensor are those of an image of this size. */
void check_image(const char* operation, const Tensor& tensor, int64_t height, int64_t width);

/*
 * Runs body(block) on the whole block where the samples of a saved tensor lie as close as the kernels want them, sample by
 * sample where a plan has rounded their floats up.
 */
template <typename Body>
void each(const Block& block, bool dense, const Body& body) {
    if (dense || block.count == 1) {
        body(block);
        return;
    }
    for (int64_t i = 0; i < block.count; i++) body(Block{block.worker, block.first + i, 1, block.origin});
}

/*
 * Gradients of an operation's parameters while its blocks run: one buffer a thread, cleared at the start of a backward pass,
 * then added up in the order of the threads, every thread a slice. Operations of different segments share the memory.
 */
class PrivateGradients {
public:
    PrivateGradients(Step& step, int ordinal, int64_t floats);
    void clear(Worker& worker) const;
    float* of(const Worker& worker) const;
    /* Stores the sums of floats at `from` into the parameter's gradient; returns the sum of squares of this thread's slice. */
    double reduce(Worker& worker, int64_t from, const Parameter& parameter) const;
    /* All sums, to target [floats]. */
    void total(float* target) const;

private:
    Step& step_;
    int64_t floats_;
    int region_;
};

}  // namespace gradsieve
#endif
