/*
 * Streams, and the device's thread that runs what is queued on them: one operation at a time, of those whose turn it is any, by
 * a seed (GRADSIEVE_CUDA_SEED, default 1; 0: in the order of the calls). It now and then keeps to one stream, leaves one behind,
 * or waits until the host does.
 */
#ifndef GRADSIEVE_EMULATION_STREAMS_H
#define GRADSIEVE_EMULATION_STREAMS_H

#include <stdint.h>

#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <vector>

#include "clocks.h"
#include "memory.h"

namespace gradsieve {

/* Bytes of a block that an operation reads or writes. */
struct Range {
    std::shared_ptr<Block> block;
    size_t begin, end;
    bool write;
};

struct Operation {
    std::string name;
    std::function<void()> run; /* empty: nothing */
    std::vector<Range> ranges;
};

/* An operation in a stream. */
struct Item {
    std::shared_ptr<const Operation> operation;
    std::vector<Point> waits; /* of other streams */
    uint64_t order = 0;       /* of the call that queued it */
};

struct Stream {
    int id = 0; /* 0: the legacy default stream, which all blocking ones wait for and which waits for them */
    bool blocking = true;
    bool destroyed = false;
    uint64_t queued = 0, done = 0;
    std::deque<Item> items;
    Clock clock; /* what is past when the next operation runs */

    Point last() const { return {id, queued}; }
};

class Scheduler {
public:
    /* The lock is held in every function of this class and guards all streams. */
    Scheduler(std::mutex& lock, uint64_t seed);

    Stream& add(bool blocking);
    /* NULL if there is none. */
    Stream* find(int id);
    void push(Stream& stream, std::shared_ptr<const Operation> operation, std::vector<Point> waits);
    /* Goes when what is queued on it is done. */
    void destroy(Stream& stream);
    bool reached(Point point);
    void wait(std::unique_lock<std::mutex>& lock, Point point);
    /* Until nothing is queued and nothing runs. */
    void drain(std::unique_lock<std::mutex>& lock);
    /* Whether operations are run or, after an error of the device, only taken off their streams. */
    void run_operations(bool run) { run_ = run; }
    template <typename Visit>
    void each(Visit visit) {
        for (auto& entry : streams_) visit(*entry.second);
    }

private:
    void loop();
    bool ready(const Stream& stream);
    Stream* choose();
    void await(std::unique_lock<std::mutex>& lock, const std::function<bool()>& holds);

    std::mutex& mutex_;
    const bool shuffled_;
    std::mt19937_64 random_;
    std::map<int, std::unique_ptr<Stream>> streams_;
    int last_id_ = -1;
    uint64_t calls_ = 0;
    bool started_ = false, run_ = true;
    uint64_t preference_ = 0; /* 0: any stream; else the order of preference for now */
    std::condition_variable work_, progress_;
    int waiting_ = 0; /* host threads that wait for the device */
    bool asleep_ = false, busy_ = false;
};

}  // namespace gradsieve

#endif
