/* How a block runs: which thread goes on, and where threads meet. */
#include <cstdarg>
#include <cstdio>
#include <numeric>
#include <string>

#include "kernel_machine.h"

namespace emulation {

__thread const Indices* current __attribute__((tls_model("initial-exec"))) = nullptr;
__thread Machine* machine __attribute__((tls_model("initial-exec"))) = nullptr;

void Random::seed(uint64_t value) {
    value += 0x9e3779b97f4a7c15ull; /* splitmix64 */
    value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9ull;
    value = (value ^ (value >> 27)) * 0x94d049bb133111ebull;
    state_ = (value ^ (value >> 31)) | 1;
}

Machine::Machine() {
    for (int t = 0; t < MOST_THREADS; t++) threads_[static_cast<size_t>(t)].number = t;
    for (Warp& warp : warps_) warp.met = std::make_unique<uint32_t[]>(32 * 32);
}

/* ---- a launch ----------------------------------------------------------------------------------------------------------- */

void Machine::run(Launch& launch) {
    catch_signals();
    signal_stack();
    machine = this;
    launch_ = &launch;
    faulted_ = false;
    in_use_.clear();
    static_bytes_ = 0;
    random_.seed(launch.number + (launch.replays++ << 40));
    check_launch();
    const uint64_t columns = launch.grid.x, rows = launch.grid.y, blocks = columns * rows * launch.grid.z;
    /* Once around all blocks by a step that has no divisor in common with their number. */
    uint64_t at = random_.next() % blocks, step = 1 + random_.next() % blocks;
    while (std::gcd(step, blocks) != 1) step++;
    for (uint64_t done = 0; done < blocks && !faulted_; done++, at = (at + step) % blocks) {
        run_block({static_cast<unsigned>(at % columns), static_cast<unsigned>(at / columns % rows),
                   static_cast<unsigned>(at / columns / rows)});
    }
    machine = nullptr;
    current = nullptr;
}

void Machine::run_block(uint3 index) {
    count_ = alive_ = static_cast<int>(launch_->block.x);
    block_number_++;
    const uint64_t draw = random_.next();
    order_ = static_cast<Order>(draw >> 62);
    lanes_ = static_cast<Lanes>((draw >> 32) % 3);
    copies_early_ = (draw >> 40) % 4 == 0;
    favourite_ = static_cast<int>((draw >> 48) % static_cast<unsigned>(count_ / 32));
    for (int t = 0; t < count_; t++) {
        Thread& thread = threads_[static_cast<size_t>(t)];
        thread.thread = {static_cast<unsigned>(t), 0, 0};
        thread.block = index;
        thread.threads = launch_->block;
        thread.blocks = launch_->grid;
        thread.fiber = nullptr;
        thread.wait = Wait::NO;
        thread.open.clear();
        thread.committed.clear();
        thread.groups.clear();
        thread.arrived = thread.groups_arrived = 0;
    }
    for (int w = 0; w < count_ / 32; w++) {
        warps_[w].ready = 0xffffffffu;
        warps_[w].waiting = warps_[w].done = 0;
    }
    ready_warps_ = count_ == MOST_THREADS ? 0xffffffffu : (1u << (count_ / 32)) - 1;
    at_barrier_ = votes_ = 0;
    check_block();
    go_to(pick(), &host_);
    current = nullptr;
    if (!faulted_) check_shared();
    if (faulted_) { /* threads that never ended lie on their stacks */
        free_.clear();
        for (const std::unique_ptr<Fiber>& fiber : fibers_) {
            fiber->start(loop, this);
            free_.push_back(fiber.get());
        }
    }
}

/* ---- who runs --------------------------------------------------------------------------------------------------------- */

/* A fiber runs threads to their ends, one after another; one that waits keeps its fiber. */
void Machine::loop(void* machine) { static_cast<Machine*>(machine)->work(); }

void Machine::work() {
    Fiber* own = running_;
    for (;;) {
        launch_->run_thread();
        finish(thread());
        Thread* next = pick();
        if (next == nullptr && alive_ > 0) deadlock();
        if (next != nullptr && next->fiber == nullptr) {
            next->fiber = own;
            current = next;
            continue;
        }
        free_.push_back(own);
        if (next != nullptr) {
            go_to(next, own);
        } else {
            own->switch_to(host_);
        }
    }
}

void Machine::finish(Thread& me) {
    Warp& warp = warp_of(me);
    const unsigned bit = 1u << (me.number % 32);
    warp.done |= bit;
    me.fiber = nullptr;
    alive_--;
    for (unsigned waiting = warp.waiting; waiting != 0; waiting &= waiting - 1) {
        const Thread& other = threads_[static_cast<size_t>(me.number / 32 * 32 + __builtin_ctz(waiting))];
        if (other.mask & bit)
            wrong("returns, and thread %d waits for it in %s (%s:%d)", other.number, other.name, other.place.file, other.place.line);
    }
    if (at_barrier_ > 0) wrong("returns, and %d threads wait for it at __syncthreads (%s:%d)", at_barrier_, barrier_.file, barrier_.line);
}

Thread* Machine::pick() {
    if (ready_warps_ == 0) return nullptr;
    int w = favourite_;
    const bool ready = (ready_warps_ >> w) & 1;
    switch (order_) {
        case Order::RANDOM: w = random_.bit(ready_warps_); break;
        case Order::DEPTH: /* a warp as far as it goes, then another one */
            if (!ready) w = favourite_ = random_.bit(ready_warps_);
            break;
        case Order::AHEAD:
            if (!ready) w = random_.bit(ready_warps_);
            break;
        case Order::BEHIND: {
            const unsigned others = ready_warps_ & ~(1u << w);
            if (others != 0) w = random_.bit(others);
            break;
        }
    }
    Warp& warp = warps_[w];
    int lane = 0;
    switch (lanes_) {
        case Lanes::RANDOM: lane = random_.bit(warp.ready); break;
        case Lanes::UP: lane = __builtin_ctz(warp.ready); break;
        case Lanes::DOWN: lane = 31 - __builtin_clz(warp.ready); break;
    }
    warp.ready &= ~(1u << lane);
    if (warp.ready == 0) ready_warps_ &= ~(1u << w);
    return &threads_[static_cast<size_t>(32 * w + lane)];
}

void Machine::release(int warp, unsigned lanes) {
    if (lanes == 0) return;
    warps_[warp].ready |= lanes;
    ready_warps_ |= 1u << warp;
}

Fiber* Machine::free_fiber() {
    if (free_.empty()) {
        fibers_.push_back(std::make_unique<Fiber>());
        fibers_.back()->start(loop, this);
        free_.push_back(fibers_.back().get());
    }
    Fiber* fiber = free_.back();
    free_.pop_back();
    return fiber;
}

void Machine::go_to(Thread* next, Fiber* from) {
    if (next->fiber == nullptr) next->fiber = free_fiber();
    current = next;
    running_ = next->fiber;
    if (running_ != from) from->switch_to(*running_);
}

void Machine::suspend(Thread& me, Wait wait) {
    me.wait = wait;
    Thread* next = pick();
    if (next == nullptr) deadlock();
    go_to(next, me.fiber);
    me.wait = Wait::NO;
}

/* The last to come goes on at once, or lets the others go first. */
void Machine::maybe_let_others(Thread& me) {
    if (random_.next() >> 63) return;
    release(me.number / 32, 1u << (me.number % 32));
    Thread* next = pick();
    if (next != &me) go_to(next, me.fiber);
}

/* ---- where they meet ---------------------------------------------------------------------------------------------------- */

int Machine::block_barrier(Vote vote, int value, Place place) {
    Thread& me = thread();
    if (alive_ < count_) wrong("waits at __syncthreads (%s:%d), and %d threads have returned", place.file, place.line, count_ - alive_);
    if (at_barrier_ == 0) {
        barrier_ = place;
        vote_ = vote;
        votes_ = 0;
    } else if (barrier_.line != place.line || vote_ != vote) {
        wrong("waits at __syncthreads (%s:%d), others wait at another one (%s:%d)", place.file, place.line, barrier_.file, barrier_.line);
    }
    at_barrier_++;
    votes_ += value != 0;
    if (at_barrier_ < count_) {
        me.place = place;
        suspend(me, Wait::BLOCK);
    } else {
        at_barrier_ = 0;
        result_ = vote == Vote::COUNT ? votes_ : vote == Vote::AND ? votes_ == count_ : votes_ != 0;
        check_barrier();
        for (int w = 0; w < count_ / 32; w++) release(w, w == me.number / 32 ? ~(1u << (me.number % 32)) : 0xffffffffu);
        maybe_let_others(me);
    }
    return result_;
}

void Machine::meet(unsigned mask, const char* name, void (*complete)(void* const*, unsigned), void* data, Place place) {
    Thread& me = thread();
    Warp& warp = warp_of(me);
    const unsigned bit = 1u << (me.number % 32);
    if (!(mask & bit)) wrong("calls %s (%s:%d) with mask 0x%08x, which has not its own lane", name, place.file, place.line, mask);
    if (mask & warp.done)
        wrong("calls %s (%s:%d) with mask 0x%08x, and lanes 0x%08x have returned", name, place.file, place.line, mask, mask & warp.done);
    me.place = place;
    me.name = name;
    me.mask = mask;
    me.data = data;
    warp.waiting |= bit;
    if ((warp.waiting & mask) != mask) {
        suspend(me, Wait::WARP);
        return;
    }
    void* all[32];
    const Thread* lanes = &threads_[static_cast<size_t>(me.number / 32 * 32)];
    for (unsigned rest = mask; rest != 0; rest &= rest - 1) {
        const int lane = __builtin_ctz(rest);
        const Thread& other = lanes[lane];
        if (other.mask != mask || other.name != name)
            wrong("calls %s (%s:%d) with mask 0x%08x, and thread %d calls %s (%s:%d) with mask 0x%08x", name, place.file, place.line, mask,
                  other.number, other.name, other.place.file, other.place.line, other.mask);
        all[lane] = other.data;
    }
    warp.waiting &= ~mask;
    if (complete != nullptr) complete(all, mask);
    release(me.number / 32, mask & ~bit);
    maybe_let_others(me);
}

void Machine::deadlock() {
    std::string text;
    int listed = 0;
    for (int t = 0; t < count_ && listed < 2; t++) {
        const Thread& thread = threads_[static_cast<size_t>(t)];
        if (thread.wait == Wait::NO) continue;
        const bool first_of_kind = listed == 0 || text.find(thread.wait == Wait::BLOCK ? "__syncthreads" : thread.name) == std::string::npos;
        if (!first_of_kind) continue;
        char line[200];
        if (thread.wait == Wait::BLOCK) {
            std::snprintf(line, sizeof line, "thread %d waits at __syncthreads (%s:%d) with %d of %d", t, thread.place.file, thread.place.line,
                          at_barrier_, count_);
        } else {
            std::snprintf(line, sizeof line, "thread %d waits in %s (%s:%d) for lanes 0x%08x of its warp", t, thread.name, thread.place.file,
                          thread.place.line, thread.mask & ~warps_[t / 32].waiting);
        }
        text += (listed++ ? ", " : "") + std::string(line);
    }
    wrong("nobody can go on: %s", text.c_str());
}

int Machine::name_thread(char* text, size_t room) const {
    const Indices* at = current;
    char block[48];
    if (launch_->grid.y == 1 && launch_->grid.z == 1) {
        std::snprintf(block, sizeof block, "%u", at->block.x);
    } else {
        std::snprintf(block, sizeof block, "(%u, %u, %u)", at->block.x, at->block.y, at->block.z);
    }
    return std::snprintf(text, room, "kernel %s, block %s, thread %u: ", launch_->name, block, at->thread.x);
}

void wrong(const char* format, ...) {
    char text[600];
    va_list values;
    va_start(values, format);
    std::vsnprintf(text, sizeof text, format, values);
    va_end(values);
    machine->fault(LAUNCH_FAILURE, nullptr, "%s", text);
}

#ifdef GS_CHECKED
const Indices& indices() { return *current; }
#endif

/* What kernels may read of the emulation: their arguments, their places. */
bool Machine::holds(const void* address) const {
    const char* at = static_cast<const char*>(address);
    const char* own = reinterpret_cast<const char*>(launch_);
    const char* threads = reinterpret_cast<const char*>(threads_.data());
    return (at >= own && at < own + launch_->bytes) || (at >= threads && at < threads + sizeof(Thread) * MOST_THREADS);
}

int lane() { return static_cast<int>(current->thread.x % 32); }

int block_barrier(Vote vote, int value, Place place) { return machine->block_barrier(vote, value, place); }

void meet(unsigned mask, const char* name, void (*complete)(void* const* data, unsigned mask), void* data, Place place) {
    machine->meet(mask, name, complete, data, place);
}

}  // namespace emulation
