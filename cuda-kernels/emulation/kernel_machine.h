/*
 * The inside of the emulation. A Machine runs one launch at a time on the host thread that took it: block after block, a block's
 * threads on fibers. A thread runs until it meets others (block_barrier, meet); then the machine picks one that can go on.
 */
#ifndef GRADSIEVE_EMULATION_KERNEL_MACHINE_H
#define GRADSIEVE_EMULATION_KERNEL_MACHINE_H

#include <memory>
#include <vector>

#include "kernel.h"
#include "kernel_fiber.h"

namespace emulation {

constexpr int MOST_THREADS = 1024, MOST_WARPS = 32;
constexpr size_t MOST_SHARED = 227 * 1024, MOST_STATIC_SHARED = 48 * 1024;

/* cudaError_t. */
enum Error { ILLEGAL_ADDRESS = 700, LAUNCH_FAILURE = 719, MISALIGNED_ADDRESS = 716, ILLEGAL_INSTRUCTION = 715 };

class Random {
public:
    void seed(uint64_t value);
    uint64_t next() {
        state_ ^= state_ << 13;
        state_ ^= state_ >> 7;
        state_ ^= state_ << 17;
        return state_;
    }
    unsigned below(unsigned bound) { return static_cast<unsigned>(((next() >> 32) * bound) >> 32); }
    /* One of the bits of mask, which is not 0. */
    int bit(unsigned mask) {
        const unsigned turn = static_cast<unsigned>(next() >> 59);
        return static_cast<int>((static_cast<unsigned>(__builtin_ctz((mask >> turn) | (turn ? mask << (32 - turn) : 0))) + turn) & 31);
    }

private:
    uint64_t state_ = 1;
};

struct Copy {
    void* to;
    const void* from;
    size_t bytes, zeros;
};

enum class Wait { NO, BLOCK, WARP };

struct Thread : Indices {
    int number = 0;
    Fiber* fiber = nullptr; /* null: not begun, or done */
    Wait wait = Wait::NO;
    /* Of what it waits in. */
    Place place{};
    const char* name = nullptr;
    unsigned mask = 0;
    void* data = nullptr;
    std::vector<Copy> open, committed; /* asynchronous copies of no group yet; of groups not waited for */
    std::vector<size_t> groups;        /* how many copies each of them has */
    size_t arrived = 0, groups_arrived = 0;
};

struct Warp {
    unsigned ready = 0, waiting = 0, done = 0; /* lanes; waiting: in warp operations */
    /* Order of memory, for the checks: how often lanes of this warp met in __syncwarp, when all did last, when pairs did. */
    uint32_t meetings = 0, all_met = 0;
    std::unique_ptr<uint32_t[]> met; /* [32][32] */
};

/* An array in shared memory; a page that cannot be touched lies behind it. */
struct SharedArray {
    const void* key;
    const char* name;
    char* memory;
    size_t bytes, room;
    uint64_t block; /* the block that it was last emptied for */
};

class Machine {
public:
    Machine();
    void run(Launch& launch);

    /* ---- called by threads */
    int block_barrier(Vote vote, int value, Place place);
    void meet(unsigned mask, const char* name, void (*complete)(void* const*, unsigned), void* data, Place place);
    void* shared_array(const void* key, const char* name, size_t bytes);
    /* Tells the runtime, then leaves the thread; the launch ends. caller: code near by, may be null. */
    [[noreturn]] void fault(Error error, const void* caller, const char* format, ...) __attribute__((format(printf, 4, 5)));
    void report(Error error, const void* caller, const char* text);
    [[noreturn]] void leave();

    Thread& thread() { return threads_[static_cast<size_t>(static_cast<const Thread*>(current)->number)]; }
    Warp& warp_of(const Thread& t) { return warps_[t.number / 32]; }
    /* "kernel k, block 3, thread 17: ". */
    int name_thread(char* text, size_t room) const;
    const Launch& launch() const { return *launch_; }
    const std::vector<SharedArray*>& shared_in_use() const { return in_use_; }
    bool copies_early() const { return copies_early_; }
    bool holds(const void* address) const;
    Fiber* running() { return running_; }
    uint64_t block_number() const { return block_number_; }

private:
    enum class Order { RANDOM, DEPTH, AHEAD, BEHIND };
    enum class Lanes { RANDOM, UP, DOWN };

    void run_block(uint3 index);
    void check_shared();
    static void loop(void* machine);
    void work();
    Thread* pick();
    void go_to(Thread* next, Fiber* from);
    void suspend(Thread& me, Wait wait);
    void release(int warp, unsigned lanes);
    void maybe_let_others(Thread& me);
    void finish(Thread& me);
    [[noreturn]] void deadlock();
    Fiber* free_fiber();

    Launch* launch_ = nullptr;
    Random random_;
    std::vector<Thread> threads_{static_cast<size_t>(MOST_THREADS)};
    Warp warps_[MOST_WARPS];
    int count_ = 0, alive_ = 0;
    unsigned ready_warps_ = 0;
    int at_barrier_ = 0, votes_ = 0, result_ = 0;
    Vote vote_ = Vote::NONE;
    Place barrier_{};
    Order order_ = Order::RANDOM;
    Lanes lanes_ = Lanes::RANDOM;
    int favourite_ = 0;
    bool copies_early_ = false, faulted_ = false;
    uint64_t block_number_ = 0;

    Fiber host_;
    Fiber* running_ = nullptr;
    std::vector<std::unique_ptr<Fiber>> fibers_;
    std::vector<Fiber*> free_;

    std::vector<std::unique_ptr<SharedArray>> shared_;
    std::vector<SharedArray*> in_use_; /* by this launch */
    size_t static_bytes_ = 0;
};

/* The machine that runs on this host thread; null between launches. */
extern __thread Machine* machine __attribute__((tls_model("initial-exec")));

/* Errors of memory and of arithmetic become faults of the launch while a machine runs; all else goes where it went before. */
void catch_signals();
void signal_stack();

/* What an address is in or near to: "8 bytes behind the end of shared array sums of 64 bytes". */
void describe(char* text, size_t room, const void* address);

/* Every access of a kernel passes here in the checked build; in the fast one memory itself shows what is wrong. */
#ifdef GS_CHECKED
void check_access(const void* address, size_t bytes, bool write, bool atomic, const void* caller);
void check_launch();    /* begins */
void check_block();     /* begins */
void check_barrier();   /* all threads of the block met */
#else
inline void check_access(const void*, size_t, bool, bool, const void*) {}
inline void check_launch() {}
inline void check_block() {}
inline void check_barrier() {}
#endif

}  // namespace emulation
#endif
