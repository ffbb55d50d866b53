/*
 * Which of two operations comes first for certain. A point is an operation of a stream, a clock all points that are known to be
 * past; the host, every stream and every event have one. A history says for each part of a block what wrote it last and what
 * has read it since, and so whether a further use is ordered after them.
 */
#ifndef GRADSIEVE_EMULATION_CLOCKS_H
#define GRADSIEVE_EMULATION_CLOCKS_H

#include <stddef.h>
#include <stdint.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace gradsieve {

struct Point {
    int stream = 0;
    uint64_t count = 0; /* of operations queued on it, this one included; 0: none */
};

class Clock {
public:
    void join(const Clock& other);
    void join(Point point);
    bool covers(Point point) const;
    /* The stream is gone, and all it did is past. */
    void forget(int stream) { past_.erase(stream); }

private:
    std::map<int, uint64_t> past_;
};

}  // namespace gradsieve

#endif
