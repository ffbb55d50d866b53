#include "graphs.h"

#include <algorithm>
#include <map>

namespace gradsieve {

void Capture::record(Stream& stream, std::shared_ptr<const Operation> operation) {
    const size_t node = nodes.size();
    for (const size_t before : stream.tail) nodes[before].then.push_back(node);
    nodes.push_back({std::move(operation), std::move(stream.tail), {}});
    stream.tail = {node};
}

void Capture::join(Stream& stream, const std::vector<size_t>& nodes) {
    for (const size_t node : nodes)
        if (std::find(stream.tail.begin(), stream.tail.end(), node) == stream.tail.end()) stream.tail.push_back(node);
}

Ancestors::Ancestors(const std::vector<Node>& nodes) : bits_(nodes.size(), std::vector<bool>(nodes.size())) {
    for (size_t node = 0; node < nodes.size(); node++)
        for (const size_t before : nodes[node].after) {
            bits_[node][before] = true;
            for (size_t i = 0; i < before; i++)
                if (bits_[before][i]) bits_[node][i] = true;
        }
}

std::string race(const std::vector<Node>& nodes) {
    struct Entry {
        size_t node, begin, end;
        bool write;
    };
    const Ancestors ancestors(nodes);
    std::map<const Block*, std::vector<Entry>> uses;
    for (size_t node = 0; node < nodes.size(); node++)
        for (const Range& range : nodes[node].operation->ranges) {
            const size_t end = range.sized ? range.end : range.block->history.end_of(range.begin, range.block->bytes);
            std::vector<Entry>& of_block = uses[range.block.get()];
            for (const Entry& other : of_block) {
                const bool apart = other.end <= range.begin || end <= other.begin || !(other.write || range.write);
                if (apart || other.node == node || ancestors.ordered(other.node, node)) continue;
                return "in a graph, `" + nodes[other.node].operation->name + "` and `" + nodes[node].operation->name +
                       "` run in no order, but " + (other.write && range.write ? "both write" : "one writes what the other reads") +
                       ", byte " + std::to_string(std::max(other.begin, range.begin)) + " of " +
                       std::to_string(range.block->bytes) + " at " + std::to_string(reinterpret_cast<uintptr_t>(range.block->base));
            }
            of_block.push_back({node, range.begin, end, range.write});
        }
    return "";
}

}  // namespace gradsieve
