/* What the tests of the stand-ins share: checks that go on after a failure, drawn numbers, device memory, faults that must show. */
#ifndef GRADSIEVE_TEST_LIBRARIES_CHECK_H
#define GRADSIEVE_TEST_LIBRARIES_CHECK_H

#include <math.h>
#include <regex.h>
#include <stdint.h>
#include <stdio.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <vector>

#include "../../emulation/cuda_api.h"
#include "../../emulation/library.h"
#include "../../emulation/runtime.h"

inline int checks = 0, failures = 0;

inline bool check(bool holds, const char* file, int line, const std::string& what) {
    checks++;
    if (holds) return true;
    failures++;
    if (failures <= 30) printf("%s:%d: %s\n", file, line, what.c_str());
    return false;
}

#define CHECK(condition) check((condition), __FILE__, __LINE__, "not so: " #condition)
#define CHECK_EQUAL(got, wanted) check_equal((got), (wanted), __FILE__, __LINE__, #got)

inline bool check_equal(long long got, long long wanted, const char* file, int line, const char* what) {
    return check(got == wanted, file, line, std::string(what) + " is " + std::to_string(got) + ", not " + std::to_string(wanted));
}

/* The seed of a test is printed where it starts. */
class Draw {
public:
    explicit Draw(uint64_t seed) : state_(seed) {}
    uint64_t next() {
        state_ += 0x9e3779b97f4a7c15u;
        uint64_t value = state_;
        value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9u;
        value = (value ^ (value >> 27)) * 0x94d049bb133111ebu;
        return value ^ (value >> 31);
    }
    int between(int least, int most) { return least + static_cast<int>(next() % static_cast<uint64_t>(most - least + 1)); }
    /* -1..1, one in eight 0, as after a relu. */
    float value() { return next() % 8 == 0 ? 0 : static_cast<float>(static_cast<double>(next() >> 11) / (uint64_t{1} << 52) - 1); }
    std::vector<float> values(size_t count) {
        std::vector<float> values(count);
        for (float& one : values) one = value();
        return values;
    }

private:
    uint64_t state_;
};

/* A float that keeps 10 bits of mantissa, halves away from zero, by arithmetic. */
inline double tf32_of(float value) {
    int exponent;
    const double mantissa = frexp(value, &exponent);
    return ldexp(round(ldexp(mantissa, 11)), exponent - 11);
}

class DeviceFloats {
public:
    explicit DeviceFloats(size_t count) : count_(count) { CHECK_EQUAL(cudaMalloc(&address_, count * sizeof(float)), cudaSuccess); }
    explicit DeviceFloats(const std::vector<float>& values) : DeviceFloats(values.size()) { set(values); }
    DeviceFloats(const DeviceFloats&) = delete;
    ~DeviceFloats() { cudaFree(address_); }
    void set(const std::vector<float>& values) const {
        CHECK_EQUAL(cudaMemcpy(address_, values.data(), values.size() * sizeof(float), cudaMemcpyHostToDevice), cudaSuccess);
    }
    std::vector<float> get() const {
        std::vector<float> values(count_);
        CHECK_EQUAL(cudaMemcpy(values.data(), address_, count_ * sizeof(float), cudaMemcpyDeviceToHost), cudaSuccess);
        return values;
    }
    float* at(size_t index = 0) const { return static_cast<float*>(address_) + index; }
    size_t bytes() const { return count_ * sizeof(float); }

private:
    void* address_ = nullptr;
    size_t count_;
};

inline bool matches(const std::string& text, const char* words) {
    regex_t pattern;
    if (regcomp(&pattern, words, REG_EXTENDED | REG_NOSUB) != 0) return false;
    const bool found = regexec(&pattern, text.c_str(), 0, nullptr, 0) == 0;
    regfree(&pattern);
    return found;
}

/* The fault must have been reported in these words, as this error, if one is given; then the device is as new. */
inline void expect_fault(const char* file, int line, const char* words, int error = 0) {
    cudaDeviceSynchronize();
    const std::string report = gs_emulated_last_report();
    const int broken = gs_emulated_reset();
    check(matches(report, words), file, line, "the report is \"" + report + "\", not /" + words + "/");
    check(error == 0 ? broken != 0 : broken == error, file, line, "the device's error is " + std::to_string(broken));
}
#define EXPECT_FAULT(...) expect_fault(__FILE__, __LINE__, __VA_ARGS__)

inline double seconds() {
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

inline int finish(const char* name) {
    const int leaks = gs_emulated_leaks(1);
    check(leaks == 0, __FILE__, __LINE__, std::to_string(leaks) + " objects are alive at the end");
    printf("%s: %d checks, %d failed\n", name, checks, failures);
    return failures == 0 ? 0 : 1;
}

#endif
