#include "step/points.h"

namespace gradsieve {

typedef std::lock_guard<std::mutex> Lock;

void Points::make_room(size_t most) {
    Lock lock(mutex_);
    ring_.resize(most);
}

void Points::forget() {
    Lock lock(mutex_);
    taken_ = answered_ = posted_;
    begun_.store(0);
    abandoned_.store(0);
}

void Points::post(uint64_t step, const gs_point& point) {
    {
        Lock lock(mutex_);
        if (abandoned(step)) return;
        gs_point& place = ring_[static_cast<size_t>(posted_) % ring_.size()];
        place = point;
        place.number = posted_++;
    }
    outside_.advance();
}

bool Points::await(uint64_t step, gs_point* last) {
    for (;;) {
        uint32_t seen = inside_.value();
        {
            Lock lock(mutex_);
            if (abandoned(step)) return false;
            if (answered_ == posted_) {
                *last = last_;
                return true;
            }
        }
        inside_.await_change(seen, 0);
    }
}

int Points::next(gs_point* point) {
    for (;;) {
        uint32_t seen = outside_.value();
        {
            Lock lock(mutex_);
            if (!told_) {
                told_ = true;
                return GS_ABORTED;
            }
            if (taken_ != posted_) {
                *point = ring_[static_cast<size_t>(taken_++) % ring_.size()];
                return GS_OK;
            }
        }
        outside_.await_change(seen, 0); /* it would spin where a worker could run */
    }
}

int Points::answer(const gs_point& point) {
    {
        Lock lock(mutex_);
        if (answered_ == taken_ || point.number != answered_) return GS_ABORTED;
        last_ = point;
        answered_++;
    }
    inside_.advance();
    return GS_OK;
}

void Points::abandon() {
    {
        Lock lock(mutex_);
        abandoned_.store(begun_.load());
        taken_ = answered_ = posted_;
        told_ = false;
    }
    outside_.advance();
    inside_.advance();
}

}  // namespace gradsieve
