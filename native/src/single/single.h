/*
 * Checks of the single operations' arguments. Every one names its operation and the shapes it was given.
 */
#ifndef GRADSIEVE_SINGLE_H
#define GRADSIEVE_SINGLE_H

#include <limits.h>

#include "kernels.h"

/* Returns GS_INVALID_ARGUMENT with this line unless the condition holds. */
#define GS_REQUIRE(condition, ...) \
    if (!(condition)) return gradsieve::fail(GS_INVALID_ARGUMENT, __VA_ARGS__)

#define GS_REQUIRE_EXTENT(operation, extent)                                                                             \
    GS_REQUIRE(gradsieve::sound(extent), operation ": batch %lld, positions %lld, channels %lld, pitch %lld: all must be " \
                                                   "positive, the pitch at least the channels, the whole under 2^40 floats", \
               (long long)(extent).batch, (long long)(extent).positions, (long long)(extent).channels,                   \
               (long long)(extent).pitch)

#define GS_REQUIRE_POINTERS(operation, present) \
    GS_REQUIRE(present, operation ": a buffer that it needs is NULL")

namespace gradsieve {

/* Floats of the largest value taken, so that no product of sizes overflows. */
constexpr int64_t MOST_FLOATS = (int64_t)1 << 40;

inline bool fits(int64_t a, int64_t b) {
    return a > 0 && b > 0 && a <= MOST_FLOATS && b <= MOST_FLOATS / a;
}

inline bool sound(const Extent& e) {
    return e.channels > 0 && e.pitch >= e.channels && fits(e.positions, e.pitch) && fits(e.batch, e.positions * e.pitch);
}

inline bool is_gradient(int gradient) {
    return gradient >= GS_GRADIENT_NONE && gradient <= GS_GRADIENT_ADD;
}

inline bool is_activation(int activation) {
    return activation >= GS_IDENTITY && activation <= GS_SIGMOID;
}

/* Memory of one call. */
class Floats {
public:
    explicit Floats(int64_t count) : bytes_(count * static_cast<int64_t>(sizeof(float))) {
        status = gs_allocate(bytes_, &memory_);
    }
    ~Floats() {
        if (status == GS_OK) gs_release(memory_, bytes_);
    }
    Floats(const Floats&) = delete;
    Floats& operator=(const Floats&) = delete;
    float* data() { return static_cast<float*>(memory_); }
    int status;

private:
    int64_t bytes_;
    void* memory_ = nullptr;
};

}  // namespace gradsieve
#endif
