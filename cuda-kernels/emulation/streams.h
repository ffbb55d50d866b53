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

struct Capture;

/* Bytes of a block that an operation reads or writes. */
struct Range {
    std::shared_ptr<Block> block;
    size_t begin, end;
    bool write, sized = true; /* not sized: the end is not known */
};

struct Operation {
    std::string name;
    std::function<void()> run; /* empty: nothing */
    /* Whether its turn can come, asked again and again with the runtime's lock; empty: it can. Never in a graph. */
    std::function<bool()> ready;
    bool of_the_host = false;  /* runs code of the host, to which device memory is closed */
    std::vector<Range> ranges;
    /* Pinned memory that is copied to the device; NULL: none. The host must leave it alone until then. */
    const void* sent = nullptr;
    size_t sent_bytes = 0;
};

/* An operation of a graph. Nodes are in an order that the graph allows. */
struct Node {
    std::shared_ptr<const Operation> operation;
    std::vector<size_t> after; /* nodes that must be done before it */
    std::vector<size_t> then;  /* nodes that it must be done before */
};

/* Operations that are queued as one: one of them, or a graph's, which run in any order that it allows. */
struct Item {
    Item(std::shared_ptr<const std::vector<Node>> nodes, std::vector<Point> waits);
    /* Pinned memory must still hold this when the node runs; 0: not looked at. */
    void expect(size_t node, uint64_t content) { contents[node] = content; }
    void finish(size_t node);

    std::shared_ptr<const std::vector<Node>> nodes;
    std::vector<Point> waits; /* of other streams */
    std::vector<uint64_t> contents;
    std::vector<size_t> missing; /* for each node: how many it waits for */
    std::vector<size_t> ready;   /* nodes whose turn it is */
    size_t left;                 /* nodes not done */
    uint64_t order = 0;          /* of the call that queued it */
};

struct Stream {
    int id = 0; /* 0: the legacy default stream, which all blocking ones wait for and which waits for them */
    bool blocking = true;
    bool destroyed = false;
    uint64_t queued = 0, done = 0;
    std::deque<std::unique_ptr<Item>> items;
    Clock clock; /* what is past when the next operation runs */
    std::shared_ptr<Capture> capture;
    std::vector<size_t> tail; /* nodes of the capture that the next one comes after */

    Point last() const { return {id, queued}; }
    Point next() const { return {id, queued + 1}; }
};

/* What memory holds, in a word. */
uint64_t content_of(const void* address, size_t bytes);

class Scheduler {
public:
    /* The lock is held in every function of this class and guards all streams. */
    Scheduler(std::mutex& lock, uint64_t seed);

    Stream& add(bool blocking);
    /* NULL if there is none. */
    Stream* find(int id);
    void push(Stream& stream, std::unique_ptr<Item> item);
    /* Goes when what is queued on it is done. */
    void destroy(Stream& stream);
    bool reached(Point point);
    void wait(std::unique_lock<std::mutex>& lock, Point point);
    /* Until nothing is queued and nothing runs. */
    void drain(std::unique_lock<std::mutex>& lock);
    /* Until nothing runs and what is queued, if anything, waits for what no stream knows of. */
    void settle(std::unique_lock<std::mutex>& lock);
    /* Whether operations are run or, after an error of the device, only taken off their streams. */
    void run_operations(bool run) { run_ = run; }
    /* Called with the lock if the host changed pinned memory before it was copied. */
    std::function<void(const Operation&, const Stream&)> changed;
    template <typename Visit>
    void each(Visit visit) {
        for (auto& entry : streams_) visit(*entry.second);
    }

private:
    void loop();
    bool ready(const Stream& stream);
    bool held_back(const Item& item) const;
    Stream* choose_stream();
    size_t choose_node(Item& item);
    void run(std::unique_lock<std::mutex>& lock, Stream& stream);
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
    bool held_back_ = false; /* an operation that is first on its stream is not ready */
};

}  // namespace gradsieve

#endif
