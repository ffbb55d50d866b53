#include "streams.h"

#include <pthread.h>
#include <signal.h>
#include <string.h>

#include <chrono>
#include <optional>
#include <thread>

#include "protection.h"

namespace gradsieve {
namespace {

/* How long the device waits at most for the host to wait for it. Long beside a step's calls, short beside a test. */
const std::chrono::microseconds LAG(300);
/* How often an operation is asked that waits for what no stream knows of. */
const std::chrono::microseconds ASK_EVERY(100);
/* One operation in so many is preceded by such a wait; a change of preference comes in one of so many choices. */
const uint64_t LAG_EVERY = 32, PREFERENCE_EVERY = 8;

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

uint64_t content_of(const void* address, size_t bytes) {
    const char* const from = static_cast<const char*>(address);
    uint64_t content = bytes;
    for (size_t at = 0; at < bytes; at += 8) {
        uint64_t word = 0;
        memcpy(&word, from + at, std::min<size_t>(8, bytes - at));
        content = (content ^ word) * 0x9e3779b97f4a7c15u;
        content ^= content >> 29;
    }
    return content | 1;
}

Item::Item(std::shared_ptr<const std::vector<Node>> of, std::vector<Point> points)
    : nodes(std::move(of)), waits(std::move(points)), contents(nodes->size()), missing(nodes->size()), left(nodes->size()) {
    for (size_t node = 0; node < nodes->size(); node++) {
        missing[node] = (*nodes)[node].after.size();
        if (missing[node] == 0) ready.push_back(node);
    }
}

void Item::finish(size_t node) {
    left--;
    for (const size_t next : (*nodes)[node].then)
        if (--missing[next] == 0) ready.push_back(next);
}

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

void Scheduler::push(Stream& stream, std::unique_ptr<Item> item) {
    item->order = ++calls_;
    stream.items.push_back(std::move(item));
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

void Scheduler::settle(std::unique_lock<std::mutex>& lock) {
    await(lock, [this] {
        for (const auto& entry : streams_)
            if (ready(*entry.second)) return false;
        return !busy_;
    });
}

bool Scheduler::ready(const Stream& stream) {
    if (stream.items.empty()) return false;
    for (const Point& point : stream.items.front()->waits)
        if (!reached(point)) return false;
    if (!held_back(*stream.items.front())) return true;
    held_back_ = true;
    return false;
}

/* Of operations that are only taken off their streams none is asked. */
bool Scheduler::held_back(const Item& item) const {
    if (!run_ || item.nodes->size() != 1) return false;
    const Operation& operation = *item.nodes->front().operation;
    return operation.ready && !operation.ready();
}

Stream* Scheduler::choose_stream() {
    held_back_ = false;
    if (shuffled_ && random_() % PREFERENCE_EVERY == 0) preference_ = random_() % 2 == 0 ? 0 : random_() | 1;
    Stream* best = nullptr;
    uint64_t best_rank = 0;
    for (auto& entry : streams_) {
        Stream& stream = *entry.second;
        if (!ready(stream)) continue;
        uint64_t rank;
        if (!shuffled_)
            rank = ~stream.items.front()->order;
        else
            rank = preference_ == 0 ? random_() : mix(preference_ + static_cast<uint64_t>(stream.id));
        if (best == nullptr || rank > best_rank) {
            best = &stream;
            best_rank = rank;
        }
    }
    return best;
}

/* Any of those whose turn it is, the one that waits longest, or the one whose turn came last. */
size_t Scheduler::choose_node(Item& item) {
    size_t place = 0;
    if (shuffled_ && item.ready.size() > 1) {
        const size_t last = item.ready.size() - 1;
        place = preference_ == 0 ? random_() % (last + 1) : preference_ & 2 ? last : 0;
    }
    const size_t node = item.ready[place];
    item.ready.erase(item.ready.begin() + static_cast<ptrdiff_t>(place));
    return node;
}

void Scheduler::run(std::unique_lock<std::mutex>& lock, Stream& stream) {
    Item& item = *stream.items.front();
    if (item.left > 0) {
        const size_t node = choose_node(item);
        const Operation& operation = *(*item.nodes)[node].operation;
        if (run_ && item.contents[node] != 0 && content_of(operation.sent, operation.sent_bytes) != item.contents[node])
            changed(operation, stream);
        if (run_ && operation.run) {
            busy_ = true;
            lock.unlock();
            {
                std::optional<Opened> opened;
                if (!operation.of_the_host) opened.emplace();
                operation.run();
            }
            lock.lock();
            busy_ = false;
        }
        item.finish(node);
    }
    if (item.left > 0) return;
    std::unique_ptr<Item> finished = std::move(stream.items.front());
    stream.items.pop_front();
    stream.done++;
    if (stream.destroyed && stream.done == stream.queued) streams_.erase(stream.id);
    if (waiting_ > 0) progress_.notify_all();
    lock.unlock();
    finished.reset(); /* what its operations own is released without the lock */
    lock.lock();
}

void Scheduler::loop() {
    leave_signals_to_the_process();
    std::unique_lock<std::mutex> lock(mutex_);
    for (;;) {
        Stream* const stream = choose_stream();
        if (stream == nullptr) {
            asleep_ = true;
            if (held_back_) work_.wait_for(lock, ASK_EVERY);
            else work_.wait(lock);
            asleep_ = false;
        } else if (shuffled_ && waiting_ == 0 && random_() % LAG_EVERY == 0) {
            asleep_ = true;
            work_.wait_for(lock, LAG, [this] { return waiting_ > 0; });
            asleep_ = false; /* now there may be more to choose from */
        } else {
            run(lock, *stream);
        }
    }
}

}  // namespace gradsieve
