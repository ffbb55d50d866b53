#include "step/thread_pool.h"

#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <xmmintrin.h>

namespace gradsieve {
namespace {

/* Pauses before a thread sleeps, 50 to 100 microseconds: longer than the engine takes from one step to the next, so that
 * small steps never pay for waking (a futex wake costs up to 50 microseconds on a virtual machine). */
const int SPINS = 3000;

const unsigned FLUSH_TO_ZERO = 0x8000, DENORMALS_ARE_ZERO = 0x0040;

int processors() {
    cpu_set_t set;
    CPU_ZERO(&set);
    if (sched_getaffinity(0, sizeof set, &set) != 0) return 1;
    return CPU_COUNT(&set);
}

/* Faults stay open for the JVM's handlers; every other signal belongs to the JVM's threads. */
void leave_signals_to_the_caller() {
    sigset_t set;
    sigfillset(&set);
    for (int fault : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGPROF}) sigdelset(&set, fault);
    pthread_sigmask(SIG_SETMASK, &set, nullptr);
}

}  // namespace

void Signal::advance() {
    value_.fetch_add(1, std::memory_order_seq_cst);
    if (sleepers_.load(std::memory_order_seq_cst) != 0)
        syscall(SYS_futex, &value_, FUTEX_WAKE_PRIVATE, INT_MAX, nullptr, nullptr, 0);
}

void Signal::await_change(uint32_t seen, int spins) {
    for (int i = 0; i < spins; i++) {
        if (value_.load(std::memory_order_acquire) != seen) return;
        _mm_pause();
    }
    sleepers_.fetch_add(1, std::memory_order_seq_cst);
    while (value_.load(std::memory_order_seq_cst) == seen)
        syscall(SYS_futex, &value_, FUTEX_WAIT_PRIVATE, seen, nullptr, nullptr, 0);
    sleepers_.fetch_sub(1, std::memory_order_seq_cst);
}

/* With fewer processors than threads a spinning thread would only keep the one it waits for from running. */
ThreadPool::ThreadPool(int threads) : threads_(threads), spins_(processors() >= threads ? SPINS : 0) {}

bool ThreadPool::start(std::function<void(int, uint32_t)> body, std::function<void(uint32_t)> finished) {
    if (stopping_.load()) return false; /* refused before: the queue has the word to stop in it */
    body_ = std::move(body);
    finished_ = std::move(finished);
    handles_.reserve(static_cast<size_t>(threads_));
    for (int t = 0; t < threads_; t++) entries_.push_back({this, t});
    for (Entry& entry : entries_) {
        pthread_t handle;
        if (pthread_create(&handle, nullptr, enter, &entry) != 0) {
            stop();
            return false;
        }
        handles_.push_back(handle);
    }
    return true;
}

void ThreadPool::stop() {
    stopping_.store(true);
    queued_.advance();
    for (pthread_t handle : handles_) pthread_join(handle, nullptr);
    handles_.clear();
}

void* ThreadPool::enter(void* entry) {
    Entry* own = static_cast<Entry*>(entry);
    leave_signals_to_the_caller();
    _mm_setcsr(_mm_getcsr() | FLUSH_TO_ZERO | DENORMALS_ARE_ZERO);
    char name[16];
    snprintf(name, sizeof name, "gradsieve-%d", own->thread);
    pthread_setname_np(pthread_self(), name);
    own->pool->loop(own->thread);
    return nullptr;
}

void ThreadPool::loop(int thread) {
    for (uint32_t next = 0;; next++) {
        while (queued_.value() == next) queued_.await_change(next, spins_);
        if (stopping_.load()) return;
        body_(thread, next % SLOTS);
        arrive(next % SLOTS);
    }
}

void ThreadPool::arrive(uint32_t slot) {
    uint32_t phase = phase_.value();
    if (arrived_.fetch_add(1, std::memory_order_acq_rel) + 1 < threads_) {
        phase_.await_change(phase, spins_);
        return;
    }
    arrived_.store(0, std::memory_order_relaxed);
    if (slot != BARRIER) {
        finished_(slot);
        uint32_t done = done_.fetch_add(1, std::memory_order_seq_cst) + 1;
        if (done == awaited_.load(std::memory_order_seq_cst)) reached_.advance(); /* the caller wakes once a step */
    }
    phase_.advance();
}

uint32_t ThreadPool::next_slot() {
    if (queued_.value() - done_.load(std::memory_order_seq_cst) == SLOTS) wait_for(queued_.value());
    return queued_.value() % SLOTS;
}

void ThreadPool::wait_for(uint32_t commands) {
    awaited_.store(commands, std::memory_order_seq_cst);
    for (;;) {
        uint32_t seen = reached_.value();
        if (static_cast<int32_t>(done_.load(std::memory_order_seq_cst) - commands) >= 0) return;
        reached_.await_change(seen, 0);
    }
}

}  // namespace gradsieve
