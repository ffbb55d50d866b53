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

}  // namespace gradsieve
