/*
 * Which of two operations comes first for certain. A point is an operation of a stream, a clock all points that are known to be
 * past; the host, every stream and every event have one. A history says for each part of a block what wrote it last and what
 * has read it since, and so whether a further use is ordered after them.
 *
 * The arguments of a kernel tell where it reads and writes, not how far. Such a use is taken to end where another argument was
 * seen to start, else at the block's end. Where a use of known size lies further up in the same block, in what may be a buffer of
 * its own that no kernel has had as an argument so far, the doubt is in its favour, once.
 */
#ifndef GRADSIEVE_EMULATION_CLOCKS_H
#define GRADSIEVE_EMULATION_CLOCKS_H

#include <stddef.h>
#include <stdint.h>

#include <map>
#include <set>
#include <string>
#include <vector>

namespace gradsieve {

struct Point {
    int stream = 0;
    uint64_t count = 0; /* of operations queued on it, this one included; 0: none */

    bool operator==(Point other) const { return stream == other.stream && count == other.count; }
};

class Clock {
public:
    void join(const Clock& other);
    void join(Point point);
    bool covers(Point point) const;

private:
    std::map<int, uint64_t> past_;
};

/* A use of bytes begin..end of a block. */
struct Use {
    Point point;
    const std::string* name = nullptr; /* interned: see intern */
    size_t begin = 0, end = 0;
    bool write = false, sized = true;
};

/* The one copy of a name that lasts. */
const std::string* intern(const std::string& name);

class History {
public:
    /* An argument of a kernel or a library starts here. */
    void start(size_t at);
    /* Where a use without a size ends. */
    size_t end_of(size_t begin, size_t bytes) const;
    /* An earlier use that this one, which has `clock` as its past, is not ordered after; NULL: none. */
    const Use* conflict(const Use& use, const Clock& clock);
    void record(const Use& use, const Clock& clock);
    /* A use that the clock does not cover, or NULL. */
    const Use* open(const Clock& clock) const;

private:
    struct Part {
        size_t end;
        Use write;
        std::vector<Use> reads; /* since then */
    };
    typedef std::map<size_t, Part> Parts;

    Parts::iterator split(size_t at);
    bool collide(const Use& earlier, const Use& later, const Clock& clock);

    Parts parts_; /* by their begin */
    std::set<size_t> starts_;
    std::map<size_t, Point> doubtful_; /* uses that had the doubt in their favour */
};

}  // namespace gradsieve

#endif
