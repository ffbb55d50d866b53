/*
 * A communicator of the stand-in for NCCL, always one that does not block: what takes time is in progress until it is asked for its
 * state once it is done. Nothing that a peer does ends a wait for it; only an abort here does, as where a process was stopped.
 */
#ifndef GRADSIEVE_EMULATION_NCCL_COMMUNICATOR_H
#define GRADSIEVE_EMULATION_NCCL_COMMUNICATOR_H

#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "nccl_meeting.h"

namespace gradsieve {

class Communicator : public std::enable_shared_from_this<Communicator> {
public:
    typedef std::chrono::steady_clock::time_point Time;

    struct AllReduce {
        const void* from;
        void* to;
        size_t count;
        int type;
        void* stream;
    };

    /* meeting: NULL, it could not be entered, which shows as an error of that code. */
    Communicator(std::shared_ptr<Meeting> meeting, int error, Time ready);

    /* What ncclCommGetAsyncError says. */
    int state();
    /* Why a call that begins something is refused, and whose words follow its name; 0: it is not. */
    int refused(const char** why);
    /* Queues them, at once or where the state is asked for after `ready`: then true. */
    bool reduce(std::vector<AllReduce> all, Time ready);
    void finalize(Time ready);
    bool finalized();
    /* False: it is not there yet or finishes, and can only be aborted. */
    bool revoke(Time ready);
    /* A peer is reported as gone. */
    void lose();
    /* Waits for what is queued, which ends. */
    void abort();

private:
    enum class Phase { INITIALIZING, READY, LAUNCHING, FINALIZING, FINALIZED, REVOKING, REVOKED };
    struct Work;

    void advance();
    void launch();
    int queue(const AllReduce& one);
    static int may_give(void* work);
    static int may_take(void* work);
    static void give(void* work);
    static void take(void* work);
    static void release(void* work);
    bool dead() const { return dead_.load(); }

    const std::shared_ptr<Meeting> meeting_;
    std::mutex lock_;
    Phase phase_ = Phase::INITIALIZING;
    int error_;
    Time ready_;
    std::vector<AllReduce> launching_;
    uint64_t queued_ = 0;            /* operations; the lock guards all above */
    std::atomic<uint64_t> done_{0};  /* operations that have ended here, whose results are there */
    std::atomic<int> alive_{0};      /* halves of operations that are queued or run */
    std::atomic<bool> dead_{false};  /* operations end without a result */
};

}  // namespace gradsieve

#endif
