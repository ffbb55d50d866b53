#include "clocks.h"

#include <algorithm>

namespace gradsieve {

void Clock::join(const Clock& other) {
    for (const auto& [stream, count] : other.past_) join({stream, count});
}

void Clock::join(Point point) {
    uint64_t& count = past_[point.stream];
    count = std::max(count, point.count);
}

bool Clock::covers(Point point) const {
    const auto found = past_.find(point.stream);
    return point.count == 0 || (found != past_.end() && found->second >= point.count);
}

const std::string* intern(const std::string& name) {
    static std::set<std::string>* const names = new std::set<std::string>;
    return &*names->insert(name).first;
}

void History::start(size_t at) {
    if (!starts_.insert(at).second) return;
    const auto ends_before = [at](const Use& use) { return !use.sized && use.begin < at; };
    for (auto part = split(at); part != parts_.end(); part++) {
        if (ends_before(part->second.write)) part->second.write = Use();
        auto& reads = part->second.reads;
        reads.erase(std::remove_if(reads.begin(), reads.end(), ends_before), reads.end());
    }
}

size_t History::end_of(size_t begin, size_t bytes) const {
    const auto next = starts_.upper_bound(begin);
    return next == starts_.end() ? bytes : *next;
}

History::Parts::iterator History::split(size_t at) {
    auto next = parts_.lower_bound(at);
    if (next == parts_.begin()) return next;
    const auto before = std::prev(next);
    if (before->second.end <= at) return next;
    const auto second = parts_.insert(next, {at, before->second});
    before->second.end = at;
    return second;
}

bool History::collide(const Use& earlier, const Use& later, const Clock& clock) {
    if (earlier.point.count == 0 || earlier.point == later.point || clock.covers(earlier.point)) return false;
    const Use& lower = earlier.begin < later.begin ? earlier : later;
    const Use& upper = earlier.begin < later.begin ? later : earlier;
    if (lower.sized || lower.begin == upper.begin || starts_.count(upper.begin) != 0) return true;
    const auto doubt = doubtful_.insert({upper.begin, upper.point});
    return !(doubt.first->second == upper.point);
}

const Use* History::conflict(const Use& use, const Clock& clock) {
    auto part = parts_.lower_bound(use.begin);
    if (part != parts_.begin() && std::prev(part)->second.end > use.begin) part--;
    for (; part != parts_.end() && part->first < use.end; part++) {
        if (collide(part->second.write, use, clock)) return &part->second.write;
        if (!use.write) continue;
        for (const Use& read : part->second.reads)
            if (collide(read, use, clock)) return &read;
    }
    return nullptr;
}

void History::record(const Use& use, const Clock& clock) {
    if (use.begin >= use.end) return;
    auto part = split(use.begin);
    split(use.end);
    part = parts_.lower_bound(use.begin);
    const auto after = parts_.lower_bound(use.end);
    if (use.write) {
        parts_.erase(part, after);
        parts_[use.begin] = {use.end, use, {}};
        return;
    }
    for (size_t at = use.begin; at < use.end;) {
        if (part == after || part->first > at) {
            const size_t end = part == after ? use.end : part->first;
            parts_.insert(part, {at, {end, Use(), {use}}});
            at = end;
            continue;
        }
        /* What comes after this read for certain comes after those that it comes after. */
        auto& reads = part->second.reads;
        reads.erase(std::remove_if(reads.begin(), reads.end(),
                                   [&](const Use& read) { return read.point == use.point || clock.covers(read.point); }),
                    reads.end());
        reads.push_back(use);
        at = part->second.end;
        part++;
    }
}

const Use* History::open(const Clock& clock) const {
    for (const auto& entry : parts_) {
        if (!clock.covers(entry.second.write.point)) return &entry.second.write;
        for (const Use& read : entry.second.reads)
            if (!clock.covers(read.point)) return &read;
    }
    return nullptr;
}

}  // namespace gradsieve
