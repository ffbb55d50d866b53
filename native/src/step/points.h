/*
 * Where a step meets its other participants. The workers post points in order, one thread outside takes and answers them in
 * the same order, any thread may abandon all steps begun so far. A step is known by its number, from 1.
 */
#ifndef GRADSIEVE_POINTS_H
#define GRADSIEVE_POINTS_H

#include <atomic>
#include <mutex>
#include <vector>

#include "gradsieve.h"
#include "step/thread_pool.h"

namespace gradsieve {

class Points {
public:
    /* Room for so many unanswered ones, the most that a step posts; nothing is allocated after it. */
    void make_room(size_t most);
    /* A new count of steps: none was begun. */
    void forget();

    /* ---- the caller's thread */
    void begun(uint64_t step) { begun_.store(step, std::memory_order_seq_cst); }

    /* ---- workers, one at a time */
    /* Nothing is posted of a step that was abandoned. */
    void post(uint64_t step, const gs_point& point);
    /* Waits until all are answered, the last of them into `last`; false: the step was abandoned. It sleeps at once: the thread
     * outside, here and at the others, may need this processor. */
    bool await(uint64_t step, gs_point* last);

    /* ---- the thread outside */
    /* The next point; GS_ABORTED once after each time that steps were abandoned. */
    int next(gs_point* point);
    /* Answers the oldest point taken; GS_ABORTED if its step was abandoned meanwhile. */
    int answer(const gs_point& point);

    /* ---- any thread */
    void abandon();
    bool abandoned(uint64_t step) const { return step <= abandoned_.load(std::memory_order_relaxed); }

private:
    std::mutex mutex_; /* of all below but the atomics, which are written under it */
    std::vector<gs_point> ring_;
    int64_t posted_ = 0, taken_ = 0, answered_ = 0;
    gs_point last_{};
    bool told_ = true; /* the thread outside knows of the last time */
    std::atomic<uint64_t> begun_{0}, abandoned_{0};
    Signal outside_, inside_; /* something to take; something answered */
};

}  // namespace gradsieve
#endif
