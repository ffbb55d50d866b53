/*
 * The threads of a step and the queue they run through together: every thread executes every command, on its own share of
 * the batch, and all of them finish one before any starts the next. The caller only puts commands in and waits.
 */
#ifndef GRADSIEVE_THREAD_POOL_H
#define GRADSIEVE_THREAD_POOL_H

#include <pthread.h>
#include <stdint.h>

#include <atomic>
#include <functional>
#include <vector>

namespace gradsieve {

/* A counter that threads wait on: a short spin, then the kernel's futex. */
class Signal {
public:
    uint32_t value() const { return value_.load(std::memory_order_seq_cst); }
    void advance();
    /* Returns once the value differs from `seen`. */
    void await_change(uint32_t seen, int spins);

private:
    alignas(64) std::atomic<uint32_t> value_{0};
    std::atomic<uint32_t> sleepers_{0};
};

/* Runs `body(thread, command)` on every thread for every command; Command is copied into a ring of fixed size. */
template <typename Command>
class Workers;

/* The part of Workers that does not know the commands: they are slots of a ring here. */
class ThreadPool {
public:
    explicit ThreadPool(int threads);
    /* Starts the threads; false if the system refuses one. The last thread to finish a command calls `finished` while all others
     * wait for it. */
    bool start(std::function<void(int thread, uint32_t slot)> body, std::function<void(uint32_t slot)> finished);
    /* After the last command; joins. */
    void stop();
    /* All threads wait here for each other; called by the threads only. */
    void barrier() { arrive(BARRIER); }
    /* The slot that the next command goes to; waits while the ring is full. */
    uint32_t next_slot();
    void publish() { queued_.advance(); }
    /* Commands queued so far, modulo 2^32. */
    uint32_t queued() const { return queued_.value(); }
    /* The caller waits until so many commands are done. */
    void wait_for(uint32_t commands);
    int threads() const { return threads_; }

    static const uint32_t SLOTS = 1024; /* commands; a step of 100 segments queues about 310 */

private:
    void loop(int thread);
    static const uint32_t BARRIER = UINT32_MAX; /* no slot: the command goes on */

    void arrive(uint32_t slot);
    static void* enter(void* entry);

    struct Entry {
        ThreadPool* pool;
        int thread;
    };

    const int threads_;
    const int spins_;
    std::function<void(int, uint32_t)> body_;
    std::function<void(uint32_t)> finished_;
    std::vector<pthread_t> handles_;
    std::vector<Entry> entries_;
    Signal queued_, phase_, reached_;
    alignas(64) std::atomic<int> arrived_{0};
    alignas(64) std::atomic<uint32_t> done_{0};
    std::atomic<uint32_t> awaited_{0}; /* the caller sleeps until so many are done */
    std::atomic<bool> stopping_{false};
};

template <typename Command>
class Workers {
public:
    explicit Workers(int threads) : pool_(threads), ring_(ThreadPool::SLOTS) {}
    bool start(std::function<void(int, const Command&)> body, std::function<void(const Command&)> finished) {
        return pool_.start([this, body](int thread, uint32_t slot) { body(thread, ring_[slot]); },
                           [this, finished](uint32_t slot) { finished(ring_[slot]); });
    }
    void stop() { pool_.stop(); }
    void put(const Command& command) {
        ring_[pool_.next_slot()] = command;
        pool_.publish();
    }
    uint32_t queued() const { return pool_.queued(); }
    void wait_for(uint32_t commands) { pool_.wait_for(commands); }
    void wait() { wait_for(queued()); }
    void barrier() { pool_.barrier(); }

private:
    ThreadPool pool_;
    std::vector<Command> ring_;
};

}  // namespace gradsieve
#endif
