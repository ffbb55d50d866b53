#include "streams.h"

#include <pthread.h>
#include <signal.h>

#include <chrono>
#include <thread>

namespace gradsieve {
namespace {

/* How long the device waits at most for the host to wait for it. Long beside a step's calls, short beside a test. */
const std::chrono::microseconds LAG(300);

/* Faults stay open for whoever handles them; every other signal belongs to the JVM's threads. */
void leave_signals_to_the_process() {
    sigset_t set;
    sigfillset(&set);
    for (int fault : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGPROF}) sigdelset(&set, fault);
    pthread_sigmask(SIG_SETMASK, &set, nullptr);
}

uint64_t mix(uint64_t value) {
    value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9u;
    value = (value ^ (value >> 27)) * 0x94d049bb133111ebu;
    return value ^ (value >> 31);
}

}  // namespace

Scheduler::Scheduler(std::mutex& lock, uint64_t seed) : mutex_(lock), shuffled_(seed != 0), random_(seed) { add(true); }

Stream& Scheduler::add(bool blocking) {
    auto stream = std::make_unique<Stream>();
    stream->id = ++last_id_;
    stream->blocking = blocking;
    return *(streams_[stream->id] = std::move(stream));
}

Stream* Scheduler::find(int id) {
    const auto found = streams_.find(id);
    return found == streams_.end() || found->second->destroyed ? nullptr : found->second.get();
}

void Scheduler::push(Stream& stream, std::shared_ptr<const Operation> operation, std::vector<Point> waits) {
    stream.items.push_back({std::move(operation), std::move(waits), ++calls_});
    stream.queued++;
    if (!started_) {
        started_ = true;
        std::thread([this] { loop(); }).detach();
    }
    if (asleep_) work_.notify_one();
}

void Scheduler::destroy(Stream& stream) {
    stream.destroyed = true;
    if (stream.done == stream.queued) streams_.erase(stream.id);
}

bool Scheduler::reached(Point point) {
    const auto found = streams_.find(point.stream);
    return found == streams_.end() || found->second->done >= point.count;
}

void Scheduler::await(std::unique_lock<std::mutex>& lock, const std::function<bool()>& holds) {
    waiting_++;
    if (asleep_) work_.notify_one();
    progress_.wait(lock, holds);
    waiting_--;
}

void Scheduler::wait(std::unique_lock<std::mutex>& lock, Point point) {
    if (!reached(point)) await(lock, [&] { return reached(point); });
}

void Scheduler::drain(std::unique_lock<std::mutex>& lock) {
    await(lock, [this] {
        for (const auto& entry : streams_)
            if (entry.second->done != entry.second->queued) return false;
        return !busy_;
    });
}

bool Scheduler::ready(const Stream& stream) {
    if (stream.items.empty()) return false;
    for (const Point& point : stream.items.front().waits)
        if (!reached(point)) return false;
    return true;
}

Stream* Scheduler::choose() {
    if (shuffled_ && random_() % 8 == 0) preference_ = random_() % 2 == 0 ? 0 : random_() | 1;
    Stream* best = nullptr;
    uint64_t best_rank = 0;
    for (auto& entry : streams_) {
        Stream& stream = *entry.second;
        if (!ready(stream)) continue;
        uint64_t rank;
        if (!shuffled_)
            rank = ~stream.items.front().order;
        else
            rank = preference_ == 0 ? random_() : mix(preference_ + static_cast<uint64_t>(stream.id));
        if (best == nullptr || rank > best_rank) {
            best = &stream;
            best_rank = rank;
        }
    }
    return best;
}

void Scheduler::loop() {
    leave_signals_to_the_process();
    std::unique_lock<std::mutex> lock(mutex_);
    for (;;) {
        Stream* stream = choose();
        if (stream == nullptr) {
            asleep_ = true;
            work_.wait(lock);
            asleep_ = false;
            continue;
        }
        if (shuffled_ && waiting_ == 0 && random_() % 32 == 0) {
            asleep_ = true;
            work_.wait_for(lock, LAG, [this] { return waiting_ > 0; });
            asleep_ = false;
            continue; /* with more to choose from */
        }
        std::shared_ptr<const Operation> operation = std::move(stream->items.front().operation);
        stream->items.pop_front();
        const bool runs = run_ && operation->run;
        busy_ = true;
        lock.unlock();
        if (runs) operation->run();
        operation.reset(); /* what it owned is released without the lock */
        lock.lock();
        busy_ = false;
        stream->done++;
        if (stream->destroyed && stream->done == stream->queued) streams_.erase(stream->id);
        if (waiting_ > 0) progress_.notify_all();
    }
}

}  // namespace gradsieve
