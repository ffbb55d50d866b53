/* What streams record while they are captured, and the graphs that come of it. */
#ifndef GRADSIEVE_EMULATION_GRAPHS_H
#define GRADSIEVE_EMULATION_GRAPHS_H

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "cuda_api.h"
#include "streams.h"

namespace gradsieve {

struct Capture {
    int origin = 0; /* the stream on which it began */
    cudaStreamCaptureMode mode = cudaStreamCaptureModeGlobal;
    std::thread::id thread;
    std::vector<Node> nodes;
    bool invalid = false, ended = false;

    /* A node that comes after what the stream recorded last. */
    void record(Stream& stream, std::shared_ptr<const Operation> operation);
    /* Adds these nodes to what the stream's next one comes after. */
    static void join(Stream& stream, const std::vector<size_t>& nodes);
};

struct Graph {
    std::shared_ptr<const std::vector<Node>> nodes;
    std::vector<cudaGraphNode_t> handles;
};

/* A graph that can be launched. */
struct GraphExec {
    std::shared_ptr<const std::vector<Node>> nodes;
    Point launched; /* its launches run one after another */
    Clock clock;
};

/* For each node: those that are done before it for certain. */
class Ancestors {
public:
    explicit Ancestors(const std::vector<Node>& nodes);
    bool ordered(size_t first, size_t second) const { return bits_[second][first]; }

private:
    std::vector<std::vector<bool>> bits_;
};

/* Two nodes that use the same memory, one of them to write, in no order: one line, or "". */
std::string race(const std::vector<Node>& nodes);

}  // namespace gradsieve

#endif
