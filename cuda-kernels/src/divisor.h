/* Division by a number that a launch knows: one multiplication and a shift (Granlund and Montgomery 1994). */
#ifndef GRADSIEVE_CUDA_DIVISOR_H
#define GRADSIEVE_CUDA_DIVISOR_H

#include "device.h"

namespace gradsieve {

/* Divides 0..2^31 - 1 by 1..2^31 - 1: n / d = n m / 2^(31 + s) with 2^(s-1) < d <= 2^s and m = 2^(31 + s) / d rounded up. */
class Divisor {
  public:
    explicit Divisor(int64_t by) : by_(static_cast<unsigned>(by)), shift_(0) {
        while ((INT64_C(1) << shift_) < by) shift_++;
        multiplier_ = static_cast<unsigned>(((UINT64_C(1) << (31 + shift_)) + by_ - 1) / by_);
    }
    __device__ __forceinline__ unsigned by() const { return by_; }
    __device__ __forceinline__ unsigned quotient(unsigned n) const { return __umulhi(2 * n, multiplier_) >> shift_; }
    /* The quotient; leaves the remainder in n. */
    __device__ __forceinline__ unsigned divide(unsigned& n) const {
        const unsigned result = quotient(n);
        n -= result * by_;
        return result;
    }

  private:
    unsigned by_, multiplier_, shift_;
};

}  // namespace gradsieve
#endif
